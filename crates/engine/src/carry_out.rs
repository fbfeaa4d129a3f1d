//! Bringing the cluster to what a Kustomization wants: apply, then prune what it no longer wants.

use sha2::{Digest, Sha256};
use windlass_cluster::{Applied, ApplyOptions, Cluster, Inventory, InventoryEntry, Owner, apply, prune};
use windlass_drift::Verb;
use windlass_flux::{Kustomization, ResourceInventory, ResourceRef, reason};
use windlass_manifest::{Gvk, Manifest, ObjectId};

use crate::kustomization::Failure;
use crate::{Error, NamespacedName};

/// One object that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The object.
    pub id: ObjectId,
    /// What was done, in Flux's words: `created`, `configured`, `recreated`, `deleted`.
    pub action: &'static str,
}

impl std::fmt::Display for Written {
    /// `Deployment/shop/web configured`, a line of Flux's events.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.id, self.action)
    }
}

/// How it went.
pub(crate) struct Outcome {
    /// What was written, in order.
    pub(crate) written: Vec<Written>,
    /// What was odd without being an error, each with its object and origin.
    pub(crate) warnings: Vec<String>,
    /// The objects that are as the repository wants them; those that are left alone are not among them.
    pub(crate) applied: Vec<(Gvk, ObjectId)>,
    /// The objects that belong to the Kustomization now.
    pub(crate) inventory: ResourceInventory,
    /// What went wrong, if anything did.
    pub(crate) failure: Option<Failure>,
}

/// The work of one Kustomization.
pub(crate) struct CarryOut<'a> {
    cluster: &'a Cluster,
    owner: Owner,
    force: bool,
    prune: bool,
}

impl<'a> CarryOut<'a> {
    pub(crate) fn new(cluster: &'a Cluster, kustomization: &Kustomization) -> Self {
        let name = NamespacedName::of(kustomization);
        Self {
            cluster,
            owner: Owner::flux(&name.name, &name.namespace),
            force: kustomization.spec.force,
            prune: kustomization.spec.prune,
        }
    }

    /// How objects are applied.
    pub(crate) fn options(&self) -> ApplyOptions {
        ApplyOptions::default().owned_by(self.owner.clone()).force(self.force)
    }

    /// The inventory that must be on record before the objects are made, so that a process which is killed in between
    /// leaves nothing behind that nobody knows of; `None` where `known` says it all.
    pub(crate) async fn ahead(&self, manifests: &[Manifest], known: &ResourceInventory) -> Option<ResourceInventory> {
        let mut inventory = read(known);
        let before = inventory.len();
        let mut missing = Inventory::default();
        for manifest in manifests {
            // Of a kind that is not served yet it is not known whether its objects live in a namespace.
            let Ok(Some(kind)) = self.cluster.kind(&manifest.gvk()).await else { continue };
            let mut id = manifest.id();
            id.namespace = id.namespace.filter(|_| kind.namespaced);
            missing.insert(id, manifest.gvk().version);
        }
        inventory.merge(missing);
        (inventory.len() > before).then(|| print(&inventory))
    }

    /// Applies `manifests` and prunes what is in `known` and no longer among them.
    ///
    /// Nothing is pruned unless everything was applied. Whatever fails, the inventory of the outcome names every
    /// object that may exist because of this Kustomization.
    pub(crate) async fn run(&self, manifests: Vec<Manifest>, known: &ResourceInventory) -> Outcome {
        let mut known = read(known);
        let applied = match apply(self.cluster, manifests, &self.options()).await {
            Ok(applied) => applied,
            Err(failure) => {
                known.merge(failure.applied.inventory());
                return Outcome {
                    written: written(failure.applied.changed().map(|action| (&action.id, &action.verb))),
                    warnings: warnings(&failure.applied),
                    applied: Vec::new(),
                    inventory: print(&known),
                    failure: Some(Failure {
                        reason: reason::RECONCILIATION_FAILED,
                        error: Error::Apply(failure.failures),
                    }),
                };
            }
        };
        let mut written = written(applied.changed().map(|action| (&action.id, &action.verb)));
        let mut inventory = applied.inventory();
        let mut failure = None;
        if self.prune {
            let pruned = prune(self.cluster, &known.without(&inventory), &self.owner).await;
            written.extend(pruned.deleted.iter().map(|entry| self::written_one(&entry.id, &Verb::Prune)));
            inventory.merge(pruned.survivors());
            let errors: Vec<_> = pruned.failed.into_iter().map(|(_, error)| error).collect();
            failure =
                (!errors.is_empty()).then(|| Failure { reason: reason::PRUNE_FAILED, error: Error::Prune { errors } });
        }
        let warnings = warnings(&applied);
        let tended = applied.actions.into_iter().filter(|action| !matches!(action.verb, Verb::Skip(_)));
        let applied = tended.map(|action| (action.gvk, action.id)).collect();
        Outcome { written, warnings, applied, inventory: print(&inventory), failure }
    }

    /// Deletes everything in `known`, as far as it still carries the owner's labels.
    pub(crate) async fn delete_all(&self, known: &ResourceInventory) -> Outcome {
        let pruned = prune(self.cluster, &read(known), &self.owner).await;
        let written = pruned.deleted.iter().map(|entry| written_one(&entry.id, &Verb::Prune)).collect();
        let inventory = print(&pruned.survivors());
        let errors: Vec<_> = pruned.failed.into_iter().map(|(_, error)| error).collect();
        let failure =
            (!errors.is_empty()).then(|| Failure { reason: reason::PRUNE_FAILED, error: Error::Prune { errors } });
        Outcome { written, warnings: Vec::new(), applied: Vec::new(), inventory, failure }
    }
}

/// The digest of what was built, by which a Kustomization's history knows it.
pub(crate) fn digest(manifests: &[Manifest]) -> String {
    let mut hash = Sha256::new();
    for manifest in manifests {
        hash.update(b"---\n");
        hash.update(zeroize::Zeroizing::new(manifest.value().to_string()).as_bytes());
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// The inventory in a status; entries that cannot be read are left out, since nothing could be done with them.
pub(crate) fn read(inventory: &ResourceInventory) -> Inventory {
    let entries = inventory
        .entries
        .iter()
        .filter_map(|entry| Inventory::read([(entry.id.as_str(), entry.version.as_str())]).ok()?.iter().next());
    entries.collect::<Vec<InventoryEntry>>().into_iter().collect()
}

/// The inventory as a status holds it.
pub(crate) fn print(inventory: &Inventory) -> ResourceInventory {
    let entries = inventory.texts().map(|(id, version)| ResourceRef { id, version: version.to_owned() });
    ResourceInventory { entries: entries.collect() }
}

/// Fields that their kinds do not have: left out as Flux leaves them out, but not without a word.
fn warnings(applied: &Applied) -> Vec<String> {
    let unknown = applied.unknown_fields.iter();
    unknown.map(|(subject, field)| format!("{subject}: the cluster knows no field {field}: it was left out")).collect()
}

fn written<'v>(changed: impl Iterator<Item = (&'v ObjectId, &'v Verb)>) -> Vec<Written> {
    changed.map(|(id, verb)| written_one(id, verb)).collect()
}

fn written_one(id: &ObjectId, verb: &Verb) -> Written {
    Written { id: id.clone(), action: verb.past() }
}
