//! Git repositories as bundles, and back, without a `git` program.

mod bundle_header;
mod contents;
mod pack;
pub(crate) mod put_back;
mod repository;
mod without_history;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use gix_hash::ObjectId;
use serde_json::json;

use crate::git::bundle_header::BundleHeader;
use crate::git::contents::Contents;
use crate::git::pack::{Item, PackReader};
use crate::git::repository::Repository;
use crate::{Error, Facts, Format, Source};

/// A Git repository on this machine as a bundle: one file that `git clone FILE` opens.
///
/// It holds all branches and tags with their history; no `git` program is needed. Equal branches and tags give equal
/// bytes, however the repository is packed: objects lie in the order of their paths, neither compressed nor as
/// differences, since a compressor sees more in them that way. (`git gc` in a clone packs them as usual.)
///
/// # Shallow repositories
/// What has no history, such as the stores of `windlass-source`, cannot be cloned from a bundle: Git wants the parents
/// of every commit. Each commit is then kept twice: as it is, and as a commit without the parents that are not there,
/// whose message ends with a line `Windlass-Commit: ID`. `git clone` gives the latter, files and all;
/// [`put_back::bundle`](crate::put_back::bundle) gives the former, with its own id. The fact `shallow` says so.
#[derive(Debug)]
pub struct GitBundle {
    path: PathBuf,
    references: Option<BTreeMap<String, String>>,
    max_object_bytes: usize,
    facts: Facts,
}

impl GitBundle {
    /// The repository at `path`: a working folder, its `.git`, or a bare one.
    #[must_use]
    pub fn of(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), references: None, max_object_bytes: 256 << 20, facts: Facts::new() }
    }

    /// The same with `name` (`refs/heads/main`) for the commit `id`, instead of what the repository itself calls its
    /// branches and tags: for object stores that keep no references.
    #[must_use]
    pub fn with_reference(mut self, name: impl Into<String>, id: impl Into<String>) -> Self {
        self.references.get_or_insert_default().insert(name.into(), id.into());
        self
    }

    /// The same with another limit for a single file. Default: 256 MiB.
    #[must_use]
    pub fn with_max_object_bytes(mut self, bytes: usize) -> Self {
        self.max_object_bytes = bytes;
        self
    }

    /// Where the repository is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn references(&self, repository: &Repository) -> Result<BTreeMap<String, ObjectId>, Error> {
        let found = match &self.references {
            None => repository.references()?,
            Some(given) => given
                .iter()
                .map(|(name, id)| Ok((bundle_header::name(name)?, repository.id(id)?)))
                .collect::<Result<_, Error>>()?,
        };
        if found.is_empty() {
            return Err(repository.fail("find a branch or tag in", "it has none".into()));
        }
        Ok(found)
    }
}

impl Source for GitBundle {
    fn format(&self) -> Format {
        Format::Bundle
    }

    fn open(&mut self) -> Result<Box<dyn Read + Send + '_>, Error> {
        let repository = Repository::open(&self.path, self.max_object_bytes)?;
        let references = self.references(&repository)?;
        let shallow = repository.shallow()?;
        let contents = Contents::walk(&repository, references.values().copied(), &shallow)?;
        let (commits, objects) = (contents.commits.len(), contents.len());
        let mut items: Vec<Item> = contents.into_ids().map(Item::Stored).collect();
        let mut published = references.clone();
        let is_shallow = !shallow.is_empty();
        if is_shallow {
            let made = without_history::rewrite(&repository, &references, &shallow)?;
            published = made.references;
            items.extend(made.commits.into_iter().map(Item::Commit));
        }
        let head = repository.head().filter(|head| published.contains_key(head));
        // Without one `git clone` checks nothing out.
        let head = head.or_else(|| bundle_header::usual_branch(&published, |_| true));
        let header = BundleHeader { hash: repository.hash, references: published, head };
        self.facts = Facts::from_iter([
            ("references".to_owned(), json!(names(&references))),
            ("head".to_owned(), json!(header.head)),
            ("commits".to_owned(), commits.into()),
            ("objects".to_owned(), objects.into()),
            ("shallow".to_owned(), is_shallow.into()),
        ]);
        Ok(Box::new(std::io::Cursor::new(header.text()).chain(PackReader::new(repository, items)?)))
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    /// `references` (name and id of each branch and tag), `head`, `commits`, `objects`, `shallow`.
    fn facts(&self) -> Facts {
        self.facts.clone()
    }
}

fn names(references: &BTreeMap<String, ObjectId>) -> BTreeMap<&str, String> {
    references.iter().map(|(name, id)| (name.as_str(), id.to_string())).collect()
}
