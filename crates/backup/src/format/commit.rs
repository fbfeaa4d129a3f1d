use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FORMAT, ITEMS, commit_key, manifest_key, seq_of};
use crate::identifier::is_hex;
use crate::store::check_key;
use crate::{Error, WriterId};

pub(crate) const COMMIT_KIND: &str = "windlass-backup commit";

/// What a snapshot's `commit.json` says. Readable by everybody who can read the bucket, so it has no names, only ids, sizes
/// and hashes: enough to list, to compare ciphertext, and to delete, without a private key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    pub(crate) kind: String,
    pub(crate) format: u64,
    /// The repository that it belongs to.
    pub repository: String,
    /// The snapshot's id, also its folder: number, time, and a part given once.
    pub id: String,
    /// Its number. Two runs at the same time may have the same one.
    pub seq: u64,
    /// The snapshot before this one in the same line (host and writer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
    /// Whether all was saved.
    pub status: SnapshotStatus,
    /// Why the snapshot is not believed to be good: it is much smaller than the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspicious: Option<String>,
    /// When the run began.
    pub started: Timestamp,
    /// When everything but the commit was written.
    pub finished: Timestamp,
    /// Who is backed up: the name of the machine or cluster.
    pub host: String,
    /// The program that wrote it, with its version.
    pub tool: String,
    /// The Git revision that the cluster was at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_revision: Option<String>,
    /// For whom everything in it is encrypted: labels and fingerprints.
    pub recipients: Vec<String>,
    /// The encrypted manifest.
    pub manifest: StoredManifest,
    /// The encrypted items.
    pub items: Vec<ItemRef>,
    /// Sums.
    pub counts: Counts,
    /// It stands by itself: a later one of its line holds other things, and does not replace it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standalone: bool,
    /// The last snapshot that was not suspicious, to which the next one is compared. Absent when it is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// Who wrote it.
    pub writer: WriterId,
}

/// A former snapshot, named so that it cannot be swapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its id.
    pub id: String,
    /// The SHA-256 of its `commit.json`, in hexadecimal digits.
    pub sha256: String,
}

/// What a snapshot is measured against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The snapshot.
    pub snapshot: String,
    /// How many items it has.
    pub items: u64,
    /// Their plain bytes.
    pub plain_bytes: u64,
}

/// Whether a snapshot holds all that was to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SnapshotStatus {
    /// All of it.
    Complete,
    /// Some items are older ones, or missing; the manifest says which and why.
    Partial,
}

/// The manifest as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredManifest {
    /// The name of its content, keyed like an item's.
    pub id: String,
    /// Where it is: in this snapshot's folder, or in that of a former one.
    pub key: String,
    /// The size of the ciphertext in bytes.
    pub size: u64,
    /// The SHA-256 of the ciphertext in hexadecimal digits.
    pub sha256: String,
    /// The size of the plain text in bytes.
    pub plain_bytes: u64,
    /// Until when the store was asked to lock it, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<Timestamp>,
}

/// An item as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRef {
    /// The name of its content: HMAC-SHA-256 of form and BLAKE3 of the plain bytes, under the writer's naming key.
    pub id: String,
    /// The logical name, keyed: equal tags are the same item in two snapshots.
    pub tag: String,
    /// Where it is.
    pub key: String,
    /// The size of the ciphertext in bytes.
    pub size: u64,
    /// The SHA-256 of the ciphertext in hexadecimal digits.
    pub sha256: String,
    /// The size of the plain bytes.
    pub plain_bytes: u64,
    /// Until when the store was asked to lock it, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<Timestamp>,
    /// Present when an older version stands in for one that could not be saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
}

/// Where an older version comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The snapshot that saved it.
    pub snapshot: String,
    /// When.
    pub since: Timestamp,
    /// It is encrypted to other recipients than the snapshot that it stands in for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_recipients: bool,
}

/// Sums over a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All items.
    pub items: u64,
    /// Items sent by this run.
    pub sent: u64,
    /// Items that are older ones.
    pub stale: u64,
    /// Items that are missing altogether.
    pub missing: u64,
    /// Plain bytes of all items.
    pub plain_bytes: u64,
    /// Ciphertext bytes of all items and the manifest.
    pub stored_bytes: u64,
    /// Ciphertext bytes that this run sent.
    pub sent_bytes: u64,
}

impl Commit {
    /// Refuses a commit that does not fit its place, or that points anywhere but into its repository. A signature says who
    /// wrote it; this says that what was written makes sense.
    pub(crate) fn check(&self, id: &str, repository: &str) -> Result<(), Error> {
        let key = commit_key(id);
        let refuse = |reason: &str| Err(Error::malformed(&key, reason));
        if self.repository != repository {
            return refuse("it belongs to another repository");
        }
        if self.id != id {
            return refuse("it belongs to another snapshot: somebody moved it");
        }
        if self.format == 0 || self.format > FORMAT || seq_of(id) != Some(self.seq) {
            return refuse("its number does not fit its name");
        }
        if self.previous.as_ref().is_some_and(|previous| seq_of(&previous.id).is_none_or(|seq| seq >= self.seq)) {
            return refuse("it follows a snapshot that is not before it");
        }
        let origin = self.manifest.key.strip_prefix("snapshots/").and_then(|rest| rest.split_once('/'));
        let manifest_fits = origin.is_some_and(|(origin, _)| {
            seq_of(origin).is_some_and(|seq| seq <= self.seq) && self.manifest.key == manifest_key(origin)
        });
        if !manifest_fits || !is_hex(&self.manifest.sha256, 32) || !is_hex(&self.manifest.id, 32) {
            return refuse("its manifest is named wrongly");
        }
        for item in &self.items {
            let named = item.key.starts_with(ITEMS) && check_key(&item.key).is_ok() && is_hex(&item.id, 32);
            if !named || !is_hex(&item.sha256, 32) || !is_hex(&item.tag, 16) {
                return refuse("an item is named wrongly");
            }
        }
        Ok(())
    }

    /// The keys of everything that the snapshot needs.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|item| item.key.as_str()).chain([self.manifest.key.as_str()])
    }

    /// The snapshot's host and writer: those that follow each other.
    pub(crate) fn line(&self) -> (&str, WriterId) {
        (&self.host, self.writer)
    }

    /// What the next run is measured against.
    pub(crate) fn measure(&self) -> Baseline {
        self.baseline.clone().unwrap_or_else(|| Baseline {
            snapshot: self.id.clone(),
            items: self.counts.items,
            plain_bytes: self.counts.plain_bytes,
        })
    }
}
