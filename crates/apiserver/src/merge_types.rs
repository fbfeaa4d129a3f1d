use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_fieldset::Type;
use windlass_schema::Schema;

use crate::registry::Resource;

/// The types that server-side apply merges by, made from the schema when a kind is first written.
#[derive(Debug, Default)]
pub(crate) struct MergeTypes {
    known: BTreeMap<Kind, Type>,
}

/// Group, version and kind.
type Kind = (Arc<str>, Arc<str>, Arc<str>);

impl MergeTypes {
    pub(crate) fn of(&mut self, schema: &Schema, resource: &Resource) -> Type {
        let key = (resource.group.clone(), resource.version.clone(), resource.kind.clone());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let made = resource.schema(schema).map_or_else(Type::deduced, Type::of_kind);
        self.known.insert(key, made.clone());
        made
    }

    /// Forgets a group's kinds, whose definitions have changed.
    pub(crate) fn forget(&mut self, group: &str) {
        self.known.retain(|key, _| *key.0 != *group);
    }
}
