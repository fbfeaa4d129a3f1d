use windlass_drift::SkipReason;
use windlass_manifest::Origin;

use crate::cluster::{Cluster, Handle, is_secret};
use crate::control::Control;
use crate::discovery::Kind;
use crate::error::Error;
use crate::inventory::{Inventory, InventoryEntry};
use crate::owner::Owner;
use crate::recreate::uid;
use crate::stage::Position;

/// What became of objects that were to be pruned.
#[derive(Debug, Default)]
pub struct Pruned {
    /// The objects whose deletion was accepted, in the order of deletion. They may take a while to go.
    pub deleted: Vec<InventoryEntry>,
    /// The objects that were left alone, and why.
    pub kept: Vec<(InventoryEntry, SkipReason)>,
    /// The objects that could not be deleted.
    pub failed: Vec<(InventoryEntry, Error)>,
}

impl Pruned {
    /// The objects that are still to be deleted: they belong back into the inventory.
    #[must_use]
    pub fn survivors(&self) -> Inventory {
        self.failed.iter().map(|(entry, _)| entry.clone()).collect()
    }
}

/// Deletes the objects of `stale`, in the reverse order of applying.
///
/// Each must carry `owner`'s labels, for another Kustomization may have taken it over; objects marked `prune: disabled`,
/// `reconcile: disabled` or `ssa: Ignore` are kept. Deletion is in the background and names the uid that was looked at.
/// Failures end nothing: each object is tried.
pub async fn prune(cluster: &Cluster, stale: &Inventory, owner: &Owner) -> Pruned {
    let mut entries: Vec<InventoryEntry> = stale.iter().collect();
    entries.sort_by_cached_key(|entry| std::cmp::Reverse(Position(entry.id.clone())));
    let mut pruned = Pruned::default();
    for entry in entries {
        match cluster.prune_one(&entry, owner).await {
            Ok(None) => pruned.deleted.push(entry),
            Ok(Some(reason)) => pruned.kept.push((entry, reason)),
            Err(error) => pruned.failed.push((entry, error)),
        }
    }
    pruned
}

/// What pruning means for an object.
pub(crate) enum Fate {
    /// It is deleted.
    Delete { kind: Kind, uid: Option<String> },
    /// It is left alone.
    Keep(SkipReason),
    /// There is nothing to delete.
    Gone,
}

impl Cluster {
    pub(crate) async fn fate(&self, entry: &InventoryEntry, owner: Option<&Owner>) -> Result<Fate, Error> {
        let Some((kind, live)) = self.read(&entry.gvk(), &entry.id).await? else {
            return Ok(Fate::Gone);
        };
        // An id with a namespace for a kind without is no object's id; the one that answers to the name is another.
        if !kind.namespaced && entry.id.namespace.is_some() {
            return Ok(Fate::Gone);
        }
        if !owner.is_some_and(|owner| owner.owns(&live)) {
            return Ok(Fate::Keep(SkipReason::ForeignOwner));
        }
        if let Some(reason) = Control::of(&self.options().control_prefix, &live).kept() {
            return Ok(Fate::Keep(reason));
        }
        Ok(Fate::Delete { kind, uid: uid(&live) })
    }

    async fn prune_one(&self, entry: &InventoryEntry, owner: &Owner) -> Result<Option<SkipReason>, Error> {
        let (kind, uid) = match self.fate(entry, Some(owner)).await? {
            Fate::Delete { kind, uid } => (kind, uid),
            Fate::Keep(reason) => return Ok(Some(reason)),
            Fate::Gone => return Ok(Some(SkipReason::Gone)),
        };
        let origin = Origin::unknown();
        let handle = Handle { kind: &kind, id: &entry.id, origin: &origin, sensitive: is_secret(&entry.id) };
        match self.delete(&handle, uid.as_deref()).await {
            Ok(()) => Ok(None),
            // It is another object now: ours is gone.
            Err(Error::Rejected { code: 409, .. }) => Ok(Some(SkipReason::Gone)),
            Err(error) => Err(error),
        }
    }
}
