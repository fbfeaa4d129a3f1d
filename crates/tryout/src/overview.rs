use std::time::SystemTime;

use windlass_apiserver::ApiServer;
use windlass_cluster::{Health, Inventory};
use windlass_engine::NamespacedName;
use windlass_manifest::ObjectId;

use crate::owners::{self, Owner};

/// What came of a repository: the objects that were made, by the Flux object that made them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Overview {
    /// The Flux objects and what each made, in the order in which the repository has them made; GitRepositories, which make
    /// nothing, come first.
    pub owners: Vec<(Owner, Vec<Listed>)>,
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The object.
    pub id: ObjectId,
    /// How it is, by the rules of kstatus.
    pub health: Health,
}

impl Overview {
    /// `order` has the names of Kustomizations; others come last.
    pub(crate) fn of(server: &ApiServer, order: &[NamespacedName]) -> Self {
        let kustomizations = owners::kustomizations(server);
        let mut owners = owners::all(server);
        // The sort is stable, and a GitRepository is no Kustomization even under its name.
        owners.sort_by_key(|owner| {
            let is_made = owner.kind == "Kustomization";
            let position = order.iter().position(|name| *name == owner.name).unwrap_or(order.len());
            (is_made, if is_made { position } else { 0 })
        });
        let owners = owners.into_iter().map(|owner| {
            let its = kustomizations.iter().filter(|_| owner.kind == "Kustomization");
            let its = its.filter(|one| NamespacedName::of(*one) == owner.name);
            let entries = its.filter_map(|one| one.status.as_ref()?.inventory.as_ref()).flat_map(|all| &all.entries);
            let listed = entries.filter_map(|entry| listed(server, &entry.id, &entry.version));
            let listed = listed.collect();
            (owner, listed)
        });
        Self { owners: owners.collect() }
    }

    /// All objects that were made.
    pub fn objects(&self) -> impl Iterator<Item = &Listed> {
        self.owners.iter().flat_map(|(_, listed)| listed)
    }

    /// The objects that are not as they should be.
    pub fn unwell(&self) -> impl Iterator<Item = &Listed> {
        self.objects().filter(|one| one.health != Health::Current)
    }
}

/// An entry of an inventory as it is now.
fn listed(server: &ApiServer, id: &str, version: &str) -> Option<Listed> {
    let entry = Inventory::read([(id, version)]).ok()?.iter().next()?;
    let gvk = entry.gvk();
    let namespace = entry.id.namespace.as_deref().unwrap_or_default();
    let object = server.objects().get(&gvk.api_version(), &gvk.kind, namespace, &entry.id.name);
    let health = object.map_or(Health::NotFound, |object| windlass_cluster::status(&object, SystemTime::now()));
    Some(Listed { id: entry.id, health })
}
