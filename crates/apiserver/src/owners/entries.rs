use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use windlass_fieldset::{FieldSet, ManagedFields, ManagedSet, Operation};

/// The owners of an object as the API has them: the sets, and when each was last written.
#[derive(Default)]
pub(super) struct Owners {
    pub(super) sets: ManagedFields,
    pub(super) times: BTreeMap<String, String>,
}

/// The owner's name in sets: what tells one entry from another.
pub(super) fn identity(manager: &str, operation: Operation, api_version: &str, subresource: &str) -> String {
    // Sorts by operation and name, as nobody but this module reads it.
    let operation = if operation == Operation::Apply { "Apply" } else { "Update" };
    let version = if operation == "Apply" { "" } else { api_version };
    json!([operation, manager, version, subresource]).to_string()
}

pub(super) fn split(id: &str) -> [String; 4] {
    serde_json::from_str(id).unwrap_or_default()
}

/// Reads `managedFields`; of entries that are told apart by nothing the last counts, as on the real server.
pub(super) fn read(entries: &Value) -> Option<Owners> {
    let mut owners = Owners::default();
    for entry in entries.as_array()? {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        let operation = match text("operation") {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let fields = FieldSet::from_fields_v1(entry.get("fieldsV1").unwrap_or(&json!({}))).ok()?;
        let api_version = text("apiVersion").to_owned();
        let id = identity(text("manager"), operation, &api_version, text("subresource"));
        match text("time") {
            "" => owners.times.remove(&id),
            time => owners.times.insert(id.clone(), time.to_owned()),
        };
        owners.sets.insert(id, ManagedSet { fields, api_version, operation });
    }
    Some(owners)
}

/// Writes the owners into an object.
pub(super) fn put(object: &mut Value, owners: &Owners) {
    let entries = list(owners);
    if entries.is_empty() {
        return;
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("managedFields".to_owned(), entries.into());
    }
}

/// The owners as `managedFields`, in the real server's order.
pub(super) fn list(owners: &Owners) -> Vec<Value> {
    let mut entries = Vec::new();
    for (id, set) in owners.sets.iter() {
        let [operation, manager, _, subresource] = split(id);
        let time = owners.times.get(id).cloned().unwrap_or_default();
        let key = (operation.clone(), time.clone(), manager.clone(), set.api_version.clone(), subresource.clone());
        let mut entry = Map::new();
        for (name, value) in
            [("manager", manager), ("operation", operation), ("apiVersion", set.api_version.clone()), ("time", time)]
        {
            if !value.is_empty() {
                entry.insert(name.to_owned(), value.into());
            }
        }
        entry.insert("fieldsType".to_owned(), "FieldsV1".into());
        entry.insert("fieldsV1".to_owned(), set.fields.to_fields_v1());
        if !subresource.is_empty() {
            entry.insert("subresource".to_owned(), subresource.into());
        }
        entries.push((key, Value::Object(entry)));
    }
    entries.sort_by(|left, right| left.0.cmp(&right.0));
    entries.into_iter().map(|entry| entry.1).collect()
}
