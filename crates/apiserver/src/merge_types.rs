use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use windlass_fieldset::Type;
use windlass_schema::Schema;

use crate::registry::Resource;

/// The types that server-side apply merges by, made from the schema when a kind is first written.
#[derive(Debug, Default)]
pub(crate) struct MergeTypes {
    known: BTreeMap<Kind, Type>,
    /// Empty objects of built-in kinds.
    empty: BTreeMap<Kind, Arc<Value>>,
}

/// Group, version and kind.
type Kind = (Arc<str>, Arc<str>, Arc<str>);

impl MergeTypes {
    pub(crate) fn of(&mut self, schema: &Schema, resource: &Resource) -> Type {
        let key = kind_of(resource);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let made = resource.schema(schema).map_or_else(Type::deduced, Type::of_kind);
        self.known.insert(key, made.clone());
        made
    }

    pub(crate) fn empty(&self, resource: &Resource) -> Option<Arc<Value>> {
        self.empty.get(&kind_of(resource)).cloned()
    }

    pub(crate) fn keep_empty(&mut self, resource: &Resource, empty: Arc<Value>) -> Arc<Value> {
        if resource.custom.is_none() {
            self.empty.insert(kind_of(resource), empty.clone());
        }
        empty
    }

    /// Forgets a group's kinds, whose definitions have changed.
    pub(crate) fn forget(&mut self, group: &str) {
        self.known.retain(|key, _| *key.0 != *group);
    }
}

fn kind_of(resource: &Resource) -> Kind {
    (resource.group.clone(), resource.version.clone(), resource.kind.clone())
}
