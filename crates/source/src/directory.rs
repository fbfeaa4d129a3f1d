use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_manifest::{DirTree, FileTree, TreeError};

use crate::{Error, IgnoreRules, Revision, Snapshot};

/// A directory on this machine, for somebody who works in it.
///
/// Unlike a commit it may change under its snapshot.
#[derive(Debug, Clone)]
pub struct DirectorySource {
    root: PathBuf,
    rules: IgnoreRules,
}

impl DirectorySource {
    /// The directory `root`, without the files that `rules` leave out.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, rules: IgnoreRules) -> Self {
        Self { root: root.into(), rules }
    }

    /// The files as they are now, and as they will be: what is edited later is seen.
    ///
    /// # Errors
    /// [`Error::Directory`] where the directory or its ignore files cannot be read.
    pub fn files(&self) -> Result<Arc<dyn FileTree>, Error> {
        let tree = DirTree::open(&self.root).map_err(|error| self.fail(error))?;
        self.rules.apply(Arc::new(tree)).map_err(|error| self.fail(error))
    }

    /// The git commit that is checked out, whether or not files were edited since; `None` without git.
    #[must_use]
    pub fn checked_out(&self) -> Option<Revision> {
        checked_out(&self.root)
    }

    /// The files, what they are a state of, and a digest over all of them, for which every file is read.
    ///
    /// The revision is that of [`checked_out`](Self::checked_out); without git it is the digest, the SHA-256 of all
    /// names and contents.
    ///
    /// # Errors
    /// [`Error::Directory`] where something cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        let mut snapshot = Snapshot::of_files(self.files()?).map_err(|error| self.fail(error))?;
        if let Some(commit) = self.checked_out() {
            snapshot.revision = commit;
        }
        Ok(snapshot)
    }

    fn fail(&self, source: TreeError) -> Error {
        Error::Directory { path: self.root.clone(), source: source.into() }
    }
}

/// The commit that git has checked out in `directory` or above it, read without the git program.
fn checked_out(directory: &Path) -> Option<Revision> {
    let absolute = fs::canonicalize(directory).ok()?;
    let marker = absolute.ancestors().map(|parent| parent.join(".git")).find(|marker| marker.exists())?;
    // In a linked worktree `.git` is a file that names the directory.
    let own = match fs::read_to_string(&marker) {
        Ok(text) => marker.parent()?.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => marker,
    };
    let shared = fs::read_to_string(own.join("commondir")).map_or_else(|_| own.clone(), |text| own.join(text.trim()));
    let head = fs::read_to_string(own.join("HEAD")).ok()?;
    let head = head.trim();
    let Some(name) = head.strip_prefix("ref:").map(str::trim) else {
        return revision(None, head);
    };
    let short = name.strip_prefix("refs/heads/").unwrap_or(name);
    if let Ok(text) = fs::read_to_string(shared.join(name)) {
        return revision(Some(short), text.trim());
    }
    let packed = fs::read_to_string(shared.join("packed-refs")).ok()?;
    let line = packed.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix(' '))?;
    revision(Some(short), line)
}

fn revision(name: Option<&str>, hex: &str) -> Option<Revision> {
    gix_hash::ObjectId::from_hex(hex.as_bytes()).ok().map(|id| Revision::of_object(name, id))
}
