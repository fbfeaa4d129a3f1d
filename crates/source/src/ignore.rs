use std::sync::Arc;

use windlass_manifest::{FileTree, TreeError};

/// Which files of a source are left out, by Flux's rules.
#[derive(Debug, Clone, Default)]
pub struct IgnoreRules {}

impl IgnoreRules {
    /// The tree without the files that the rules leave out.
    ///
    /// # Errors
    /// As reading the tree.
    pub fn apply(&self, files: Arc<dyn FileTree>) -> Result<Arc<dyn FileTree>, TreeError> {
        Ok(files)
    }
}
