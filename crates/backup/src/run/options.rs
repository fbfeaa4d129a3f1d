use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// How a backup is made.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Who is backed up: the name of the machine or cluster. Snapshots of one host and writer follow each other.
    pub host: String,
    /// The Git revision that the cluster is at.
    pub git_revision: Option<String>,
    /// Where dumps wait, encrypted, until they are named. Default: the system's folder for temporary files.
    pub scratch: Option<PathBuf>,
    /// Write nothing, and tell what would be written.
    pub dry_run: bool,
    /// The backup may be much smaller than the one before.
    pub accept_shrink: bool,
    /// What is saved has nothing to do with what this host saved before: the snapshot is kept for its own sake, and is
    /// not compared in size.
    pub standalone: bool,
    /// Told while bytes are read.
    pub progress: Option<Progress>,
}

impl RunOptions {
    /// Options for a host.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            git_revision: None,
            scratch: None,
            dry_run: false,
            accept_shrink: false,
            standalone: false,
            progress: None,
        }
    }
}

/// Somebody who is told of progress, from any thread. Must not block.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(&Report<'_>) + Send + Sync>);

/// How far an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report<'a> {
    /// The item.
    pub name: &'a str,
    /// What is being done with it.
    pub phase: Phase,
    /// Bytes so far: plain ones, except while it is fetched.
    pub bytes: u64,
    /// How many it will be, where that is known.
    pub of: Option<u64>,
}

/// What is being done with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// The first look, which finds out if anything changed.
    Reading,
    /// It is sent.
    Sending,
    /// It is brought here, encrypted as it is.
    Fetching,
    /// It is put back.
    PuttingBack,
}

impl<'a> Report<'a> {
    /// A report on `name`.
    #[must_use]
    pub fn new(name: &'a str, phase: Phase, bytes: u64, of: Option<u64>) -> Self {
        Self { name, phase, bytes, of }
    }
}

impl Progress {
    /// Calls `tell` with every report.
    pub fn new(tell: impl Fn(&Report<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Tells of a report.
    pub fn tell(&self, report: &Report<'_>) {
        (self.0)(report);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Progress")
    }
}
