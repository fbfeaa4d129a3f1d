//! The form in which objects are stored: without room to grow in, and with the sets of fields in `managedFields` as text.
//!
//! Such a set is made of maps of one or two fields: with them as maps, 10,000 Deployments of the bench `figures` took
//! 161 MB; with them as text, 112. Only what computes or shows owners needs maps. It gets its objects from
//! [`State::get`](crate::state::State::get) and its like, or shows them by [`served`](crate::list::served), which unpack.

use std::sync::Arc;

use serde_json::{Map, Value};

/// Deeper sets stay maps: `serde_json` reads no more than 127 levels back.
const DEPTH: u32 = 100;

/// A copy of an object in the form in which it is stored; a packed one stays packed.
pub(crate) fn pack(object: &Value) -> Value {
    copy_but(object, "metadata", |metadata| copy_but(metadata, "managedFields", pack_entries))
}

fn pack_entries(entries: &Value) -> Value {
    match entries {
        Value::Array(entries) => entries.iter().map(|entry| copy_but(entry, "fieldsV1", pack_set)).collect(),
        other => copy(other),
    }
}

fn pack_set(set: &Value) -> Value {
    if !set.is_object() || !is_within(set, DEPTH) {
        return copy(set);
    }
    let mut text = set.to_string();
    text.shrink_to_fit();
    Value::String(text)
}

fn is_within(value: &Value, depth: u32) -> bool {
    match value {
        Value::Object(fields) => depth > 0 && fields.values().all(|value| is_within(value, depth - 1)),
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_within(item, depth - 1)),
        _ => true,
    }
}

/// Takes an object out of the form in which it is stored; one that is not packed stays as it is.
pub(crate) fn unpack(object: &mut Value) {
    let entries = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
    for set in entries.into_iter().flatten().filter_map(|entry| entry.get_mut("fieldsV1")) {
        if let Some(Ok(maps)) = set.as_str().map(serde_json::from_str) {
            *set = maps;
        }
    }
}

/// A stored object as it was before it was packed.
pub(crate) fn unpacked(stored: &Arc<Value>) -> Arc<Value> {
    let mut object = (**stored).clone();
    unpack(&mut object);
    Arc::new(object)
}

/// A copy without room to grow in: maps of one or two fields take a third of the memory.
fn copy(value: &Value) -> Value {
    match value {
        Value::Object(_) => copy_but(value, "", copy),
        Value::Array(items) => items.iter().map(copy).collect(),
        other => other.clone(),
    }
}

/// As [`copy`], with one field of the map copied in another way.
fn copy_but(value: &Value, field: &str, otherwise: impl Fn(&Value) -> Value) -> Value {
    let Value::Object(fields) = value else { return copy(value) };
    let mut copied = Map::with_capacity(fields.len());
    copied.extend(fields.iter().map(|(name, value)| {
        let value = if name == field { otherwise(value) } else { copy(value) };
        (name.clone(), value)
    }));
    Value::Object(copied)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(set: &Value) -> Value {
        json!({
            "kind": "ConfigMap", "metadata": {"name": "a", "managedFields": [
                {"manager": "m", "fieldsV1": set, "time": "t"}, {"manager": "without"},
            ]},
            // Only owners have sets of fields.
            "data": {"managedFields": [{"fieldsV1": {"f:a": {}}}]}, "fieldsV1": {"f:b": {}},
        })
    }

    #[test]
    fn only_the_sets_of_owners_become_text_and_are_read_back() {
        let whole = object(&json!({"f:data": {".": {}, "f:b": {}, "f:a": {}, r#"k:{"name":"ü"}"#: {".": {}}}}));
        let stored = pack(&whole);
        let text = r#"{"f:data":{".":{},"f:b":{},"f:a":{},"k:{\"name\":\"ü\"}":{".":{}}}}"#;
        assert_eq!(stored, object(&text.into()));
        assert_eq!(pack(&stored), stored);
        // The order of keys counts as well.
        assert_eq!(unpacked(&Arc::new(stored)).to_string(), whole.to_string());
        for other in [json!(null), json!({"metadata": {"managedFields": "x"}}), json!({"metadata": []})] {
            let mut back = pack(&other);
            unpack(&mut back);
            assert_eq!(back, other);
        }
    }

    #[test]
    fn sets_of_any_depth_are_read_back() {
        for depth in [DEPTH - 1, DEPTH, DEPTH + 1, 126, 127, 128, 200] {
            let set = (0..depth).fold(json!({}), |inner, _| json!({"f:a": inner}));
            let whole = object(&set);
            let mut back = pack(&whole);
            assert_eq!(back.pointer("/metadata/managedFields/0/fieldsV1").is_some_and(Value::is_string), depth < DEPTH);
            unpack(&mut back);
            assert_eq!(back, whole);
        }
    }
}
