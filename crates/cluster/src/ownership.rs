//! Sets of fields as `managedFields` keeps them (FieldsV1): a trie whose keys are `f:<field>`, `k:<keys of a list item>`,
//! `v:<value of a set>` and `.` for the node itself; an empty node is a leaf, and owned.

use serde_json::{Map, Value};

/// The union of two sets.
pub(crate) fn union(a: &mut Map<String, Value>, b: &Map<String, Value>) {
    if a.is_empty() != b.is_empty() {
        // One owns the node as a whole, the other fields in it: both facts are kept.
        a.insert(".".to_owned(), Value::Object(Map::new()));
    }
    for (key, theirs) in b {
        match a.get_mut(key) {
            None => {
                a.insert(key.clone(), theirs.clone());
            }
            Some(Value::Object(ours)) => {
                if let Value::Object(theirs) = theirs {
                    union(ours, theirs);
                }
            }
            Some(_) => {}
        }
    }
}

/// Removes from `value` the fields of `lost` that are not in `kept`: what an apply does to fields that we owned, do not
/// apply any more, and nobody else owns.
pub(crate) fn remove_lost(value: &mut Value, lost: &Map<String, Value>, kept: &Map<String, Value>) {
    for (key, lost) in lost {
        let Value::Object(lost) = lost else { continue };
        match kept.get(key) {
            // Owned as a whole by somebody else.
            Some(Value::Object(kept)) if kept.is_empty() => {}
            Some(Value::Object(kept)) => {
                if let Some(inner) = find(value, key) {
                    remove_lost(inner, lost, kept);
                }
            }
            _ if lost.is_empty() || lost.contains_key(".") => remove(value, key),
            _ => {
                let Some(inner) = find(value, key) else {
                    continue;
                };
                remove_lost(inner, lost, &Map::new());
                if matches!(inner, Value::Object(fields) if fields.is_empty()) {
                    remove(value, key);
                }
            }
        }
    }
}

fn find<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    match key.split_once(':')? {
        ("f", field) => value.get_mut(field),
        ("k", keys) => {
            let keys = item_keys(keys)?;
            value.as_array_mut()?.iter_mut().find(|item| has_keys(item, &keys))
        }
        _ => None,
    }
}

fn remove(value: &mut Value, key: &str) {
    match (key.split_once(':'), value) {
        (Some(("f", field)), Value::Object(fields)) => {
            fields.shift_remove(field);
        }
        (Some(("k", keys)), Value::Array(items)) => {
            if let Some(keys) = item_keys(keys) {
                items.retain(|item| !has_keys(item, &keys));
            }
        }
        (Some(("v", member)), Value::Array(items)) => {
            if let Ok(member) = serde_json::from_str::<Value>(member) {
                items.retain(|item| *item != member);
            }
        }
        _ => {}
    }
}

fn item_keys(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}

fn has_keys(item: &Value, keys: &Map<String, Value>) -> bool {
    keys.iter().all(|(key, value)| item.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_union_keeps_that_a_node_is_owned_itself() {
        let mut a = set(json!({"f:a": {}, "f:b": {"f:x": {}}}));
        union(&mut a, &set(json!({"f:a": {"f:y": {}}, "f:c": {}})));
        assert_eq!(Value::Object(a), json!({"f:a": {"f:y": {}, ".": {}}, "f:b": {"f:x": {}}, "f:c": {}}));
    }

    #[test]
    fn only_what_nobody_else_owns_is_removed() {
        let mut value = json!({
            "metadata": {"labels": {"ours": "1", "theirs": "2"}, "annotations": {"theirs": "x"}},
            "spec": {
                "replicas": 3,
                "containers": [{"name": "app", "image": "a", "env": [{"name": "X", "value": "1"}]}, {"name": "extra"}],
                "finalizers": ["a", "b"],
            },
        });
        let lost = set(json!({
            "f:metadata": {"f:labels": {"f:theirs": {}, "f:ours": {}}, "f:annotations": {"f:theirs": {}}},
            "f:spec": {
                "f:replicas": {},
                "f:containers": {
                    "k:{\"name\":\"app\"}": {"f:env": {".": {}, "k:{\"name\":\"X\"}": {".": {}, "f:value": {}}}},
                    "k:{\"name\":\"extra\"}": {".": {}, "f:name": {}},
                },
                "f:finalizers": {"v:\"b\"": {}},
            },
        }));
        let kept = set(json!({
            "f:metadata": {"f:labels": {"f:ours": {}}},
            "f:spec": {
                "f:replicas": {},
                "f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:image": {}}},
                "f:finalizers": {"v:\"a\"": {}},
            },
        }));
        remove_lost(&mut value, &lost, &kept);
        assert_eq!(
            value,
            json!({
                "metadata": {"labels": {"ours": "1"}},
                "spec": {"replicas": 3, "containers": [{"name": "app", "image": "a"}], "finalizers": ["a"]},
            })
        );
    }
}
