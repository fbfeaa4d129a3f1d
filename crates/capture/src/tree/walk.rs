use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::vec::IntoIter;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::Error;

/// How deep a tree may be; each level holds a descriptor open.
const MAX_DEPTH: usize = 128;

/// Goes through a tree in the order of names, a folder before what is in it.
///
/// It holds the folders on its way open and looks names up in those, so that nobody can put a link in its way.
pub(super) struct Walk {
    levels: Vec<Level>,
}

struct Level {
    folder: OwnedFd,
    /// Relative to the root.
    path: PathBuf,
    names: IntoIter<OsString>,
}

/// One name in a tree.
pub(super) struct Step {
    /// Relative to the root.
    pub(super) path: PathBuf,
    pub(super) stat: Stat,
}

impl Step {
    pub(super) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }
}

impl Walk {
    /// Opens the root; the first step is what is in it.
    pub(super) fn open(root: &Path) -> Result<(Self, Step), Error> {
        let fail = |errno: Errno| Error::file("read", root)(errno.into());
        let folder = rustix::fs::open(root, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(fail)?;
        let stat = rustix::fs::fstat(&folder).map_err(fail)?;
        let names = names(&folder).map_err(fail)?;
        let step = Step { path: PathBuf::new(), stat };
        Ok((Self { levels: vec![Level { folder, path: PathBuf::new(), names }] }, step))
    }

    /// The next name, or `None` at the end. Names that vanish meanwhile are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Step>, (PathBuf, Errno)> {
        while let Some(level) = self.levels.last_mut() {
            let Some(name) = level.names.next() else {
                self.levels.pop();
                continue;
            };
            let path = level.path.join(&name);
            match rustix::fs::statat(&level.folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => return Ok(Some(Step { path, stat })),
                Err(Errno::NOENT) => {}
                Err(errno) => return Err((path, errno)),
            }
        }
        Ok(None)
    }

    /// Goes into the folder that the last step was.
    pub(super) fn enter(&mut self, path: &Path) -> Result<(), Errno> {
        if self.levels.len() >= MAX_DEPTH {
            return Err(Errno::LOOP);
        }
        let folder = self.open_in(path, OFlags::DIRECTORY)?;
        let names = names(&folder)?;
        self.levels.push(Level { folder, path: path.to_owned(), names });
        Ok(())
    }

    /// Opens the file that the last step was.
    pub(super) fn open_file(&self, path: &Path) -> Result<OwnedFd, Errno> {
        // Whatever it is by now, the opening does not wait for it.
        self.open_in(path, OFlags::NONBLOCK)
    }

    /// Where the link that the last step was points.
    pub(super) fn read_link(&self, path: &Path) -> Result<Vec<u8>, Errno> {
        let folder = self.current()?;
        Ok(rustix::fs::readlinkat(folder, name_of(path), Vec::new())?.into_bytes())
    }

    fn open_in(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        rustix::fs::openat(self.current()?, name_of(path), flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
    }

    fn current(&self) -> Result<&OwnedFd, Errno> {
        self.levels.last().map(|level| &level.folder).ok_or(Errno::NOENT)
    }
}

fn name_of(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

fn names(folder: &OwnedFd) -> Result<IntoIter<OsString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = OsString::from_vec(entry?.file_name().to_bytes().to_vec());
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names.into_iter())
}
