//! The Pods of workloads, and what stands between: ReplicaSets and claims.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::statuses::{self, Scene, replicas};
use crate::behaviours::Failing;
use crate::call::{Route, route};
use crate::options::Options;
use crate::registry::GroupResource;
use crate::state::{Key, State};
use crate::strategy::text;
use crate::write;

/// Who makes these objects on a real cluster.
const MANAGER: &str = "kube-controller-manager";

/// The one node.
const NODE: &str = "node-1";

/// The workload that an object is controlled by, up to the one that a person made.
pub(super) fn controller(namespace: &str, object: &Value) -> Option<(GroupResource, Key)> {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array)?;
    let owner = owners.iter().find(|owner| owner.get("controller") == Some(&Value::Bool(true)))?;
    let of = match text(owner, "/kind") {
        "Deployment" => ("apps", "deployments"),
        "ReplicaSet" => ("apps", "replicasets"),
        "StatefulSet" => ("apps", "statefulsets"),
        "DaemonSet" => ("apps", "daemonsets"),
        "Job" => ("batch", "jobs"),
        _ => return None,
    };
    Some(((of.0.into(), of.1.into()), (namespace.to_owned(), text(owner, "/name").to_owned())))
}

/// Makes the Pods that a workload lacks, and removes those that it has too many. Gives back the claims that were made.
pub(super) fn spawn(state: &mut State, of: &GroupResource, object: &Value, failing: Option<Failing>) -> Vec<Key> {
    let wanted = match &*of.1 {
        "deployments" => {
            if let Some(set) = replica_set(state, object) {
                pods(state, &set, replicas(&set));
            }
            return Vec::new();
        }
        "statefulsets" => {
            let in_order = text(object, "/spec/podManagementPolicy") != "Parallel";
            // The second is not started before the first is ready.
            let wanted = if failing.is_some() && in_order { replicas(object).min(1) } else { replicas(object) };
            return ordered_pods(state, object, wanted);
        }
        "replicasets" => replicas(object),
        "daemonsets" => 1,
        "jobs" if object.pointer("/spec/suspend") == Some(&Value::Bool(true)) => 0,
        // What has ended keeps the Pods it has.
        "jobs" if object.pointer("/status/conditions").is_some() => return Vec::new(),
        "jobs" => object.pointer("/spec/completions").and_then(Value::as_i64).unwrap_or(1),
        _ => return Vec::new(),
    };
    pods(state, object, wanted);
    Vec::new()
}

/// Lets the Pods of a workload run, or fail.
pub(super) fn run(state: &mut State, of: &GroupResource, object: &Value, failing: Option<Failing>) {
    let time = state.clock.text();
    let scene = Scene { failing, timed_out: false, now: &time };
    if &*of.1 == "deployments" {
        for (key, set) in owned(state, "apps", "replicasets", object) {
            run(state, &("apps".into(), "replicasets".into()), &set, failing);
            if let Some(changed) = statuses::played("replicasets", &set, &scene, &BTreeSet::new()) {
                state.put(&("apps".into(), "replicasets".into()), key, changed);
            }
        }
        return;
    }
    let is_job = &*of.1 == "jobs";
    let of: GroupResource = ("".into(), "pods".into());
    for (key, pod) in owned(state, "", "pods", object) {
        let mut changed = (*pod).clone();
        changed["spec"]["nodeName"] = NODE.into();
        if let Some(played) = statuses::played("pods", &changed, &scene, &BTreeSet::new()) {
            changed = played;
        }
        if is_job && failing.is_none() {
            finish(&mut changed, &time);
        }
        if changed != *pod {
            state.put(&of, key, changed);
        }
    }
}

/// The end of a Pod that had something to do and did it.
fn finish(pod: &mut Value, time: &str) {
    pod["status"]["phase"] = "Succeeded".into();
    let statuses = pod.pointer_mut("/status/containerStatuses").and_then(Value::as_array_mut).into_iter().flatten();
    for status in statuses {
        let started = text(status, "/state/running/startedAt").to_owned();
        let started = if started.is_empty() { time.to_owned() } else { started };
        status["ready"] = false.into();
        status["started"] = false.into();
        status["state"] = json!({
            "terminated": {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": started},
        });
    }
    let conditions = pod.pointer_mut("/status/conditions").and_then(Value::as_array_mut).into_iter().flatten();
    for condition in conditions.filter(|one| matches!(text(one, "/type"), "Ready" | "ContainersReady")) {
        condition["status"] = "False".into();
        condition["reason"] = "PodCompleted".into();
    }
}

/// The ReplicaSet of a Deployment's present template; those of earlier ones are scaled down to nothing.
fn replica_set(state: &mut State, deployment: &Value) -> Option<Arc<Value>> {
    let of: GroupResource = ("apps".into(), "replicasets".into());
    let hash = template_hash(deployment);
    let (namespace, name) = (text(deployment, "/metadata/namespace"), text(deployment, "/metadata/name"));
    let key = (namespace.to_owned(), format!("{name}-{hash}"));
    for (old, set) in owned(state, "apps", "replicasets", deployment).into_iter().filter(|(old, _)| *old != key) {
        if replicas(&set) != 0 {
            let mut scaled = (*set).clone();
            scaled["spec"]["replicas"] = 0.into();
            let scaled = state.put(&of, old, scaled);
            pods(state, &scaled, 0);
        }
    }
    if let Some(set) = state.get(&of, &key.0, &key.1) {
        if replicas(&set) == replicas(deployment) {
            return Some(set);
        }
        let mut scaled = (*set).clone();
        scaled["spec"]["replicas"] = replicas(deployment).into();
        return Some(state.put(&of, key, scaled));
    }
    let mut template = deployment.pointer("/spec/template").cloned().unwrap_or_default();
    template["metadata"]["labels"]["pod-template-hash"] = hash.clone().into();
    let mut selector = deployment.pointer("/spec/selector").cloned().unwrap_or_default();
    selector["matchLabels"]["pod-template-hash"] = hash.into();
    let set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": key.1, "namespace": key.0, "labels": template["metadata"]["labels"],
            "ownerReferences": [reference(deployment)],
        },
        "spec": {"replicas": replicas(deployment), "selector": selector, "template": template},
    });
    create(state, &of, &key.0, &set)
}

/// Sees to it that a workload has so many Pods of its present template.
fn pods(state: &mut State, workload: &Value, wanted: i64) {
    let of: GroupResource = ("".into(), "pods".into());
    let wanted = usize::try_from(wanted).unwrap_or(0);
    let (current, stale): (Vec<_>, Vec<_>) =
        owned(state, "", "pods", workload).into_iter().partition(|(_, pod)| is_current(workload, pod));
    let surplus = current.iter().skip(wanted);
    for (key, _) in stale.iter().chain(surplus) {
        state.remove(&of, key);
    }
    for _ in current.len()..wanted {
        let namespace = text(workload, "/metadata/namespace").to_owned();
        let mut pod = pod(workload);
        pod["metadata"]["generateName"] = format!("{}-", text(workload, "/metadata/name")).into();
        create(state, &of, &namespace, &pod);
    }
}

/// The same for a StatefulSet, whose Pods are numbered and have claims.
fn ordered_pods(state: &mut State, set: &Value, wanted: i64) -> Vec<Key> {
    let of: GroupResource = ("".into(), "pods".into());
    let (namespace, name) = (text(set, "/metadata/namespace").to_owned(), text(set, "/metadata/name").to_owned());
    let wanted: Vec<String> = (0..wanted).map(|ordinal| format!("{name}-{ordinal}")).collect();
    for (key, pod) in owned(state, "", "pods", set) {
        if !wanted.contains(&key.1) || !is_current(set, &pod) {
            state.remove(&of, &key);
        }
    }
    let mut claims = Vec::new();
    for wanted in wanted {
        let mut volumes = Vec::new();
        for template in set.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array).into_iter().flatten() {
            let volume = text(template, "/metadata/name");
            let claim = format!("{volume}-{wanted}");
            volumes.push(json!({"name": volume, "persistentVolumeClaim": {"claimName": claim}}));
            if let Some(claim) = claimed(state, &namespace, &claim, template, set) {
                claims.push(claim);
            }
        }
        if state.get(&of, &namespace, &wanted).is_some() {
            continue;
        }
        let mut pod = pod(set);
        pod["metadata"]["name"] = wanted.clone().into();
        pod["spec"]["hostname"] = wanted.into();
        let others = pod.pointer("/spec/volumes").and_then(Value::as_array).cloned().unwrap_or_default();
        volumes.extend(others);
        pod["spec"]["volumes"] = volumes.into();
        create(state, &of, &namespace, &pod);
    }
    claims
}

fn claimed(state: &mut State, namespace: &str, name: &str, template: &Value, set: &Value) -> Option<Key> {
    let of: GroupResource = ("".into(), "persistentvolumeclaims".into());
    if state.get(&of, namespace, name).is_some() {
        return None;
    }
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name, "namespace": namespace,
            "labels": set.pointer("/spec/selector/matchLabels").cloned().unwrap_or_default(),
        },
        "spec": template.get("spec").cloned().unwrap_or_default(),
    });
    create(state, &of, namespace, &claim).map(|_| (namespace.to_owned(), name.to_owned()))
}

/// The label by which the Pods of an earlier template are known; ReplicaSets and Jobs have but one template.
const REVISION: &str = "controller-revision-hash";

fn has_revisions(workload: &Value) -> bool {
    matches!(text(workload, "/kind"), "StatefulSet" | "DaemonSet")
}

fn is_current(workload: &Value, pod: &Value) -> bool {
    let label = pod.pointer("/metadata/labels").and_then(|labels| labels.get(REVISION));
    !has_revisions(workload) || label.and_then(Value::as_str) == Some(&*revision(workload))
}

/// The name of a workload's present template.
pub(super) fn revision(workload: &Value) -> String {
    format!("{}-{}", text(workload, "/metadata/name"), template_hash(workload))
}

/// A Pod of a workload's template, still without a name.
fn pod(workload: &Value) -> Value {
    let template = workload.pointer("/spec/template").cloned().unwrap_or_default();
    let mut labels = template.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    if has_revisions(workload) {
        labels[REVISION] = revision(workload).into();
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "namespace": text(workload, "/metadata/namespace"), "labels": labels,
            "annotations": template.pointer("/metadata/annotations").cloned().unwrap_or_else(|| json!({})),
            "ownerReferences": [reference(workload)],
        },
        "spec": template.get("spec").cloned().unwrap_or_default(),
    })
}

fn reference(owner: &Value) -> Value {
    json!({
        "apiVersion": text(owner, "/apiVersion"), "kind": text(owner, "/kind"), "name": text(owner, "/metadata/name"),
        "uid": text(owner, "/metadata/uid"), "controller": true, "blockOwnerDeletion": true,
    })
}

fn owned(state: &State, group: &str, plural: &str, owner: &Value) -> Vec<(Key, Arc<Value>)> {
    let uid = text(owner, "/metadata/uid");
    let namespace = text(owner, "/metadata/namespace");
    let collection = state.collection(&(group.into(), plural.into()));
    let all = collection.into_iter().flat_map(|all| &all.objects).filter(|(key, _)| key.0 == namespace);
    let is_owned = |object: &Value| {
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        owners.into_iter().flatten().any(|one| text(one, "/uid") == uid)
    };
    all.filter(|(_, object)| is_owned(object)).map(|(key, object)| (key.clone(), object.clone())).collect()
}

/// Creates an object as a controller does. One that is refused is not made; a real controller would try it for ever.
pub(super) fn create(state: &mut State, of: &GroupResource, namespace: &str, object: &Value) -> Option<Arc<Value>> {
    let version = text(object, "/apiVersion");
    let root = if of.0.is_empty() { format!("/api/{version}") } else { format!("/apis/{version}") };
    let path = format!("{root}/namespaces/{namespace}/{}", of.1);
    let query = format!("fieldManager={MANAGER}");
    let Ok(Route::Call(call)) = route(&state.registry, &Method::POST, &path, &query, MANAGER) else { return None };
    let mut options = Options::read(&call, false).ok()?;
    let written = write::create(state, &call, &mut options, object).ok()?;
    Some(written.object)
}

/// A short text that differs between templates, in the letters that Kubernetes uses.
pub(super) fn template_hash(workload: &Value) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut text = String::new();
    canonical(workload.pointer("/spec/template").unwrap_or(&Value::Null), &mut text);
    let mut hash = hash(&text);
    let letters = std::iter::repeat_with(|| {
        let letter = LETTERS[usize::try_from(hash % LETTERS.len() as u64).unwrap_or(0)];
        hash /= LETTERS.len() as u64;
        char::from(letter)
    });
    letters.take(10).collect()
}

/// A value as text, whatever the order of its fields, and whether what is empty is said or not.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, &Value> = fields.iter().filter(|(_, value)| !value.is_null()).collect();
            out.push('{');
            for (name, value) in sorted {
                out.push_str(name);
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| canonical(item, out));
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
    out.push(',');
}

/// FNV-1a.
pub(super) fn hash(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}
