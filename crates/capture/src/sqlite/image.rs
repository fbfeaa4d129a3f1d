use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::scratch::Scratch;
use crate::sqlite::{check, file_system, open};
use crate::{Error, Facts, SqliteOptions};

/// A checked copy of a database, in a file without a name.
pub(super) struct Image {
    file: File,
    bytes: u64,
    facts: Facts,
}

impl Image {
    pub(super) fn take(path: &Path, options: &SqliteOptions) -> Result<Self, Error> {
        // SQLite keeps its companions beside the file itself, not beside a link to it.
        let path = &fs::canonicalize(path).map_err(Error::file("read", path))?;
        if !options.trust_file_system {
            file_system::refuse_shared(path)?;
        }
        let scratch = Scratch::new(&options.scratch)?;
        let copy = scratch.join("image");
        // Made by us so that it is this user's only from the beginning.
        File::options().write(true).create_new(true).mode(0o600).open(&copy).map_err(Error::file("create", &copy))?;
        copy_pages(path, &copy, options.busy)?;
        let facts = check::examine(&copy, path, options.quick_check_above)?;
        let file = File::open(&copy).map_err(Error::file("read", &copy))?;
        let bytes = file.metadata().map_err(Error::file("read", &copy))?.len();
        Ok(Self { file, bytes, facts })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn into_file(self) -> File {
        self.file
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(super) fn reader(&self) -> impl Read + Send + use<'_> {
        ImageReader { image: self, position: 0 }
    }
}

/// The online backup, all pages in one step: one read transaction, and no restart whatever is written meanwhile.
fn copy_pages(path: &Path, copy: &Path, busy: Duration) -> Result<(), Error> {
    let source = open::for_reading(path, busy)?;
    let explain = |error| open::explain(path, busy, "copy", error);
    let mut image = Connection::open_with_flags(copy, open::shared_flags()).map_err(explain)?;
    // Whatever happens to it before it is whole, it is thrown away.
    image.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(explain)?;
    let backup = Backup::new(&source, &mut image).map_err(explain)?;
    let deadline = Instant::now() + busy;
    loop {
        match backup.step(-1).map_err(explain)? {
            StepResult::Done => return Ok(()),
            _ if Instant::now() >= deadline => return Err(Error::Busy { path: path.to_owned(), waited: busy }),
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
}

struct ImageReader<'a> {
    image: &'a Image,
    position: u64,
}

impl Read for ImageReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.image.file.read_at(buffer, self.position)?;
        if count == 0 && !buffer.is_empty() && self.position < self.image.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += count as u64;
        Ok(count)
    }
}
