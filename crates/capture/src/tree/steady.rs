use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::thread;
use std::time::Duration;

/// Up to this size a file is read into memory, and again if it changed meanwhile.
pub(super) const SMALL: u64 = 4 << 20;
const TRIES: u32 = 5;

/// What tells that nobody wrote to a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    size: u64,
    changed: (i64, i64),
    status: (i64, i64),
}

impl Version {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
            status: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The content of a small file at one moment, with its metadata; `None` where it did not keep still.
pub(super) fn read_small(file: &File, buffer: &mut Vec<u8>) -> io::Result<Option<Metadata>> {
    for attempt in 0..TRIES {
        if attempt > 0 {
            thread::sleep(Duration::from_millis(10 << attempt));
        }
        let before = file.metadata()?;
        if before.size() > SMALL {
            return Ok(None);
        }
        buffer.clear();
        // One byte more shows that it grew.
        FromStart { file, position: 0 }.take(before.size() + 1).read_to_end(buffer)?;
        if buffer.len() as u64 == before.size() && Version::of(&file.metadata()?) == Version::of(&before) {
            return Ok(Some(before));
        }
    }
    Ok(None)
}

struct FromStart<'a> {
    file: &'a File,
    position: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}
