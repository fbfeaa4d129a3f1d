//! Taking over what others have set: the fields of `kubectl`, and the marks of old tools.
//!
//! An apply removes only fields that it owned before. So the entries of `kubectl` and its like in `managedFields` are
//! first made our own; then the apply removes what the repository does not have. Flux does this with the same managers
//! (`applyOpts.Cleanup` of kustomize-controller, `PatchReplaceFieldsManagers` of fluxcd/pkg).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::cluster::Options;
use crate::ownership::{remove_lost, union};

/// Annotations that are taken away.
const ANNOTATIONS: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/checksum",
    "fluxcd.io/sync-checksum",
];

/// Labels that are taken away.
const LABELS: [&str; 1] = ["fluxcd.io/sync-gc-mark"];

/// Whether there is anything to take over in `live`.
pub(crate) fn needed(live: &Value, options: &Options) -> bool {
    !marks(live).is_empty() || entries(live).iter().any(|entry| is_taken(entry, options))
}

/// The JSON patch that takes over, bound to the state of `live`; `None` where there is nothing to do.
pub(crate) fn patch(live: &Value, options: &Options) -> Option<Value> {
    let mut operations: Vec<Value> = marks(live)
        .into_iter()
        .map(|(map, key)| json!({"op": "remove", "path": format!("/metadata/{map}/{}", key.replace('/', "~1"))}))
        .collect();
    if let Some(entries) = own_entries(live, options) {
        operations.push(json!({"op": "replace", "path": "/metadata/managedFields", "value": entries}));
    }
    if operations.is_empty() {
        return None;
    }
    // Somebody may write between our read and this: then nothing is done, and we look again.
    let version = &live["metadata"]["resourceVersion"];
    operations.insert(0, json!({"op": "test", "path": "/metadata/resourceVersion", "value": version}));
    Some(Value::Array(operations))
}

/// What `predicted`, a dry run that did not know of the take-over, will look like after it.
pub(crate) fn predict(live: &Value, predicted: &mut Value, options: &Options) {
    let mut lost = Map::new();
    for entry in entries(live).iter().filter(|entry| is_taken(entry, options)) {
        union_entry(&mut lost, entry);
    }
    let mut kept = Map::new();
    for entry in entries(predicted).iter().filter(|entry| !is_taken(entry, options)) {
        union_entry(&mut kept, entry);
    }
    remove_lost(predicted, &lost, &kept);
    for (map, key) in marks(live) {
        if let Some(Value::Object(fields)) = predicted["metadata"].get_mut(map) {
            fields.shift_remove(key);
        }
    }
}

/// The JSON patch that makes `live` what is `predicted`, as far as an apply can.
pub(crate) fn operations(live: &Value, predicted: &Value) -> Value {
    const BY_SERVER: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];
    let mut operations = Vec::new();
    let mut compare = |parent: &str, live: &Value, predicted: &Value, keys: &mut dyn Iterator<Item = &String>| {
        for key in keys {
            let path = format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"));
            match (live.get(key), predicted.get(key)) {
                (before, Some(after)) if before != Some(after) => {
                    operations.push(json!({"op": "add", "path": path, "value": after}));
                }
                (Some(_), None) => operations.push(json!({"op": "remove", "path": path})),
                _ => {}
            }
        }
    };
    let keys: BTreeSet<String> =
        [live, predicted].iter().flat_map(|object| object.as_object()).flat_map(Map::keys).cloned().collect();
    compare("", live, predicted, &mut keys.iter().filter(|key| !BY_SERVER.contains(&key.as_str())));
    let metadata = ["annotations", "finalizers", "labels", "ownerReferences"].map(str::to_owned);
    compare("/metadata", &live["metadata"], &predicted["metadata"], &mut metadata.iter());
    Value::Array(operations)
}

fn marks(live: &Value) -> Vec<(&'static str, &'static str)> {
    let annotations = ANNOTATIONS.map(|key| ("annotations", key));
    let labels = LABELS.map(|key| ("labels", key));
    let all = annotations.into_iter().chain(labels);
    all.filter(|(map, key)| live["metadata"][*map].get(*key).is_some()).collect()
}

/// The entries of `managedFields` with those that are taken over merged into our own; `None` where there are none such.
fn own_entries(live: &Value, options: &Options) -> Option<Vec<Value>> {
    let (taken, mut rest): (Vec<Value>, Vec<Value>) =
        entries(live).iter().cloned().partition(|entry| is_taken(entry, options));
    if taken.is_empty() {
        return None;
    }
    let is_ours = |entry: &Value| entry["manager"] == *options.field_manager && entry["operation"] == "Apply";
    let ours = rest.iter().position(is_ours).map(|at| rest.remove(at));
    let mut all = ours.into_iter().chain(taken);
    let mut merged = all.next()?;
    let mut fields = merged["fieldsV1"].as_object().cloned().unwrap_or_default();
    for entry in all {
        union_entry(&mut fields, &entry);
    }
    merged["manager"] = options.field_manager.as_str().into();
    merged["operation"] = "Apply".into();
    merged["fieldsV1"] = Value::Object(fields);
    rest.push(merged);
    Some(rest)
}

fn union_entry(fields: &mut Map<String, Value>, entry: &Value) {
    if let Value::Object(theirs) = &entry["fieldsV1"] {
        if fields.is_empty() {
            fields.clone_from(theirs);
        } else {
            union(fields, theirs);
        }
    }
}

fn is_taken(entry: &Value, options: &Options) -> bool {
    let text = |field: &str| entry[field].as_str().unwrap_or_default();
    let (manager, operation) = (text("manager"), text("operation"));
    if !text("subresource").is_empty() {
        return false;
    }
    let overridden = options.override_managers.iter().any(|name| manager.starts_with(name.as_str()));
    // Update entries of our own manager are from before server-side apply.
    let own_update = operation == "Update" && manager.starts_with(&options.field_manager);
    let before = operation == "Update" && manager.starts_with("before-first-apply");
    let ours = operation == "Apply" && manager == options.field_manager;
    !ours && (manager.starts_with("kubectl") || before || own_update || overridden)
}

fn entries(object: &Value) -> &[Value] {
    object["metadata"]["managedFields"].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    fn live(entries: Vec<Value>) -> Value {
        json!({
            "metadata": {
                "resourceVersion": "7",
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "own": "x"},
                "managedFields": entries,
            },
            "data": {"a": "1", "extra": "2"},
        })
    }

    #[test]
    fn entries_of_kubectl_become_ours() {
        let mut status = entry("kubectl", "Update", json!({"f:status": {}}));
        status["subresource"] = "status".into();
        let live = live(vec![
            entry("kubectl-edit", "Update", json!({"f:data": {"f:extra": {}}})),
            entry("kustomize-controller", "Apply", json!({"f:data": {"f:a": {}}})),
            entry("other", "Update", json!({"f:x": {}})),
            status.clone(),
        ]);
        let patch = patch(&live, &Options::default()).unwrap();
        assert_eq!(patch[0], json!({"op": "test", "path": "/metadata/resourceVersion", "value": "7"}));
        assert_eq!(
            patch[1],
            json!({"op": "remove", "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"})
        );
        assert_eq!(
            patch[2]["value"],
            json!([
                entry("other", "Update", json!({"f:x": {}})),
                status,
                entry("kustomize-controller", "Apply", json!({"f:data": {"f:a": {}, "f:extra": {}}})),
            ])
        );
    }

    #[test]
    fn without_an_entry_of_ours_the_first_is_renamed() {
        let live = live(vec![entry("kubectl-client-side-apply", "Update", json!({"f:data": {"f:a": {}}}))]);
        let patch = patch(&live, &Options::default()).unwrap();
        assert_eq!(patch[2]["value"], json!([entry("kustomize-controller", "Apply", json!({"f:data": {"f:a": {}}}))]));
    }

    #[test]
    fn what_only_kubectl_owned_is_predicted_to_go() {
        let live = live(vec![entry("kubectl-edit", "Update", json!({"f:data": {"f:extra": {}, "f:a": {}}}))]);
        let mut predicted = live.clone();
        predicted["metadata"]["managedFields"] = json!([
            entry("kustomize-controller", "Apply", json!({"f:data": {"f:a": {}}})),
            entry("kubectl-edit", "Update", json!({"f:data": {"f:extra": {}}})),
        ]);
        predict(&live, &mut predicted, &Options::default());
        assert_eq!(predicted["data"], json!({"a": "1"}));
        assert_eq!(predicted["metadata"]["annotations"], json!({"own": "x"}));
    }

    #[test]
    fn the_patch_to_the_prediction_leaves_the_server_its_own() {
        let live =
            json!({"kind": "A", "metadata": {"labels": {"a": "1"}, "uid": "u"}, "spec": {"x": 1}, "data": {"k": "v"}});
        let predicted = json!({"kind": "A", "metadata": {"annotations": {"b": "2"}, "uid": "w"}, "spec": {"x": 2}});
        assert_eq!(
            operations(&live, &predicted),
            json!([
                {"op": "remove", "path": "/data"},
                {"op": "add", "path": "/spec", "value": {"x": 2}},
                {"op": "add", "path": "/metadata/annotations", "value": {"b": "2"}},
                {"op": "remove", "path": "/metadata/labels"},
            ])
        );
    }

    #[test]
    fn a_tidy_object_needs_nothing() {
        let mut live = live(vec![entry("kustomize-controller", "Apply", json!({"f:data": {"f:a": {}}}))]);
        live["metadata"]["annotations"] = json!({});
        assert!(!needed(&live, &Options::default()));
        assert_eq!(patch(&live, &Options::default()), None);
    }
}
