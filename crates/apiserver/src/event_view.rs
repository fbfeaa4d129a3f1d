//! `events.k8s.io/v1`: a second view of the Events of the core group, with other names for the same fields.
//!
//! Requests to it are turned into requests to the core group, and answers back, as
//! `pkg/apis/events/v1/conversion.go` of Kubernetes has it.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::handle::{Asked, Reply};

/// The names in this view and in the core group.
const NAMES: &[(&str, &str)] = &[
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("reportingController", "reportingComponent"),
];

const ROOT: &str = "/apis/events.k8s.io/v1/";

/// A request to this view as one to the core group; `None` where it is none.
pub(crate) struct Translated {
    path: String,
    body: Vec<u8>,
}

impl Translated {
    pub(crate) fn of(asked: &Asked<'_>) -> Option<Self> {
        let rest = asked.path.strip_prefix(ROOT).filter(|rest| !rest.is_empty())?;
        // What cannot be read is passed on, and refused where bodies are read.
        let body = match serde_json::from_slice::<Value>(asked.body) {
            Ok(mut object) => {
                rename(&mut object, |(view, core)| (view, core));
                retype(&mut object, "events.k8s.io/v1", "v1");
                object.to_string().into_bytes()
            }
            Err(_) => asked.body.to_vec(),
        };
        Some(Self { path: format!("/api/v1/{rest}"), body })
    }

    pub(crate) fn asked<'a>(&'a self, asked: &Asked<'a>) -> Asked<'a> {
        Asked { path: &self.path, body: &self.body, ..*asked }
    }
}

/// The answer of the core group in this view.
pub(crate) fn reply(reply: Reply) -> Reply {
    match reply {
        Reply::Json { code, value, content_type, warnings } => {
            Reply::Json { code, value: Arc::new(shown(&value)), content_type, warnings }
        }
        Reply::Watch(mut watch) => {
            watch.show_as(shown);
            Reply::Watch(watch)
        }
        other => other,
    }
}

/// An Event, or a list of them, of the core group in this view; anything else as it is.
fn shown(value: &Value) -> Value {
    let mut value = value.clone();
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    if matches!(kind, "Event" | "EventList") {
        retype(&mut value, "v1", "events.k8s.io/v1");
        rename(&mut value, |(view, core)| (core, view));
        for item in value.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
            retype(item, "v1", "events.k8s.io/v1");
            rename(item, |(view, core)| (core, view));
        }
    }
    value
}

fn retype(object: &mut Value, from: &str, to: &str) {
    if let Some(version) = object.get_mut("apiVersion").filter(|version| *version == from) {
        *version = to.into();
    }
}

fn rename(object: &mut Value, direction: impl Fn((&'static str, &'static str)) -> (&'static str, &'static str)) {
    let Value::Object(fields) = object else { return };
    let renamed: Map<String, Value> = std::mem::take(fields)
        .into_iter()
        .map(|(name, value)| {
            let pair = NAMES.iter().map(|pair| direction(*pair)).find(|(from, _)| *from == name);
            (pair.map_or(name, |(_, to)| to.to_owned()), value)
        })
        .collect();
    *fields = renamed;
}
