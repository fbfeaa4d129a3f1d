use std::path::PathBuf;
use std::time::Duration;

/// How a database is captured.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The folder for the image while it is checked and sent; on the same machine, private, as large as the database.
    pub scratch: PathBuf,
    /// How long to wait for whoever holds the database locked. Default: 30 seconds.
    pub busy: Duration,
    /// Images above this size get `quick_check`, which skips the comparison of indexes with tables. Default: 1 GiB.
    pub quick_check_above: u64,
    /// Read from a network or FUSE file system too: the caller knows that only this machine uses the database.
    /// Default: no.
    pub trust_file_system: bool,
}

impl SqliteOptions {
    /// The defaults, with the scratch folder.
    #[must_use]
    pub fn new(scratch: impl Into<PathBuf>) -> Self {
        Self {
            scratch: scratch.into(),
            busy: Duration::from_secs(30),
            quick_check_above: 1 << 30,
            trust_file_system: false,
        }
    }

    /// The same with another [`busy`](Self::busy).
    #[must_use]
    pub fn with_busy(mut self, busy: Duration) -> Self {
        self.busy = busy;
        self
    }

    /// The same with another [`quick_check_above`](Self::quick_check_above).
    #[must_use]
    pub fn with_quick_check_above(mut self, bytes: u64) -> Self {
        self.quick_check_above = bytes;
        self
    }

    /// The same with another [`trust_file_system`](Self::trust_file_system).
    #[must_use]
    pub fn with_trust_file_system(mut self, trust: bool) -> Self {
        self.trust_file_system = trust;
        self
    }
}
