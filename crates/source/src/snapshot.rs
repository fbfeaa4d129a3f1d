use std::fmt;
use std::sync::Arc;

use windlass_manifest::FileTree;

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
    /// The same snapshot without the files that `rules` leave out.
    ///
    /// The digest stays that of the whole.
    ///
    /// # Errors
    /// As [`IgnoreRules::apply`].
    pub fn ignoring(&self, rules: &IgnoreRules) -> Result<Self, windlass_manifest::TreeError> {
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
