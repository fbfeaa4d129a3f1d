//! How fast objects are applied: the share of this crate in a request to an API server double, between reading an object
//! and storing it.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use windlass_fieldset::{Entries, FieldSet, ManagedFields, Type, TypedValue, Updater, Writer};

fn deployment(image: &str) -> Value {
    let env: Vec<Value> =
        (0..10).map(|n| json!({"name": format!("VARIABLE_{n}"), "value": format!("value {n}")})).collect();
    let labels = json!({"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "web", "tier": "front"});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "labels": labels, "annotations": {"note": "x"}},
        "spec": {
            "replicas": 2, "revisionHistoryLimit": 3, "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}},
            "template": {
                "metadata": {"labels": labels, "annotations": {"checksum/config": "0123456789abcdef"}},
                "spec": {
                    "serviceAccountName": "web", "securityContext": {"runAsNonRoot": true, "runAsUser": 1000},
                    "containers": [{
                        "name": "app", "image": image, "imagePullPolicy": "IfNotPresent", "args": ["--port", "8080"],
                        "env": env,
                        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9090}],
                        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                        "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}, "periodSeconds": 10},
                        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}],
                    }],
                    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "web"}}, {"name": "tmp", "emptyDir": {}}],
                },
            },
        },
    })
}

fn apply(criterion: &mut Criterion) {
    let schema = windlass_schema::Schema::builtin();
    let kind = schema.kind("apps", "v1", "Deployment").expect("a built-in kind");
    let ty = Type::of_kind(kind);
    criterion.bench_function("type of a Deployment", |bencher| bencher.iter(|| Type::of_kind(black_box(kind))));

    let updater = Updater::new();
    let object = |value| TypedValue::new(value, &ty).expect("a Deployment");
    let writer = Writer::new("windlass", "apps/v1");
    let created = updater.apply(&object(json!({})), &object(deployment("web:1")), &ManagedFields::default(), writer);
    let created = created.expect("nobody else owns anything");
    let mut live = created.object.expect("created").value().clone();
    live["status"] =
        json!({"replicas": 2, "readyReplicas": 2, "conditions": [{"type": "Available", "status": "True"}]});
    let live_value = std::sync::Arc::new(live);
    let live = TypedValue::with_duplicates(live_value.clone(), &ty).expect("a Deployment");
    let them = Writer::new("kube-controller-manager", "apps/v1");
    let before = TypedValue::with_duplicates(deployment("web:1"), &ty).expect("a Deployment");
    let managers = updater.update(&before, &live, &created.managers, them).expect("an update");

    let mut group = criterion.benchmark_group("Deployment");
    group.bench_function("validate", |bencher| {
        bencher.iter(|| TypedValue::new(black_box(live_value.clone()), &ty).expect("valid"));
    });
    for (name, image) in [("apply the same", "web:1"), ("apply a change", "web:2")] {
        let desired = std::sync::Arc::new(deployment(image));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let live = TypedValue::with_duplicates(live_value.clone(), &ty).expect("valid");
                let config = TypedValue::new(desired.clone(), &ty).expect("valid");
                updater.apply(&live, &config, black_box(&managers), writer).expect("no conflict")
            });
        });
    }
    let mut fewer = deployment("web:1");
    fewer["spec"]["template"]["spec"]["containers"][0]["env"] = json!([]);
    let fewer = object(fewer);
    group.bench_function("apply less", |bencher| {
        bencher.iter(|| updater.apply(&live, &fewer, black_box(&managers), writer).expect("no conflict"));
    });
    group.bench_function("compare", |bencher| bencher.iter(|| black_box(&live).compare(&fewer)));
    group.bench_function("field set", |bencher| bencher.iter(|| black_box(&live).to_field_set()));
    let set = live.to_field_set();
    let written = set.to_fields_v1();
    group.bench_function("write FieldsV1", |bencher| bencher.iter(|| black_box(&set).to_fields_v1()));
    group.bench_function("read FieldsV1", |bencher| bencher.iter(|| FieldSet::from_fields_v1(black_box(&written))));
    let owned = json!({"metadata": {"managedFields": [
        {"manager": "a", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": written}]}});
    group.bench_function("read managedFields", |bencher| bencher.iter(|| Entries::of(black_box(&owned))));
    group.finish();
}

criterion_group!(benches, apply);
criterion_main!(benches);
