//! The owners of a scale: who owns the number of replicas, carried over to the object and back.

use serde_json::Value;
use windlass_fieldset::{FieldSet, ManagedFields, ManagedSet, Path};

use super::entries::{Owners, list, read};

const SCALE: &str = "autoscaling/v1";

/// An object's owners, and where its replicas are.
pub(crate) struct ScaleOwners {
    owners: Owners,
    replicas: Path,
    api_version: String,
}

impl ScaleOwners {
    /// Reads the owners of `object`, whose replicas are at `pointer`.
    pub(crate) fn of(object: &Value, pointer: &str, api_version: &str) -> Self {
        let owners = object.pointer("/metadata/managedFields").and_then(read).unwrap_or_default();
        let replicas = Path::of_fields(pointer.split('/').filter(|step| !step.is_empty()));
        Self { owners, replicas, api_version: api_version.to_owned() }
    }

    /// `managedFields` of the scale: whoever owns the replicas.
    pub(crate) fn of_scale(&self) -> Vec<Value> {
        let mut scale = Owners::default();
        for (id, set) in self.owners.sets.iter() {
            if set.api_version == self.api_version && set.fields.contains(&self.replicas) {
                let owned = ManagedSet { fields: only(&scale_path()), api_version: SCALE.to_owned(), ..set.clone() };
                scale.sets.insert(id, owned);
                if let Some(time) = self.owners.times.get(id) {
                    scale.times.insert(id.to_owned(), time.clone());
                }
            }
        }
        list(&scale)
    }

    /// `managedFields` of the object after its scale was written, whose entries are given.
    ///
    /// An owner by update is another one on the scale, by its version: what it owns of the object loses the replicas, and
    /// an entry with nothing else is added. So does the real server.
    pub(crate) fn of_object(self, scale: &Value) -> Vec<Value> {
        let mut left = read(scale).unwrap_or_default().sets;
        let mut sets = ManagedFields::default();
        for (id, set) in self.owners.sets.iter().filter(|(_, set)| set.api_version == self.api_version) {
            if set.fields.contains(&self.replicas) && left.remove(id).is_none() {
                let fields = set.fields.difference(&only(&self.replicas));
                if !fields.is_empty() {
                    sets.insert(id, ManagedSet { fields, ..set.clone() });
                }
            } else {
                sets.insert(id, set.clone());
            }
        }
        let gained = left.iter().filter(|(_, set)| set.fields.contains(&scale_path()));
        for (id, set) in gained {
            let fields = only(&self.replicas);
            sets.insert(id, ManagedSet { fields, api_version: self.api_version.clone(), ..set.clone() });
        }
        list(&Owners { sets, times: self.owners.times })
    }
}

fn scale_path() -> Path {
    Path::of_fields(["spec", "replicas"])
}

fn only(path: &Path) -> FieldSet {
    let mut set = FieldSet::new();
    set.insert(path);
    set
}
