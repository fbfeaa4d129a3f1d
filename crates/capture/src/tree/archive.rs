use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tar::{EntryType, Header};

use crate::Error;
use crate::tree::header::{BLOCK, padding};

/// What an archive may hold at most.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ArchiveLimits {
    /// Bytes of content. Default: 1 TiB.
    pub bytes: u64,
    /// Entries. Default: 4 million.
    pub entries: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { bytes: 1 << 40, entries: 4_000_000 }
    }
}

/// Longer names, and deeper ones, no file system that we restore to would hold.
const MAX_NAME: u64 = 4096;
const MAX_DEPTH: usize = 128;
/// Zeros after the end; GNU tar pads to 20 blocks.
const MAX_TRAILER: u64 = 1 << 20;

/// A tar archive as [`FileTree`](crate::FileTree) makes them, read with suspicion.
///
/// It is a reader of its own rather than a general one: whatever a capture never writes is refused, so that an archive
/// means the same to everybody. Refused are names that are absolute, climb, are empty or are given twice; entries below
/// something that is no folder; links to files that did not come before; devices, pipes, sparse files and extended
/// headers; sums that do not fit; more than the limits; an end that is missing, and anything after it.
///
/// Where symbolic links lead is for the caller to judge.
#[derive(Debug)]
pub struct TreeArchive<R> {
    reader: R,
    limits: ArchiveLimits,
    bytes: u64,
    entries: u64,
    /// Of the current entry: content not read yet, and the zeros after it.
    left: u64,
    padding: usize,
    names: BTreeMap<PathBuf, Seen>,
    ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Only as part of other names.
    Implied,
    Folder,
    File,
    Link,
}

/// One entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveEntry {
    /// Relative to the root, which is empty; made of plain names only.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
    /// Permissions, `0o7777` at most.
    pub mode: u32,
    /// Numeric owner.
    pub user: u32,
    /// Numeric group.
    pub group: u32,
    /// Time of change in seconds since 1970.
    pub changed: u64,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file of so many bytes, to be read from the archive.
    File(u64),
    /// A symbolic link with its target as it is written.
    Symlink(PathBuf),
    /// Another name for a file that came before.
    HardLink(PathBuf),
}

impl<R: Read> TreeArchive<R> {
    /// Reads the archive that `reader` gives.
    pub fn new(reader: R, limits: ArchiveLimits) -> Self {
        Self { reader, limits, bytes: 0, entries: 0, left: 0, padding: 0, names: BTreeMap::new(), ended: false }
    }

    /// The next entry, passing over what was not read of the one before; `None` at the end, once nothing follows it.
    ///
    /// # Errors
    /// [`Error::Archive`] for whatever is refused, and what the reader fails with.
    pub fn next_entry(&mut self) -> Result<Option<ArchiveEntry>, Error> {
        if self.ended {
            return Ok(None);
        }
        let unread = self.left + self.padding as u64;
        self.skip(unread)?;
        (self.left, self.padding) = (0, 0);
        let (mut long_name, mut long_target) = (None, None);
        loop {
            let header = self.header()?;
            if header.as_bytes().iter().all(|byte| *byte == 0) {
                if long_name.is_some() || long_target.is_some() {
                    return Err(refuse(b"", "a long name without an entry"));
                }
                self.end()?;
                return Ok(None);
            }
            check_sum(&header)?;
            self.entries += 1;
            if self.entries > self.limits.entries {
                return Err(refuse(b"", format!("it has more than {} entries", self.limits.entries)));
            }
            let place = match header.entry_type() {
                EntryType::GNULongName => &mut long_name,
                EntryType::GNULongLink => &mut long_target,
                _ => return self.entry(&header, long_name, long_target).map(Some),
            };
            let long = long(&mut self.reader, &header)?;
            if place.replace(long).is_some() {
                return Err(refuse(b"", "two long names for one entry"));
            }
        }
    }

    fn entry(
        &mut self,
        header: &Header,
        long_name: Option<Vec<u8>>,
        long_target: Option<Vec<u8>>,
    ) -> Result<ArchiveEntry, Error> {
        let raw = long_name.unwrap_or_else(|| header.path_bytes().into_owned());
        let target = long_target.unwrap_or_else(|| header.link_name_bytes().unwrap_or_default().into_owned());
        let number = |result: io::Result<u64>| result.map_err(|_| refuse(&raw, "a number in its header is none"));
        let small = |value: u64| u32::try_from(value).map_err(|_| refuse(&raw, "an owner that cannot be"));
        let path = path(&raw)?;
        let size = number(header.entry_size())?;
        let kind = match header.entry_type() {
            EntryType::Directory => EntryKind::Folder,
            EntryType::Regular => EntryKind::File(size),
            EntryType::Symlink if target.is_empty() || target.contains(&0) || target.len() as u64 > MAX_NAME => {
                return Err(refuse(&raw, "a link to nothing that could be"));
            }
            EntryType::Symlink => EntryKind::Symlink(OsStr::from_bytes(&target).into()),
            EntryType::Link => EntryKind::HardLink(self::path(&target)?),
            other => return Err(refuse(&raw, kind_text(other))),
        };
        if size > 0 && !matches!(kind, EntryKind::File(_)) {
            return Err(refuse(&raw, "content where there can be none"));
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > self.limits.bytes {
            return Err(refuse(&raw, format!("it holds more than {} bytes", self.limits.bytes)));
        }
        self.note(&raw, &path, &kind)?;
        (self.left, self.padding) = (size, padding(size));
        let mode = header.mode().map_err(|_| refuse(&raw, "a number in its header is none"))? & 0o7777;
        Ok(ArchiveEntry {
            mode,
            user: small(number(header.uid())?)?,
            group: small(number(header.gid())?)?,
            changed: number(header.mtime())?,
            path,
            kind,
        })
    }

    /// Remembers the entry, unless it cannot stand beside those before it.
    fn note(&mut self, raw: &[u8], path: &Path, kind: &EntryKind) -> Result<(), Error> {
        for folder in path.ancestors().skip(1) {
            match self.names.get(folder) {
                Some(Seen::Folder | Seen::Implied) => break,
                Some(_) => return Err(refuse(raw, "it is below something that is no folder")),
                None => drop(self.names.insert(folder.to_owned(), Seen::Implied)),
            }
        }
        let seen = match kind {
            EntryKind::Folder => Seen::Folder,
            EntryKind::File(_) => Seen::File,
            EntryKind::Symlink(_) => Seen::Link,
            EntryKind::HardLink(target) if self.names.get(target) == Some(&Seen::File) => Seen::File,
            EntryKind::HardLink(_) => return Err(refuse(raw, "another name for a file that did not come before")),
        };
        if path.as_os_str().is_empty() && seen != Seen::Folder {
            return Err(refuse(raw, "the root is no folder"));
        }
        match self.names.insert(path.to_owned(), seen) {
            None => Ok(()),
            Some(Seen::Implied) if seen == Seen::Folder => Ok(()),
            Some(_) => Err(refuse(raw, "a name that was given before")),
        }
    }

    fn header(&mut self) -> Result<Header, Error> {
        let mut block = [0; BLOCK];
        self.read_exact(&mut block, "it is cut short")?;
        Ok(Header::from_byte_slice(&block).clone())
    }

    /// After the first empty block there is another, and then perhaps zeros.
    fn end(&mut self) -> Result<(), Error> {
        let mut block = [0; BLOCK];
        self.read_exact(&mut block, "its end is missing")?;
        let mut rest = block.to_vec();
        let more = (&mut self.reader).take(MAX_TRAILER + 1).read_to_end(&mut rest);
        let more = more.map_err(|error| Error::of_reader(error, "read", "the archive"))?;
        if more as u64 > MAX_TRAILER || rest.iter().any(|byte| *byte != 0) {
            return Err(refuse(b"", "something follows its end"));
        }
        self.ended = true;
        Ok(())
    }

    fn skip(&mut self, count: u64) -> Result<(), Error> {
        let skipped = io::copy(&mut (&mut self.reader).take(count), &mut io::sink());
        let skipped = skipped.map_err(|error| Error::of_reader(error, "read", "the archive"))?;
        if skipped < count { Err(refuse(b"", "it is cut short")) } else { Ok(()) }
    }

    fn read_exact(&mut self, block: &mut [u8], missing: &str) -> Result<(), Error> {
        read_exact(&mut self.reader, block, missing)
    }
}

/// The content of the current entry. It fails where the archive ends before the content does.
impl<R: Read> Read for TreeArchive<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.reader.read(&mut buffer[..wanted])?;
        if count == 0 {
            return Err(refuse(b"", "it is cut short").into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

fn long(reader: &mut impl Read, header: &Header) -> Result<Vec<u8>, Error> {
    let size = header.entry_size().ok().filter(|size| (2..=MAX_NAME + 1).contains(size));
    let size = size.ok_or_else(|| refuse(b"", "a long name of an impossible length"))?;
    let mut name = vec![0; size.next_multiple_of(BLOCK as u64) as usize];
    read_exact(reader, &mut name, "it is cut short")?;
    name.truncate(size as usize);
    if name.pop() != Some(0) || name.contains(&0) {
        return Err(refuse(&name, "a long name that does not end as it should"));
    }
    Ok(name)
}

fn read_exact(reader: &mut impl Read, block: &mut [u8], missing: &str) -> Result<(), Error> {
    reader.read_exact(block).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => refuse(b"", missing),
        _ => Error::of_reader(error, "read", "the archive"),
    })
}

fn check_sum(header: &Header) -> Result<(), Error> {
    let bytes = header.as_bytes();
    let sum = |range: std::ops::Range<usize>| bytes[range].iter().map(|byte| u32::from(*byte)).sum::<u32>();
    // The field itself counts as eight blanks.
    let wanted = sum(0..148) + 8 * u32::from(b' ') + sum(156..BLOCK);
    if header.cksum().ok() == Some(wanted) { Ok(()) } else { Err(refuse(b"", "the sum of a header does not fit")) }
}

/// The path that an archive's name means.
fn path(raw: &[u8]) -> Result<PathBuf, Error> {
    if raw == b"." || raw == b"./" {
        return Ok(PathBuf::new());
    }
    if raw.is_empty() || raw.contains(&0) || raw.len() as u64 > MAX_NAME {
        return Err(refuse(raw, "no name that a file could have"));
    }
    let plain = raw.strip_prefix(b"./").unwrap_or(raw);
    let plain = plain.strip_suffix(b"/").unwrap_or(plain);
    let names: Vec<_> = plain.split(|byte| *byte == b'/').collect();
    if names.len() > MAX_DEPTH {
        return Err(refuse(raw, "it is too deep"));
    }
    for name in &names {
        match *name {
            b"" => return Err(refuse(raw, "an absolute name, or one with an empty part")),
            b"." | b".." => return Err(refuse(raw, "a name that climbs")),
            name if name.len() > 255 => return Err(refuse(raw, "a part of its name is too long")),
            _ => {}
        }
    }
    Ok(names.into_iter().map(OsStr::from_bytes).collect())
}

fn kind_text(kind: EntryType) -> String {
    match kind {
        EntryType::Char | EntryType::Block => "a device".to_owned(),
        EntryType::Fifo => "a named pipe".to_owned(),
        EntryType::GNUSparse => "a sparse file".to_owned(),
        EntryType::XHeader | EntryType::XGlobalHeader => "an extended header".to_owned(),
        other => format!("an entry of the unknown kind {:?}", char::from(other.as_byte())),
    }
}

pub(super) fn refuse(raw: &[u8], problem: impl Into<String>) -> Error {
    let entry = String::from_utf8_lossy(&raw[..raw.len().min(200)]).into_owned();
    Error::Archive { entry, problem: problem.into() }
}
