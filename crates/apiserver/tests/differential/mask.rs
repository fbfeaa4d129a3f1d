use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

static UID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").expect("a pattern"));
static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").expect("a pattern"));
static REVISION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\(\d+\)|version: \d+|current: \d+|precondition \(\d*\)|"resourceVersion":"\d+""#).expect("a pattern")
});
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b10\.96\.\d+\.\d+\b").expect("a pattern"));
static GENERATED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(gen|kube-api-access)-[bcdfghjklmnpqrstvwxz2456789]{5}\b").expect("a pattern"));
/// Go's sizes of numbers are not in the schema.
static INTEGER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"of type u?int(32|64)").expect("a pattern"));
static NODE_PORT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r":3\d{4}/").expect("a pattern"));
static AGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(\d+[smh])+$").expect("a pattern"));

/// Hides what differs by nature. Revisions become numbers in the order in which they were first seen, so that a write
/// that changed nothing still has to leave the revision alone.
#[derive(Default)]
pub(crate) struct Mask {
    revisions: BTreeMap<String, usize>,
    /// Whether times are left as they are, since both servers have one clock.
    pub(crate) shows_times: bool,
}

impl Mask {
    pub(crate) fn new(shows_times: bool) -> Self {
        Self { shows_times, ..Self::default() }
    }

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
                        // With one clock the owners have one order.
                        if name == "causes" || !self.shows_times {
                            entries.sort_by_cached_key(ToString::to_string);
                        }
                        // Some causes are told twice by the real server, some are not.
                        if name == "causes" {
                            entries.dedup();
                        }
                    }
                }
                if fields.contains_key("columnDefinitions") {
                    for column in
                        fields.get_mut("columnDefinitions").and_then(Value::as_array_mut).into_iter().flatten()
                    {
                        column["description"] = "".into();
                    }
                }
                // What the cells of a table show of times.
                if let Some(Value::Array(cells)) = fields.get_mut("cells") {
                    for cell in cells {
                        let Some(text) = cell.as_str() else { continue };
                        if AGE.is_match(text) {
                            *cell = "<age>".into();
                        } else if let std::borrow::Cow::Owned(masked) = NODE_PORT.replace_all(text, ":<port>/") {
                            *cell = masked.into();
                        }
                    }
                }
                // The sets of fields hold nothing that differs by nature.
                for (name, value) in fields.iter_mut().filter(|(name, _)| *name != "fieldsV1") {
                    if name != "managedFields" && name != "causes" {
                        self.hide(value);
                    }
                }
                fields.sort_keys();
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::String(text) if text.len() > 7 => self.hide_text(text),
            _ => {}
        }
    }

    fn hide_text(&self, text: &mut String) {
        let digits = text.bytes().any(|byte| byte.is_ascii_digit());
        let mut masked = std::mem::take(text);
        if digits || masked.contains("of type") || masked.starts_with("gen-") || masked.starts_with("kube-api-access-")
        {
            let times = (!self.shows_times).then_some((&*TIME, "<time>"));
            for (pattern, shown) in times.into_iter().chain([
                (&*UID, "<uid>"),
                (&*ADDRESS, "<address>"),
                (&*REVISION, "<revision>"),
                (&*GENERATED, "$1-<suffix>"),
                (&*INTEGER, "of type <integer>"),
            ]) {
                if let std::borrow::Cow::Owned(changed) = pattern.replace_all(&masked, shown) {
                    masked = changed;
                }
            }
        }
        // The real server adds a diff of its own types.
        if let Some(at) = masked.find("for bound claims") {
            masked.truncate(at + "for bound claims".len());
        }
        if let (Some(at), Some(_)) = (masked.find("previously negative)\n"), masked.find("pod updates may not")) {
            masked.truncate(at);
        }
        // The real server quotes a template in the fields of its own type.
        if let Some(end) = masked.find("}: field is immutable")
            && let Some(start) = masked[..end].rfind("Invalid value: {\"Spec\"").or_else(|| {
                masked[..end]
                    .rfind("Invalid value: {\"metadata\"")
                    .or_else(|| masked[..end].rfind("Invalid value: {\"spec\""))
            })
        {
            masked.replace_range(start..=end, "Invalid value: <template>");
        }
        // What a patch made is quoted with its keys in another order.
        if let Some((head, rest)) = masked.split_once("patch: Invalid value: \"{")
            && let Some(at) = rest.rfind("\": ").map(|at| at - 1)
        {
            masked = format!("{head}patch: Invalid value: <object>{}", &rest[at + 2..]);
        } else if let Some(rest) = masked.strip_prefix("Invalid value: \"{")
            && let Some(at) = rest.rfind("\": ").map(|at| at - 1)
        {
            masked = format!("Invalid value: <object>{}", &rest[at + 2..]);
        }
        // The faults of a schema come in the order of a Go map.
        if let Some((head, list)) = masked.split_once(" is invalid: [") {
            let mut faults: Vec<&str> = list.trim_end_matches(']').split(", ").collect();
            faults.sort_unstable();
            masked = format!("{head} is invalid: [{}]", faults.join(", "));
        }
        *text = masked;
    }

    /// A list's own revision depends on what else a server does.
    pub(crate) fn hide_answer(&mut self, body: &mut Value) {
        let listed = body.get("items").is_some() || body.get("rows").is_some();
        if listed
            && let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut)
            && let Some(revision) = metadata.get_mut("resourceVersion")
        {
            *revision = Value::from(0);
        }
        self.hide(body);
    }
}
