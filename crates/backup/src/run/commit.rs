use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use ring::digest;

use super::Run;
use crate::format::{
    Baseline, COMMIT_KIND, Commit, Counts, FORMAT, MANIFEST_KIND, Manifest, Previous, SnapshotStatus, StoredManifest,
    commit_key, manifest_key, sign, snapshot_id,
};
use crate::identifier::hex;
use crate::keys::parse_all;
use crate::repository::tool;
use crate::sealing::seal;
use crate::snapshot::Snapshot;
use crate::store::PutMode;
use crate::{Error, Recipient};

/// Objects locked anew at the same time.
const AT_ONCE: usize = 8;
/// After so long a run, items that it uses again are looked at before it relies on them: a sweep waits a day.
const LONG: SignedDuration = SignedDuration::from_hours(12);

impl Run {
    /// Makes the snapshot visible: writes the manifest, unless it is the former one, and the commit.
    ///
    /// In a dry run nothing is written; the snapshot tells what would be.
    ///
    /// # Errors
    /// When nothing was added, or the store fails. Then there is no snapshot, and what was sent is swept later.
    pub async fn commit(self) -> Result<Snapshot, Error> {
        let repository = self.repository.clone();
        let committed = self.commit_inner().await;
        repository.note_outcome(committed.as_ref().err());
        committed
    }

    async fn commit_inner(mut self) -> Result<Snapshot, Error> {
        if self.kept.is_empty() {
            let reason = self.missing.iter().map(|(name, reason)| format!("{name}: {reason}")).collect::<Vec<_>>();
            let reason = if reason.is_empty() { "nothing was given".to_owned() } else { reason.join("; ") };
            return Err(Error::NothingSaved { reason });
        }
        let inner = self.repository.inner.clone();
        let id = snapshot_id(self.seq, inner.now())?;
        if inner.now().duration_since(self.started) > LONG {
            self.look_again().await?;
        }
        self.lock_what_is_used_again().await?;
        let (manifest, sent) = self.manifest(&id).await?;
        let commit = self.describe(&id, manifest, sent);
        let bytes = sign(&commit, &self.writer)?;
        let snapshot = Snapshot {
            commit,
            commit_sha256: hex(digest::digest(&digest::SHA256, &bytes).as_ref()),
            signed_by: Some(self.writer.id()),
        };
        if self.options.dry_run {
            return Ok(snapshot);
        }
        // Nobody else has this key, so that a second try after a lost answer writes the same bytes to the same place.
        inner.store.put(&commit_key(&id), Bytes::from(bytes.clone()), PutMode::Replace).await?;
        inner.cache.write(&format!("commits/{id}.json"), &bytes);
        inner.cache.keep(std::sync::Arc::new(snapshot.clone()));
        Ok(snapshot)
    }

    /// Writes the manifest, or finds that the former one says the same. The second value is how much was sent.
    async fn manifest(&self, id: &str) -> Result<(StoredManifest, u64), Error> {
        let inner = &self.repository.inner;
        let manifest = Manifest {
            kind: MANIFEST_KIND.to_owned(),
            format: FORMAT,
            repository: inner.id.clone(),
            items: self.kept.iter().map(|(name, kept)| (name.clone(), kept.described.clone())).collect(),
            missing: self.missing.clone(),
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::malformed("a new manifest", error))?;
        let name = hex(&self.writer.name("manifest", digest::digest(&digest::SHA256, &text).as_ref()));
        if let Some(previous) = self.previous.as_ref().filter(|previous| self.reusable && previous.manifest.id == name)
        {
            let mut stored = previous.manifest.clone();
            if let Some(until) = self.lock_anew(stored.locked_until) {
                inner.store.lock(&stored.key, until).await?;
                stored.locked_until = Some(until);
            }
            return Ok((stored, 0));
        }
        let locked_until = self.lock_from_now();
        let recipients = parse_all(&self.recipients)?;
        let (sealed, bytes) =
            seal(&mut text.as_slice(), &recipients, Vec::new(), &|_| {}).map_err(Error::io("seal the manifest"))?;
        let key = manifest_key(id);
        if !self.options.dry_run {
            inner.store.put(&key, Bytes::from(bytes), PutMode::Replace).await?;
        }
        let size = sealed.stored.bytes;
        let (sha256, plain_bytes) = (sealed.stored.digest.hex(), sealed.plain.bytes);
        let stored = StoredManifest { id: name, key, size, sha256, plain_bytes, locked_until };
        Ok((stored, size))
    }

    fn describe(&self, id: &str, manifest: StoredManifest, manifest_bytes: u64) -> Commit {
        let items: Vec<_> = self.kept.values().map(|kept| kept.stored.clone()).collect();
        let stale = items.iter().filter(|item| item.carried.is_some()).count() as u64;
        let counts = Counts {
            items: items.len() as u64,
            sent: self.sent,
            stale,
            missing: self.missing.len() as u64,
            plain_bytes: items.iter().map(|item| item.plain_bytes).sum(),
            stored_bytes: items.iter().map(|item| item.size).sum::<u64>() + manifest.size,
            sent_bytes: self.sent_bytes + manifest_bytes,
        };
        let complete = stale == 0 && self.missing.is_empty();
        let measure = self.previous.as_ref().map(|previous| previous.measure());
        let is_measured = !self.options.accept_shrink && !self.options.standalone;
        let suspicious = measure.as_ref().filter(|_| is_measured).and_then(|was| shrunk(was, &counts));
        let previous = self.previous.as_ref();
        Commit {
            kind: COMMIT_KIND.to_owned(),
            format: FORMAT,
            repository: self.repository.inner.id.clone(),
            id: id.to_owned(),
            seq: self.seq,
            previous: previous.map(|former| Previous { id: former.id.clone(), sha256: former.commit_sha256.clone() }),
            status: if complete { SnapshotStatus::Complete } else { SnapshotStatus::Partial },
            standalone: self.options.standalone,
            baseline: measure.filter(|_| suspicious.is_some()),
            suspicious,
            started: self.started,
            finished: self.repository.inner.now(),
            host: self.options.host.clone(),
            tool: tool(),
            git_revision: self.options.git_revision.clone(),
            recipients: self.recipients.iter().map(Recipient::describe).collect(),
            manifest,
            items,
            counts,
            writer: self.writer.id(),
        }
    }

    /// Until when what is written now is locked, at least.
    pub(super) fn lock_from_now(&self) -> Option<Timestamp> {
        let inner = &self.repository.inner;
        let period = inner.store.lock_period().filter(|_| !self.options.dry_run)?;
        inner.server_now().checked_add(period.set).ok()
    }

    /// Until when an object has to be locked that is locked until `before`: `None` where that is long enough.
    fn lock_anew(&self, before: Option<Timestamp>) -> Option<Timestamp> {
        let inner = &self.repository.inner;
        let needed = inner.server_now().checked_add(inner.store.lock_period()?.least).ok()?;
        if before.is_some_and(|before| before >= needed) { None } else { self.lock_from_now() }
    }

    /// Where snapshots are locked, what this one uses of former ones is locked for as long as itself.
    async fn lock_what_is_used_again(&mut self) -> Result<(), Error> {
        let store = self.repository.inner.store.clone();
        let short: Vec<(String, String, Timestamp)> = self
            .kept
            .iter()
            .filter_map(|(name, kept)| {
                Some((name.clone(), kept.stored.key.clone(), self.lock_anew(kept.stored.locked_until)?))
            })
            .collect();
        let locking = short.into_iter().map(|(name, key, until)| {
            let store = store.clone();
            async move { store.lock(&key, until).await.map(|()| (name, until)) }
        });
        let locked: Vec<(String, Timestamp)> = stream::iter(locking).buffer_unordered(AT_ONCE).try_collect().await?;
        for (name, until) in locked {
            if let Some(kept) = self.kept.get_mut(&name) {
                kept.stored.locked_until = Some(until);
            }
        }
        Ok(())
    }

    /// Makes sure that what is used again is still there.
    async fn look_again(&self) -> Result<(), Error> {
        let inner = &self.repository.inner;
        let Some(previous) = &self.previous else { return Ok(()) };
        let used = self.kept.values().map(|kept| kept.stored.key.as_str());
        let former = |key: &&str| previous.needs().any(|needed| needed == *key);
        for key in used.filter(former).chain([previous.manifest.key.as_str()]) {
            if inner.store.head(key).await?.is_none() {
                inner.cache.forget(&previous.id);
                return Err(Error::damaged(key, "it went away while this run lasted; run again"));
            }
        }
        Ok(())
    }
}

/// Half of the items or of the bytes gone is more often a fault than meant.
fn shrunk(was: &Baseline, now: &Counts) -> Option<String> {
    let half = |now: u64, was: u64| now.saturating_mul(2) < was;
    let Baseline { snapshot, items, plain_bytes } = was;
    if half(now.items, *items) {
        return Some(format!("{} items, where {snapshot} has {items}", now.items));
    }
    half(now.plain_bytes, *plain_bytes)
        .then(|| format!("{} bytes, where {snapshot} has {plain_bytes}", now.plain_bytes))
}
