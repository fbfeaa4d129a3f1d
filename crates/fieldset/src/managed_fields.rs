//! Who owns what of one object.

use std::collections::BTreeMap;

use crate::{field_set::FieldSet, path::PathElement};

/// How a manager came to own its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// It applied them; what it leaves out the next time is removed.
    Apply,
    /// It wrote them in any other way.
    Update,
}

/// What one manager owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedSet {
    /// The fields.
    pub fields: FieldSet,
    /// The version of the API in which they are named.
    pub api_version: String,
    /// How it came to own them.
    pub operation: Operation,
}

/// The owners of the fields of one object.
///
/// A manager is whatever tells one owner from another: the API server makes it of name, operation, subresource and, for
/// updates, version.
///
/// ```
/// use serde_json::json;
/// use windlass_fieldset::{FieldSet, ManagedFields, ManagedSet, Operation, Path};
///
/// let mut managers = ManagedFields::default();
/// let fields = FieldSet::from_fields_v1(&json!({"f:spec": {"f:replicas": {}}}))?;
/// managers.insert("hpa", ManagedSet { fields, api_version: "apps/v1".to_owned(), operation: Operation::Update });
/// assert_eq!(managers.owners_of(&Path::of_fields(["spec", "replicas"])).collect::<Vec<_>>(), ["hpa"]);
/// # Ok::<(), windlass_fieldset::FieldsV1Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedFields(BTreeMap<String, ManagedSet>);

impl ManagedFields {
    /// What a manager owns.
    #[must_use]
    pub fn get(&self, manager: &str) -> Option<&ManagedSet> {
        self.0.get(manager)
    }

    /// Says what a manager owns, and gives back what it owned.
    pub fn insert(&mut self, manager: impl Into<String>, set: ManagedSet) -> Option<ManagedSet> {
        self.0.insert(manager.into(), set)
    }

    /// Takes everything from a manager.
    pub fn remove(&mut self, manager: &str) -> Option<ManagedSet> {
        self.0.remove(manager)
    }

    /// The managers with what they own, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &ManagedSet)> {
        self.0.iter().map(|(manager, set)| (manager.as_str(), set))
    }

    /// The managers that own a field, or the whole of which it is part.
    pub fn owners_of(&self, path: &[PathElement]) -> impl Iterator<Item = &str> {
        self.iter().filter(move |(_, set)| set.fields.covers(path)).map(|(manager, _)| manager)
    }
}

impl FromIterator<(String, ManagedSet)> for ManagedFields {
    fn from_iter<I: IntoIterator<Item = (String, ManagedSet)>>(sets: I) -> Self {
        Self(sets.into_iter().collect())
    }
}

impl IntoIterator for ManagedFields {
    type Item = (String, ManagedSet);
    type IntoIter = std::collections::btree_map::IntoIter<String, ManagedSet>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
