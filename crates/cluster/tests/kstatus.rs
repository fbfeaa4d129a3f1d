//! Health against kstatus itself, as the Flux oracle runs it, over generated workloads.

use std::time::SystemTime;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use windlass_cluster::{Health, status};
use windlass_testbed::{Oracle, Tool, require_peers};

/// Jobs are left out: Flux has its own rule for them, see the unit tests. So is the age of Pods.
fn workload() -> impl Strategy<Value = Value> {
    let count = || proptest::option::weighted(0.8, 0..3_i64);
    let kind = prop::sample::select(vec![
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "ReplicaSet"),
        ("v1", "Pod"),
        ("v1", "PersistentVolumeClaim"),
        ("v1", "Service"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("policy/v1", "PodDisruptionBudget"),
        ("example.com/v1", "Widget"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ]);
    let counts = prop::collection::vec(count(), 12);
    let generations = (proptest::option::weighted(0.9, 1..3_i64), proptest::option::weighted(0.9, Just(2_i64)));
    let spec = (
        count(),
        prop::sample::select(vec![
            json!(null),
            json!({"type": "OnDelete"}),
            json!({"rollingUpdate": {"partition": 1}}),
            json!({"rollingUpdate": {"partition": 0}}),
        ]),
        prop::sample::select(vec![json!(null), json!(600), json!(2_147_483_647)]),
        prop::sample::select(vec!["ClusterIP", "LoadBalancer"]),
    );
    let texts = (
        prop::sample::select(vec!["", "Running", "Pending", "Succeeded", "Failed", "Bound", "Lost"]),
        prop::sample::select(vec!["a", "b"]),
    );
    (kind, counts, generations, spec, texts, conditions(), prop::bool::weighted(0.05)).prop_map(
        |((api_version, kind), counts, (generation, observed), (replicas, strategy, deadline, service), (phase, revision), conditions, deleted)| {
            const COUNTS: [&str; 12] = [
                "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas",
                "fullyLabeledReplicas", "desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled",
                "numberAvailable", "numberReady", "succeeded",
            ];
            let mut status = json!({
                "phase": Some(phase).filter(|phase| !phase.is_empty()), "conditions": conditions, "observedGeneration": observed,
                "currentRevision": "a", "updateRevision": revision,
            });
            for (name, count) in COUNTS.iter().zip(counts) {
                status[name] = json!(count);
            }
            without_nulls(json!({
                "apiVersion": api_version, "kind": kind,
                "metadata": {
                    "name": "x", "namespace": "n", "generation": generation, "creationTimestamp": "2020-01-01T00:00:00Z",
                    "deletionTimestamp": deleted.then_some("2026-01-01T00:00:00Z"),
                },
                "spec": {
                    "replicas": replicas, "updateStrategy": strategy, "progressDeadlineSeconds": deadline, "type": service,
                },
                "status": status,
            }))
        },
    )
}

fn conditions() -> impl Strategy<Value = Vec<Value>> {
    let name = prop::sample::select(vec![
        "Progressing",
        "Available",
        "Ready",
        "Reconciling",
        "Stalled",
        "ReplicaFailure",
        "PodScheduled",
        "Established",
        "NamesAccepted",
    ]);
    let status = prop::sample::select(vec!["True", "True", "True", "False", "Unknown"]);
    let reason = prop::sample::select(vec![
        "NewReplicaSetAvailable",
        "NewReplicaSetAvailable",
        "ProgressDeadlineExceeded",
        "Installing",
        "Unschedulable",
        "X",
    ]);
    let condition = (name, status, reason)
        .prop_map(|(name, status, reason)| json!({"type": name, "status": status, "reason": reason, "message": "m"}));
    prop::collection::vec(condition, 0..4)
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        other => other,
    }
}

fn word(health: &Health) -> &'static str {
    match health {
        Health::Current => "Current",
        Health::InProgress(_) => "InProgress",
        Health::Failed(_) => "Failed",
        Health::Terminating => "Terminating",
        Health::NotFound => "NotFound",
        _ => "Unknown",
    }
}

#[test]
fn generated_workloads_are_as_kstatus_sees_them() {
    let testbed = require_peers!(&[Tool::FluxOracle]);
    let oracle = Oracle::start(&testbed, Tool::FluxOracle).unwrap();
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..3000 {
        let object = workload().new_tree(&mut runner).unwrap().current();
        let ours = status(&object, SystemTime::now());
        let (theirs, message) = match oracle.ask("kstatus", &object.to_string()).unwrap() {
            Ok(answer) => {
                let answer: Value = serde_json::from_str(&answer).unwrap();
                (answer["status"].as_str().unwrap().to_owned(), answer["message"].as_str().unwrap().to_owned())
            }
            Err(_) => ("Unknown".to_owned(), String::new()),
        };
        assert_eq!(word(&ours), theirs, "{object:#}\nours: {ours}\ntheirs: {message}");
        if let Health::InProgress(text) | Health::Failed(text) = &ours {
            assert_eq!(*text, message, "{object:#}");
        }
        *seen.entry((object["kind"].as_str().unwrap().to_owned(), theirs)).or_insert(0) += 1;
    }
    assert!(seen.len() > 25, "the cases are not varied enough: {seen:?}");
}
