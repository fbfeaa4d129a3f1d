use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::scratch::{self, Scratch};
use crate::tree::archive::{ArchiveEntry, ArchiveLimits, EntryKind, TreeArchive, refuse};
use crate::tree::links::stays_inside;
use crate::tree::tally::Tally;
use crate::{Error, Facts};

/// How files are put back.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FilesPutBack {
    /// What was recorded when they were captured; the archive must agree. Default: nothing.
    pub expected: Facts,
    /// What is in the folder is moved aside. Default: no, a folder with something in it is an error.
    pub replace: bool,
    /// Symbolic links may lead out of the tree. Default: no, such an archive is refused.
    pub outside_links: bool,
    /// What the archive may hold.
    pub limits: ArchiveLimits,
}

impl FilesPutBack {
    /// The same, to agree with `expected`.
    #[must_use]
    pub fn expecting(mut self, expected: Facts) -> Self {
        self.expected = expected;
        self
    }

    /// The same, replacing what is there.
    #[must_use]
    pub fn replacing(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }

    /// The same with another choice of [`outside_links`](Self::outside_links).
    #[must_use]
    pub fn with_outside_links(mut self, allowed: bool) -> Self {
        self.outside_links = allowed;
        self
    }

    /// The same with other [`limits`](Self::limits).
    #[must_use]
    pub fn with_limits(mut self, limits: ArchiveLimits) -> Self {
        self.limits = limits;
        self
    }
}

/// What was done.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FilesInPlace {
    /// What was unpacked: `files`, `directories`, `links`, `bytes`, `warnings`.
    pub facts: Facts,
    /// The folder that what was there before was moved to; the caller may delete it.
    pub aside: Option<PathBuf>,
}

/// What a volume may hold though it is empty: ext4 makes it.
const LOST_AND_FOUND: &str = "lost+found";
const ASIDE: &str = ".windlass-before-";

/// Whether a folder of this name is what stood in the way when files were put back. It is no part of a tree any more.
pub(super) fn is_aside(name: &OsStr) -> bool {
    let number = name.to_str().and_then(|name| name.strip_prefix(ASIDE));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Whether a name in a folder that files are put back into is none of the data: what a file system keeps there itself, what
/// was moved aside, what a process that was killed left.
#[must_use]
pub fn is_beside(name: &OsStr) -> bool {
    let text = name.to_string_lossy();
    text == LOST_AND_FOUND || text.starts_with(ASIDE) || text.starts_with(scratch::PREFIX)
}

/// Unpacks the archive that `reader` gives into the folder `target`, which is made where it is missing.
///
/// The whole archive is unpacked into a private folder inside of the target first, and judged (see
/// [`TreeArchive`]); only then is each of its top names moved into place, and what stood there moved aside. An archive
/// that is refused, or a disk that is full, leaves the target as it was. Killed during the moves, all of the old and all
/// of the new is still there, some of it in those two folders.
///
/// Owners come back where this process may give files away (as root); otherwise they are its own, and a warning says so.
///
/// # Errors
/// Where the archive is refused or is another one than was recorded, where something is in the target and was not to be
/// replaced, or where the disk fails.
pub fn files(reader: &mut dyn Read, target: &Path, options: &FilesPutBack) -> Result<FilesInPlace, Error> {
    let is_new = !target.exists();
    if is_new {
        fs::create_dir(target).map_err(Error::file("create", target))?;
    }
    let result = unpack_and_move(reader, target, options);
    if is_new && result.is_err() {
        // Only if nothing is in it.
        let _ = fs::remove_dir(target);
    }
    result
}

fn unpack_and_move(reader: &mut dyn Read, target: &Path, options: &FilesPutBack) -> Result<FilesInPlace, Error> {
    let old = old_names(target)?;
    if !old.is_empty() && !options.replace {
        return Err(Error::Exists { path: target.to_owned() });
    }
    let scratch = Scratch::new(target)?;
    let staging = scratch.join("tree");
    fs::create_dir(&staging).map_err(Error::file("create", &staging))?;
    let mut unpacking = Unpacking { root: &staging, options, tally: Tally::default(), folders: Vec::new() };
    let mut archive = TreeArchive::new(reader, options.limits);
    while let Some(entry) = archive.next_entry()? {
        unpacking.place(&entry, &mut archive)?;
    }
    let Unpacking { mut tally, folders, .. } = unpacking;
    compare(target, &options.expected, &tally.facts())?;
    let aside = move_into_place(&staging, target, &old)?;
    // Taking it away changes the time of the target.
    drop(scratch);
    // Only now, since a folder that may not be written to cannot be moved.
    for folder in folders.iter().rev() {
        finish(&target.join(&folder.path), folder, &mut tally)?;
    }
    let place = File::open(target).map_err(Error::file("read", target))?;
    rustix::fs::syncfs(&place).map_err(|errno| Error::file("write", target)(errno.into()))?;
    Ok(FilesInPlace { facts: tally.facts(), aside })
}

/// What is in the target already, ours and the file system's apart.
fn old_names(target: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(target).map_err(Error::file("read", target))? {
        let name = entry.map_err(Error::file("read", target))?.file_name();
        if !is_beside(&name) {
            names.push(PathBuf::from(name));
        }
    }
    Ok(names)
}

struct Unpacking<'a> {
    root: &'a Path,
    options: &'a FilesPutBack,
    tally: Tally,
    /// Folders get their permissions and times last, since what is put into them changes both.
    folders: Vec<ArchiveEntry>,
}

impl Unpacking<'_> {
    fn place(&mut self, entry: &ArchiveEntry, content: &mut impl Read) -> Result<(), Error> {
        let path = self.root.join(&entry.path);
        if let Some(parent) = path.parent().filter(|_| !entry.path.as_os_str().is_empty()) {
            // The reader knows that every folder on the way is one.
            fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        }
        match &entry.kind {
            EntryKind::Folder => {
                fs::create_dir_all(&path).map_err(Error::file("create", &path))?;
                self.folders.push(entry.clone());
                self.tally.directories += 1;
                return Ok(());
            }
            EntryKind::File(size) => {
                let mut file = File::options()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)
                    .map_err(Error::file("create", &path))?;
                io::copy(&mut content.take(*size), &mut file)
                    .map_err(|error| Error::of_reader(error, "write", &path))?;
                self.tally.files += 1;
                self.tally.bytes += size;
            }
            EntryKind::Symlink(goal) => {
                if !stays_inside(&entry.path, goal) {
                    if !self.options.outside_links {
                        let name = entry.path.as_os_str().as_encoded_bytes();
                        return Err(refuse(name, "a link that leads out of the tree"));
                    }
                    self.tally.warn(&entry.path, "a link that leads out of the tree");
                }
                symlink(goal, &path).map_err(Error::file("create", &path))?;
                self.tally.links += 1;
            }
            EntryKind::HardLink(other) => {
                fs::hard_link(self.root.join(other), &path).map_err(Error::file("create", &path))?;
                self.tally.links += 1;
                return Ok(());
            }
        }
        finish(&path, entry, &mut self.tally)
    }
}

/// Gives owner, permissions and time of change to what an entry became.
fn finish(path: &Path, entry: &ArchiveEntry, tally: &mut Tally) -> Result<(), Error> {
    if !give_metadata(path, entry)? {
        tally.warn(&entry.path, "its owner cannot be given back without being root");
    }
    Ok(())
}

/// Gives owner, permissions and time of change to the file or folder at `path`, as `entry` has them; a link has an owner
/// only. Says whether the owner could be given: that is for root.
///
/// # Errors
/// Where the file system refuses the rest.
pub fn give_metadata(path: &Path, entry: &ArchiveEntry) -> Result<bool, Error> {
    let metadata = fs::symlink_metadata(path).map_err(Error::file("read", path))?;
    let is_owned = (metadata.uid(), metadata.gid()) == (entry.user, entry.group)
        || lchown(path, Some(entry.user), Some(entry.group)).is_ok();
    if matches!(entry.kind, EntryKind::Symlink(_)) {
        return Ok(is_owned);
    }
    let changed = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(entry.changed));
    let times = changed.map_or_else(FileTimes::new, |changed| FileTimes::new().set_modified(changed));
    File::open(path)
        .and_then(|file| file.set_times(times))
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(entry.mode)))
        .map_err(Error::file("write", path))?;
    Ok(is_owned)
}

fn compare(target: &Path, expected: &Facts, found: &Facts) -> Result<(), Error> {
    let number = |facts: &Facts, name: &str| facts.get(name).and_then(serde_json::Value::as_u64);
    for fact in ["files", "directories", "links", "bytes"] {
        // Databases are files in the archive.
        let databases = if fact == "files" { number(expected, "databases").unwrap_or(0) } else { 0 };
        let Some(wanted) = number(expected, fact).map(|wanted| wanted + databases) else {
            continue;
        };
        let is = number(found, fact).unwrap_or(0);
        if wanted != is {
            let (path, fact) = (target.to_owned(), fact.to_owned());
            return Err(Error::FactsDiffer { path, fact, expected: wanted.to_string(), found: is.to_string() });
        }
    }
    Ok(())
}

/// Moves the old names aside and the new ones into place; where that fails, back again.
fn move_into_place(staging: &Path, target: &Path, old: &[PathBuf]) -> Result<Option<PathBuf>, Error> {
    let mut moves = Vec::new();
    let aside = if old.is_empty() { None } else { Some(aside_folder(target)?) };
    if let Some(aside) = &aside {
        moves.extend(old.iter().map(|name| (target.join(name), aside.join(name))));
    }
    for entry in fs::read_dir(staging).map_err(Error::file("read", staging))? {
        let name = entry.map_err(Error::file("read", staging))?.file_name();
        if name == LOST_AND_FOUND && target.join(&name).exists() {
            continue;
        }
        moves.push((staging.join(&name), target.join(&name)));
    }
    for (done, (from, to)) in moves.iter().enumerate() {
        if let Err(error) = fs::rename(from, to) {
            for (from, to) in moves[..done].iter().rev() {
                let _ = fs::rename(to, from);
            }
            if let Some(aside) = aside {
                let _ = fs::remove_dir(aside);
            }
            return Err(Error::file("move into place", to)(error));
        }
    }
    Ok(aside)
}

fn aside_folder(target: &Path) -> Result<PathBuf, Error> {
    let mut number = 1_u32;
    loop {
        let path = target.join(format!("{ASIDE}{number}"));
        match fs::create_dir(&path) {
            Ok(()) => break Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => break Err(Error::file("create", path)(error)),
        }
    }
}
