use std::error::Error;
use std::fmt;
use std::time::Duration;

/// What went wrong in a store, sorted by what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreFault {
    /// There is no such object.
    NotFound,
    /// The key is taken.
    Exists,
    /// The store refuses these credentials, or what they may do. `who` is the id of the access key, or the user.
    Denied {
        /// As whom the request was made.
        who: String,
    },
    /// The store is full, or the quota is spent.
    Full,
    /// The request was not answered, or with errors that pass, until the time for tries was spent.
    Unavailable {
        /// How often it was tried.
        tries: u32,
        /// For how long.
        spent: Duration,
    },
    /// The object changed while it was read.
    Changed,
    /// What the store holds after a write is not what was written.
    Altered,
    /// The object is larger than it may be.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The writer of the parts gave up; nothing was left behind.
    Abandoned,
    /// The key cannot be used.
    Key(&'static str),
    /// The folder is there, and the repository is not in it: a disk that should be mounted is not.
    NotMounted,
    /// Our clock and the store's differ too much for it to accept signed requests.
    ClockSkew,
    /// Anything else; the source says more.
    Other(String),
}

/// A request that failed for good.
#[derive(Debug)]
pub struct StoreError {
    /// What was asked for: `read`, `write`, `list`, `delete`.
    pub operation: &'static str,
    /// The object.
    pub key: String,
    /// The store, without credentials.
    pub place: String,
    /// What is wrong.
    pub fault: StoreFault,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// A fault that has no further cause.
    #[must_use]
    pub fn new(operation: &'static str, key: &str, place: &str, fault: StoreFault) -> Self {
        Self { operation, key: key.to_owned(), place: place.to_owned(), fault, source: None }
    }

    /// The same with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether the same request may succeed later without anything being changed by a person.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self.fault, StoreFault::Unavailable { .. } | StoreFault::Changed)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, key, place, .. } = self;
        write!(out, "cannot {operation} {key} in {place}: ")?;
        match &self.fault {
            StoreFault::NotFound => write!(out, "it is not there"),
            StoreFault::Exists => write!(out, "it is there already"),
            StoreFault::Denied { who } => {
                write!(out, "refused for {who}: check that the key is valid and may {operation} there")
            }
            StoreFault::Full => {
                write!(out, "the store is full or its quota is spent: make room, nothing is deleted until then")
            }
            StoreFault::Unavailable { tries, spent } => {
                write!(out, "no success in {tries} tries over {} s: check network and server", spent.as_secs())
            }
            StoreFault::Changed => write!(out, "it was changed while it was read"),
            StoreFault::Altered => {
                write!(out, "the store holds other bytes than were sent: do not use this server for backups")
            }
            StoreFault::TooLarge { limit } => write!(out, "it is larger than the {limit} bytes that it may have"),
            StoreFault::Abandoned => write!(out, "its source failed, and nothing was left behind"),
            StoreFault::Key(reason) => write!(out, "not a key: {reason}"),
            StoreFault::NotMounted => {
                write!(
                    out,
                    "the repository is not in that folder: mount the disk that should be there; nothing was written"
                )
            }
            StoreFault::ClockSkew => write!(out, "the clocks differ too much: set this machine's time"),
            StoreFault::Other(what) => out.write_str(what),
        }
    }
}
