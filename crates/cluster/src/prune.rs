use windlass_drift::SkipReason;
use windlass_manifest::{Manifest, Origin};

use crate::cluster::{Cluster, Handle, is_secret};
use crate::control::Control;
use crate::discovery::Kind;
use crate::error::{Error, Subject};
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
/// Failures end nothing: each object is tried. Only where the cluster has a [`Keep`](crate::Keep), which is handed all of
/// them first, and that fails, none is deleted.
pub async fn prune(cluster: &Cluster, stale: &Inventory, owner: &Owner) -> Pruned {
    let mut entries: Vec<InventoryEntry> = stale.iter().collect();
    entries.sort_by_cached_key(|entry| std::cmp::Reverse(Position(entry.id.clone())));
    let mut pruned = Pruned::default();
    let mut condemned = Vec::new();
    for entry in entries {
        match cluster.fate(&entry, Some(owner)).await {
            Ok(Fate::Delete(live)) => condemned.push((entry, live)),
            Ok(Fate::Keep(reason)) => pruned.kept.push((entry, reason)),
            Ok(Fate::Gone) => pruned.kept.push((entry, SkipReason::Gone)),
            Err(error) => pruned.failed.push((entry, error)),
        }
    }
    let objects =
        if cluster.keeps() { condemned.iter().map(|(_, live)| live.object.clone()).collect() } else { vec![] };
    if let Err(source) = cluster.save(objects).await {
        let failed = condemned.into_iter().map(|(entry, _)| {
            let subject = Box::new(Subject { id: entry.id.clone(), origin: Origin::unknown() });
            (entry, Error::NotKept { subject, source: source.clone() })
        });
        pruned.failed.extend(failed);
        return pruned;
    }
    for (entry, live) in condemned {
        match cluster.delete_live(&entry, &live).await {
            Ok(None) => pruned.deleted.push(entry),
            Ok(Some(reason)) => pruned.kept.push((entry, reason)),
            Err(error) => pruned.failed.push((entry, error)),
        }
    }
    pruned
}

/// An object that is to be deleted, as it was looked at.
pub(crate) struct Live {
    kind: Kind,
    object: Manifest,
}

/// What pruning means for an object.
pub(crate) enum Fate {
    /// It is deleted.
    Delete(Box<Live>),
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
        let nameless = |_| Error::BadInventoryId { text: entry.id.to_string() };
        let object = Manifest::new(live, Origin::unknown()).map_err(nameless)?;
        Ok(Fate::Delete(Box::new(Live { kind, object })))
    }

    async fn delete_live(&self, entry: &InventoryEntry, live: &Live) -> Result<Option<SkipReason>, Error> {
        let origin = Origin::unknown();
        let handle = Handle { kind: &live.kind, id: &entry.id, origin: &origin, sensitive: is_secret(&entry.id) };
        match self.delete(&handle, uid(live.object.value()).as_deref()).await {
            Ok(()) => Ok(None),
            // It is another object now: ours is gone.
            Err(Error::Rejected { code: 409, .. }) => Ok(Some(SkipReason::Gone)),
            Err(error) => Err(error),
        }
    }
}
