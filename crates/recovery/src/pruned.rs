//! What was deleted because it left its repository, and bringing it back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kube::Api;
use kube::api::ListParams;
use serde_json::Map;
use windlass_backup::{Identities, Repository, Retention, RunOptions, Snapshot};
use windlass_cluster::{Cluster, Keep, KeepError, Keeping};
use windlass_flux::well_known;
use windlass_manifest::{Manifest, ObjectId};

use crate::archive::{self, SavedCluster};
use crate::clean::clean;
use crate::error::chain;
use crate::facts::{ClusterFacts, FORMAT};
use crate::fetched::fetch_objects;
use crate::schedule::OpenRepository;
use crate::{BackupSchedule, BackupScheduleSpec, ClusterObjects, Error};

/// The name of the item that holds what was deleted.
const PRUNED: &str = "pruned/objects";
/// What the host of such snapshots ends with: they are a row of their own beside the backups of the same cluster.
const ROW: &str = "/pruned";

/// For how long what was pruned stays by default: 90 days.
pub const KEEP_PRUNED: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How often it is looked whether something is older.
const LOOK: Duration = Duration::from_secs(24 * 60 * 60);

/// Saves what is about to be pruned in a backup repository: one snapshot for each time that something is pruned, in a row
/// of its own.
///
/// As a [`Keep`] of a cluster it makes sure that nothing is pruned that cannot be brought back: where the repository
/// cannot be written, nothing is deleted.
///
/// The row has a bound of its own, [90 days](KEEP_PRUNED) by default, whether anything else looks after the repository or
/// not: at most once a day, after something was saved, what is older than that, counted from the newest, is let go, in two
/// steps a day apart as everything is. Of prunings of the same objects in the same state the newest stays. So the last copy
/// of what was pruned within the bound is always there. Where a BackupSchedule for the same repository says
/// `retention.pruned`, that schedule looks after the row instead.
#[derive(Clone)]
pub struct PrunedObjects {
    open: OpenRepository,
    host: String,
    cluster: Cluster,
    bound: SignedDuration,
    /// Where schedules are looked for; everywhere by default.
    namespace: Option<String>,
    looked: Arc<Mutex<Option<Instant>>>,
}

impl std::fmt::Debug for PrunedObjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrunedObjects(as {}, for {:#})", self.host, self.bound)
    }
}

impl PrunedObjects {
    /// Saves what is pruned of `cluster`, which backups call `host`, in the repository that `open` gives when there is
    /// something to save. It stays for [`KEEP_PRUNED`].
    #[must_use]
    pub fn new(open: OpenRepository, host: &str, cluster: Cluster) -> Self {
        let host = row_of_pruned(host);
        Self { open, host, cluster, bound: KEEP_PRUNED, namespace: None, looked: Arc::default() }
    }

    /// The same, for this long.
    #[must_use]
    pub fn for_as_long_as(mut self, bound: SignedDuration) -> Self {
        self.bound = bound;
        self
    }

    /// The same where BackupSchedules may be read in one namespace only.
    #[must_use]
    pub fn with_schedules_of(mut self, namespace: Option<String>) -> Self {
        self.namespace = namespace;
        self
    }

    /// Lets go of what is older than the bound, and deletes what was let go at least a day ago. It is done by itself; what it
    /// let go is the result.
    ///
    /// # Errors
    /// Where the repository does not answer, or deletion is suspended; where it cannot be asked whether a schedule looks
    /// after the row. Nothing is let go then.
    pub async fn tidy(&self) -> Result<Vec<String>, Error> {
        if self.is_looked_after().await? {
            return Ok(Vec::new());
        }
        let (repository, writer) = (self.open)(None).await.map_err(|reason| Error::NotOpen { reason })?;
        let policy = Retention { standalone: self.bound, ..Retention::default() };
        let plan = repository.plan_retention_of(&policy, &TimeZone::UTC, |host| host == self.host).await?;
        repository.carry_out_retention(&plan, &writer).await?;
        repository.sweep(&writer).await?;
        Ok(plan.remove)
    }

    /// The same beside what the caller does, if it was not done today.
    fn tidy_beside(&self) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return;
        }
        *looked = Some(Instant::now());
        let own = self.clone();
        tokio::spawn(async move {
            match own.tidy().await {
                Ok(gone) if gone.is_empty() => {}
                Ok(gone) => tracing::info!(count = gone.len(), "what was pruned long ago is let go"),
                Err(error) => tracing::warn!("of what was pruned nothing is let go: {}", chain(&error)),
            }
        });
    }

    /// Whether a schedule says for how long what was pruned stays.
    async fn is_looked_after(&self) -> Result<bool, Error> {
        let client = self.cluster.client().clone();
        let api: Api<BackupSchedule> = match &self.namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let list = match api.list(&ListParams::default()).await {
            Ok(list) => list,
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(false),
            Err(error) => return Err(Error::api("list the BackupSchedules")(error)),
        };
        Ok(list.items.iter().any(|schedule| looks_after_pruned(&schedule.spec) && !schedule.spec.suspend))
    }

    async fn save(&self, objects: Vec<Manifest>) -> Result<(), Error> {
        let facts = ClusterFacts { format: FORMAT, ..ClusterFacts::default() };
        let mut saved = SavedCluster { facts, objects: BTreeMap::new() };
        for mut object in objects {
            let gvk = object.gvk();
            let kind = self
                .cluster
                .kind_in_any_version(&gvk)
                .await
                .map_err(|error| Error::Asking { what: gvk.to_string(), source: error })?;
            let kind = kind.ok_or_else(|| Error::NoKind { gvk: gvk.clone() })?;
            clean(object.value_mut());
            let namespace = object.namespace().filter(|_| kind.namespaced);
            let path = archive::path_of(&kind.resource, namespace, object.name());
            let path = path.ok_or_else(|| Error::NoKind { gvk })?;
            saved.objects.insert(path, object);
        }
        let objects = ClusterObjects::of(&saved)?;
        let mut options = RunOptions::new(&self.host);
        // One pruning has nothing to do with the one before: a later one does not hold what it holds.
        options.standalone = true;
        let opened = (self.open)(None).await.map_err(|reason| Error::NotOpen { reason })?;
        let (repository, writer) = opened;
        let mut run = repository.begin(&writer, options).await?;
        run.add(PRUNED, Box::new(objects), Map::new()).await?;
        run.commit().await?;
        Ok(())
    }
}

impl Keep for PrunedObjects {
    fn keep(&self, objects: Vec<Manifest>) -> Keeping<'_> {
        Box::pin(async move {
            self.save(objects).await.map_err(|error| Box::new(error) as KeepError)?;
            self.tidy_beside();
            Ok(())
        })
    }
}

/// Whether a schedule lets go of what was pruned and is in the repository that windlassd was told.
pub(crate) fn looks_after_pruned(spec: &BackupScheduleSpec) -> bool {
    spec.repository_secret_ref.is_none() && spec.retention.as_ref().is_some_and(|retention| retention.pruned.is_some())
}

/// The row of what is pruned of a cluster that backups call `host`.
pub(crate) fn row_of_pruned(host: &str) -> String {
    format!("{host}{ROW}")
}

/// Whether a snapshot holds what was pruned, rather than a backup.
#[must_use]
pub fn is_of_pruned(snapshot: &Snapshot) -> bool {
    snapshot.host.ends_with(ROW)
}

/// An object that was pruned.
#[derive(Debug, Clone)]
pub struct Deleted {
    /// The object.
    pub id: ObjectId,
    /// When it was.
    pub when: Timestamp,
    /// The snapshot that holds it.
    pub snapshot: String,
    path: String,
    manifest: Manifest,
}

/// Everything that was pruned and is still in the repository, the newest first. An object that was pruned several times
/// is there several times. What cannot be read is the second value: snapshots, and why.
///
/// # Errors
/// Where the repository cannot be listed.
pub async fn deleted(
    repository: &Repository,
    identities: &Identities,
) -> Result<(Vec<Deleted>, Vec<(String, Error)>), Error> {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    let listed = repository.snapshots().await?;
    for snapshot in listed.snapshots.iter().rev().filter(|snapshot| is_of_pruned(snapshot)) {
        match fetch_objects(repository, snapshot, PRUNED, identities).await {
            Ok(saved) => found.extend(saved.objects.into_iter().map(|(path, manifest)| Deleted {
                id: manifest.id(),
                when: snapshot.finished,
                snapshot: snapshot.id.clone(),
                path,
                manifest,
            })),
            Err(error) => faults.push((snapshot.id.clone(), error)),
        }
    }
    Ok((found, faults))
}

/// What brings `deleted` back by a restore: of each object the first that is given.
///
/// The labels that said which Kustomization owned it are left out. It owns it no longer; and it would be pruned again.
#[must_use]
pub fn undelete(deleted: impl IntoIterator<Item = Deleted>) -> SavedCluster {
    let mut saved =
        SavedCluster { facts: ClusterFacts { format: FORMAT, ..ClusterFacts::default() }, objects: BTreeMap::new() };
    for one in deleted {
        let mut manifest = one.manifest;
        if let Some(metadata) = manifest.value_mut()["metadata"].as_object_mut() {
            crate::clean::drop_in(metadata, "labels", &[well_known::OWNER_NAME, well_known::OWNER_NAMESPACE]);
            crate::clean::drop_if_empty(metadata, "labels");
        }
        saved.objects.entry(one.path).or_insert(manifest);
    }
    saved
}
