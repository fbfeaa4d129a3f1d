use std::collections::BTreeMap;

use super::{EntryKind, FileTree, Resolved, TreeEntry, TreeError};
use crate::TreePath;

/// One tree laid over another: a path is answered by the upper tree where it has it, else by the lower one.
///
/// Directories show the names of both. A symbolic link of the lower tree is followed inside the lower tree.
#[derive(Debug, Clone)]
pub struct LayeredTree<U, L> {
    upper: U,
    lower: L,
}

impl<U: FileTree, L: FileTree> LayeredTree<U, L> {
    /// Lays `upper` over `lower`.
    pub fn new(upper: U, lower: L) -> Self {
        Self { upper, lower }
    }
}

impl<U: FileTree, L: FileTree> FileTree for LayeredTree<U, L> {
    fn resolve(&self, path: &TreePath) -> Result<Resolved, TreeError> {
        or_lower(self.upper.resolve(path), || self.lower.resolve(path))
    }

    fn read(&self, path: &TreePath) -> Result<Vec<u8>, TreeError> {
        or_lower(self.upper.read(path), || self.lower.read(path))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<TreeEntry>, TreeError> {
        let entries = match (self.upper.list(path), self.lower.list(path)) {
            (Ok(upper), Err(TreeError::NotFound { .. } | TreeError::NotADirectory { .. })) => {
                return Ok(upper);
            }
            (Err(TreeError::NotFound { .. }), lower) => return lower,
            (Err(error), _) | (_, Err(error)) => return Err(error),
            (Ok(upper), Ok(lower)) => lower.into_iter().chain(upper),
        };
        let merged: BTreeMap<String, EntryKind> = entries.map(|entry| (entry.name, entry.kind)).collect();
        Ok(merged.into_iter().map(|(name, kind)| TreeEntry { name, kind }).collect())
    }
}

fn or_lower<T>(upper: Result<T, TreeError>, lower: impl FnOnce() -> Result<T, TreeError>) -> Result<T, TreeError> {
    match upper {
        Err(TreeError::NotFound { .. }) => lower(),
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTree;

    #[test]
    fn the_upper_tree_wins_and_directories_merge() {
        let tree = LayeredTree::new(
            MemoryTree::from_iter([("d/a", "upper"), ("new/x", "n")]),
            MemoryTree::from_iter([("d/a", "lower"), ("d/b", "b")]),
        );
        let path = |text| TreePath::new(text).unwrap();
        assert_eq!(tree.read(&path("d/a")).unwrap(), b"upper");
        assert_eq!(tree.read(&path("d/b")).unwrap(), b"b");
        assert_eq!(tree.list(&path("d")).unwrap().len(), 2);
        assert_eq!(tree.list(&path("new")).unwrap().len(), 1);
        assert_eq!(tree.list(&TreePath::root()).unwrap().len(), 2);
        assert!(matches!(tree.read(&path("d/c")), Err(TreeError::NotFound { .. })));
    }
}
