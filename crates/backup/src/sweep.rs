//! Deleting, in two steps a day apart: what goes is said first, and looked at again before it goes.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::evidence::Verified;
use crate::format::{
    FORMAT, ITEMS, SNAPSHOTS, Signed, SnapshotFile, TOMBSTONE_KIND, TRASH, Tombstone, commit_key, sign, snapshot_file,
    tombstone_key,
};
use crate::history::describe;
use crate::identifier::Ulid;
use crate::repository::Inner;
use crate::retention::floor;
use crate::run::SKEW;
use crate::snapshot::{Fault, Snapshot, Snapshots};
use crate::store::{Entry, PutMode, Removal, StoreFault, read_whole};
use crate::{Error, Repository, WriterKey};

/// How long something is said to go before it goes. Longer than any backup takes.
const WAIT: SignedDuration = SignedDuration::from_hours(24);
const TOMBSTONE_LIMIT: u64 = 16 << 20;

/// What a sweep did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Swept {
    /// Snapshots that are gone.
    pub snapshots: Vec<String>,
    /// Snapshots that were said to go and stay for now, because they are the last of their host that is known to be good.
    pub kept_back: Vec<String>,
    /// Objects that are gone.
    pub objects: u64,
    /// The bytes that this freed, as far as they were listed.
    pub bytes: u64,
    /// Objects that are hidden: the bucket keeps their versions, and their bytes, until its own rules delete them.
    pub hidden: u64,
    /// The bytes of those, which are not free.
    pub hidden_bytes: u64,
    /// Objects, commits included, that the bucket has locked. They are tried again by the next sweep.
    pub locked: u64,
    /// When the last of those locks ends, as far as that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<Timestamp>,
    /// Objects that no snapshot refers to, and that go a day from now unless one does by then.
    pub noted: u64,
    /// Writes that were cut off long ago, and are cleared away.
    pub unfinished: u64,
}

impl Swept {
    fn is_locked(&mut self, until: Option<Timestamp>) {
        self.locked += 1;
        self.locked_until = self.locked_until.max(until);
    }
}

/// Tombstones that are believed, and those that are not.
#[derive(Debug, Default)]
pub(crate) struct Tombstones {
    all: Vec<(Tombstone, Timestamp)>,
    pub(crate) faults: Vec<Fault>,
}

impl Tombstones {
    /// Snapshots that are said to go, or are gone.
    pub(crate) fn leaving(&self) -> BTreeSet<String> {
        self.all.iter().flat_map(|(tombstone, _)| tombstone.snapshots.iter().cloned()).collect()
    }
}

impl Repository {
    /// Deletes what was said to go at least a day ago and still may go; then says of objects that no snapshot refers to,
    /// such as those of a run that was cut off, that they will.
    ///
    /// Nothing is concluded from one listing: an object goes when two, a day apart, show no snapshot that needs it.
    ///
    /// # Errors
    /// When deletion is suspended: clocks differ, the last run failed, a commit cannot be read, the newest snapshot is
    /// suspicious. When the store does not answer.
    pub async fn sweep(&self, writer: &WriterKey) -> Result<Swept, Error> {
        let inner = &self.inner;
        let listed = self.snapshots().await?;
        if let Some(reason) = self.suspended(&listed) {
            return Err(Error::Suspended { reason });
        }
        let tombstones = inner.tombstones().await?;
        if let Some(fault) = tombstones.faults.first() {
            let reason = format!("{}: {}", fault.key, fault.what);
            return Err(Error::Suspended { reason });
        }
        let now = inner.server_now();
        let mut swept = Swept::default();
        let ripe: Vec<&Tombstone> = tombstones
            .all
            .iter()
            .filter(|(tombstone, written)| now.duration_since((*written).max(tombstone.at)) >= WAIT)
            .map(|(tombstone, _)| tombstone)
            .collect();
        let staying = self.remove_snapshots(&listed, &ripe, &mut swept).await?;
        let mut needed: BTreeSet<&str> = BTreeSet::new();
        for snapshot in listed.snapshots.iter().filter(|snapshot| staying.contains(&snapshot.id)) {
            needed.extend(snapshot.needs());
        }
        let there = self.data().await?;
        let ripe_objects: BTreeSet<&str> =
            ripe.iter().flat_map(|tombstone| tombstone.objects.iter().map(String::as_str)).collect();
        let gone = |entry: &&Entry| ripe_objects.contains(entry.key.as_str()) && !needed.contains(entry.key.as_str());
        let mut locked = BTreeSet::new();
        for entry in there.iter().filter(gone) {
            match inner.store.delete(&entry.key).await? {
                Removal::Freed => {
                    swept.objects += 1;
                    swept.bytes += entry.size;
                }
                Removal::Hidden => {
                    swept.hidden += 1;
                    swept.hidden_bytes += entry.size;
                }
                Removal::Locked(until) => {
                    swept.is_locked(until);
                    locked.insert(entry.key.as_str());
                }
            }
        }
        for tombstone in &ripe {
            // Those that name snapshots stay, to tell meant gaps from others; so do those of what could not go yet.
            if tombstone.snapshots.is_empty() && !tombstone.objects.iter().any(|key| locked.contains(key.as_str())) {
                inner.store.delete(&tombstone_key(&tombstone.id)).await?;
            }
        }
        let said: BTreeSet<&str> =
            tombstones.all.iter().flat_map(|(tombstone, _)| tombstone.objects.iter().map(String::as_str)).collect();
        let orphan = |entry: &&Entry| {
            let key = entry.key.as_str();
            !needed.contains(key) && !said.contains(key) && now.duration_since(entry.modified) >= WAIT
        };
        let orphans: Vec<String> = there.iter().filter(orphan).map(|entry| entry.key.clone()).collect();
        swept.noted = orphans.len() as u64;
        if !orphans.is_empty() {
            self.say(writer, orphans).await?;
        }
        swept.unfinished = inner.store.sweep_unfinished(Duration::from_secs(WAIT.as_secs().unsigned_abs())).await?;
        Ok(swept)
    }

    /// The snapshots that were said to go and are still there, until a sweep deletes them.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn leaving(&self, listed: &Snapshots) -> Result<BTreeSet<String>, Error> {
        let said = self.inner.tombstones().await?.leaving();
        Ok(listed.snapshots.iter().map(|snapshot| snapshot.id.clone()).filter(|id| said.contains(id)).collect())
    }

    /// Undoes what retention said and no sweep has done yet: all snapshots that are still there stay. Returns how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn take_back(&self) -> Result<u64, Error> {
        let listed = self.snapshots().await?;
        let mut back = 0;
        for (tombstone, _) in &self.inner.tombstones().await?.all {
            let there = listed.snapshots.iter().filter(|snapshot| tombstone.snapshots.contains(&snapshot.id)).count();
            if there > 0 && there == tombstone.snapshots.len() {
                self.inner.store.delete(&tombstone_key(&tombstone.id)).await?;
                back += there as u64;
            }
        }
        Ok(back)
    }

    /// Why nothing is deleted for now, if so.
    pub(crate) fn suspended(&self, listed: &Snapshots) -> Option<String> {
        let inner = &self.inner;
        if let Some(skew) = inner.store.clock_ahead().filter(|skew| skew.abs() > SKEW) {
            return Some(format!("this clock and the store's differ by {skew:#}; set this machine's time"));
        }
        let failure = inner.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(failure) = failure {
            return Some(format!("the last backup failed: {failure}"));
        }
        if let Some(fault) = listed.faults.iter().find(|fault| fault.key.ends_with("commit.json")) {
            return Some(format!("what {} needs is not known: {}", fault.key, fault.what));
        }
        let lines: BTreeSet<_> = listed.snapshots.iter().map(|snapshot| snapshot.line()).collect();
        let newest = |line| listed.snapshots.iter().rev().find(|snapshot| snapshot.line() == line);
        lines.into_iter().filter_map(newest).find_map(|snapshot| {
            let why = snapshot.suspicious.as_ref()?;
            Some(format!("{} is suspiciously small ({why}); if that is meant, accept it in the next run", snapshot.id))
        })
    }

    /// Removes the snapshots that ripe tombstones name. Returns those that stay.
    async fn remove_snapshots(
        &self,
        listed: &Snapshots,
        ripe: &[&Tombstone],
        swept: &mut Swept,
    ) -> Result<BTreeSet<String>, Error> {
        let mut staying: BTreeSet<String> = listed.snapshots.iter().map(|snapshot| snapshot.id.clone()).collect();
        let said: BTreeSet<&String> = ripe.iter().flat_map(|tombstone| &tombstone.snapshots).collect();
        let leaving: Vec<&Snapshot> = listed.snapshots.iter().filter(|snapshot| said.contains(&snapshot.id)).collect();
        if leaving.is_empty() {
            return Ok(staying);
        }
        // Much may have happened since it was planned: what was found whole then may be found damaged now.
        let kept = self.never_removed(listed).await?;
        for snapshot in leaving {
            if kept.contains(snapshot.id.as_str()) {
                swept.kept_back.push(snapshot.id.clone());
                continue;
            }
            // The commit first: without it the rest is no snapshot, and with it all of it is there.
            if let Removal::Locked(until) = self.inner.store.delete(&commit_key(&snapshot.id)).await? {
                swept.is_locked(until);
                continue;
            }
            self.inner.cache.forget(&snapshot.id);
            staying.remove(&snapshot.id);
            swept.snapshots.push(snapshot.id.clone());
        }
        Ok(staying)
    }

    /// The snapshots that stay whatever was said: of each line the newest, the newest that is complete, and the last
    /// that is known to be good.
    async fn never_removed<'a>(&self, listed: &'a Snapshots) -> Result<BTreeSet<&'a str>, Error> {
        let verified = Verified::of(&self.evidence().await?.0);
        let regular = || listed.snapshots.iter().filter(|snapshot| !snapshot.standalone);
        let lines: BTreeSet<_> = regular().map(|snapshot| snapshot.line()).collect();
        let mut kept = BTreeSet::new();
        for line in lines {
            let own: Vec<&Snapshot> = regular().filter(|snapshot| snapshot.line() == line).collect();
            kept.extend(own.last().map(|newest| newest.id.as_str()));
            kept.extend(floor(&own, &verified, 1).into_iter().map(|(id, _)| id));
        }
        Ok(kept)
    }

    /// All objects that snapshots may need.
    async fn data(&self) -> Result<Vec<Entry>, Error> {
        let store = &self.inner.store;
        let mut all = store.list(ITEMS, None).await?;
        let manifests = store.list(SNAPSHOTS, None).await?;
        let is_manifest = |entry: &Entry| matches!(snapshot_file(&entry.key), Some(SnapshotFile::Manifest(_)));
        all.extend(manifests.into_iter().filter(is_manifest));
        Ok(all)
    }

    async fn say(&self, writer: &WriterKey, objects: Vec<String>) -> Result<(), Error> {
        let now = self.inner.now();
        let tombstone = Tombstone {
            kind: TOMBSTONE_KIND.to_owned(),
            format: FORMAT,
            repository: self.inner.id.clone(),
            id: Ulid::at(now)?.to_string(),
            at: now,
            snapshots: Vec::new(),
            objects,
            writer: writer.id(),
        };
        let bytes = sign(&tombstone, writer)?;
        Ok(self.inner.store.put(&tombstone_key(&tombstone.id), Bytes::from(bytes), PutMode::Replace).await?)
    }
}

impl Inner {
    pub(crate) async fn tombstones(&self) -> Result<Tombstones, Error> {
        let known = self.marker().document.writers.clone();
        let mut found = Tombstones::default();
        for entry in self.store.list(TRASH, None).await? {
            let bytes = match self.cache.read(&entry.key) {
                Some(bytes) => bytes,
                None => match read_whole(self.store.as_ref(), &entry.key, TOMBSTONE_LIMIT).await {
                    Err(error) if error.fault == StoreFault::NotFound => continue,
                    other => other?,
                },
            };
            let read = Signed::<Tombstone>::read(&entry.key, TOMBSTONE_KIND, &bytes, &self.trust, &known);
            match read {
                Ok(signed) if self.is_ours(&signed.document, &entry.key) => {
                    self.cache.write(&entry.key, &bytes);
                    found.all.push((signed.document, entry.modified));
                }
                Ok(_) => {
                    let what = "it belongs elsewhere: somebody moved it".to_owned();
                    found.faults.push(Fault { key: entry.key, what });
                }
                Err(error) => found.faults.push(Fault { key: entry.key, what: describe(&error) }),
            }
        }
        Ok(found)
    }

    /// A tombstone names data of this repository and nothing else.
    fn is_ours(&self, tombstone: &Tombstone, key: &str) -> bool {
        let data =
            |key: &String| key.starts_with(ITEMS) || matches!(snapshot_file(key), Some(SnapshotFile::Manifest(_)));
        tombstone.repository == self.id && tombstone_key(&tombstone.id) == key && tombstone.objects.iter().all(data)
    }

    /// The time by which the store stamps its objects, as far as it is known.
    pub(crate) fn server_now(&self) -> Timestamp {
        let ahead = self.store.clock_ahead().unwrap_or_default();
        self.now().checked_add(ahead).unwrap_or(self.clock.now())
    }
}
