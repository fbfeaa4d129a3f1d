use serde_json::{Value, json};

use crate::failure::{Failure, FieldFault};
use crate::pods;
use crate::registry::Resource;
use crate::services;
use crate::state::State;
use crate::strategy::{metadata_mut, text};

/// Refuses objects in namespaces that are not there or on their way out, and completes Pods as admission plugins do.
pub(crate) fn admit_create(
    state: &mut State,
    resource: &Resource,
    namespace: &str,
    name: &str,
    object: &mut Value,
) -> Result<(), Failure> {
    if resource.namespaced {
        let key = ("".into(), "namespaces".into());
        let found = state.get(&key, "", namespace).ok_or_else(|| Failure::not_found("", "namespaces", namespace))?;
        if text(&found, "/status/phase") == "Terminating" {
            let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
            let mut failure = Failure::forbidden(&resource.group, &resource.plural, name, why);
            if let crate::failure::Body::Status { details: Some(details), .. } = &mut *failure.body {
                details["causes"] = json!([{
                    "reason": "NamespaceTerminating",
                    "message": format!("namespace {namespace} is being terminated"),
                    "field": "metadata.namespace",
                }]);
            }
            return Err(failure);
        }
    }
    if resource.is("", "pods") {
        pods::admit(state, namespace, object)?;
    }
    if resource.is("apps", "daemonsets") {
        annotate_generation(object, 1);
    }
    if resource.is("", "persistentvolumeclaims") {
        add_finalizer(object, "kubernetes.io/pvc-protection");
    }
    if resource.is("", "persistentvolumes") {
        add_finalizer(object, "kubernetes.io/pv-protection");
    }
    Ok(())
}

/// A DaemonSet counts its templates in an annotation.
fn annotate_generation(object: &mut Value, generation: i64) {
    let Some(metadata) = metadata_mut(object) else { return };
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    annotations["deprecated.daemonset.template.generation"] = generation.to_string().into();
}

fn add_finalizer(object: &mut Value, name: &str) {
    let Some(metadata) = metadata_mut(object) else { return };
    let list = metadata.entry("finalizers").or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut().filter(|list| !list.iter().any(|one| one == name)) {
        list.push(name.into());
    }
}

/// Makes a Job select the Pods that carry its uid, unless its selector is made by hand; whether it took its own labels from
/// them.
pub(crate) fn select_own_pods(job: &mut Value) -> bool {
    if job.pointer("/spec/manualSelector") == Some(&true.into()) {
        return false;
    }
    let (name, uid) = (text(job, "/metadata/name").to_owned(), text(job, "/metadata/uid").to_owned());
    let Some(spec) = job.get_mut("spec").filter(|spec| spec.is_object()) else { return false };
    let labels = &mut spec["template"]["metadata"]["labels"];
    if !labels.is_object() {
        *labels = json!({});
    }
    if let Some(labels) = labels.as_object_mut() {
        for (label, value) in [
            ("batch.kubernetes.io/controller-uid", &uid),
            ("batch.kubernetes.io/job-name", &name),
            ("controller-uid", &uid),
            ("job-name", &name),
        ] {
            labels.entry(label).or_insert_with(|| value.clone().into());
        }
        labels.sort_keys();
    }
    let selected = &mut spec["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"];
    if selected.is_null() {
        *selected = uid.into();
    }
    crate::defaults::take_labels(job)
}

/// The status with which an object of a kind starts; what a client sent is dropped.
pub(crate) fn start_status(state: &State, resource: &Resource, object: &mut Value) {
    let Some(fields) = object.as_object_mut() else { return };
    fields.shift_remove("status");
    if resource.custom.is_some() {
        return;
    }
    if resource.is("", "namespaces") {
        // Every namespace is emptied before it goes.
        fields.insert("spec".to_owned(), json!({"finalizers": ["kubernetes"]}));
    }
    let status = match &*resource.plural {
        "namespaces" => json!({"phase": "Active"}),
        "pods" => json!({"phase": "Pending", "qosClass": pods::quality(fields.get("spec").unwrap_or(&Value::Null))}),
        "persistentvolumeclaims" if resource.group.is_empty() => json!({"phase": "Pending"}),
        "persistentvolumes" => json!({"phase": "Pending", "lastPhaseTransitionTime": state.clock.text()}),
        "customresourcedefinitions" => json!({"storedVersions": stored_versions(fields.get("spec"))}),
        "flowschemas" | "prioritylevelconfigurations" => json!({}),
        "horizontalpodautoscalers" => json!({"desiredReplicas": 0, "currentMetrics": null}),
        _ => json!({}),
    };
    // Through the type, for the zeros that Go writes.
    let node = resource.schema(&state.schema).and_then(|kind| kind.field("status"));
    let status = node
        .and_then(|node| crate::typed::decode(&status, node, "", crate::typed::Source::Json).ok())
        .map(|decoded| decoded.value);
    if let Some(status) = status {
        fields.insert("status".to_owned(), status);
    }
}

fn stored_versions(spec: Option<&Value>) -> Vec<Value> {
    let versions = spec.and_then(|spec| spec.get("versions")).and_then(Value::as_array).into_iter().flatten();
    let stored = versions.filter(|version| version.get("storage") == Some(&Value::Bool(true)));
    stored.filter_map(|version| version.get("name").cloned()).collect()
}

/// Carries over what an update cannot mean to take away.
pub(crate) fn prepare_update(resource: &Resource, old: &Value, object: &mut Value) {
    if resource.is("apps", "daemonsets") {
        let count = "/metadata/annotations/deprecated.daemonset.template.generation";
        let count: i64 = text(old, count).parse().unwrap_or(1);
        let changed = old.pointer("/spec/template") != object.pointer("/spec/template");
        annotate_generation(object, count + i64::from(changed));
    }
    if resource.is("", "namespaces") {
        // Only `/finalize` changes these.
        if let Some(spec) = old.get("spec") {
            object["spec"] = spec.clone();
        }
    }
    if resource.is("", "pods")
        && let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut)
    {
        pods::tolerate(spec);
    }
    if resource.is("", "services") {
        services::prepare_update(old, object);
    }
    if resource.is("", "persistentvolumeclaims")
        && object.pointer("/spec/volumeName").is_none()
        && let Some(was) = old.pointer("/spec/volumeName")
    {
        object["spec"]["volumeName"] = was.clone();
    }
}

/// The fault of a new finalizer on what is being deleted.
pub(crate) fn new_finalizers(old: &Value, object: &Value) -> Option<FieldFault> {
    old.pointer("/metadata/deletionTimestamp")?;
    let list = |value: &Value| -> Vec<String> {
        let list = value.pointer("/metadata/finalizers").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let was = list(old);
    let new: Vec<String> = list(object).into_iter().filter(|one| !was.contains(one)).collect();
    if new.is_empty() {
        return None;
    }
    let quoted: Vec<String> = new.iter().map(|one| format!("{one:?}")).collect();
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        quoted.join(", ")
    );
    Some(FieldFault::forbidden("metadata.finalizers", detail))
}
