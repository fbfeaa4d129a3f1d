use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use windlass_manifest::{DirTree, EntryKind, FileTree, TreeError, TreePath};

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
        let files = self.files()?;
        let mut hasher = Sha256::new();
        hash_directory(&files, &TreePath::root(), &mut hasher).map_err(|error| self.fail(error))?;
        let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let digest = format!("sha256:{hex}");
        let revision = self.checked_out().unwrap_or_else(|| Revision::of_content(hex));
        Ok(Snapshot { revision, digest, files })
    }

    fn fail(&self, source: TreeError) -> Error {
        Error::Directory { path: self.root.clone(), source: source.into() }
    }
}

fn hash_directory(files: &Arc<dyn FileTree>, directory: &TreePath, hasher: &mut Sha256) -> Result<(), TreeError> {
    for entry in files.list(directory)? {
        let Ok(path) = directory.join(&entry.name) else {
            continue;
        };
        match entry.kind {
            // A link to a directory may lead back up; what it shows is hashed where it really is.
            EntryKind::Directory if files.resolve(&path)?.path == path => hash_directory(files, &path, hasher)?,
            EntryKind::Directory => {}
            EntryKind::File => {
                let content = files.read(&path)?;
                hasher.update(format!("{path}\0{}\0", content.len()));
                hasher.update(content);
            }
        }
    }
    Ok(())
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
