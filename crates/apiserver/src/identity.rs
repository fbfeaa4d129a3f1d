//! What an object is called, and what the server alone says of it.

use serde_json::Value;

use crate::call::Call;
use crate::failure::{Failure, FieldFault};
use crate::strategy::{metadata_mut, text};

/// What the server alone writes stays as it is.
pub(crate) fn keep_identity(old: &Value, object: &mut Value, faults: &mut Vec<FieldFault>) {
    let Some(metadata) = metadata_mut(object) else { return };
    let was = old.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(given) = metadata.get("uid").filter(|given| given.as_str() != Some("")).cloned()
        && Some(&given) != was.get("uid")
    {
        // Twice, as the real server says it.
        faults.push(FieldFault::invalid("metadata.uid", &given, "field is immutable"));
        faults.push(FieldFault::invalid("metadata.uid", &given, "field is immutable"));
    }
    let server_fields = [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "selfLink",
    ];
    for field in server_fields {
        match was.get(field) {
            Some(value) => metadata.insert(field.to_owned(), value.clone()),
            None => metadata.shift_remove(field),
        };
    }
}

/// Refuses an object under another name than its path's.
pub(crate) fn match_name(call: &Call, object: &Value) -> Result<(), Failure> {
    match text(object, "/metadata/name") {
        "" => Err(Failure::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            call.name
        ))),
        name if name != call.name => Err(Failure::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.name
        ))),
        _ => Ok(()),
    }
}

/// Refuses an object of another namespace than its path's, and writes that into one that names none.
pub(crate) fn match_namespace(call: &Call, object: &mut Value) -> Result<(), Failure> {
    let given = text(object, "/metadata/namespace");
    if call.resource.namespaced {
        if !given.is_empty() && given != call.namespace {
            let message = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Failure::bad_request(message));
        }
        if let Some(metadata) = metadata_mut(object) {
            metadata.insert("namespace".to_owned(), call.namespace.clone().into());
        }
    } else if let Some(metadata) = metadata_mut(object) {
        metadata.shift_remove("namespace");
    }
    Ok(())
}
