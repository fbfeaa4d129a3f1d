use serde_json::json;
use windlass_cluster::{Inventory, plan};

use crate::bed::{bed, changes, ids, words};

const WEB: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NS}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'nginx:1', ports: [{containerPort: 80}], resources: {requests: {cpu: '1000m'}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: NS}
data: {a: '1'}
---
apiVersion: v1
kind: Secret
metadata: {name: web, namespace: NS}
stringData: {password: hunter2}
";

#[tokio::test]
async fn what_was_applied_is_unchanged_the_next_time_and_costs_two_requests_each() {
    let bed = bed!("unchanged");
    let first = bed.apply(WEB).await;
    assert_eq!(
        words(&first),
        ["created ConfigMap/unchanged/web", "created Secret/unchanged/web", "created Deployment/unchanged/web"]
    );
    assert_eq!(
        ids(&first.inventory()),
        ["unchanged_web__ConfigMap v1", "unchanged_web__Secret v1", "unchanged_web_apps_Deployment v1"]
    );
    let live = bed.get("deployments.v1.apps", "web");
    assert_eq!(live["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"], "apps");
    assert_eq!(live["metadata"]["managedFields"][0]["manager"], "kustomize-controller");

    let before = bed.request_count();
    let second = bed.apply(WEB).await;
    assert!(second.changed().next().is_none(), "{:?}", words(&second));
    let mut requests = bed.requests_since(before);
    requests.sort();
    assert_eq!(
        requests,
        [
            "dry-run patch configmaps",
            "dry-run patch deployments",
            "dry-run patch secrets",
            "get configmaps",
            "get deployments",
            "get secrets",
        ]
    );
}

#[tokio::test]
async fn only_what_changed_is_applied() {
    let bed = bed!("changed");
    bed.apply(WEB).await;
    let before = bed.request_count();
    let applied = bed.apply(&WEB.replace("nginx:1", "nginx:2")).await;
    assert_eq!(changes(&applied), [r#"spec.template.spec.containers[name=web].image: "nginx:1" → "nginx:2""#]);
    let patches: Vec<_> =
        bed.requests_since(before).into_iter().filter(|request| request.starts_with("patch")).collect();
    assert_eq!(patches, ["patch deployments"]);
}

#[tokio::test]
async fn drift_by_kubectl_is_put_back_and_foreign_fields_go() {
    let bed = bed!("drift");
    bed.apply(WEB).await;
    bed.kubectl(&["scale", "deployment/web", "--replicas=5"]);
    bed.kubectl(&["patch", "configmap/web", "--field-manager=kubectl-edit", "-p", r#"{"data":{"extra":"x"}}"#]);
    bed.kubectl(&["label", "configmap/web", "by-hand=yes"]);

    let planned = plan(&bed.cluster, &bed.manifests(WEB), None, &bed.options()).await.unwrap();
    let applied = bed.apply(WEB).await;
    assert_eq!(planned.actions, applied.actions, "the plan is what is done");
    assert_eq!(
        changes(&applied),
        [r#"- metadata.labels.by-hand: "yes""#, r#"- data.extra: "x""#, "spec.replicas: 5 → 2"]
    );
    assert_eq!(bed.get("configmap", "web")["data"], json!({"a": "1"}));
    assert_eq!(bed.get("configmap", "web")["metadata"]["labels"].get("by-hand"), None);
    assert_eq!(bed.get("deployment", "web")["spec"]["replicas"], 2);
    assert!(bed.apply(WEB).await.changed().next().is_none());
}

#[tokio::test]
async fn fields_of_other_controllers_stay() {
    let bed = bed!("others");
    bed.apply(WEB).await;
    bed.kubectl(&["patch", "configmap/web", "--field-manager=operator", "-p", r#"{"data":{"extra":"x"}}"#]);
    assert!(bed.apply(WEB).await.changed().next().is_none());
    assert_eq!(bed.get("configmap", "web")["data"]["extra"], "x");
}

#[tokio::test]
async fn a_field_that_left_the_repository_leaves_the_cluster() {
    let bed = bed!("left");
    bed.apply(&WEB.replace("{a: '1'}", "{a: '1', b: '2'}")).await;
    let applied = bed.apply(WEB).await;
    assert_eq!(changes(&applied), [r#"- data.b: "2""#]);
    assert_eq!(bed.get("configmap", "web")["data"], json!({"a": "1"}));
}

#[tokio::test]
async fn a_secret_shows_no_value_in_its_changes() {
    let bed = bed!("secret");
    bed.apply(WEB).await;
    let text = WEB.replace("hunter2", "correct horse");
    let planned = plan(&bed.cluster, &bed.manifests(&text), None, &bed.options()).await.unwrap();
    let shown = format!("{planned:?}");
    assert!(planned.has_changes());
    for secret in ["hunter2", "correct horse", "aHVudGVyMg", "Y29ycmVjdCBob3JzZQ"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn markers_keep_objects_as_they_are() {
    let bed = bed!("markers");
    let text = |marker: &str, value: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c, namespace: NS, annotations: \
             {{kustomize.toolkit.fluxcd.io/{marker}}}}}, data: {{a: '{value}'}}}}"
        )
    };
    assert_eq!(words(&bed.apply(&text("ssa: IfNotPresent", "1")).await), ["created ConfigMap/markers/c"]);
    for marker in ["ssa: IfNotPresent", "ssa: ignore", "reconcile: Disabled"] {
        assert_eq!(words(&bed.apply(&text(marker, "2")).await), ["skipped ConfigMap/markers/c"], "{marker}");
    }
    assert_eq!(bed.get("configmap", "c")["data"]["a"], "1");

    bed.apply(&text("ssa: Merge", "3")).await;
    bed.kubectl(&["patch", "configmap/c", "--field-manager=kubectl-edit", "-p", r#"{"data":{"theirs":"x"}}"#]);
    assert!(bed.apply(&text("ssa: Merge", "3")).await.changed().next().is_none());

    // A marker on the object in the cluster counts too.
    bed.kubectl(&["annotate", "--overwrite", "configmap/c", "kustomize.toolkit.fluxcd.io/reconcile=disabled"]);
    assert_eq!(words(&bed.apply(&text("ssa: Override", "4")).await), ["skipped ConfigMap/markers/c"]);
}

#[tokio::test]
async fn a_plan_writes_nothing_and_knows_what_is_stale() {
    let bed = bed!("plan");
    let previous = Inventory::read([
        ("plan_web__ConfigMap", "v1"),
        ("plan_gone__ConfigMap", "v1"),
        ("plan_old__ConfigMap", "v1"),
        ("plan_foreign__ConfigMap", "v1"),
        ("plan_x_gone.example.com_Widget", "v1"),
    ])
    .unwrap();
    bed.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: old, namespace: NS}}").await;
    bed.kubectl(&["create", "configmap", "foreign"]);
    let before = bed.request_count();
    let planned = plan(&bed.cluster, &bed.manifests(WEB), Some(&previous), &bed.options()).await.unwrap();
    assert!(bed.requests_since(before).iter().all(|r| r.starts_with("get") || r.starts_with("dry-run")));
    let words: Vec<_> = planned.actions.iter().map(|a| format!("{} {}", a.verb.name(), a.id)).collect();
    assert_eq!(
        words,
        [
            "create ConfigMap/plan/web",
            "create Secret/plan/web",
            "create Deployment/plan/web",
            "skip Widget/plan/x",
            "prune ConfigMap/plan/old",
            "skip ConfigMap/plan/gone",
            "skip ConfigMap/plan/foreign",
        ]
    );
}

#[tokio::test]
async fn fields_that_a_kind_does_not_have_are_left_out_and_told() {
    let bed = bed!("unknown-fields");
    let text = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: NS}, spec: {foo: 1, selector: \
                {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x, \
                bar: {baz: 1}}]}}}}";
    for word in ["created", "unchanged"] {
        let applied = bed.apply(text).await;
        assert_eq!(words(&applied), [format!("{word} Deployment/unknown-fields/a")]);
        let mut fields: Vec<_> =
            applied.unknown_fields.iter().map(|(subject, field)| format!("{subject}: {field}")).collect();
        // The server names them in any order.
        fields.sort();
        assert_eq!(
            fields,
            [
                "apps/all.yaml:1: Deployment/unknown-fields/a: .spec.foo",
                "apps/all.yaml:1: Deployment/unknown-fields/a: .spec.template.spec.containers[name=\"a\"].bar",
            ]
        );
    }
}

#[tokio::test]
async fn what_the_server_stores_otherwise_than_it_was_written_is_no_drift() {
    let bed = bed!("spelling");
    for text in [
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: NS}, data: {a: null}}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: NS, labels: null, annotations: {}}, data: null}",
        "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: NS}, stringData: {a: null}}",
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: c, namespace: NS}, spec: {selector: {matchLabels: \
         {a: b}}, template: {metadata: {creationTimestamp: null, labels: {a: b}}, spec: {nodeSelector: null, \
         containers: [{name: a, image: x, env: [{name: A, value: ''}, {name: B, value: null}], ports: null, \
         resources: {limits: {memory: 1024Mi, cpu: 1000m}, requests: null}}]}}}}",
    ] {
        bed.apply(text).await;
        assert!(bed.apply(text).await.changed().next().is_none(), "{text}");
    }
}
