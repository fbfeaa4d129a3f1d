use serde_json::{Value, json};

use crate::body::Format;
use crate::call::{Call, Verb};
use crate::failure::{Failure, FieldFault};
use crate::options::Options;
use crate::registry::Resource;
use crate::state::State;
use crate::strategy::text;
use crate::write::{Written, existing, finish_update, form, own_update};

/// Where a kind keeps the numbers of its scale.
struct Paths {
    spec: String,
    status: String,
    selector: Option<String>,
}

fn paths(resource: &Resource) -> Paths {
    match resource.custom.as_ref().and_then(|version| version.scale.clone()) {
        Some(scale) => Paths { spec: scale.spec, status: scale.status, selector: scale.selector },
        None => Paths { spec: "/spec/replicas".to_owned(), status: "/status/replicas".to_owned(), selector: None },
    }
}

/// The scale of an object.
pub(crate) fn of(resource: &Resource, object: &Value) -> Value {
    let paths = paths(resource);
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
    let mut metadata = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.pointer(&format!("/metadata/{field}")) {
            metadata[field] = value.clone();
        }
    }
    // Zero is left out of the spec, as Go leaves it out.
    let mut spec = json!({});
    if number(&paths.spec) != 0 {
        spec["replicas"] = number(&paths.spec).into();
    }
    let mut status = json!({"replicas": number(&paths.status)});
    let selector = match &paths.selector {
        Some(pointer) => text(object, pointer).to_owned(),
        None if resource.custom.is_some() => String::new(),
        None => selector_text(object.pointer("/spec/selector").unwrap_or(&Value::Null)),
    };
    if !selector.is_empty() {
        status["selector"] = selector.into();
    }
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status,
    })
}

/// A selector in the form of a query.
fn selector_text(selector: &Value) -> String {
    let labels = selector.get("matchLabels").unwrap_or(selector).as_object();
    let mut parts: Vec<String> =
        labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    for rule in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let values = rule.get("values").and_then(Value::as_array).into_iter().flatten();
        let values: Vec<&str> = values.filter_map(Value::as_str).collect();
        let key = text(rule, "/key");
        parts.push(match text(rule, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    parts.sort();
    parts.join(",")
}

/// Answers a PUT or PATCH of a scale.
pub(crate) fn write(
    state: &mut State,
    call: &Call,
    options: &mut Options,
    format: Format,
    body: &[u8],
) -> Result<Written, Failure> {
    let resource = call.resource.clone();
    let old = existing(state, call)?;
    let mut scale = of(&resource, &old);
    let given: Value =
        crate::body::read_yaml(body).map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))?;
    match (call.verb, format) {
        (Verb::Update, _) => scale = given,
        (_, Format::JsonPatch) => {
            let rejected = || {
                let message = "the server rejected our request due to an error in our request";
                Failure::new(422, "Invalid", message, Some(json!({})))
            };
            let operations: json_patch::Patch = serde_json::from_value(given).map_err(|_| rejected())?;
            json_patch::patch(&mut scale, &operations).map_err(|_| rejected())?;
        }
        (_, Format::Apply) => return Err(Failure::not_implemented("server-side apply of a scale")),
        _ => json_patch::merge(&mut scale, &given),
    }
    let replicas = scale.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(0);
    if replicas < 0 {
        let detail = "must be greater than or equal to 0";
        let fault = FieldFault::invalid("spec.replicas", &replicas.into(), detail);
        return Err(Failure::invalid("autoscaling", "Scale", &call.name, &[fault]));
    }
    let mut object = (*old).clone();
    let revision = text(&scale, "/metadata/resourceVersion");
    if !revision.is_empty() && revision != text(&old, "/metadata/resourceVersion") {
        return Err(Failure::stale(&resource.group, &resource.plural, &call.name));
    }
    set(&mut object, &paths(&resource).spec, replicas.into());
    object = form(state, &resource, &object).map_err(Failure::bad_request)?.object;
    own_update(state, call, options, &old, &mut object);
    without_time(&mut object, &options.manager);
    let plain = Call { subresource: None, ..call.clone() };
    let written = finish_update(state, &plain, options, &old, object)?;
    Ok(Written { code: 200, object: std::sync::Arc::new(of(&resource, &written.object)) })
}

/// The real server writes no time into the entry of a scale.
fn without_time(object: &mut Value, manager: &str) {
    let entries = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
    let Some(entries) = entries else { return };
    for entry in entries.iter_mut() {
        if text(entry, "/subresource") == "scale" && text(entry, "/manager") == manager {
            entry.as_object_mut().map(|entry| entry.shift_remove("time"));
        }
    }
    let key = |entry: &Value| {
        let part = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        (part("operation"), part("time"), part("manager"), part("apiVersion"), part("subresource"))
    };
    entries.sort_by_key(key);
}

fn set(object: &mut Value, pointer: &str, value: Value) {
    let mut at = object;
    for step in pointer.split('/').filter(|step| !step.is_empty()) {
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[step];
    }
    *at = value;
}
