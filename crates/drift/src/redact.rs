use serde_json::Value;
use windlass_manifest::{FieldPath, Step};

use crate::Change;

/// What stands in place of a value that must not be shown.
pub const REDACTED: &str = "<redacted>";

/// The annotation in which `kubectl apply` keeps a copy of the whole object, a Secret's data included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Takes the values out of a change of a sensitive object, except where they only name or label it.
pub(crate) fn redact(change: &mut Change) {
    if is_public(&change.path) {
        return;
    }
    for value in [&mut change.before, &mut change.after].into_iter().flatten() {
        *value = Value::from(REDACTED);
    }
}

/// Whether a field of a sensitive object may be shown: its labels, annotations and owners, its type.
fn is_public(path: &FieldPath) -> bool {
    let mut fields = path.steps().iter().map(|step| match step {
        Step::Field(name) => name.as_str(),
        Step::Index(_) | Step::Item(_) => "",
    });
    match (fields.next(), fields.next(), fields.next()) {
        (Some("metadata"), Some("annotations"), name) => name.is_some_and(|name| name != LAST_APPLIED),
        (Some("metadata"), ..) => true,
        (Some("kind" | "apiVersion" | "type" | "immutable"), None, _) => true,
        _ => false,
    }
}

/// A copy of a sensitive object that may be shown: the shape stays, the values go.
pub(crate) fn redacted(object: &Value) -> Value {
    fn walk(value: &Value, path: &FieldPath) -> Value {
        match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), walk(value, &path.field(name))))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Array(items) => {
                items.iter().enumerate().map(|(index, item)| walk(item, &path.index(index))).collect()
            }
            _ if is_public(path) => value.clone(),
            _ => Value::from(REDACTED),
        }
    }
    walk(object, &FieldPath::root())
}
