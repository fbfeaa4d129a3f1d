//! What was deleted because it left its repository, and bringing it back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Map;
use windlass_backup::{Identities, Repository, RunOptions, Snapshot};
use windlass_cluster::{Cluster, Keep, KeepError, Keeping};
use windlass_flux::well_known;
use windlass_manifest::{Manifest, ObjectId};

use crate::archive::{self, SavedCluster};
use crate::clean::clean;
use crate::facts::{ClusterFacts, FORMAT};
use crate::fetched::fetch_objects;
use crate::schedule::OpenRepository;
use crate::{ClusterObjects, Error};

/// The name of the item that holds what was deleted.
const PRUNED: &str = "pruned/objects";
/// What the host of such snapshots ends with: they are a row of their own beside the backups of the same cluster.
const ROW: &str = "/pruned";

/// Saves what is about to be pruned in a backup repository: one snapshot for each time that something is pruned, in a row
/// of its own.
///
/// As a [`Keep`] of a cluster it makes sure that nothing is pruned that cannot be brought back: where the repository
/// cannot be written, nothing is deleted.
pub struct PrunedObjects {
    open: OpenRepository,
    host: String,
    cluster: Cluster,
}

impl std::fmt::Debug for PrunedObjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrunedObjects(as {})", self.host)
    }
}

impl PrunedObjects {
    /// Saves what is pruned of `cluster`, which backups call `host`, in the repository that `open` gives when there is
    /// something to save.
    #[must_use]
    pub fn new(open: OpenRepository, host: &str, cluster: Cluster) -> Self {
        Self { open, host: row_of_pruned(host), cluster }
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
        Box::pin(async move { self.save(objects).await.map_err(|error| Box::new(error) as KeepError) })
    }
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
