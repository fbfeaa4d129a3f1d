use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

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

    fn on_disk(&self, path: &TreePath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// Where a path leads that may have symbolic links on it.
    fn real(&self, path: &TreePath) -> Result<(PathBuf, TreePath), TreeError> {
        let on_disk = fs::canonicalize(self.on_disk(path)).map_err(|error| TreeError::from_io(path, error))?;
        let inside = on_disk.strip_prefix(&self.root).map_err(|_| TreeError::Escapes { path: path.clone() })?;
        let resolved = inside
            .to_str()
            .and_then(|text| TreePath::new(text).ok())
            .ok_or_else(|| TreeError::NotUtf8 { path: path.clone() })?;
        Ok((on_disk, resolved))
    }

    /// Opens what is at a path, to be read.
    fn open_file(&self, path: &TreePath) -> Result<File, TreeError> {
        // What is no file is looked at before it is read: opening a pipe would wait for whoever writes to it.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = match open_without_links(&self.on_disk(path), flags) {
            Some(opened) => opened,
            None => rustix::fs::open(self.real(path)?.0, flags, Mode::empty()).map_err(io::Error::from).map(File::from),
        };
        opened.map_err(|error| TreeError::from_io(path, error))
    }
}

impl FileTree for DirTree {
    fn resolve(&self, path: &TreePath) -> Result<Resolved, TreeError> {
        let kind = |is_directory| if is_directory { EntryKind::Directory } else { EntryKind::File };
        let is_directory = |file: File| file.metadata().map(|metadata| metadata.is_dir());
        match open_without_links(&self.on_disk(path), LOOK).map(|file| file.and_then(is_directory)) {
            Some(Ok(is_directory)) => Ok(Resolved { path: path.clone(), kind: kind(is_directory) }),
            Some(Err(error)) => Err(TreeError::from_io(path, error)),
            None => self.real(path).map(|(on_disk, path)| Resolved { path, kind: kind(on_disk.is_dir()) }),
        }
    }

    fn read(&self, path: &TreePath) -> Result<Vec<u8>, TreeError> {
        let failed = |error| TreeError::from_io(path, error);
        let file = self.open_file(path)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(TreeError::NotAFile { path: path.clone() });
        }
        if !metadata.is_file() {
            let source = "it is a device, a pipe or a socket: only regular files are read".into();
            return Err(TreeError::Storage { path: path.clone(), source });
        }
        let (size, limit) = (metadata.len(), self.file_limit);
        if size > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size, limit });
        }
        // One byte more, so that the end is found without asking for more room.
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default().saturating_add(1));
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<TreeEntry>, TreeError> {
        let (on_disk, _) = self.real(path)?;
        if !on_disk.is_dir() {
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

/// To see what something is, without leave to read it.
#[cfg(target_os = "linux")]
const LOOK: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const LOOK: OFlags = OFlags::CLOEXEC;

/// Opens what is at a path that has no symbolic link on it: such a path is where it leads, and the kernel finds that out
/// in one step. `None` where there is a link, or where the kernel cannot tell (it can since Linux 5.6).
#[cfg(target_os = "linux")]
fn open_without_links(path: &Path, flags: OFlags) -> Option<io::Result<File>> {
    use rustix::fs::{CWD, ResolveFlags, openat2};
    use rustix::io::Errno;

    match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(file) => Some(Ok(file.into())),
        Err(error @ (Errno::NOENT | Errno::NOTDIR)) => Some(Err(error.into())),
        Err(_) => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn open_without_links(_: &Path, _: OFlags) -> Option<io::Result<File>> {
    None
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
    fn what_is_no_file_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        symlink("pipe", directory.path().join("link")).unwrap();
        let tree = DirTree::open(directory.path()).unwrap();
        for name in ["pipe", "link"] {
            let error = tree.read(&path(name)).unwrap_err();
            assert!(matches!(error, TreeError::Storage { .. }), "{error:?}");
        }
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
