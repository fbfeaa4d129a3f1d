//! Choosing the snapshot that something is restored from.

use windlass_backup::{Error as BackupError, Identities, Manifest, Repository, Snapshot, SnapshotStatus};

use crate::fetched::fetch_objects;
use crate::pruned::is_of_pruned;
use crate::{CLUSTER_OBJECTS, Error, SavedCluster};

/// A snapshot that can be restored: it was believed, brought here and opened.
#[derive(Debug)]
pub struct Chosen {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// What is in it.
    pub manifest: Manifest,
    /// The objects of the cluster.
    pub objects: SavedCluster,
    /// The newer snapshots that cannot be used, and why.
    pub passed_over: Vec<String>,
}

/// The snapshot `wanted`, or the newest good one: complete, signed by a writer who is trusted, not suspiciously small, and
/// whose objects open. Where there is none such, the newest of the others that opens is taken, and said to be so in
/// [`Chosen::passed_over`].
///
/// # Errors
/// [`Error::NoSnapshot`] with the reason for each that was looked at; or that no identity opens them.
pub async fn choose(repository: &Repository, identities: &Identities, wanted: Option<&str>) -> Result<Chosen, Error> {
    let listed = repository.snapshots().await?;
    let candidates: Vec<&Snapshot> = match wanted {
        Some(wanted) => vec![listed.find(wanted)?],
        None => in_order_of_trust(&listed.snapshots),
    };
    let mut passed_over: Vec<String> =
        listed.faults.iter().map(|fault| format!("{}: {}", fault.key, fault.what)).collect();
    for snapshot in candidates {
        if let Some(doubt) = doubt(snapshot) {
            passed_over.push(format!("{}: {doubt}", snapshot.id));
        }
        match open(repository, identities, snapshot).await {
            Ok(Some((manifest, objects))) => {
                return Ok(Chosen { snapshot: snapshot.clone(), manifest, objects, passed_over });
            }
            Ok(None) => passed_over.push(format!("{}: it holds no objects of a cluster", snapshot.id)),
            // The same key opens all or none.
            Err(error @ Error::Repository(BackupError::NoIdentity { .. })) => return Err(error),
            Err(error) => passed_over.push(format!("{}: {}", snapshot.id, crate::error::chain(&error))),
        }
    }
    let reason = if passed_over.is_empty() { "the repository has none".to_owned() } else { passed_over.join("; ") };
    Err(Error::NoSnapshot { reason })
}

/// The good ones first, the newest of them first, then the others in the same order.
fn in_order_of_trust(snapshots: &[Snapshot]) -> Vec<&Snapshot> {
    let backups = || snapshots.iter().rev().filter(|snapshot| !is_of_pruned(snapshot));
    backups()
        .filter(|snapshot| doubt(snapshot).is_none())
        .chain(backups().filter(|snapshot| doubt(snapshot).is_some()))
        .collect()
}

/// Why a snapshot is not as good as one can be.
fn doubt(snapshot: &Snapshot) -> Option<String> {
    if snapshot.signed_by.is_none() {
        return Some("nobody who is trusted signed it".to_owned());
    }
    if let Some(suspicious) = &snapshot.suspicious {
        return Some(format!("it is suspiciously small: {suspicious}"));
    }
    (snapshot.status != SnapshotStatus::Complete).then(|| "it is partial: something could not be saved".to_owned())
}

async fn open(
    repository: &Repository,
    identities: &Identities,
    snapshot: &Snapshot,
) -> Result<Option<(Manifest, SavedCluster)>, Error> {
    let manifest = repository.manifest(snapshot, identities).await?;
    if !manifest.items.contains_key(CLUSTER_OBJECTS) {
        return Ok(None);
    }
    let objects = fetch_objects(repository, snapshot, CLUSTER_OBJECTS, identities).await?;
    Ok(Some((manifest, objects)))
}
