use std::sync::LazyLock;

use serde_json::{Value, json};
use windlass_fieldset::{Schema, Type};

use crate::body::Format;
use crate::call::{Call, Verb};
use crate::failure::{Failure, FieldFault};
use crate::form::form;
use crate::identity::{match_name, match_namespace};
use crate::options::Options;
use crate::owners::{self, ScaleOwners, Writing};
use crate::registry::Resource;
use crate::state::State;
use crate::strategy::{metadata_mut, text};
use crate::write::{Written, existing, finish_update};

const API_VERSION: &str = "autoscaling/v1";
/// Why a scale of a custom object cannot be applied.
const NO_VERSION: &str = "request to convert CR to an invalid group/version: autoscaling/v1";

/// How a scale is merged. What stands in its metadata is not told apart: nothing of that can be changed through a scale.
static TYPE: LazyLock<Type> = LazyLock::new(|| {
    let text = |name: &str| json!({"name": name, "type": {"scalar": "string"}});
    let number = json!({"name": "replicas", "type": {"scalar": "numeric"}});
    let fields = |name: &str, fields: Value| json!({"name": name, "type": {"map": {"fields": fields}}});
    let texts = |name: &str| json!({"name": name, "type": {"map": {"elementType": {"scalar": "string"}}}});
    let names = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generateName"];
    let mut metadata: Vec<Value> = names.map(text).to_vec();
    metadata.extend([texts("labels"), texts("annotations")]);
    let schema = Schema::from_value(&json!({"types": [{"name": "scale", "map": {"fields": [
        text("apiVersion"), text("kind"), fields("metadata", metadata.into()), fields("spec", json!([number])),
        fields("status", json!([number, text("selector")])),
    ]}}]}));
    schema.ok().and_then(|schema| schema.type_named("scale")).unwrap_or_else(Type::deduced)
});

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
pub(crate) fn selector_text(selector: &Value) -> String {
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
    let paths = paths(&resource);
    let owners = ScaleOwners::of(&old, &paths.spec, &resource.api_version());
    let mut was = of(&resource, &old);
    let entries = owners.of_scale();
    if !entries.is_empty() {
        was["metadata"]["managedFields"] = entries.into();
    }
    let scale = written(state, call, options, format, body, &was)?;
    let replicas = scale.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(0);
    if replicas < 0 {
        let detail = "must be greater than or equal to 0";
        let fault = FieldFault::invalid("spec.replicas", &replicas.into(), detail);
        return Err(Failure::invalid("autoscaling", "Scale", &call.name, &[fault]));
    }
    let mut object = (*old).clone();
    set(&mut object, &paths.spec, replicas.into());
    let none = Value::Array(Vec::new());
    let entries = owners.of_object(scale.pointer("/metadata/managedFields").unwrap_or(&none));
    if let Some(metadata) = metadata_mut(&mut object) {
        let revision = text(&scale, "/metadata/resourceVersion");
        if resource.custom.is_none() || !revision.is_empty() {
            metadata.insert("resourceVersion".to_owned(), revision.into());
        }
        if entries.is_empty() {
            metadata.shift_remove("managedFields");
        } else {
            metadata.insert("managedFields".to_owned(), entries.into());
        }
    }
    let object = form(state, &resource, &object).map_err(Failure::bad_request)?.object;
    let plain = Call { subresource: None, ..call.clone() };
    let written = finish_update(state, &plain, options, &old, object, &[])?;
    Ok(Written { code: 200, object: std::sync::Arc::new(of(&resource, &written.object)) })
}

/// The scale as a request wants it, with its owners.
fn written(
    state: &State,
    call: &Call,
    options: &Options,
    format: Format,
    body: &[u8],
    was: &Value,
) -> Result<Value, Failure> {
    let time = state.clock.text();
    let empty =
        json!({"apiVersion": API_VERSION, "kind": "Scale", "metadata": {}, "spec": {}, "status": {"replicas": 0}});
    let writing = Writing {
        manager: &options.manager,
        api_version: API_VERSION,
        empty: &empty,
        subresource: "scale",
        time: &time,
        force: options.force,
        reset: &[],
    };
    let given = crate::body::read_yaml(body).map_err(|error| match format {
        Format::Apply => Failure::bad_request(format!("error decoding YAML: {error}")),
        _ => Failure::bad_request(format!("error decoding patch: {error}")),
    })?;
    if format == Format::Apply {
        let (kind, version) = (text(&given, "/kind"), text(&given, "/apiVersion"));
        if kind != "Scale" || version != API_VERSION {
            let (group, short) = version.split_once('/').unwrap_or(("", version));
            return Err(Failure::bad_request(format!("invalid object type: {group}/{short}, Kind={kind}")));
        }
        if call.resource.custom.is_some() && was.pointer("/metadata/managedFields").is_none() {
            // So it goes on the real server.
            let message = format!(
                "failed to create manager for existing fields: failed to convert live object (/; autoscaling/v1, \
                 Kind=Scale) to proper version: {NO_VERSION}"
            );
            return Err(Failure::new(500, "", message, None));
        }
        let merged = owners::apply(&TYPE, was, &std::sync::Arc::new(given), writing)?;
        let changed = |field: &str| merged.get(field) != was.get(field);
        if call.resource.custom.is_some() && (changed("spec") || changed("status")) {
            let message = format!(
                "failed to convert new object ({}/{}; autoscaling/v1, Kind=Scale) to proper version: {NO_VERSION}",
                call.namespace, call.name
            );
            return Err(Failure::new(500, "", message, None));
        }
        return formed(&merged);
    }
    let mut scale = was.clone();
    match (call.verb, format) {
        (Verb::Update, _) => {
            scale = given;
            let (kind, version) = (text(&scale, "/kind"), text(&scale, "/apiVersion"));
            if (!kind.is_empty() && kind != "Scale") || (!version.is_empty() && version != API_VERSION) {
                let message = format!("no kind {kind:?} is registered for version {version:?} in scheme");
                return Err(Failure::bad_request(message));
            }
        }
        (_, Format::JsonPatch) => {
            let rejected = || {
                let message = "the server rejected our request due to an error in our request";
                Failure::new(422, "Invalid", message, Some(json!({})))
            };
            let operations = given.as_array().ok_or_else(rejected)?;
            crate::operations::apply(&mut scale, operations).map_err(|_| rejected())?;
        }
        _ => json_patch::merge(&mut scale, &given),
    }
    let mut scale = formed(&scale)?;
    match_name(call, &scale)?;
    match_namespace(call, &mut scale)?;
    owners::update(&TYPE, was, &mut scale, writing);
    Ok(scale)
}

/// A scale in the form in which Go writes it.
fn formed(scale: &Value) -> Result<Value, Failure> {
    let number = |pointer: &str, field: &str| match scale.pointer(pointer) {
        None | Some(Value::Null) => Ok(0),
        Some(value) => value.as_i64().ok_or_else(|| {
            let found = match value {
                Value::String(_) => "string".to_owned(),
                Value::Bool(_) => "bool".to_owned(),
                Value::Number(number) => format!("number {number}"),
                Value::Array(_) => "array".to_owned(),
                _ => "object".to_owned(),
            };
            let message = format!("json: cannot unmarshal {found} into Go struct field {field} of type int32");
            Failure::bad_request(format!("Scale in version \"v1\" cannot be handled as a Scale: {message}"))
        }),
    };
    let replicas = number("/spec/replicas", "ScaleSpec.spec.replicas")?;
    let mut status = json!({"replicas": number("/status/replicas", "ScaleStatus.status.replicas")?});
    let selector = text(scale, "/status/selector");
    if !selector.is_empty() {
        status["selector"] = selector.into();
    }
    let metadata = scale.get("metadata").filter(|one| one.is_object()).cloned().unwrap_or_else(|| json!({}));
    let spec = if replicas == 0 { json!({}) } else { json!({"replicas": replicas}) };
    Ok(json!({"kind": "Scale", "apiVersion": API_VERSION, "metadata": metadata, "spec": spec, "status": status}))
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
