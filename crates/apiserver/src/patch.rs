use std::sync::Arc;

use serde_json::{Map, Value};

use crate::body::{Format, complete, duplicate_in_yaml, go_error, read_yaml};
use crate::call::Call;
use crate::failure::{Failure, FieldFault};
use crate::form::{self, Formed, form_from};
use crate::identity::{match_name, match_namespace};
use crate::json;
use crate::operations;
use crate::options::{Options, Validation};
use crate::owners;
use crate::state::State;
use crate::strategic;
use crate::strategy::text;
use crate::typed::Source;
use crate::write::{self, Written, existing, finish_create, finish_update, own_update};

/// The real server takes no more operations in one JSON patch.
const MOST_OPERATIONS: usize = 10_000;

/// Answers a PATCH.
pub(crate) fn patch(
    state: &mut State,
    call: &Call,
    options: &mut Options,
    format: Format,
    body: &[u8],
) -> Result<Written, Failure> {
    if format == Format::Apply {
        return apply(state, call, options, body);
    }
    let resource = call.resource.clone();
    if format == Format::StrategicPatch && resource.custom.is_some() {
        let message = "the body of the request was in an unknown format - accepted media types include: \
                       application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
        return Err(Failure::new(415, "UnsupportedMediaType", message, None));
    }
    let old = existing(state, call)?;
    let patched = patched(state, call, options, format, body, &old)?;
    let source = if format == Format::StrategicPatch { Source::Values } else { Source::Json };
    let formed =
        form_from(state, &resource, &patched, source).map_err(|error| bad_patch(&patched, format, body, &error))?;
    options.judge(formed.unknown, |error| bad_patch(&patched, format, body, &error))?;
    let mut object = formed.object;
    match_name(call, &object)?;
    match_namespace(call, &mut object)?;
    own_update(state, call, options, &old, &mut object);
    finish_update(state, call, options, &old, object, &formed.settled)
}

fn patched(
    state: &State,
    call: &Call,
    options: &mut Options,
    format: Format,
    body: &[u8],
    old: &Value,
) -> Result<Value, Failure> {
    let rejected = || {
        let message = "the server rejected our request due to an error in our request";
        Failure::new(422, "Invalid", message, Some(serde_json::json!({})))
    };
    let undecoded = |error: String| Failure::bad_request(format!("error decoding patch: {error}"));
    let mut object = old.clone();
    let (patch, duplicates) = json::read(body).map_err(|error| undecoded(go_error(&error)))?;
    options.duplicates = duplicates;
    match format {
        Format::JsonPatch => {
            let value = patch;
            let Value::Array(operations) = &value else {
                let found = if value.is_object() { "object" } else { "value" };
                return Err(undecoded(format!(
                    "json: cannot unmarshal {found} into Go value of type []handlers.jsonPatchOp"
                )));
            };
            if operations.len() > MOST_OPERATIONS {
                let message = format!(
                    "The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
                    operations.len()
                );
                return Err(Failure::new(413, "RequestEntityTooLarge", message, None));
            }
            operations::apply(&mut object, operations).map_err(|_| rejected())?;
        }
        Format::MergePatch => {
            if !patch.is_object() {
                return Err(undecoded(
                    "json: cannot unmarshal array into Go value of type map[string]interface {}".to_owned(),
                ));
            }
            json_patch::merge(&mut object, &patch);
        }
        _ => {
            let Some(kind) = call.resource.schema(&state.schema) else { return Ok(object) };
            object = strategic::merge(&object, &patch, kind.root()).map_err(Failure::bad_request)?;
        }
    }
    Ok(object)
}

/// The refusal of a patch whose outcome is no object of the kind; it quotes what it refuses.
fn bad_patch(patched: &Value, format: Format, body: &[u8], error: &str) -> Failure {
    let quoted = match (format, error.starts_with("strict")) {
        (Format::StrategicPatch, _) => {
            let patch: Value = serde_json::from_slice(body).unwrap_or_default();
            go_map(&patch)
        }
        (_, false) => patched.to_string(),
        (_, true) => String::from_utf8_lossy(body).into_owned(),
    };
    let fault = FieldFault::invalid("patch", &Value::String(quoted), error);
    let mut failure = Failure::invalid("", "", "", &[fault]);
    if let crate::failure::Body::Status { details: Some(Value::Object(details)), .. } = &mut *failure.body {
        details.shift_remove("kind");
    }
    failure
}

/// A value as Go's `%v` prints it.
fn go_map(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut pairs: Vec<_> = fields.iter().map(|(key, value)| format!("{key}:{}", go_map(value))).collect();
            pairs.sort();
            format!("map[{}]", pairs.join(" "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(go_map).collect::<Vec<_>>().join(" ")),
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

/// Answers a server-side apply.
fn apply(state: &mut State, call: &Call, options: &mut Options, body: &[u8]) -> Result<Written, Failure> {
    let resource = call.resource.clone();
    let undecoded = |error: String| {
        Failure::bad_request(format!("error decoding YAML: error converting YAML to JSON: yaml: {error}"))
    };
    let mut config = read_yaml(body).map_err(undecoded)?;
    let version = resource.api_version();
    let (given_kind, given_version) = (text(&config, "/kind"), text(&config, "/apiVersion"));
    if given_kind != &*resource.kind || given_version != version {
        let (group, short) = given_version.split_once('/').unwrap_or(("", given_version));
        return Err(Failure::bad_request(format!("invalid object type: {group}/{short}, Kind={given_kind}")));
    }
    complete(&mut config, &resource);
    let config = Arc::new(config);
    if !text(&config, "/metadata/name").is_empty() {
        match_name(call, &config)?;
    }
    let old = state.get(&resource.key(), &call.namespace, &call.name);
    let subresource = call.subresource.as_deref().unwrap_or_default();
    let made_through = subresource.is_empty() || (subresource == "status" && resource.created_by_update());
    if old.is_none() && !made_through {
        return Err(Failure::not_found(&resource.group, &resource.plural, &call.name));
    }
    if config.pointer("/metadata/managedFields").is_some_and(|given| !given.is_null()) {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    let ty = state.types.of(&state.schema, &resource);
    let time = state.clock.text();
    let empty = form::empty(state, &resource);
    let live = old.as_deref().unwrap_or(&*empty);
    let merged = owners::apply(&ty, live, &config, write::writing(&resource, &empty, options, subresource, &time))?;
    if options.validation != Validation::Ignore
        && let Some(duplicate) = duplicate_in_yaml(body)
    {
        if options.validation == Validation::Strict {
            return Err(Failure::bad_request(format!(
                "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  {duplicate}"
            )));
        }
        options.warnings.push(duplicate);
    }
    let handled = |error: String| {
        if resource.custom.is_some() {
            return bad_patch(&merged, Format::Apply, body, &error);
        }
        let (kind, name) = (&resource.kind, text(&config, "/metadata/name"));
        let version = format!("{}/{}", resource.group, resource.version);
        let message = format!(
            "failed to convert new object ({}/{name}; {version}, Kind={kind}) to proper version: unable to convert \
             unstructured object to {version}, Kind={kind}: {error}",
            text(&config, "/metadata/namespace"),
        );
        Failure::new(500, "", message, None)
    };
    let Formed { mut object, settled, .. } = form_from(state, &resource, &merged, Source::Values).map_err(handled)?;
    match_namespace(call, &mut object)?;
    if let Some(old) = old {
        return finish_update(state, call, options, &old, object, &settled);
    }
    Formed::close(&settled, &mut object);
    match_name(call, &object)?;
    let mut revision = None;
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        // An apply that creates may name the version of a predecessor; the real server does not mind.
        revision = metadata.shift_remove("resourceVersion");
        sort_metadata(metadata);
    }
    let written = finish_create(state, call, object, options.dry_run)?;
    Ok(written.with_revision(revision.filter(|_| options.dry_run)))
}

fn sort_metadata(metadata: &mut Map<String, Value>) {
    if let Some(name) = metadata.shift_remove("name") {
        metadata.shift_insert(0, "name".to_owned(), name);
    }
}
