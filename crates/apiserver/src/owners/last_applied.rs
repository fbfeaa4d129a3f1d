//! What client-side apply left behind: an annotation with what it applied last.

use serde_json::{Map, Value};
use windlass_fieldset::{FieldSet, Type, TypedValue};

/// The manager for which the real server looks at the annotation.
pub(super) const MANAGER: &str = "kubectl";
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What client-side apply applied and nobody has changed since: that much a server-side apply by the same hand may take
/// from its owners. `None` where there is no such annotation, or one of another version.
pub(super) fn own(ty: &Type, live: &Value, api_version: &str) -> Option<FieldSet> {
    let applied: Value = serde_json::from_str(annotation(live)?).ok()?;
    let text = |name: &str| applied.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("apiVersion") != api_version || text("kind").is_empty() {
        return None;
    }
    let mut live = live.clone();
    if let Some(metadata) = live.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
    let live = TypedValue::with_duplicates(live, ty).ok()?;
    let applied = TypedValue::new(applied, ty).ok()?;
    let changed = applied.compare(&live).ok()?;
    let own = applied.to_field_set();
    Some(own.difference(&changed.modified).difference(&changed.added).difference(&changed.removed))
}

/// Brings the annotation up to what is applied now, if there is one.
pub(super) fn follow(object: &mut Value, config: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let mut applied = config.clone();
    if let Some(metadata) = applied.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.shift_remove(ANNOTATION);
        }
    }
    applied.sort_all_objects();
    let text = go_text(&applied);
    if let Some(annotations) = annotations_mut(object) {
        annotations.insert(ANNOTATION.to_owned(), text.into());
    }
}

fn annotation(object: &Value) -> Option<&str> {
    let found = object.get("metadata")?.get("annotations")?.get(ANNOTATION)?.as_str()?;
    (!found.is_empty()).then_some(found)
}

fn annotations_mut(object: &mut Value) -> Option<&mut Map<String, Value>> {
    object.get_mut("metadata")?.get_mut("annotations")?.as_object_mut()
}

/// JSON as Go's encoder writes it: a line, safe to stand in HTML.
fn go_text(value: &Value) -> String {
    let mut text = String::new();
    for one in value.to_string().chars() {
        match one {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            other => text.push(other),
        }
    }
    text.push('\n');
    text
}
