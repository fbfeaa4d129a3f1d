use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

static UID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").expect("a pattern"));
static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").expect("a pattern"));
static REVISION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\(\d+\)|version: \d+|current: \d+").expect("a pattern"));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b10\.96\.\d+\.\d+\b").expect("a pattern"));
static GENERATED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bgen-[bcdfghjklmnpqrstvwxz2456789]{5}\b").expect("a pattern"));
/// Go's sizes of numbers are not in the schema.
static INTEGER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"of type u?int(32|64)").expect("a pattern"));

/// Hides what differs by nature. Revisions become numbers in the order in which they were first seen, so that a write
/// that changed nothing still has to leave the revision alone.
#[derive(Default)]
pub(crate) struct Mask {
    revisions: BTreeMap<String, usize>,
}

impl Mask {
    pub(crate) fn hide(&mut self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(revision)) = fields.get_mut("resourceVersion") {
                    let next = self.revisions.len() + 1;
                    let number = *self.revisions.entry(revision.clone()).or_insert(next);
                    *revision = format!("<revision {number}>");
                }
                for name in ["continue", "nodePort", "healthCheckNodePort"] {
                    if let Some(hidden) = fields.get_mut(name) {
                        *hidden = format!("<{name}>").into();
                    }
                }
                for name in ["managedFields", "causes"] {
                    if let Some(Value::Array(entries)) = fields.get_mut(name) {
                        entries.iter_mut().for_each(|entry| self.hide(entry));
                        entries.sort_by_cached_key(ToString::to_string);
                    }
                }
                fields.values_mut().for_each(|value| self.hide(value));
                fields.sort_keys();
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::String(text) => {
                let mut masked = UID.replace_all(text, "<uid>").into_owned();
                for (pattern, shown) in [
                    (&TIME, "<time>"),
                    (&ADDRESS, "<address>"),
                    (&REVISION, "<revision>"),
                    (&GENERATED, "gen-<suffix>"),
                    (&INTEGER, "of type <integer>"),
                ] {
                    masked = pattern.replace_all(&masked, shown).into_owned();
                }
                // The real server adds a diff of its own types.
                if let Some(at) = masked.find("for bound claims\n") {
                    masked.truncate(at + "for bound claims".len());
                }
                // The faults of a schema come in the order of a Go map.
                if let Some((head, list)) = masked.split_once(" is invalid: [") {
                    let mut faults: Vec<&str> = list.trim_end_matches(']').split(", ").collect();
                    faults.sort_unstable();
                    masked = format!("{head} is invalid: [{}]", faults.join(", "));
                }
                *text = masked;
            }
            _ => {}
        }
    }

    /// A list's own revision depends on what else a server does.
    pub(crate) fn hide_answer(&mut self, body: &mut Value) {
        if body.get("items").is_some()
            && let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut)
            && let Some(revision) = metadata.get_mut("resourceVersion")
        {
            *revision = Value::from(0);
        }
        self.hide(body);
    }
}
