use serde_json::Value;

use crate::admission::new_finalizers;
use crate::call::Call;
use crate::custom;
use crate::failure::FieldFault;
use crate::immutable;
use crate::registry::Resource;
use crate::state::State;
use crate::strategy::text;
use crate::validation::{self, names};

/// What is wrong with a new object.
pub(crate) fn create(state: &State, resource: &Resource, object: &Value) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    name(resource, object, &mut faults);
    metadata(object, &mut faults);
    body(state, resource, None, object, &mut faults);
    faults
}

/// What is wrong with a changed object.
pub(crate) fn update(state: &State, call: &Call, old: &Value, object: &Value, faults: &mut Vec<FieldFault>) {
    let resource = &*call.resource;
    metadata(object, faults);
    // Built-in kinds look at their metadata twice, and say so.
    let once = resource.custom.is_some() || resource.is("discovery.k8s.io", "endpointslices");
    let times = if once { 1 } else { 2 };
    faults.extend(std::iter::repeat_n(new_finalizers(old, object), times).flatten());
    if let (Some(version), Some("status")) = (&resource.custom, call.subresource.as_deref()) {
        return custom::validate_status(version, object, faults);
    }
    body(state, resource, Some(old), object, faults);
    // Of some kinds everything is looked at twice, and said twice.
    if resource.is("batch", "jobs") || resource.is("", "persistentvolumes") || resource.is("", "pods") {
        body(state, resource, Some(old), object, faults);
    }
    immutable::check(resource, old, object, faults);
}

fn body(state: &State, resource: &Resource, old: Option<&Value>, object: &Value, faults: &mut Vec<FieldFault>) {
    match &resource.custom {
        Some(version) => custom::validate(&state.schema, version, old, object, faults),
        None => validation::check(resource, object, faults),
    }
}

fn name(resource: &Resource, object: &Value, faults: &mut Vec<FieldFault>) {
    let name = text(object, "/metadata/name");
    if name.is_empty() {
        faults.push(FieldFault::required("metadata.name", "name or generateName is required"));
        return;
    }
    match (&*resource.group, &*resource.plural) {
        ("rbac.authorization.k8s.io", _) => {
            if let Some(fault) = path_segment(name) {
                faults.push(FieldFault::invalid("metadata.name", &name.into(), fault));
            }
        }
        ("", "namespaces" | "services") => names::label(name, "metadata.name", faults),
        _ => names::subdomain(name, "metadata.name", faults),
    }
}

fn path_segment(name: &str) -> Option<&'static str> {
    match name {
        "." => Some("may not be '.'"),
        ".." => Some("may not be '..'"),
        _ if name.contains('/') => Some("may not contain '/'"),
        _ if name.contains('%') => Some("may not contain '%'"),
        _ => None,
    }
}

fn metadata(object: &Value, faults: &mut Vec<FieldFault>) {
    let entries = |name: &str| object.get("metadata").and_then(|metadata| metadata.get(name));
    names::labels(entries("labels"), "metadata.labels", faults);
    for key in entries("annotations").and_then(Value::as_object).into_iter().flatten().map(|entry| entry.0) {
        names::qualified(&key.to_lowercase(), "metadata.annotations", faults);
    }
}
