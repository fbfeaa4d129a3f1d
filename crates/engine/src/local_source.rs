//! Files on this machine in the place of a Git repository.

use windlass_source::{DirectorySource, Snapshot};

/// What stands in for the repository that a GitRepository names, so that nothing is fetched: see
/// [`Options::local_sources`](crate::Options::local_sources).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LocalSource {
    /// These files, which do not change.
    Snapshot(Snapshot),
    /// A directory that somebody works in. It is read again whenever the repository would have been polled.
    Directory(DirectorySource),
}

impl LocalSource {
    /// The files as they are now.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, windlass_source::Error> {
        match self {
            Self::Snapshot(snapshot) => Ok(snapshot.clone()),
            Self::Directory(directory) => directory.snapshot(),
        }
    }
}
