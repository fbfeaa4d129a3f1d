//! `metadata.managedFields` of live objects.

use serde_json::{Map, Value, json};

use crate::{field_set::FieldSet, fields_v1::FieldsV1Error, managed_fields::Operation, path::PathElement};

/// One entry: what one manager owns, as the API server tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name that the manager gave itself.
    pub manager: String,
    /// Whether it applied the fields or wrote them in another way.
    pub operation: Operation,
    /// The version of the API in which the fields are named.
    pub api_version: String,
    /// When it wrote last, to the second, in RFC 3339. `kubectl scale` leaves no time.
    pub time: Option<String>,
    /// The subresource through which it wrote, such as `status`; empty for the object itself.
    pub subresource: String,
    /// What it owns.
    pub fields: FieldSet,
}

/// The entries of one object.
///
/// ```
/// use serde_json::json;
/// use windlass_fieldset::{Entries, Path};
///
/// let object = json!({"metadata": {"managedFields": [
///     {"manager": "kustomize-controller", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
///      "time": "2026-11-20T04:15:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}, "f:paused": {}}}},
///     {"manager": "kubectl-edit", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
///      "time": "2026-11-20T05:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
/// ]}});
/// let entries = Entries::of(&object)?;
/// let owner = entries.last_owner_of(&Path::of_fields(["spec", "replicas"])).expect("it has two");
/// assert_eq!(owner.manager, "kubectl-edit");
/// # Ok::<(), windlass_fieldset::EntriesError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries(Vec<Entry>);

/// Why entries cannot be read. Reading them again cannot help; an object whose entries cannot be read has owners that
/// nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("managedFields[{index}] of {manager:?}: {fault}")]
#[non_exhaustive]
pub struct EntriesError {
    /// Which entry, counted from zero.
    pub index: usize,
    /// Its manager.
    pub manager: String,
    /// What is wrong with it.
    pub fault: EntryFault,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryFault {
    /// Its operation is neither `Apply` nor `Update`.
    #[error("invalid operation {0:?}")]
    Operation(String),
    /// Its fields are not in the format FieldsV1.
    #[error("invalid fieldsType {0:?}")]
    FieldsType(String),
    /// Its fields cannot be read.
    #[error(transparent)]
    Fields(#[from] FieldsV1Error),
}

impl Entries {
    /// Reads the entries of an object; none where it has none.
    ///
    /// # Errors
    /// When an entry is malformed.
    pub fn of(object: &Value) -> Result<Self, EntriesError> {
        let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        let read = entries.into_iter().flatten().enumerate().map(|(index, entry)| {
            let manager = text(entry, "manager");
            read(entry).map_err(|fault| EntriesError { index, manager, fault })
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    /// The entries as `managedFields` has them.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.0.iter().map(write).collect()
    }

    /// The entries, in the object's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.0.iter()
    }

    /// The entries that own a field, or the whole of which it is part.
    pub fn owners_of(&self, path: &[PathElement]) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(move |entry| entry.fields.covers(path))
    }

    /// Of the entries that own a field the one that wrote last: who the value is from.
    ///
    /// An entry's time is that of its last write of anything, so that this is a guess where several own the field. Entries
    /// without a time, or with the same, count as later the later they stand.
    #[must_use]
    pub fn last_owner_of(&self, path: &[PathElement]) -> Option<&Entry> {
        // Times of one server are all in UTC and of one length, so that their texts sort as they do.
        self.owners_of(path).max_by_key(|entry| entry.time.as_deref())
    }

    /// What a manager applied to the object itself, which is what [`project`](crate::project) compares drift by.
    #[must_use]
    pub fn applied_by(&self, manager: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| {
            entry.manager == manager && entry.operation == Operation::Apply && entry.subresource.is_empty()
        })
    }
}

impl FromIterator<Entry> for Entries {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

fn text(entry: &Value, key: &str) -> String {
    entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn read(entry: &Value) -> Result<Entry, EntryFault> {
    let operation = match text(entry, "operation").as_str() {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        other => return Err(EntryFault::Operation(other.to_owned())),
    };
    let fields_type = text(entry, "fieldsType");
    if fields_type != "FieldsV1" {
        return Err(EntryFault::FieldsType(fields_type));
    }
    Ok(Entry {
        manager: text(entry, "manager"),
        operation,
        api_version: text(entry, "apiVersion"),
        time: entry.get("time").and_then(Value::as_str).map(str::to_owned),
        subresource: text(entry, "subresource"),
        fields: FieldSet::from_fields_v1(entry.get("fieldsV1").unwrap_or(&Value::Null))?,
    })
}

/// Keys in the API server's order, what is empty left out.
fn write(entry: &Entry) -> Value {
    let operation = match entry.operation {
        Operation::Apply => "Apply",
        Operation::Update => "Update",
    };
    let mut written = Map::new();
    written.insert("manager".to_owned(), json!(entry.manager));
    written.insert("operation".to_owned(), json!(operation));
    written.insert("apiVersion".to_owned(), json!(entry.api_version));
    if let Some(time) = &entry.time {
        written.insert("time".to_owned(), json!(time));
    }
    written.insert("fieldsType".to_owned(), json!("FieldsV1"));
    written.insert("fieldsV1".to_owned(), entry.fields.to_fields_v1());
    if !entry.subresource.is_empty() {
        written.insert("subresource".to_owned(), json!(entry.subresource));
    }
    Value::Object(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, time: Option<&str>) -> Entry {
        Entry {
            manager: manager.to_owned(),
            operation: Operation::Update,
            api_version: "v1".to_owned(),
            time: time.map(str::to_owned),
            subresource: "status".to_owned(),
            fields: [crate::Path::of_fields(["data"])].into_iter().collect(),
        }
    }

    #[test]
    fn entries_come_back_as_they_were() {
        let entries: Entries = [entry("a", None), entry("b", Some("2026-11-20T04:15:00Z"))].into_iter().collect();
        let object = json!({"metadata": {"managedFields": entries.to_value()}});
        assert_eq!(Entries::of(&object), Ok(entries));
        assert_eq!(Entries::of(&json!({})), Ok(Entries::default()));
    }

    #[test]
    fn what_is_in_a_leaf_is_its_owner_s() {
        let entries: Entries = [entry("a", Some("2")), entry("b", Some("1")), entry("c", None)].into_iter().collect();
        let path = crate::Path::of_fields(["data", "key"]);
        assert_eq!(entries.last_owner_of(&path).map(|entry| entry.manager.as_str()), Some("a"));
        assert_eq!(entries.last_owner_of(&crate::Path::of_fields(["spec"])), None);
    }

    #[test]
    fn a_malformed_entry_says_which_it_is() {
        let object = json!({"metadata": {"managedFields": [
            {"manager": "x", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"a": {}}}
        ]}});
        let error = Entries::of(&object).unwrap_err().to_string();
        assert!(error.starts_with("managedFields[0] of \"x\": parsing key as path element"), "{error}");
    }
}
