use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::*;

/// The health of an object, as `current`, `in progress: …`.
fn health(object: Value) -> String {
    status(&object, SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)).to_string()
}

fn object(api_version: &str, kind: &str, spec: Value, status: Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "generation": 2}, "spec": spec, "status": status})
}

#[test]
fn what_holds_for_every_kind() {
    let widget = |metadata: Value, status: Value| {
        health(json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, "status": status}))
    };
    let condition = |name: &str, status: &str| json!({"conditions": [{"type": name, "status": status, "reason": "R", "message": "so it is"}]});
    assert_eq!(widget(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}), json!({})), "being deleted");
    assert_eq!(
        widget(json!({"generation": 2}), json!({"observedGeneration": 1})),
        "in progress: Widget generation is 2, but latest observed generation is 1"
    );
    for (name, status, expected) in [
        ("Reconciling", "True", "in progress: so it is"),
        ("Reconciling", "False", "current"),
        ("Stalled", "True", "failed: so it is"),
        ("Ready", "False", "in progress: so it is"),
        ("Ready", "Unknown", "in progress: so it is"),
        ("Ready", "True", "current"),
        ("Healthy", "False", "current"),
    ] {
        assert_eq!(widget(json!({}), condition(name, status)), expected, "{name} {status}");
    }
    assert_eq!(health(json!({"kind": "ConfigMap", "apiVersion": "v1"})), "current");
    assert_eq!(health(json!(null)), "current");
}

#[test]
fn deployments() {
    let well = json!({
        "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2,
        "conditions": [
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            {"type": "Available", "status": "True"},
        ],
    });
    let deployment = |change: Value| {
        let mut status = well.clone();
        for (key, value) in change.as_object().unwrap() {
            status[key] = value.clone();
        }
        health(object("apps/v1", "Deployment", json!({"replicas": 2, "progressDeadlineSeconds": 600}), status))
    };
    assert_eq!(deployment(json!({})), "current");
    assert_eq!(deployment(json!({"replicas": 1})), "in progress: Replicas: 1/2");
    assert_eq!(deployment(json!({"updatedReplicas": 1})), "in progress: Updated: 1/2");
    assert_eq!(deployment(json!({"replicas": 3})), "in progress: Pending termination: 1");
    assert_eq!(deployment(json!({"availableReplicas": 1})), "in progress: Available: 1/2");
    assert_eq!(deployment(json!({"readyReplicas": 1})), "in progress: Ready: 1/2");
    let progressing = |reason: &str| {
        json!({"conditions": [
            {"type": "Progressing", "status": "True", "reason": reason}, {"type": "Available", "status": "True"}
        ]})
    };
    assert_eq!(deployment(progressing("ReplicaSetUpdated")), "in progress: ReplicaSet not Available");
    assert_eq!(deployment(progressing("ProgressDeadlineExceeded")), "failed: Progress deadline exceeded");
    assert_eq!(deployment(json!({"conditions": [well["conditions"][0]]})), "in progress: Deployment not Available");
    let without_deadline = object(
        "apps/v1",
        "Deployment",
        json!({}),
        json!({
            "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1,
            "conditions": [{"type": "Available", "status": "True"}],
        }),
    );
    assert_eq!(health(without_deadline), "current");
}

#[test]
fn stateful_sets() {
    let set = |spec: Value, status: Value| health(object("apps/v1", "StatefulSet", spec, status));
    let well = json!({
        "replicas": 2, "readyReplicas": 2, "currentReplicas": 2, "currentRevision": "a", "updateRevision": "a",
    });
    assert_eq!(set(json!({"replicas": 2}), well.clone()), "current");
    assert_eq!(set(json!({"replicas": 3}), well.clone()), "in progress: Replicas: 2/3");
    assert_eq!(set(json!({"replicas": 3, "updateStrategy": {"type": "OnDelete"}}), well.clone()), "current");
    let partition = json!({"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}});
    assert_eq!(set(partition.clone(), well.clone()), "in progress: updated: 0/1");
    let mut updated = well.clone();
    updated["updatedReplicas"] = json!(1);
    assert_eq!(set(partition, updated), "current");
    let mut rolling = well;
    rolling["updateRevision"] = json!("b");
    assert_eq!(set(json!({"replicas": 2}), rolling), "in progress: Waiting for updated revision to match current");
}

#[test]
fn daemon_sets_must_have_been_seen() {
    let set = |status: Value| health(object("apps/v1", "DaemonSet", json!({}), status));
    assert_eq!(set(json!({})), "in progress: DaemonSet status.observedGeneration not found");
    assert_eq!(set(json!({"observedGeneration": 2})), "in progress: Missing .status.desiredNumberScheduled");
    let mut status = json!({
        "observedGeneration": 2, "desiredNumberScheduled": 3, "currentNumberScheduled": 3, "updatedNumberScheduled": 3,
        "numberAvailable": 3, "numberReady": 3,
    });
    assert_eq!(set(status.clone()), "current");
    status["numberAvailable"] = json!(1);
    assert_eq!(set(status), "in progress: Available: 1/3");
}

#[test]
fn jobs_are_well_when_they_are_done() {
    let job = |status: Value| health(object("batch/v1", "Job", json!({"completions": 3}), status));
    let condition = |name: &str| json!({"failed": 1, "conditions": [{"type": name, "status": "True"}]});
    assert_eq!(job(json!({"startTime": "2026-01-01T00:00:00Z"})), "in progress: Job in progress");
    assert_eq!(job(condition("Complete")), "current");
    assert_eq!(job(condition("Suspended")), "current");
    assert_eq!(job(condition("Failed")), "failed: Job Failed. failed: 1/3");
}

#[test]
fn pods() {
    let pod = |created: &str, status: Value| {
        health(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"creationTimestamp": created}, "status": status}))
    };
    let old = "1970-01-01T00:00:00Z";
    for (phase, expected) in [
        ("Succeeded", "current"),
        ("Failed", "current"),
        ("Running", "in progress: Pod is running but is not Ready"),
        ("Pending", "in progress: Pod is in the Pending phase"),
        ("", "in progress: Pod phase not available"),
        ("Lost", "unknown: unknown phase Lost"),
    ] {
        assert_eq!(pod(old, json!({"phase": phase})), expected);
    }
    let crashing = json!({"phase": "Running", "containerStatuses": [
        {"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}, {"name": "b", "state": {"running": {}}},
    ]});
    assert_eq!(pod(old, crashing), "failed: Containers in CrashLoop state: a");
    let unschedulable = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]});
    assert_eq!(pod(old, unschedulable.clone()), "failed: Pod could not be scheduled");
    assert_eq!(pod("1970-01-01T00:16:30Z", unschedulable), "in progress: Pod has not been scheduled");
}

#[test]
fn definitions_claims_and_services() {
    let crd = |conditions: Value| {
        health(object(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            json!({}),
            json!({"conditions": conditions}),
        ))
    };
    let condition = |name: &str, status: &str, reason: &str| json!({"type": name, "status": status, "reason": reason, "message": "m"});
    assert_eq!(crd(json!([])), "in progress: Install in progress");
    assert_eq!(crd(json!([condition("Established", "True", "InitialNamesAccepted")])), "current");
    assert_eq!(crd(json!([condition("Established", "False", "Installing")])), "in progress: Install in progress");
    assert_eq!(crd(json!([condition("Established", "False", "Conflict")])), "failed: m");
    assert_eq!(crd(json!([condition("NamesAccepted", "False", "Conflict")])), "failed: m");
    let claim = |status: Value| health(object("v1", "PersistentVolumeClaim", json!({}), status));
    assert_eq!(claim(json!({"phase": "Bound"})), "current");
    assert_eq!(claim(json!({"phase": "Pending"})), "in progress: PVC is not Bound. phase: Pending");
    let service = |spec: Value| health(object("v1", "Service", spec, json!({})));
    assert_eq!(service(json!({"type": "LoadBalancer", "clusterIP": "10.0.0.1"})), "current");
    assert_eq!(service(json!({"type": "LoadBalancer"})), "in progress: ClusterIP not set. Service type: LoadBalancer");
}
