//! The row of snapshots: listing it, and reading commits that were not seen before.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use ring::digest;

use crate::format::{
    COMMIT_KIND, Commit, MARKER, MARKER_KIND, Marker, SNAPSHOTS, Signed, SnapshotFile, commit_key, marker_key, seq_of,
    snapshot_file,
};
use crate::identifier::hex;
use crate::repository::{Inner, MARKER_LIMIT, check_recipients};
use crate::snapshot::{Fault, Snapshot, Snapshots};
use crate::store::{StoreFault, read_whole};
use crate::{Error, Repository, Trust, WriterKey};

/// No commit is larger: some hundred thousand items.
const COMMIT_LIMIT: u64 = 64 << 20;
/// Commits read at the same time.
const AT_ONCE: usize = 8;

/// The row as one listing showed it.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// Snapshots that have a commit, oldest first.
    pub(crate) ids: Vec<String>,
    /// The highest number of anything in the row.
    pub(crate) highest: u64,
    pub(crate) faults: Vec<Fault>,
}

impl Repository {
    /// All snapshots, oldest first, from their commits. Needs no private key.
    ///
    /// What is wrong with one does not hide the others: it is among the faults.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn snapshots(&self) -> Result<Snapshots, Error> {
        let Row { ids, mut faults, .. } = self.inner.row(None).await?;
        let read = |id: String| async move {
            match self.inner.snapshot(&id).await {
                Ok(snapshot) => Ok(Ok(snapshot)),
                // A store that does not answer is no fault of the snapshot.
                Err(Error::Store(error)) if error.fault != StoreFault::NotFound => Err(Error::Store(error)),
                Err(error) => Ok(Err(Fault { key: commit_key(&id), what: describe(&error) })),
            }
        };
        let read: Vec<Result<Arc<Snapshot>, Fault>> =
            stream::iter(ids).map(read).buffered(AT_ONCE).try_collect().await?;
        let mut snapshots = Vec::new();
        for one in read {
            match one {
                Ok(snapshot) => snapshots.push(Snapshot::clone(&snapshot)),
                Err(fault) => faults.push(fault),
            }
        }
        self.fill_gaps(&mut snapshots, &mut faults).await?;
        Ok(Snapshots { snapshots, faults })
    }

    /// Looks for snapshots that others follow and that the listing did not show: the listing may be old, retention may
    /// have let them go, or somebody took them away.
    async fn fill_gaps(&self, snapshots: &mut Vec<Snapshot>, faults: &mut Vec<Fault>) -> Result<(), Error> {
        let mut looked: BTreeSet<String> = snapshots.iter().map(|snapshot| snapshot.id.clone()).collect();
        let unreadable = |id: &str, faults: &[Fault]| faults.iter().any(|fault| fault.key == commit_key(id));
        let mut leaving = None;
        let mut open: Vec<String> =
            snapshots.iter().filter_map(|snapshot| Some(snapshot.previous.as_ref()?.id.clone())).collect();
        while let Some(id) = open.pop() {
            if !looked.insert(id.clone()) || unreadable(&id, faults) {
                continue;
            }
            let leaving = match &leaving {
                Some(known) => known,
                None => leaving.insert(self.inner.tombstones().await?.leaving()),
            };
            if leaving.contains(&id) {
                continue;
            }
            match self.inner.read_fresh(&id).await {
                Ok(snapshot) => {
                    open.extend(snapshot.previous.as_ref().map(|previous| previous.id.clone()));
                    snapshots.push(Snapshot::clone(&snapshot));
                }
                Err(Error::Store(error)) if error.fault == StoreFault::NotFound => {
                    let what = "a later snapshot follows it, and it is gone; retention did not let it go".to_owned();
                    faults.push(Fault { key: format!("{SNAPSHOTS}{id}/"), what });
                }
                Err(error @ Error::Store(_)) => return Err(error),
                Err(error) => faults.push(Fault { key: commit_key(&id), what: describe(&error) }),
            }
        }
        snapshots.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(())
    }
}

impl Inner {
    /// Lists the row, from a number on, and follows changes of the marker that it shows.
    pub(crate) async fn row(&self, from: Option<u64>) -> Result<Row, Error> {
        let after = from.map(|seq| format!("{SNAPSHOTS}{seq:08}"));
        let entries = self.store.list(SNAPSHOTS, after.as_deref()).await?;
        let mut row = Row::default();
        let (mut ids, mut markers) = (BTreeSet::new(), BTreeSet::new());
        for entry in &entries {
            let id = match snapshot_file(&entry.key) {
                Some(SnapshotFile::Commit(id)) => {
                    ids.insert(id.to_owned());
                    id
                }
                Some(SnapshotFile::Marker(id)) => {
                    markers.insert(id.to_owned());
                    id
                }
                Some(SnapshotFile::Manifest(id)) => id,
                None => {
                    let what = "does not belong here, and is left alone".to_owned();
                    row.faults.push(Fault { key: entry.key.clone(), what });
                    continue;
                }
            };
            row.highest = row.highest.max(seq_of(id).unwrap_or_default());
        }
        row.ids = ids.into_iter().collect();
        for id in markers {
            if let Err(error) = self.follow_marker(&id).await {
                row.faults.push(Fault { key: marker_key(&id), what: describe(&error) });
            }
        }
        Ok(row)
    }

    /// One snapshot, from the cache or the store.
    pub(crate) async fn snapshot(&self, id: &str) -> Result<Arc<Snapshot>, Error> {
        match self.remembered(id) {
            Some(snapshot) => Ok(snapshot),
            None => self.read_fresh(id).await,
        }
    }

    async fn read_fresh(&self, id: &str) -> Result<Arc<Snapshot>, Error> {
        let bytes = read_whole(self.store.as_ref(), &commit_key(id), COMMIT_LIMIT).await?;
        let snapshot = Arc::new(self.read_commit(id, &bytes)?);
        self.cache.write(&format!("commits/{id}.json"), &bytes);
        self.cache.keep(snapshot.clone());
        Ok(snapshot)
    }

    pub(crate) fn read_commit(&self, id: &str, bytes: &[u8]) -> Result<Snapshot, Error> {
        let known = self.marker().document.writers.clone();
        let read: Signed<Commit> = Signed::read(&commit_key(id), COMMIT_KIND, bytes, &self.trust, &known)?;
        read.document.check(id, &self.id)?;
        let commit_sha256 = hex(digest::digest(&digest::SHA256, bytes).as_ref());
        Ok(Snapshot { commit: read.document, commit_sha256, signed_by: read.writer })
    }

    /// Takes over a change of recipients or writers, if it comes after the one known and somebody trusted signed it.
    pub(crate) async fn follow_marker(&self, id: &str) -> Result<(), Error> {
        let key = marker_key(id);
        let bytes = match self.cache.marker_change(id) {
            Some(bytes) => bytes,
            None => read_whole(self.store.as_ref(), &key, MARKER_LIMIT).await?,
        };
        let known = self.marker().document.writers.clone();
        let change: Signed<Marker> = Signed::read(&key, MARKER_KIND, &bytes, &self.trust, &known)?;
        if change.document.repository != self.id {
            return Err(Error::malformed(&key, "it belongs to another repository"));
        }
        check_recipients(&change.document.recipients, change.document.second_recipient_waived)?;
        self.cache.keep_marker_change(id, bytes);
        let mut current = self.marker();
        if change.document.number > current.document.number {
            *current = change;
        }
        Ok(())
    }

    /// A snapshot seen before, without a request.
    pub(crate) fn remembered(&self, id: &str) -> Option<Arc<Snapshot>> {
        self.cache.snapshot(id).or_else(|| {
            let bytes = self.cache.read(&format!("commits/{id}.json"))?;
            let snapshot = Arc::new(self.read_commit(id, &bytes).ok()?);
            self.cache.keep(snapshot.clone());
            Some(snapshot)
        })
    }

    /// Refuses recipients that this writer has no reason to believe: named by himself, or by one whom the caller trusts
    /// by name. Otherwise whoever can write to the bucket could have backups encrypted to himself.
    pub(crate) fn marker_is_ours(&self, writer: &WriterKey) -> Result<(), Error> {
        let marker = self.marker();
        let named_by = marker.writer.filter(|by| match &self.trust {
            Trust::Writers(trusted) => *by == writer.id() || trusted.contains(by),
            _ => *by == writer.id(),
        });
        if named_by.is_none() {
            let by = marker.writer.map_or_else(|| "nobody".to_owned(), |by| by.to_string());
            return Err(Error::ForeignMarker { key: MARKER.to_owned(), writer: by });
        }
        if !marker.document.writers.contains(&writer.id()) {
            return Err(Error::Untrusted { key: MARKER.to_owned(), writer: writer.id().to_string() });
        }
        Ok(())
    }
}

/// An error with its causes, in one line.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
