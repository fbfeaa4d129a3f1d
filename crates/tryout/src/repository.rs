use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use windlass_engine::LocalSource;
use windlass_manifest::{DirTree, FileTree, MemoryTree, TreePath};
use windlass_source::{
    Auth, Cancel, DirectorySource, GitOptions, GitRemote, GitSource, GitUrl, IgnoreRules, Poll, Reference, Snapshot,
};
use zeroize::Zeroizing;

use crate::{AgeKeys, Error};

/// The files of the example, `fixtures/homelab`: names and contents.
const EXAMPLE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/example.rs"));

/// The cluster of the example that is tried where none is named.
const EXAMPLE_PATH: &str = "clusters/home";

/// The example's key, which is public.
const EXAMPLE_KEY: &str = "age.agekey";

/// The files that are tried.
#[derive(Clone)]
pub struct Repository {
    title: String,
    /// Where the files lie on this machine; `None` for those of the example and of a fetched commit.
    root: Option<PathBuf>,
    revision: String,
    files: Arc<dyn FileTree>,
    source: LocalSource,
    keys: AgeKeys,
    path: Option<TreePath>,
    /// Where the files of a fetched commit are kept.
    _store: Option<Arc<TempDir>>,
}

impl Repository {
    /// The example homelab that is built in, with its key.
    ///
    /// # Errors
    /// None that its tests would not have shown.
    pub fn example() -> Result<Self, Error> {
        let tree = MemoryTree::from_iter(EXAMPLE.iter().map(|(path, content)| (*path, *content)));
        let mut keys = AgeKeys::new();
        if let Ok(path) = TreePath::new(EXAMPLE_KEY) {
            keys.add(Zeroizing::new(tree.read_text(&path)?), EXAMPLE_KEY)?;
        }
        let snapshot = Snapshot::of_files(Arc::new(tree))?;
        let path = TreePath::new(EXAMPLE_PATH).ok();
        Ok(Self { keys, path, ..Self::of_snapshot("the example homelab".to_owned(), snapshot) })
    }

    /// A directory, as it is, committed or not.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn directory(root: impl AsRef<Path>) -> Result<Self, Error> {
        let root = root.as_ref();
        let tree = DirTree::open(root)?;
        let title = root.display().to_string();
        let root = tree.root().to_owned();
        // What Flux leaves out of an artifact is left out here.
        let source = DirectorySource::new(&root, IgnoreRules::default());
        let snapshot = source.snapshot()?;
        let revision = snapshot.revision.to_string();
        Ok(Self {
            title,
            root: Some(root),
            revision,
            files: snapshot.files,
            source: LocalSource::Directory(source),
            keys: AgeKeys::new(),
            path: None,
            _store: None,
        })
    }

    /// The head of the default branch of a Git repository that needs no credentials but those in the URL. Blocks until it is
    /// fetched into a temporary directory, which goes with the repository.
    ///
    /// # Errors
    /// When the URL is none, or the repository cannot be fetched.
    pub fn fetched(url: &str) -> Result<Self, Error> {
        let url: GitUrl = url.parse()?;
        let title = url.to_string();
        let remote = GitRemote { url, reference: Reference::head(), auth: Auth::none() };
        let store = tempfile::tempdir().map_err(Error::Scratch)?;
        let source = GitSource::open(store.path(), remote, GitOptions::default())?;
        // Nothing is known yet, so that a poll can only bring a snapshot.
        let Poll::Changed(snapshot) = source.poll(None, &Cancel::new())? else { return Err(Error::NoRoot) };
        let snapshot = snapshot.ignoring(&IgnoreRules::default())?;
        Ok(Self { _store: Some(Arc::new(store)), ..Self::of_snapshot(title, snapshot) })
    }

    fn of_snapshot(title: String, snapshot: Snapshot) -> Self {
        Self {
            title,
            root: None,
            revision: snapshot.revision.to_string(),
            files: Arc::clone(&snapshot.files),
            source: LocalSource::Snapshot(snapshot),
            keys: AgeKeys::new(),
            path: None,
            _store: None,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where it lies on this machine; `None` for the example and for what was fetched.
    #[must_use]
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &Arc<dyn FileTree> {
        &self.files
    }

    /// What its present state is called, as Flux calls it: `main@sha1:…`.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The keys that it brings along.
    #[must_use]
    pub fn keys(&self) -> &AgeKeys {
        &self.keys
    }

    /// The directory that is tried where none is named: its own, or the only one that a cluster follows.
    ///
    /// # Errors
    /// [`Error::NoRoot`] and [`Error::ManyRoots`].
    pub fn default_path(&self) -> Result<TreePath, Error> {
        match &self.path {
            Some(path) => Ok(path.clone()),
            None => crate::roots::only(&self.files),
        }
    }

    pub(crate) fn source(&self) -> &LocalSource {
        &self.source
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("title", &self.title)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_built_in_with_its_key() {
        let example = Repository::example().unwrap();
        assert!(example.files().is_file(&TreePath::new("clusters/home/apps.yaml").unwrap()));
        assert_eq!(example.default_path().unwrap().as_str(), "clusters/home");
        assert!(!example.keys().is_empty());
    }
}
