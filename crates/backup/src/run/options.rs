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
    /// Whether this is the first look, which finds out if anything changed, or the sending.
    pub sending: bool,
    /// Plain bytes read so far.
    pub plain_bytes: u64,
}

impl Progress {
    /// Calls `tell` with every report.
    pub fn new(tell: impl Fn(&Report<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, report: &Report<'_>) {
        (self.0)(report);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Progress")
    }
}
