use std::collections::BTreeMap;

use super::{EntryKind, FileTree, Resolved, TreeEntry, TreeError};
use crate::{TreePath, TreePathError};

/// Files held in memory; directories exist where a file lies below them.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    files: BTreeMap<TreePath, Vec<u8>>,
}

impl MemoryTree {
    /// An empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file at `path`, over what was there.
    ///
    /// # Errors
    /// Where `path` is no path inside a tree.
    pub fn insert(&mut self, path: &str, content: impl Into<Vec<u8>>) -> Result<(), TreePathError> {
        self.files.insert(TreePath::new(path)?, content.into());
        Ok(())
    }

    /// Takes the file at `path` out; says whether there was one.
    pub fn remove(&mut self, path: &TreePath) -> bool {
        self.files.remove(path).is_some()
    }
}

impl<P: AsRef<str>, C: Into<Vec<u8>>> FromIterator<(P, C)> for MemoryTree {
    /// Collects paths and contents; what is no path inside a tree is left out.
    fn from_iter<I: IntoIterator<Item = (P, C)>>(files: I) -> Self {
        let files = files.into_iter();
        Self { files: files.filter_map(|(p, c)| Some((TreePath::new(p.as_ref()).ok()?, c.into()))).collect() }
    }
}

impl FileTree for MemoryTree {
    fn resolve(&self, path: &TreePath) -> Result<Resolved, TreeError> {
        let kind = if self.files.contains_key(path) {
            EntryKind::File
        } else if path.is_root() || self.files.keys().any(|file| file.is_in(path)) {
            EntryKind::Directory
        } else {
            return Err(TreeError::NotFound { path: path.clone() });
        };
        Ok(Resolved { path: path.clone(), kind })
    }

    fn read(&self, path: &TreePath) -> Result<Vec<u8>, TreeError> {
        match self.files.get(path) {
            Some(content) => Ok(content.clone()),
            None => Err(match self.resolve(path) {
                Ok(_) => TreeError::NotAFile { path: path.clone() },
                Err(error) => error,
            }),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<TreeEntry>, TreeError> {
        if self.resolve(path)?.kind == EntryKind::File {
            return Err(TreeError::NotADirectory { path: path.clone() });
        }
        let depth = path.parts().count();
        let mut entries: BTreeMap<&str, EntryKind> = BTreeMap::new();
        for file in self.files.keys().filter(|file| file.is_in(path)) {
            let mut below = file.parts().skip(depth);
            if let Some(name) = below.next() {
                let kind = if below.next().is_some() { EntryKind::Directory } else { EntryKind::File };
                entries.insert(name, kind);
            }
        }
        Ok(entries.into_iter().map(|(name, kind)| TreeEntry { name: name.to_owned(), kind }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_follow_from_files() {
        let tree = MemoryTree::from_iter([("a/b/c.yaml", "1"), ("a/d.yaml", "2"), ("ab", "3")]);
        let path = |text| TreePath::new(text).unwrap();
        let names: Vec<_> = tree.list(&path("a")).unwrap().into_iter().map(|e| (e.name, e.kind)).collect();
        assert_eq!(names, [("b".to_owned(), EntryKind::Directory), ("d.yaml".to_owned(), EntryKind::File)]);
        assert!(tree.is_directory(&path("a/b")));
        assert!(matches!(tree.read(&path("a")), Err(TreeError::NotAFile { .. })));
        assert!(matches!(tree.list(&path("x")), Err(TreeError::NotFound { .. })));
    }
}
