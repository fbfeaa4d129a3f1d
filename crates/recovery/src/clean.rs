//! An object without what only the cluster that it was read from can know.

use serde_json::{Map, Value};

/// Fields of `metadata` that the server writes.
const SERVER_METADATA: [&str; 7] =
    ["managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "deletionTimestamp"];

/// Annotations that controllers write for themselves, or that ask for something once.
const PASSING_ANNOTATIONS: [&str; 10] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "reconcile.fluxcd.io/requestedAt",
    "reconcile.fluxcd.io/forceAt",
    "reconcile.fluxcd.io/resetAt",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
    "control-plane.alpha.kubernetes.io/leader",
    // How the Job controller counted its Pods; which addresses MetalLB gave; when an Endpoints object was written.
    "batch.kubernetes.io/job-tracking",
    "metallb.universe.tf/ip-allocated-from-pool",
    "endpoints.kubernetes.io/last-change-trigger-time",
];

/// Annotations of a bound claim; what it was bound to is gone with its cluster.
pub(crate) const BINDING_ANNOTATIONS: [&str; 8] = [
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/selected-node",
    "volume.kubernetes.io/storage-resizer",
    "pv.kubernetes.io/migrated-to",
    // Of kubelets that no longer exist.
    "volume.alpha.kubernetes.io/node-selected",
];

/// Annotations of a volume that say how it was bound. With them the binder takes a claim's name in it for its own choice,
/// and may undo it.
const VOLUME_ANNOTATIONS: [&str; 2] = ["pv.kubernetes.io/bound-by-controller", "pv.kubernetes.io/migrated-to"];

/// Finalizers that controllers of the cluster itself put on; where the controller is missing, nothing takes them off.
const OWN_FINALIZERS: [&str; 7] = [
    "kubernetes.io/pvc-protection",
    "kubernetes.io/pv-protection",
    "kubernetes.io/pv-controller",
    "snapshot.storage.kubernetes.io/pvc-as-source-protection",
    "service.kubernetes.io/load-balancer-cleanup",
    "foregroundDeletion",
    "orphan",
];

/// Takes out of `object` what a restore must not bring: status, uids, revisions, owners of fields.
///
/// Owner references stay without the uid, so that a restore can find the owner by its name. Finalizers of the server itself
/// go, those of others stay.
pub(crate) fn clean(object: &mut Value) {
    let (api_version, kind) = (text(object, "apiVersion"), text(object, "kind"));
    let Value::Object(fields) = object else { return };
    fields.shift_remove("status");
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        clean_metadata(metadata);
    }
    match (api_version.as_str(), kind.as_str()) {
        ("v1", "Namespace") => drop_in(fields, "spec", &["finalizers"]),
        // Nobody may make a Pod with containers that are there for a while only.
        ("v1", "Pod") => drop_in(fields, "spec", &["nodeName", "ephemeralContainers"]),
        ("v1", "PersistentVolume") => {
            if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
                drop_in(metadata, "annotations", &VOLUME_ANNOTATIONS);
                drop_if_empty(metadata, "annotations");
            }
            if let Some(Value::Object(claim)) = fields.get_mut("spec").and_then(|spec| spec.get_mut("claimRef")) {
                claim.retain(|field, _| matches!(field.as_str(), "namespace" | "name" | "kind" | "apiVersion"));
            }
        }
        ("v1", "PersistentVolumeClaim") => {
            if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
                drop_in(metadata, "annotations", &BINDING_ANNOTATIONS);
                drop_if_empty(metadata, "annotations");
            }
        }
        ("batch/v1", "Job") => clean_job(fields),
        ("apps/v1", "StatefulSet") => {
            let templates = fields.get_mut("spec").and_then(|spec| spec.get_mut("volumeClaimTemplates"));
            // The server gives each of them the status of a claim that nobody made.
            for template in templates.and_then(Value::as_array_mut).into_iter().flatten() {
                if let Value::Object(template) = template {
                    template.shift_remove("status");
                }
            }
        }
        _ => {}
    }
}

fn clean_metadata(metadata: &mut Map<String, Value>) {
    SERVER_METADATA.iter().for_each(|field| drop(metadata.shift_remove(*field)));
    drop_in(metadata, "annotations", &PASSING_ANNOTATIONS);
    drop_if_empty(metadata, "annotations");
    if let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") {
        owners.iter_mut().filter_map(Value::as_object_mut).for_each(|owner| drop(owner.shift_remove("uid")));
    }
    if let Some(Value::Array(finalizers)) = metadata.get_mut("finalizers") {
        finalizers.retain(|one| !one.as_str().is_some_and(|one| OWN_FINALIZERS.contains(&one)));
    }
    drop_if_empty(metadata, "finalizers");
}

/// A Job's selector and labels hold the uid of the Job that it was.
fn clean_job(fields: &mut Map<String, Value>) {
    const GENERATED: [&str; 3] =
        ["controller-uid", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        drop_in(metadata, "labels", &GENERATED);
        drop_if_empty(metadata, "labels");
    }
    let Some(Value::Object(spec)) = fields.get_mut("spec") else { return };
    if spec.get("manualSelector") != Some(&Value::Bool(true)) {
        spec.shift_remove("selector");
        if let Some(Value::Object(metadata)) =
            spec.get_mut("template").and_then(|template| template.get_mut("metadata"))
        {
            drop_in(metadata, "labels", &GENERATED);
            drop_in(metadata, "labels", &["job-name"]);
            drop_if_empty(metadata, "labels");
        }
    }
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn drop_in(fields: &mut Map<String, Value>, map: &str, keys: &[&str]) {
    if let Some(Value::Object(inner)) = fields.get_mut(map) {
        keys.iter().for_each(|key| drop(inner.shift_remove(*key)));
    }
}

pub(crate) fn drop_if_empty(fields: &mut Map<String, Value>, field: &str) {
    let is_empty = match fields.get(field) {
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        _ => false,
    };
    if is_empty {
        fields.shift_remove(field);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_wrote_goes_and_what_people_wrote_stays() {
        let mut map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}, "status": {"x": 1},
            "metadata": {
                "name": "a", "namespace": "b", "uid": "u", "resourceVersion": "7", "creationTimestamp": "t",
                "managedFields": [], "labels": {"app": "a"},
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
                "finalizers": ["foregroundDeletion", "example.com/mine"],
                "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "u"}],
            },
        });
        clean(&mut map);
        assert_eq!(
            map,
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"},
                "metadata": {
                    "name": "a", "namespace": "b", "labels": {"app": "a"}, "finalizers": ["example.com/mine"],
                    "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner"}],
                },
            })
        );
    }

    #[test]
    fn volumes_keep_the_name_of_their_claim_and_lose_its_uid() {
        let mut volume = json!({
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {
                "name": "v", "finalizers": ["kubernetes.io/pv-protection", "example.com/mine"],
                "annotations": {"pv.kubernetes.io/bound-by-controller": "yes", "note": "of mine"},
            },
            "spec": {"nfs": {"path": "/x"}, "claimRef": {"namespace": "a", "name": "b", "uid": "u", "resourceVersion": "1"}},
        });
        clean(&mut volume);
        assert_eq!(volume["spec"]["claimRef"], json!({"namespace": "a", "name": "b"}));
        let metadata = json!({"name": "v", "finalizers": ["example.com/mine"], "annotations": {"note": "of mine"}});
        assert_eq!(volume["metadata"], metadata);
    }

    #[test]
    fn a_job_loses_the_selector_that_was_made_for_it() {
        let mut job = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "labels": {"controller-uid": "u"}},
            "spec": {
                "selector": {"matchLabels": {"controller-uid": "u"}},
                "template": {"metadata": {"labels": {"controller-uid": "u", "job-name": "j", "app": "x"}}},
            },
        });
        clean(&mut job);
        assert_eq!(job["spec"], json!({"template": {"metadata": {"labels": {"app": "x"}}}}));
        assert_eq!(job["metadata"], json!({"name": "j"}));
    }
}
