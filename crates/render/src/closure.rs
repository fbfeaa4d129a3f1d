use windlass_manifest::FileTree;

/// What a build read: files, directories, and names that were looked for in vain, each with a digest.
///
/// The same tree, directory and options give the same closure. It holds no file's content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closure {}

impl Closure {
    /// Whether a build in `tree` would read the same bytes and so give the same result, with the same options and keys.
    #[must_use]
    pub fn is_current(&self, tree: &dyn FileTree) -> bool {
        let _ = tree;
        false
    }
}
