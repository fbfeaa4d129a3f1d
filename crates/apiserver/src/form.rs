//! The one form in which the server keeps an object.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::custom;
use crate::defaults;
use crate::failure::Failure;
use crate::options::Options;
use crate::registry::Resource;
use crate::state::State;
use crate::typed::{self, Source};

/// An object in the one form that the server keeps, with defaults, and the fields that its kind lacks.
pub(crate) struct Formed {
    pub(crate) object: Value,
    pub(crate) unknown: Vec<String>,
    /// What storage writes otherwise: see [`typed::Decoded`].
    pub(crate) settled: Vec<(String, Value)>,
}

impl Formed {
    /// Gives an object whose owners are settled the form in which it is stored.
    pub(crate) fn close(settled: &[(String, Value)], object: &mut Value) {
        for (pointer, value) in settled {
            if let Some(there) = object.pointer_mut(pointer) {
                *there = value.clone();
            }
        }
    }
}

/// Brings an object into the form that the server keeps.
///
/// # Errors
/// The decoder's message where a value is of another type.
pub(crate) fn form(state: &State, resource: &Resource, object: &Value) -> Result<Formed, String> {
    form_from(state, resource, object, Source::Json)
}

/// As [`form`], with the words of the decoder that reads what comes from a source.
pub(crate) fn form_from(state: &State, resource: &Resource, object: &Value, source: Source) -> Result<Formed, String> {
    if let Some(version) = &resource.custom {
        let (object, unknown) = custom::form(&state.schema, version, object, source)?;
        return Ok(Formed { object, unknown, settled: Vec::new() });
    }
    let Some(kind) = resource.schema(&state.schema) else {
        return Ok(Formed { object: object.clone(), unknown: Vec::new(), settled: Vec::new() });
    };
    let decoded = typed::decode(object, kind.root(), &resource.kind, source)?;
    let mut object = decoded.value;
    defaults::apply(resource, &mut object);
    Ok(Formed { object, unknown: decoded.unknown, settled: decoded.settled })
}

/// An empty object as Go writes it: what a new object is compared with to tell who owns it.
pub(crate) fn empty(state: &mut State, resource: &Resource) -> Arc<Value> {
    if let Some(known) = state.types.empty(resource) {
        return known;
    }
    let nothing = json!({"apiVersion": resource.api_version(), "kind": *resource.kind});
    let made = match (&resource.custom, resource.schema(&state.schema)) {
        (None, Some(kind)) => {
            let decoded = typed::decode(&nothing, kind.root(), &resource.kind, Source::Json);
            let mut empty = decoded.map_or(nothing, |decoded| decoded.value);
            if resource.is("apps", "daemonsets") {
                defaults::count_templates(&mut empty);
            }
            empty
        }
        _ => nothing,
    };
    state.types.keep_empty(resource, Arc::new(made))
}

/// Forms what was posted or put, judging unknown fields.
pub(crate) fn form_strictly(
    state: &State,
    resource: &Resource,
    object: &Value,
    options: &mut Options,
) -> Result<(Value, Vec<(String, Value)>), Failure> {
    let handled = |message: String| {
        let (kind, version) = (&resource.kind, &resource.version);
        Failure::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {message}"))
    };
    let formed = form(state, resource, object).map_err(handled)?;
    options.judge(formed.unknown, handled)?;
    Ok((formed.object, formed.settled))
}
