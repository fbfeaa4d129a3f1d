use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::WriterId;
use crate::format::Commit;

/// A snapshot: its [commit](Commit), and how far it is believed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// What the commit says. Its fields can be read from the snapshot itself.
    #[serde(flatten)]
    pub commit: Commit,
    /// The SHA-256 of the commit, in hexadecimal digits.
    pub commit_sha256: String,
    /// Who signed it. `None` with [`Trust::Any`](crate::Trust::Any) only: nobody, or the signature does not fit.
    pub signed_by: Option<WriterId>,
}

impl Deref for Snapshot {
    type Target = Commit;

    fn deref(&self) -> &Commit {
        &self.commit
    }
}

/// What a listing found.
#[derive(Debug, Clone, Default)]
pub struct Snapshots {
    /// The snapshots, oldest first.
    pub snapshots: Vec<Snapshot>,
    /// What is not as it should be: commits that cannot be believed or read, gaps in the row. Not fatal: the others are
    /// there.
    pub faults: Vec<Fault>,
}

/// Something in the store that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The object.
    pub key: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl Snapshots {
    /// The newest.
    #[must_use]
    pub fn newest(&self) -> Option<&Snapshot> {
        self.snapshots.last()
    }

    /// The one with this id, or with an id that begins so, if there is only one; `latest` is the newest.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find(&self, wanted: &str) -> Result<&Snapshot, crate::Error> {
        let missing = || crate::Error::NoSnapshot { wanted: wanted.to_owned(), known: self.snapshots.len() };
        if wanted == "latest" {
            return self.newest().ok_or_else(missing);
        }
        let by_number = wanted.parse::<u64>().ok();
        let fits = |snapshot: &&Snapshot| snapshot.id.starts_with(wanted) || by_number == Some(snapshot.seq);
        let mut fitting = self.snapshots.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) if !wanted.is_empty() => Ok(only),
            _ => Err(missing()),
        }
    }
}

impl IntoIterator for Snapshots {
    type Item = Snapshot;
    type IntoIter = std::vec::IntoIter<Snapshot>;

    fn into_iter(self) -> Self::IntoIter {
        self.snapshots.into_iter()
    }
}
