use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::TableError;
use crate::distil::{custom_table, is_word};

/// Why a `CustomResourceDefinition` could not be added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrdError {
    /// A field that every definition has is missing or has the wrong type.
    #[error("not a usable CustomResourceDefinition: {field} is missing or not {expected}")]
    Field {
        /// The path of the field.
        field: &'static str,
        /// What should stand there.
        expected: &'static str,
    },
    /// A schema cannot be written down.
    #[error("the schema of {kind} in {group} cannot be used: {fault}")]
    Schema {
        /// The group that the definition names.
        group: String,
        /// The kind that it names.
        kind: String,
        /// What is wrong.
        fault: String,
    },
    /// The definition is too large.
    #[error("the schema of {name} cannot be used")]
    Table {
        /// The kind.
        name: String,
        /// Why.
        source: TableError,
    },
}

/// A definition as a table of its own.
pub(crate) struct CustomKind {
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) table: String,
}

pub(crate) fn read(definition: &Value) -> Result<CustomKind, CrdError> {
    let spec = definition.get("spec").unwrap_or(&Value::Null);
    let group = word(spec.get("group"), "spec.group")?;
    let kind = word(spec.get("names").and_then(|names| names.get("kind")), "spec.names.kind")?;
    let namespaced = match spec.get("scope").and_then(Value::as_str) {
        Some("Namespaced") => true,
        Some("Cluster") => false,
        _ => {
            return Err(CrdError::Field { field: "spec.scope", expected: "Namespaced or Cluster" });
        }
    };
    let versions = served_versions(spec)?;
    let table = custom_table(group, kind, namespaced, &versions).map_err(|fault| CrdError::Schema {
        group: group.to_owned(),
        kind: kind.to_owned(),
        fault: fault.to_string(),
    })?;
    Ok(CustomKind { group: group.to_owned(), kind: kind.to_owned(), table })
}

/// The schema of each version that is served; a definition need not serve any.
fn served_versions(spec: &Value) -> Result<BTreeMap<&str, Value>, CrdError> {
    let Some(listed) = spec.get("versions").and_then(Value::as_array) else {
        return Err(CrdError::Field { field: "spec.versions", expected: "a list" });
    };
    let mut versions = BTreeMap::new();
    for version in listed.iter().filter(|version| version.get("served") != Some(&Value::Bool(false))) {
        let name = word(version.get("name"), "spec.versions[].name")?;
        let schema = version.get("schema").and_then(|schema| schema.get("openAPIV3Schema"));
        // A version without a schema takes anything, and so does everything where the definition still says so.
        let mut schema = schema.cloned().unwrap_or_else(|| json!({"x-kubernetes-preserve-unknown-fields": true}));
        if spec.get("preserveUnknownFields") == Some(&Value::Bool(true))
            && let Some(fields) = schema.as_object_mut()
        {
            fields.insert("x-kubernetes-preserve-unknown-fields".to_owned(), Value::Bool(true));
        }
        versions.insert(name, schema);
    }
    Ok(versions)
}

fn word<'a>(value: Option<&'a Value>, field: &'static str) -> Result<&'a str, CrdError> {
    let text = value.and_then(Value::as_str).filter(|text| is_word(text));
    text.ok_or(CrdError::Field { field, expected: "a name" })
}
