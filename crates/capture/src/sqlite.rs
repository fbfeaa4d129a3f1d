//! Live SQLite databases, without ever copying the file that somebody writes to.

mod check;
mod file_system;
mod image;
mod open;
mod options;
pub(crate) mod probe;
pub(crate) mod put_back;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub(crate) use open::{COMPANIONS, companion};
pub use options::SqliteOptions;

use crate::sqlite::image::Image;
use crate::{Error, Facts, Format, Source};

/// A SQLite database that others may be writing to at this moment.
///
/// At the first [`open`](Source::open) an image is taken through SQLite's online backup in a single step, which is one
/// read transaction: writers in WAL mode go on meanwhile, writers with a rollback journal wait for it. The image is
/// checked (`PRAGMA integrity_check`) before a byte of it is given. Later calls of `open` give the same image again; a
/// new value takes a new one.
///
/// The image is the database page by page: row ids, free pages, `user_version` and `application_id` are kept. Two
/// header fields that count commits start anew (change counter and schema cookie), so that a database in which nothing
/// was written gives the same bytes every time, whether or not its log was checkpointed in between.
///
/// The database is opened for writing, since that is what reading beside writers takes (the `-shm` file is written
/// to by readers too), but nothing is written: `query_only` is on, and a log with commits in it is not checkpointed.
/// A rollback journal that a crash left is rolled back, as by everybody who opens such a database.
///
/// # Limits
/// * The scratch folder must hold the whole image, in clear, readable by this user only. It has no name once it is
///   checked, and nothing is left of it when the value is dropped; give a folder in memory (`tmpfs`) where even that
///   is too much.
/// * SQLite's locks belong to a process. A process that has the same database open through another copy of the SQLite
///   library must not capture it.
/// * `PRAGMA data_version` is no fact: it means nothing outside of the connection that asks.
pub struct SqliteDatabase {
    path: PathBuf,
    options: SqliteOptions,
    image: Option<Image>,
}

impl SqliteDatabase {
    /// The database at `path`; nothing is opened yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, options: SqliteOptions) -> Self {
        Self { path: path.into(), options, image: None }
    }

    /// Where the database is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the image, unless it was taken already, and says how many bytes it has.
    ///
    /// # Errors
    /// Where the database cannot be read safely, or is damaged.
    pub fn take(&mut self) -> Result<u64, Error> {
        self.image().map(Image::bytes)
    }

    /// The image as a file without a name, and its size.
    pub(crate) fn into_image(self) -> Result<(File, u64), Error> {
        let image = match self.image {
            Some(image) => image,
            None => Image::take(&self.path, &self.options)?,
        };
        let bytes = image.bytes();
        Ok((image.into_file(), bytes))
    }

    fn image(&mut self) -> Result<&Image, Error> {
        match &mut self.image {
            Some(image) => Ok(image),
            none => Ok(none.insert(Image::take(&self.path, &self.options)?)),
        }
    }
}

impl fmt::Debug for SqliteDatabase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SqliteDatabase").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Source for SqliteDatabase {
    fn format(&self) -> Format {
        Format::Sqlite
    }

    fn open(&mut self) -> Result<Box<dyn Read + Send + '_>, Error> {
        Ok(Box::new(self.image()?.reader()))
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    /// `bytes`, `page_count`, `page_size`, `schema_sha256`, `rows` (per table), `user_version`, `application_id`, `check`
    /// (`integrity` or `quick`), and where there are any `foreign_key_violations` and `warnings`.
    fn facts(&self) -> Facts {
        self.image.as_ref().map(|image| image.facts().clone()).unwrap_or_default()
    }
}
