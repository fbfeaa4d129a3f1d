//! Whether what is in a place is what a rebuild that was killed had put there: compared with what was saved, byte for byte.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use windlass_capture::put_back::{give_metadata, is_beside};
use windlass_capture::{ArchiveLimits, EntryKind, TreeArchive};

/// What is in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// All of what was saved, and nothing else.
    Whole,
    /// Some of it and nothing else; or some of its files are cut or empty, as a power cut leaves them.
    Part,
    /// Something that was not saved so.
    Other,
}

impl Found {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Other, _) | (_, Self::Other) => Self::Other,
            (Self::Whole, Self::Whole) => Self::Whole,
            _ => Self::Part,
        }
    }
}

/// Compares a database or a dump with the file at `path`. With a log or a journal beside it somebody has written to it.
pub(super) fn file(reader: &mut dyn Read, path: &Path) -> Found {
    let is_written_to = ["-wal", "-journal"].iter().any(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        fs::metadata(PathBuf::from(name)).is_ok_and(|file| file.len() > 0)
    });
    // Files are complete before they get their name: one that is cut is no work of ours.
    match content(reader, u64::MAX, path) {
        Ok(Found::Whole) if !is_written_to => Found::Whole,
        _ => Found::Other,
    }
}

/// Compares an archive with the folder at `path`; where all is there, folders get their permissions and times, which they get
/// last.
pub(super) fn folder(reader: &mut dyn Read, path: &Path) -> Found {
    compare_folder(reader, path).unwrap_or(Found::Other)
}

fn compare_folder(reader: &mut dyn Read, root: &Path) -> Result<Found, windlass_capture::Error> {
    let mut archive = TreeArchive::new(reader, ArchiveLimits::default());
    let (mut found, mut names, mut folders) = (Found::Whole, BTreeSet::new(), Vec::new());
    while let Some(entry) = archive.next_entry()? {
        let path = root.join(&entry.path);
        names.insert(entry.path.clone());
        let is_there = fs::symlink_metadata(&path);
        found = found.and(match (&entry.kind, is_there) {
            (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => Found::Part,
            (EntryKind::Folder, Ok(there)) if there.is_dir() => Found::Whole,
            (EntryKind::File(size), Ok(there)) if there.is_file() => {
                content(&mut archive, *size, &path).unwrap_or(Found::Other)
            }
            (EntryKind::Symlink(goal), Ok(_)) if fs::read_link(&path).is_ok_and(|there| there == *goal) => Found::Whole,
            (EntryKind::HardLink(_), Ok(there)) if there.is_file() => Found::Whole,
            _ => Found::Other,
        });
        if found == Found::Other {
            return Ok(found);
        }
        if entry.kind == EntryKind::Folder {
            folders.push(entry);
        }
    }
    if has_others(root, Path::new(""), &names).unwrap_or(true) {
        return Ok(Found::Other);
    }
    if found == Found::Whole {
        for folder in folders.iter().rev() {
            if give_metadata(&root.join(&folder.path), folder).is_err() {
                return Ok(Found::Part);
            }
        }
        // Whoever was killed may not have come to it.
        if File::open(root).is_ok_and(|place| rustix::fs::syncfs(&place).is_err()) {
            return Ok(Found::Part);
        }
    }
    Ok(found)
}

/// Whether anything is in the folder that the archive does not name.
fn has_others(root: &Path, below: &Path, names: &BTreeSet<PathBuf>) -> io::Result<bool> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = below.join(entry.file_name());
        if !names.contains(&name) {
            if below.as_os_str().is_empty() && is_beside(&entry.file_name()) {
                continue;
            }
            return Ok(true);
        }
        if entry.file_type()?.is_dir() && has_others(root, &name, names)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Compares a file with what a reader gives, up to `size` bytes. A file that is cut, or in which nothing was written where
/// something should be, is a part: there is nothing in it that could be lost.
fn content(reader: &mut dyn Read, size: u64, path: &Path) -> io::Result<Found> {
    let mut file = File::open(path)?;
    let (mut saved, mut there) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let (mut left, mut found) = (size, Found::Whole);
    loop {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(saved.len());
        let count = fill(reader, &mut saved[..most])?;
        let is = fill(&mut file, &mut there[..count])?;
        if is < count {
            found = Found::Part;
        }
        if saved[..is] != there[..is] {
            if saved.iter().zip(&there[..is]).any(|(saved, there)| saved != there && *there != 0) {
                return Ok(Found::Other);
            }
            found = Found::Part;
        }
        left -= count as u64;
        if count == 0 || left == 0 {
            let is_longer = fill(&mut file, &mut there[..1])? > 0;
            return Ok(if is_longer { Found::Other } else { found });
        }
    }
}

/// Reads until the buffer is full or the end came.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Compares two folders that were made of the same bundle.
pub(super) fn repositories(one: &Path, other: &Path) -> io::Result<bool> {
    let names = |folder: &Path| -> io::Result<BTreeSet<_>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    };
    let (own, theirs) = (names(one)?, names(other)?);
    if own != theirs {
        return Ok(false);
    }
    for name in own {
        let (one, other) = (one.join(&name), other.join(&name));
        let is_same = match (fs::symlink_metadata(&one)?.is_dir(), fs::symlink_metadata(&other)?.is_dir()) {
            (true, true) => repositories(&one, &other)?,
            (false, false) => content(&mut File::open(&one)?, u64::MAX, &other)? == Found::Whole,
            _ => false,
        };
        if !is_same {
            return Ok(false);
        }
    }
    Ok(true)
}
