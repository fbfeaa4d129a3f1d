use std::fs;
use std::path::{Path, PathBuf};

use super::{EntryKind, FileTree, Resolved, TreeEntry, TreeError};
use crate::TreePath;

/// A directory of the file system as a tree.
#[derive(Debug, Clone)]
pub struct DirTree {
    root: PathBuf,
    file_limit: u64,
}

impl DirTree {
    /// The largest file that is read unless [`with_file_limit`](Self::with_file_limit) says otherwise: 64 MiB.
    pub const DEFAULT_FILE_LIMIT: u64 = 64 << 20;

    /// The tree below `root`, which must be a directory.
    ///
    /// # Errors
    /// [`TreeError::NotFound`], [`TreeError::NotADirectory`] or [`TreeError::Storage`] for the root.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, TreeError> {
        let here = TreePath::root();
        let root = fs::canonicalize(root).map_err(|error| TreeError::from_io(&here, error))?;
        if !root.is_dir() {
            return Err(TreeError::NotADirectory { path: here });
        }
        Ok(Self { root, file_limit: Self::DEFAULT_FILE_LIMIT })
    }

    /// The same tree with another limit, in bytes, for a single file.
    #[must_use]
    pub fn with_file_limit(mut self, bytes: u64) -> Self {
        self.file_limit = bytes;
        self
    }

    /// The directory, absolute and without symbolic links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn real(&self, path: &TreePath) -> Result<(PathBuf, Resolved), TreeError> {
        let on_disk =
            fs::canonicalize(self.root.join(path.as_str())).map_err(|error| TreeError::from_io(path, error))?;
        let inside = on_disk.strip_prefix(&self.root).map_err(|_| TreeError::Escapes { path: path.clone() })?;
        let kind = if on_disk.is_dir() { EntryKind::Directory } else { EntryKind::File };
        let resolved = inside
            .to_str()
            .and_then(|text| TreePath::new(text).ok())
            .ok_or_else(|| TreeError::NotUtf8 { path: path.clone() })?;
        Ok((on_disk, Resolved { path: resolved, kind }))
    }
}

impl FileTree for DirTree {
    fn resolve(&self, path: &TreePath) -> Result<Resolved, TreeError> {
        self.real(path).map(|(_, resolved)| resolved)
    }

    fn read(&self, path: &TreePath) -> Result<Vec<u8>, TreeError> {
        let (on_disk, resolved) = self.real(path)?;
        if resolved.kind == EntryKind::Directory {
            return Err(TreeError::NotAFile { path: path.clone() });
        }
        let size = fs::metadata(&on_disk).map_err(|error| TreeError::from_io(path, error))?.len();
        if size > self.file_limit {
            return Err(TreeError::TooLarge { path: path.clone(), size, limit: self.file_limit });
        }
        fs::read(on_disk).map_err(|error| TreeError::from_io(path, error))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<TreeEntry>, TreeError> {
        let (on_disk, resolved) = self.real(path)?;
        if resolved.kind == EntryKind::File {
            return Err(TreeError::NotADirectory { path: path.clone() });
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(on_disk).map_err(|error| TreeError::from_io(path, error))? {
            let entry = entry.map_err(|error| TreeError::from_io(path, error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let Ok(child) = path.join(&name) else {
                continue;
            };
            if let Ok(resolved) = self.resolve(&child) {
                entries.push(TreeEntry { name, kind: resolved.kind });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn links_are_followed_inside_and_refused_outside() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "s").unwrap();
        let inside = tempfile::tempdir().unwrap();
        fs::create_dir(inside.path().join("real")).unwrap();
        fs::write(inside.path().join("real/a"), "1").unwrap();
        symlink("real", inside.path().join("link")).unwrap();
        symlink(outside.path(), inside.path().join("out")).unwrap();
        symlink("loop", inside.path().join("loop")).unwrap();

        let tree = DirTree::open(inside.path()).unwrap();
        assert_eq!(tree.read(&path("link/a")).unwrap(), b"1");
        assert_eq!(tree.resolve(&path("link/a")).unwrap().path, path("real/a"));
        assert!(matches!(tree.read(&path("out/secret")), Err(TreeError::Escapes { .. })));
        assert!(matches!(tree.read(&path("loop")), Err(TreeError::LinkLoop { .. })));
        let names: Vec<_> = tree.list(&TreePath::root()).unwrap().into_iter().map(|e| e.name).collect();
        assert_eq!(names, ["link", "real"]);
    }

    #[test]
    fn faults_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("big"), vec![0; 11]).unwrap();
        let tree = DirTree::open(directory.path()).unwrap().with_file_limit(10);
        assert!(matches!(tree.read(&path("none")), Err(TreeError::NotFound { .. })));
        assert!(matches!(tree.read(&path("big/none")), Err(TreeError::NotFound { .. })));
        assert!(matches!(tree.read(&TreePath::root()), Err(TreeError::NotAFile { .. })));
        assert!(matches!(tree.list(&path("big")), Err(TreeError::NotADirectory { .. })));
        assert!(matches!(tree.read(&path("big")), Err(TreeError::TooLarge { size: 11, limit: 10, .. })));
        assert!(matches!(DirTree::open(directory.path().join("big")), Err(TreeError::NotADirectory { .. })));
    }
}
