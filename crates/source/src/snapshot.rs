use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use windlass_manifest::{EntryKind, FileTree, TreeError, TreePath};

use crate::{IgnoreRules, Revision};

/// The files of a source at one revision.
///
/// Cheap to clone. Its files stay readable for as long as it lives, whatever the source fetches meanwhile.
#[derive(Clone)]
pub struct Snapshot {
    /// What it is a snapshot of.
    pub revision: Revision,
    /// Equal for equal content, in the form `<algorithm>:<hex>`: the id of the commit's tree, which a new commit with
    /// the same files shares.
    pub digest: String,
    /// The files.
    pub files: Arc<dyn FileTree>,
}

impl Snapshot {
    /// A snapshot of files that no commit is known of; every one of them is read.
    ///
    /// Revision and digest are the SHA-256 of all names and contents.
    ///
    /// # Errors
    /// Where a file or directory cannot be read.
    pub fn of_files(files: Arc<dyn FileTree>) -> Result<Self, TreeError> {
        let mut hasher = Sha256::new();
        hash_directory(&files, &TreePath::root(), &mut hasher)?;
        let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { digest: format!("sha256:{hex}"), revision: Revision::of_content(hex), files })
    }

    /// The same snapshot without the files that `rules` leave out.
    ///
    /// The digest stays that of the whole.
    ///
    /// # Errors
    /// As [`IgnoreRules::apply`].
    pub fn ignoring(&self, rules: &IgnoreRules) -> Result<Self, TreeError> {
        let files = rules.apply(Arc::clone(&self.files))?;
        Ok(Self { revision: self.revision.clone(), digest: self.digest.clone(), files })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("revision", &self.revision.to_string())
            .field("digest", &self.digest)
            .finish_non_exhaustive()
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
