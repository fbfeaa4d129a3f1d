use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Stat};
use rustix::io::Errno;
use tar::EntryType;

use crate::sqlite::{COMPANIONS, companion};
use crate::tree::header::{self, BLOCK, Fields};
use crate::tree::links::stays_inside;
use crate::tree::options::Databases;
use crate::tree::put_back::is_aside;
use crate::tree::select::Selection;
use crate::tree::steady::{self, Version};
use crate::tree::tally::Tally;
use crate::tree::walk::{Step, Walk};
use crate::{Error, FileOptions, SqliteDatabase};

/// How every SQLite database begins.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// The bytes of the archive, made as they are read.
pub(super) struct TreeReader<'a> {
    root: &'a Path,
    selection: &'a Selection,
    options: &'a FileOptions,
    tally: &'a mut Tally,
    walk: Walk,
    device: u64,
    /// Folders on the way to the current entry that were not asked for, and are written when something in them is.
    waiting: Vec<(PathBuf, Stat)>,
    /// The folder that was asked for and in which everything is.
    inside: Option<PathBuf>,
    /// Names of files that have more than one.
    linked: BTreeMap<(u64, u64), Vec<u8>>,
    /// Files that belong to databases seen in the folder.
    companions: BTreeSet<PathBuf>,
    /// Bytes to give, and how many of them are given.
    ready: Vec<u8>,
    given: usize,
    /// The last small file. Its memory is used again.
    small: Vec<u8>,
    content: Option<Content>,
    ended: bool,
    /// What is missing from the archive since an error came before it; it never comes to its end then.
    failed: bool,
}

/// A file on its way into the archive.
struct Content {
    path: PathBuf,
    file: File,
    /// `None` for an image, which nobody else writes to.
    version: Option<Version>,
    size: u64,
    position: u64,
}

impl<'a> TreeReader<'a> {
    pub(super) fn new(
        root: &'a Path,
        selection: &'a Selection,
        options: &'a FileOptions,
        tally: &'a mut Tally,
    ) -> Result<Self, Error> {
        let (walk, step) = Walk::open(root)?;
        let mut reader = Self {
            root,
            selection,
            options,
            tally,
            walk,
            device: step.stat.st_dev,
            waiting: Vec::new(),
            inside: None,
            linked: BTreeMap::new(),
            companions: BTreeSet::new(),
            ready: Vec::new(),
            given: 0,
            small: Vec::new(),
            content: None,
            ended: false,
            failed: false,
        };
        reader.write_folder(&step.path, &step.stat);
        Ok(reader)
    }

    /// Makes the next bytes ready. At the end of the archive there are none.
    fn advance(&mut self) -> Result<(), Error> {
        self.ready.clear();
        self.given = 0;
        while self.ready.is_empty() && self.content.is_none() && !self.ended {
            match self.walk.next() {
                Ok(Some(step)) => self.step(step)?,
                Ok(None) => {
                    self.ready.resize(2 * BLOCK, 0);
                    self.ended = true;
                }
                Err((path, errno)) => return Err(self.fail("read", &path, errno)),
            }
        }
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<(), Error> {
        if self.selection.excludes(&step.path) {
            return Ok(());
        }
        if step.kind() == FileType::Directory && step.path.file_name().is_some_and(is_aside) {
            self.tally.warn(&step.path, "what was moved aside when files were put back, left out");
            return Ok(());
        }
        if self.inside.as_ref().is_some_and(|inside| !step.path.starts_with(inside)) {
            self.inside = None;
        }
        self.waiting.retain(|(folder, _)| step.path.starts_with(folder));
        let wanted = self.inside.is_some() || self.selection.includes(&step.path);
        match step.kind() {
            FileType::Directory => self.folder(step, wanted),
            _ if !wanted => Ok(()),
            FileType::RegularFile => self.file(&step),
            FileType::Symlink => self.link(&step),
            FileType::Socket => {
                self.tally.warn(&step.path, "a socket, left out");
                Ok(())
            }
            FileType::Fifo => {
                self.tally.warn(&step.path, "a named pipe, left out");
                Ok(())
            }
            _ => {
                self.tally.warn(&step.path, "a device, left out");
                Ok(())
            }
        }
    }

    fn folder(&mut self, step: Step, wanted: bool) -> Result<(), Error> {
        if wanted {
            self.write_waiting();
            self.write_folder(&step.path, &step.stat);
            self.inside.get_or_insert_with(|| step.path.clone());
        }
        if self.options.one_file_system && step.stat.st_dev != self.device {
            self.tally.warn(&step.path, "another file system, what is in it is left out");
            return Ok(());
        }
        match self.walk.enter(&step.path) {
            Ok(()) if wanted => {}
            Ok(()) => self.waiting.push((step.path, step.stat)),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(self.fail("read", &step.path, errno)),
        }
        Ok(())
    }

    fn link(&mut self, step: &Step) -> Result<(), Error> {
        let target = match self.walk.read_link(&step.path) {
            Ok(target) => target,
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) => return Err(self.fail("read", &step.path, errno)),
        };
        if !stays_inside(&step.path, Path::new(std::ffi::OsStr::from_bytes(&target))) {
            self.tally.warn(&step.path, "a link that leads out of the tree; it comes back only on request");
        }
        self.write_waiting();
        // When a link was made says nothing about the tree, and is made anew with it.
        let fields = Fields { changed: 0, ..fields(EntryType::Symlink, &step.stat) };
        header::write(&mut self.ready, step.path.as_os_str().as_bytes(), &target, &fields);
        self.tally.links += 1;
        Ok(())
    }

    fn file(&mut self, step: &Step) -> Result<(), Error> {
        if self.companions.contains(&step.path) {
            return Ok(());
        }
        let identity = (step.stat.st_dev, step.stat.st_ino);
        let name = step.path.as_os_str().as_bytes();
        if let Some(first) = self.linked.get(&identity) {
            let first = first.clone();
            self.write_waiting();
            header::write(&mut self.ready, name, &first, &fields(EntryType::Link, &step.stat));
            self.tally.links += 1;
            return Ok(());
        }
        let file = match self.walk.open_file(&step.path) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) => return Err(self.fail("read", &step.path, errno)),
        };
        let path = self.root.join(&step.path);
        let metadata = file.metadata().map_err(Error::file("read", &path))?;
        if !metadata.is_file() {
            return Err(Error::Changing { path });
        }
        let mut start = [0; SQLITE_MAGIC.len()];
        let is_database =
            file.read_at(&mut start, 0).map_err(Error::file("read", &path))? == start.len() && start == SQLITE_MAGIC;
        if is_database {
            // Before SQLite opens it: closing a descriptor drops the locks of the whole process.
            drop(file);
            return self.database(step, path);
        }
        if step.stat.st_nlink > 1 {
            self.linked.insert(identity, name.to_vec());
        }
        if metadata.len() <= steady::SMALL {
            return self.small_file(step, &file, path);
        }
        self.write_waiting();
        self.write_file(&step.path, &metadata)?;
        let version = Some(Version::of(&metadata));
        self.content = Some(Content { path, file, version, size: metadata.len(), position: 0 });
        Ok(())
    }

    fn small_file(&mut self, step: &Step, file: &File, path: PathBuf) -> Result<(), Error> {
        let metadata = steady::read_small(file, &mut self.small).map_err(Error::file("read", &path))?;
        let metadata = metadata.ok_or(Error::Changing { path })?;
        self.write_waiting();
        self.write_file(&step.path, &metadata)?;
        self.ready.extend_from_slice(&self.small);
        self.ready.resize(self.ready.len() + header::padding(metadata.len()), 0);
        Ok(())
    }

    fn database(&mut self, step: &Step, path: PathBuf) -> Result<(), Error> {
        self.companions.extend(COMPANIONS.map(|suffix| companion(&step.path, suffix)));
        let options = match &self.options.databases {
            Databases::Snapshot(options) => options,
            Databases::Refuse => return Err(Error::DatabaseInTree { path }),
            Databases::LeaveOut => {
                self.tally.warn(&step.path, "a SQLite database, left out");
                return Ok(());
            }
        };
        let (file, size) = SqliteDatabase::new(&path, options.clone()).into_image()?;
        self.write_waiting();
        // Its time of change moves with every checkpoint.
        let fields = Fields { size, changed: 0, ..fields(EntryType::Regular, &step.stat) };
        header::write(&mut self.ready, step.path.as_os_str().as_bytes(), b"", &fields);
        self.tally.databases += 1;
        self.count(size)?;
        self.content = Some(Content { path, file, version: None, size, position: 0 });
        Ok(())
    }

    fn write_waiting(&mut self) {
        for (path, stat) in std::mem::take(&mut self.waiting) {
            self.write_folder(&path, &stat);
        }
    }

    fn write_folder(&mut self, path: &Path, stat: &Stat) {
        let mut name = path.as_os_str().as_bytes().to_vec();
        name.extend_from_slice(if name.is_empty() { b"./" } else { b"/" });
        header::write(&mut self.ready, &name, b"", &fields(EntryType::Directory, stat));
        self.tally.directories += 1;
    }

    fn write_file(&mut self, path: &Path, metadata: &Metadata) -> Result<(), Error> {
        let fields = Fields {
            kind: EntryType::Regular,
            size: metadata.len(),
            mode: metadata.mode() & 0o7777,
            user: metadata.uid(),
            group: metadata.gid(),
            changed: u64::try_from(metadata.mtime()).unwrap_or(0),
        };
        header::write(&mut self.ready, path.as_os_str().as_bytes(), b"", &fields);
        self.tally.files += 1;
        self.count(metadata.len())
    }

    fn count(&mut self, bytes: u64) -> Result<(), Error> {
        self.tally.bytes += bytes;
        if self.tally.bytes > self.options.max_bytes {
            return Err(Error::TooLarge { path: self.root.to_owned(), limit: self.options.max_bytes });
        }
        Ok(())
    }

    fn fail(&self, doing: &'static str, path: &Path, errno: Errno) -> Error {
        let path = self.root.join(path);
        match errno {
            // It was something else when it was listed.
            Errno::LOOP | Errno::NOTDIR | Errno::NXIO => Error::Changing { path },
            errno => Error::file(doing, path)(errno.into()),
        }
    }
}

/// What a header says of something without content.
fn fields(kind: EntryType, stat: &Stat) -> Fields {
    Fields {
        kind,
        size: 0,
        mode: stat.st_mode & 0o7777,
        user: stat.st_uid,
        group: stat.st_gid,
        changed: u64::try_from(stat.st_mtime).unwrap_or(0),
    }
}

impl Content {
    /// Reads on; at the end of a file that was written to meanwhile, or shrank, it fails.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let left = self.size - self.position;
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.file.read_at(&mut buffer[..wanted], self.position).map_err(Error::file("read", &self.path))?;
        self.position += count as u64;
        let is_cut = count == 0 && wanted > 0;
        if is_cut || (self.position == self.size && !self.is_unchanged()?) {
            return Err(Error::Changing { path: self.path.clone() });
        }
        Ok(count)
    }

    fn is_unchanged(&self) -> Result<bool, Error> {
        let now = self.file.metadata().map_err(Error::file("read", &self.path))?;
        Ok(self.version.is_none_or(|version| version == Version::of(&now)))
    }
}

impl TreeReader<'_> {
    fn give(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if self.given == self.ready.len()
            && let Some(content) = &mut self.content
        {
            let count = content.read(buffer)?;
            if content.position == content.size {
                self.ready.clear();
                self.given = 0;
                self.ready.resize(header::padding(content.size), 0);
                self.content = None;
            }
            if count > 0 {
                return Ok(count);
            }
        }
        if self.given == self.ready.len() {
            self.advance()?;
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

impl Read for TreeReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.failed {
            return Err(io::Error::other("the archive cannot be read on after an error"));
        }
        self.give(buffer).map_err(|error| {
            self.failed = true;
            error.into()
        })
    }
}
