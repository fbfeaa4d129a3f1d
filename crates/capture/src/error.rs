use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The cause under an [`Error`], of whatever library it came from.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why something could not be captured or put back.
///
/// Nothing in it is content of what is captured. Readers that a [`Source`](crate::Source) opens fail with an
/// [`io::Error`] that carries this type: `error.downcast::<windlass_capture::Error>()` has it back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was tried: `read`, `write`, `create`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The database lies where SQLite's locks cannot be relied on.
    #[error(
        "{} lies on {file_system}, where the locks of SQLite do not hold between machines: run this on the node whose \
         disk it is",
        path.display()
    )]
    NetworkFileSystem {
        /// The database.
        path: PathBuf,
        /// The kind of file system, as Linux calls it.
        file_system: &'static str,
    },
    /// It is something else, or encrypted.
    #[error("{} is no SQLite database, or an encrypted one", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// Somebody held the database locked for all of the time that was allowed.
    #[error("{} stayed locked by another process for {} s", path.display(), waited.as_secs())]
    Busy {
        /// The database.
        path: PathBuf,
        /// For how long it was tried.
        waited: Duration,
    },
    /// The database failed its check.
    #[error("{} is damaged: {}", path.display(), findings.join("; "))]
    Corrupt {
        /// The database, or the image of it.
        path: PathBuf,
        /// The first findings of SQLite's check. Table and index names may be in them, rows are not.
        findings: Vec<String>,
    },
    /// A database among files, which must not be copied as a file.
    #[error(
        "{} is a SQLite database, which cannot be copied as a file: save it on its own, ask for an image of it, or \
         leave it out",
        path.display()
    )]
    DatabaseInTree {
        /// The database.
        path: PathBuf,
    },
    /// The write-ahead log was taken away from under the database.
    #[error(
        "{0}-shm is there but {0}-wal is not: commits are missing from the database; stop what uses it and look at it \
         before it is saved again",
        path.display()
    )]
    WalMissing {
        /// The database.
        path: PathBuf,
    },
    /// Reading a database in WAL mode needs its `-shm` file, which needs a folder that can be written.
    #[error(
        "{} cannot be read safely: its journal asks for write permission on the file and its folder, and here it is \
         read-only",
        path.display()
    )]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// SQLite refused in some other way.
    #[error("cannot {doing} database {}", path.display())]
    Database {
        /// What was tried.
        doing: &'static str,
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: Cause,
    },
    /// What was put back is not what was captured.
    #[error("{}: {fact} is {found}, it was {expected} when captured", path.display())]
    FactsDiffer {
        /// The target.
        path: PathBuf,
        /// Which fact.
        fact: String,
        /// What was recorded.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Somebody has the file open that is to be replaced.
    #[error("{} is in use by {by}: stop it first", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
        /// Who: a process, or whoever holds the lock.
        by: String,
    },
    /// A file was written to while it was read, again and again.
    #[error("{} changed while it was read: save it when nothing writes to it, or leave it out", path.display())]
    Changing {
        /// The file.
        path: PathBuf,
    },
    /// More data than was allowed.
    #[error("{} is larger than the {limit} bytes allowed", path.display())]
    TooLarge {
        /// What is too large.
        path: PathBuf,
        /// The limit that it broke.
        limit: u64,
    },
    /// A pattern for names cannot be understood.
    #[error("{pattern:?} is no pattern for file names: {problem}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Something is in the place already.
    #[error("{} is there already and not empty: move it away, or ask to replace it", path.display())]
    Exists {
        /// The place.
        path: PathBuf,
    },
    /// An archive that no honest capture would have made, or that is cut short.
    #[error("the archive is refused at {entry:?}: {problem}")]
    Archive {
        /// The entry, as the archive calls it, made printable; empty where it has no name.
        entry: String,
        /// Why.
        problem: String,
    },
    /// A command did not give its output whole.
    #[error("{program} {problem}{}", said(stderr))]
    Command {
        /// The program, without its arguments, which may hold a password.
        program: String,
        /// How it ended.
        problem: String,
        /// The end of what it wrote to its standard error.
        stderr: String,
    },
    /// A Git repository cannot be read.
    #[error("cannot {doing} the Git repository {}", path.display())]
    Repository {
        /// What was tried.
        doing: &'static str,
        /// Its directory.
        path: PathBuf,
        /// What the Git library says.
        source: Cause,
    },
    /// A bundle that cannot be unpacked.
    #[error("the Git bundle is refused: {problem}")]
    Bundle {
        /// Why.
        problem: String,
    },
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("; it said: {stderr}") }
}

impl Error {
    /// Whether the same call may succeed later with nothing changed by hand.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::InUse { .. } | Self::Changing { .. })
    }

    /// For `map_err` at the file system.
    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { doing, path: path.into(), source }
    }

    /// The error that a reader carried, or one of reading `path`.
    pub(crate) fn of_reader(source: io::Error, doing: &'static str, path: impl Into<PathBuf>) -> Self {
        source.downcast::<Self>().unwrap_or_else(|source| Self::File { doing, path: path.into(), source })
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}
