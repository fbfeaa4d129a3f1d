use std::io;

use crate::TreePath;

pub(crate) mod directory;
pub(crate) mod layered;
pub(crate) mod memory;

/// A read-only set of files: a directory, memory, a Git commit.
///
/// Symbolic links are followed as long as they stay inside the tree. Implementations are safe to share between
/// threads and give the same answers for as long as they live, except [`DirTree`](crate::DirTree), under which the
/// user may edit.
pub trait FileTree: Send + Sync {
    /// Where `path` leads when every symbolic link on the way is followed, and what is there.
    ///
    /// # Errors
    /// [`TreeError::NotFound`] where nothing is there, [`TreeError::Escapes`] where a link leads out of the tree.
    fn resolve(&self, path: &TreePath) -> Result<Resolved, TreeError>;

    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), and [`TreeError::NotAFile`] for a directory.
    fn read(&self, path: &TreePath) -> Result<Vec<u8>, TreeError>;

    /// What the directory at `path` holds, sorted by name. Links that lead nowhere or out of the tree are left out.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), and [`TreeError::NotADirectory`] for a file.
    fn list(&self, path: &TreePath) -> Result<Vec<TreeEntry>, TreeError>;

    /// The text of the file at `path`.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`TreeError::NotUtf8`].
    fn read_text(&self, path: &TreePath) -> Result<String, TreeError> {
        String::from_utf8(self.read(path)?).map_err(|_| TreeError::NotUtf8 { path: path.clone() })
    }

    /// Whether a file (not a directory) is at `path`.
    fn is_file(&self, path: &TreePath) -> bool {
        self.resolve(path).is_ok_and(|resolved| resolved.kind == EntryKind::File)
    }

    /// Whether a directory is at `path`.
    fn is_directory(&self, path: &TreePath) -> bool {
        self.resolve(path).is_ok_and(|resolved| resolved.kind == EntryKind::Directory)
    }
}

impl<T: FileTree + ?Sized> FileTree for std::sync::Arc<T> {
    fn resolve(&self, path: &TreePath) -> Result<Resolved, TreeError> {
        (**self).resolve(path)
    }

    fn read(&self, path: &TreePath) -> Result<Vec<u8>, TreeError> {
        (**self).read(path)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<TreeEntry>, TreeError> {
        (**self).list(path)
    }
}

impl<T: FileTree + ?Sized> FileTree for &T {
    fn resolve(&self, path: &TreePath) -> Result<Resolved, TreeError> {
        (**self).resolve(path)
    }

    fn read(&self, path: &TreePath) -> Result<Vec<u8>, TreeError> {
        (**self).read(path)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<TreeEntry>, TreeError> {
        (**self).list(path)
    }
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// Where a path leads once links are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The path without any symbolic link on it.
    pub path: TreePath,
    /// What is there.
    pub kind: EntryKind,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// The name, without its directory.
    pub name: String,
    /// What it leads to.
    pub kind: EntryKind,
}

/// Why a tree could not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// Nothing is at the path.
    #[error("no such file or directory: {path}")]
    NotFound {
        /// The path asked for.
        path: TreePath,
    },
    /// A directory was read as a file.
    #[error("{path} is a directory, not a file")]
    NotAFile {
        /// The path asked for.
        path: TreePath,
    },
    /// A file was listed as a directory.
    #[error("{path} is a file, not a directory")]
    NotADirectory {
        /// The path asked for.
        path: TreePath,
    },
    /// A symbolic link leads out of the tree.
    #[error("{path} leads out of the tree through a symbolic link")]
    Escapes {
        /// The path asked for.
        path: TreePath,
    },
    /// Symbolic links lead in a circle.
    #[error("{path}: too many symbolic links: they lead in a circle")]
    LinkLoop {
        /// The path asked for.
        path: TreePath,
    },
    /// A file that must be text is not UTF-8.
    #[error("{path} is not UTF-8 text")]
    NotUtf8 {
        /// The path asked for.
        path: TreePath,
    },
    /// A file is larger than the tree is willing to read.
    #[error("{path} has {size} bytes: files over {limit} bytes are not read")]
    TooLarge {
        /// The path asked for.
        path: TreePath,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The storage under the tree failed.
    #[error("cannot read {path}")]
    Storage {
        /// The path asked for.
        path: TreePath,
        /// What the storage said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl TreeError {
    /// The path that was asked for.
    #[must_use]
    pub fn path(&self) -> &TreePath {
        match self {
            Self::NotFound { path }
            | Self::NotAFile { path }
            | Self::NotADirectory { path }
            | Self::Escapes { path }
            | Self::LinkLoop { path }
            | Self::NotUtf8 { path }
            | Self::TooLarge { path, .. }
            | Self::Storage { path, .. } => path,
        }
    }

    /// The error for an I/O failure at `path`.
    pub(crate) fn from_io(path: &TreePath, error: io::Error) -> Self {
        let path = path.clone();
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::NotADirectory => Self::NotFound { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            _ if error.raw_os_error() == Some(ELOOP) => Self::LinkLoop { path },
            _ => Self::Storage { path, source: Box::new(error) },
        }
    }
}

/// `ErrorKind::FilesystemLoop` is not stable yet; Linux and the BSDs differ in the number.
const ELOOP: i32 = if cfg!(target_os = "linux") { 40 } else { 62 };
