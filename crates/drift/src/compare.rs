use serde_json::{Map, Value};
use windlass_manifest::{FieldPath, Step};

use crate::redact::redact;
use crate::{Change, REDACTED};

/// The parts of `metadata` that an apply can change on purpose; the rest belongs to the server.
const OWNED_METADATA: [&str; 4] = ["labels", "annotations", "finalizers", "ownerReferences"];

/// What an apply would change: `live` as the cluster has it against `predicted`, the server's answer to a dry run.
///
/// Compared are the labels, annotations, finalizers and owner references, and everything outside `metadata` and
/// `status`. That is Flux's rule, with finalizers and owners added, which it overlooks. Both states were written by
/// the server, so equal means equal: there are no defaults or spellings to see through. A Secret is sensitive whether
/// or not `sensitive` says so.
#[must_use]
pub fn changes(live: &Value, predicted: &Value, sensitive: bool) -> Vec<Change> {
    let mut found = Vec::new();
    let metadata = FieldPath::root().field("metadata");
    for part in OWNED_METADATA {
        let of = |object: &Value| object.get("metadata").and_then(|metadata| metadata.get(part)).cloned();
        compare(&metadata.field(part), of(live).as_ref(), of(predicted).as_ref(), &mut found);
    }
    compare_maps(&FieldPath::root(), &body(live), &body(predicted), &mut found);
    if sensitive || is_secret(live) || is_secret(predicted) {
        found.iter_mut().for_each(redact);
    }
    found
}

fn is_secret(object: &Value) -> bool {
    object.get("kind").and_then(Value::as_str) == Some("Secret")
}

fn body(object: &Value) -> Map<String, Value> {
    let mut body = object.as_object().cloned().unwrap_or_default();
    body.remove("metadata");
    body.remove("status");
    body
}

fn compare(path: &FieldPath, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => compare_maps(path, before, after, found),
        (Some(Value::Array(before)), Some(Value::Array(after))) => compare_lists(path, before, after, found),
        // An absent map and an empty one are the same to every reader of labels and annotations.
        (Some(Value::Object(map)), None) | (None, Some(Value::Object(map))) if map.is_empty() => {}
        // Whole maps are taken apart, so that labels come and go one by one.
        (None, Some(Value::Object(after))) => compare_maps(path, &Map::new(), after, found),
        (Some(Value::Object(before)), None) => compare_maps(path, before, &Map::new(), found),
        (before, after) if before == after => {}
        (before, after) => {
            found.push(Change { path: path.clone(), before: before.cloned(), after: after.cloned() });
        }
    }
}

fn compare_maps(path: &FieldPath, before: &Map<String, Value>, after: &Map<String, Value>, found: &mut Vec<Change>) {
    for (name, value) in before {
        compare(&path.field(name), Some(value), after.get(name), found);
    }
    for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        compare(&path.field(name), None, Some(value), found);
    }
}

fn compare_lists(path: &FieldPath, before: &[Value], after: &[Value], found: &mut Vec<Change>) {
    let Some((old, new)) = keyed(before).zip(keyed(after)) else {
        return compare_positions(path, before, after, found);
    };
    for (key, item) in &old {
        let after = new.iter().find(|(other, _)| other == key).map(|(_, item)| *item);
        compare_item(path, key, Some(item), after, found);
    }
    for (key, item) in new.iter().filter(|(key, _)| !old.iter().any(|(other, _)| other == key)) {
        compare_item(path, key, None, Some(item), found);
    }
    report_order(path, &old, &new, found);
}

/// An item that comes or goes is one change; one that stays is compared field by field.
fn compare_item(path: &FieldPath, key: &Key, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    let path = path.step(Step::Item(key.clone()));
    if before.is_some() && after.is_some() {
        compare(&path, before, after, found);
    } else {
        found.push(Change { path, before: before.cloned(), after: after.cloned() });
    }
}

/// The order of the items that stay is part of the state: the server puts it back as applied.
fn report_order(path: &FieldPath, old: &[(Key, &Value)], new: &[(Key, &Value)], found: &mut Vec<Change>) {
    let order = |these: &[(Key, &Value)], those: &[(Key, &Value)]| -> Vec<Value> {
        let stay = these.iter().filter(|(key, _)| those.iter().any(|(other, _)| other == key));
        stay.map(|(key, _)| key.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("/").into()).collect()
    };
    let (before, after) = (order(old, new), order(new, old));
    if before != after {
        found.push(Change { path: path.clone(), before: Some(before.into()), after: Some(after.into()) });
    }
}

fn compare_positions(path: &FieldPath, before: &[Value], after: &[Value], found: &mut Vec<Change>) {
    for index in 0..before.len().max(after.len()) {
        match (before.get(index), after.get(index)) {
            (Some(old), Some(new)) => compare(&path.index(index), Some(old), Some(new), found),
            (old, new) => {
                found.push(Change { path: path.index(index), before: old.cloned(), after: new.cloned() });
            }
        }
    }
}

type Key = Vec<(String, String)>;

/// The fields by which people tell the items of a list apart, the first that fits being taken. This only decides how
/// a change is worded, never whether there is one.
const KEYS: [&[&str]; 8] = [
    &["name"],
    &["containerPort", "protocol"],
    &["port", "protocol"],
    &["mountPath"],
    &["key"],
    &["type"],
    &["ip"],
    &["uid"],
];

fn keyed(items: &[Value]) -> Option<Vec<(Key, &Value)>> {
    KEYS.iter().find_map(|fields| {
        let mut seen: Vec<(Key, &Value)> = Vec::with_capacity(items.len());
        for item in items {
            let key = key_of(item, fields)?;
            if seen.iter().any(|(other, _)| *other == key) {
                return None;
            }
            seen.push((key, item));
        }
        (!seen.is_empty()).then_some(seen)
    })
}

fn key_of(item: &Value, fields: &[&str]) -> Option<Key> {
    let text = |value: &Value| match value {
        Value::String(text) if text != REDACTED => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    fields.iter().map(|field| Some(((*field).to_owned(), text(item.get(field)?)?))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn lines(live: &Value, predicted: &Value) -> Vec<String> {
        changes(live, predicted, false).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_belongs_to_the_server_is_no_change() {
        let live =
            json!({"metadata": {"resourceVersion": "1", "generation": 1, "managedFields": []}, "status": {"a": 1}});
        let predicted = json!({"metadata": {"resourceVersion": "2", "generation": 2, "labels": {}}});
        assert!(lines(&live, &predicted).is_empty());
    }

    #[test]
    fn labels_come_and_go_one_by_one() {
        let live = json!({"metadata": {"labels": {"a": "1", "b": "2"}}});
        let predicted = json!({"metadata": {"labels": {"b": "3"}, "annotations": {"c": "4"}, "finalizers": ["f"]}});
        assert_eq!(
            lines(&live, &predicted),
            [
                r#"- metadata.labels.a: "1""#,
                r#"metadata.labels.b: "2" → "3""#,
                r#"+ metadata.annotations.c: "4""#,
                r#"+ metadata.finalizers: ["f"]"#,
            ]
        );
    }

    #[test]
    fn items_are_told_apart_by_name_and_their_order_counts() {
        let live = json!({"spec": {"c": [{"name": "a", "v": 1}, {"name": "b"}, {"name": "gone"}]}});
        let predicted = json!({"spec": {"c": [{"name": "b"}, {"name": "a", "v": 2}, {"name": "new"}]}});
        assert_eq!(
            lines(&live, &predicted),
            [
                "spec.c[name=a].v: 1 → 2",
                r#"- spec.c[name=gone]: {"name":"gone"}"#,
                r#"+ spec.c[name=new]: {"name":"new"}"#,
                r#"spec.c: ["a","b"] → ["b","a"]"#,
            ]
        );
    }

    #[test]
    fn lists_without_a_key_are_compared_by_position() {
        assert_eq!(
            lines(&json!({"args": ["-a", "-b"]}), &json!({"args": ["-a", "-c", "-d"]})),
            [r#"args[1]: "-b" → "-c""#, r#"+ args[2]: "-d""#]
        );
    }

    #[test]
    fn a_secret_shows_that_it_changed_and_not_what() {
        let live = json!({"kind": "Secret", "metadata": {"labels": {"a": "1"}}, "data": {"k": "b2xk"}});
        let predicted = json!({"kind": "Secret", "metadata": {"labels": {"a": "2"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "b2xk"}}, "data": {"k": "bmV3", "n": "bmV3"}});
        assert_eq!(
            lines(&live, &predicted),
            [
                r#"metadata.labels.a: "1" → "2""#,
                r#"+ metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]: <redacted>"#,
                "data.k: <redacted> → <redacted>",
                "+ data.n: <redacted>",
            ]
        );
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..4).prop_map(Value::from),
            "[ab]{1}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("name|key|a|b", inner, 0..4)
                    .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn equal_objects_and_only_they_have_no_changes(before in value(), after in value()) {
            let of = |spec: &Value| json!({"kind": "X", "spec": spec});
            let none = changes(&of(&before), &of(&after), false).is_empty();
            prop_assert!(changes(&of(&before), &of(&before), false).is_empty());
            prop_assert_eq!(none, without_empty(&before) == without_empty(&after));
        }

        #[test]
        fn nothing_of_a_secret_is_shown(before in "[0-9a-f]{16}", after in "[0-9a-f]{16}", nested in any::<bool>()) {
            let of = |text: &str| if nested { json!({"kind": "Secret", "x": [{"name": "a", "y": text}]}) }
                else { json!({"kind": "Secret", "data": {"k": text}}) };
            let shown = format!("{:?}", changes(&of(&before), &of(&after), false));
            prop_assert!(!shown.contains(&before) && !shown.contains(&after));
        }
    }

    /// An absent map and an empty one count as equal, at any depth below a mapping.
    fn without_empty(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let kept = map.iter().map(|(k, v)| (k.clone(), without_empty(v)));
                let kept: Map<_, _> = kept.filter(|(_, v)| v.as_object().is_none_or(|map| !map.is_empty())).collect();
                let mut sorted: Vec<_> = kept.into_iter().collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                Value::Object(sorted.into_iter().collect())
            }
            Value::Array(items) => items.iter().map(without_empty).collect(),
            other => other.clone(),
        }
    }
}
