use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::script::Step;

/// A kind as sequences use it: where its objects are, what they need, and fields that come and go.
struct Kind {
    path: &'static str,
    base: Value,
    fields: Vec<(&'static str, Vec<Value>)>,
}

fn container(name: &str, image: &str, rest: Value) -> Value {
    let mut container = json!({"name": name, "image": image});
    for (key, value) in rest.as_object().into_iter().flatten() {
        container[key.as_str()] = value.clone();
    }
    container
}

fn containers() -> Vec<Value> {
    let port = |number: u16| json!({"ports": [{"containerPort": number}]});
    let env = |value: &str| json!({"env": [{"name": "A", "value": value}, {"name": "B", "value": "2"}]});
    let limits = json!({"resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}});
    vec![
        json!([container("c", "i:1", json!({}))]),
        json!([container("c", "i:2", port(80)), container("d", "j", env("1"))]),
        json!([container("d", "j", env("")), container("c", "i:1", limits)]),
        json!([container("c", "i", json!({"livenessProbe": {"httpGet": {"port": 80}}, "args": ["x", "y"]}))]),
    ]
}

fn workload(api_version: &str, kind: &str, more: Value) -> Value {
    let mut object = json!({
        "apiVersion": api_version, "kind": kind,
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
        },
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        object["spec"][key.as_str()] = value.clone();
    }
    object
}

fn object(api_version: &str, kind: &str, more: Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind});
    for (key, value) in more.as_object().into_iter().flatten() {
        object[key.as_str()] = value.clone();
    }
    object
}

fn kinds() -> Vec<Kind> {
    let of = |path, base, fields| Kind { path, base, fields };
    let template = "/spec/template/spec/containers";
    let replicas = || ("/spec/replicas", vec![json!(0), json!(3)]);
    vec![
        of(
            "/api/v1/namespaces/{ns}/configmaps",
            object("v1", "ConfigMap", json!({})),
            vec![
                ("/data/a", vec![json!("1"), json!("2"), json!("")]),
                ("/data/b", vec![json!("1"), json!(null)]),
                ("/binaryData/c", vec![json!("eA==")]),
            ],
        ),
        of(
            "/api/v1/namespaces/{ns}/secrets",
            object("v1", "Secret", json!({})),
            vec![("/data/a", vec![json!("eA=="), json!("eQ==")]), ("/stringData/b", vec![json!("1"), json!("2")])],
        ),
        of(
            "/api/v1/namespaces/{ns}/services",
            object("v1", "Service", json!({"spec": {"ports": [{"name": "a", "port": 80}]}})),
            vec![
                (
                    "/spec/ports",
                    vec![
                        json!([{"name": "a", "port": 80}, {"name": "b", "port": 81, "targetPort": "x"}]),
                        json!([{"name": "c", "port": 82, "protocol": "UDP"}, {"name": "a", "port": 80}]),
                    ],
                ),
                ("/spec/selector/x", vec![json!("1"), json!("2")]),
                ("/spec/sessionAffinity", vec![json!("ClientIP"), json!("None")]),
            ],
        ),
        of(
            "/api/v1/namespaces/{ns}/serviceaccounts",
            object("v1", "ServiceAccount", json!({})),
            vec![
                ("/imagePullSecrets", vec![json!([{"name": "x"}]), json!([{"name": "y"}, {"name": "x"}])]),
                ("/automountServiceAccountToken", vec![json!(true), json!(false)]),
            ],
        ),
        of(
            "/apis/apps/v1/namespaces/{ns}/deployments",
            workload("apps/v1", "Deployment", json!({})),
            vec![
                replicas(),
                (template, containers()),
                ("/spec/strategy", vec![json!({}), json!({"type": "Recreate"})]),
                ("/spec/paused", vec![json!(true), json!(false)]),
            ],
        ),
        of(
            "/apis/apps/v1/namespaces/{ns}/statefulsets",
            workload("apps/v1", "StatefulSet", json!({"serviceName": "s"})),
            vec![replicas(), (template, containers())],
        ),
        of(
            "/apis/apps/v1/namespaces/{ns}/daemonsets",
            workload("apps/v1", "DaemonSet", json!({})),
            vec![(template, containers()), ("/spec/minReadySeconds", vec![json!(5)])],
        ),
        of(
            "/apis/batch/v1/namespaces/{ns}/cronjobs",
            object(
                "batch/v1",
                "CronJob",
                json!({"spec": {
                    "schedule": "* * * * *",
                    "jobTemplate": {"spec": {"template": {"spec": {
                        "restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}],
                    }}}},
                }}),
            ),
            vec![
                ("/spec/suspend", vec![json!(true), json!(false)]),
                ("/spec/jobTemplate/spec/backoffLimit", vec![json!(0), json!(2)]),
                ("/spec/jobTemplate/spec/template/spec/containers", containers()),
            ],
        ),
        of(
            "/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies",
            object("networking.k8s.io/v1", "NetworkPolicy", json!({"spec": {"podSelector": {}}})),
            vec![
                ("/spec/ingress", vec![json!([{"ports": [{"port": 80}]}]), json!([{}])]),
                ("/spec/egress", vec![json!([{}]), json!([{"to": [{"podSelector": {}}]}])]),
            ],
        ),
        of(
            "/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses",
            object(
                "networking.k8s.io/v1",
                "Ingress",
                json!({"spec": {
                    "defaultBackend": {"service": {"name": "s", "port": {"number": 80}}},
                }}),
            ),
            vec![
                ("/spec/ingressClassName", vec![json!("x"), json!("y")]),
                ("/spec/tls", vec![json!([{"hosts": ["x.example"], "secretName": "s"}])]),
            ],
        ),
        of(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles",
            object("rbac.authorization.k8s.io/v1", "Role", json!({})),
            vec![(
                "/rules",
                vec![
                    json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
                    json!([{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"]}]),
                ],
            )],
        ),
        of(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings",
            object(
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                json!({
                    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
                }),
            ),
            vec![(
                "/subjects",
                vec![
                    json!([{"kind": "User", "name": "u"}]),
                    json!([{"kind": "ServiceAccount", "name": "s", "namespace": "x"}]),
                ],
            )],
        ),
        of(
            "/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers",
            object(
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                json!({"spec": {
                    "maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
                }}),
            ),
            vec![("/spec/minReplicas", vec![json!(1), json!(2)]), ("/spec/maxReplicas", vec![json!(5)])],
        ),
        of(
            "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets",
            object("policy/v1", "PodDisruptionBudget", json!({"spec": {"selector": {"matchLabels": {"a": "b"}}}})),
            vec![("/spec/minAvailable", vec![json!(1), json!("50%")])],
        ),
        of(
            "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases",
            object("coordination.k8s.io/v1", "Lease", json!({})),
            vec![
                ("/spec/holderIdentity", vec![json!("x"), json!("y")]),
                ("/spec/leaseDurationSeconds", vec![json!(15), json!(30)]),
            ],
        ),
        of(
            "/api/v1/namespaces/{ns}/persistentvolumeclaims",
            object(
                "v1",
                "PersistentVolumeClaim",
                json!({"spec": {
                    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}},
                }}),
            ),
            vec![("/spec/storageClassName", vec![json!("fast")])],
        ),
        of(
            "/api/v1/namespaces/{ns}/resourcequotas",
            object("v1", "ResourceQuota", json!({})),
            vec![
                ("/spec/hard/cpu", vec![json!("1000m"), json!(1), json!("1500m")]),
                ("/spec/hard/memory", vec![json!("1024Mi"), json!("1e9")]),
            ],
        ),
    ]
}

/// Sequences of requests by several managers, the same ones for the same seed.
pub(crate) fn sequence(seed: u64, length: usize) -> Vec<Step> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let kinds = kinds();
    let choice = (0..kinds.len(), 0..20_u8, 0..3_u8, any::<bool>(), vec(0..6_usize, 6));
    let choices = vec(choice, length).new_tree(&mut runner).expect("a sequence").current();
    let steps = choices
        .into_iter()
        .enumerate()
        .map(|(line, (kind, action, manager, force, picks))| step(line, &kinds[kind], action, manager, force, &picks));
    steps.collect()
}

fn step(line: usize, kind: &Kind, action: u8, manager: u8, force: bool, picks: &[usize]) -> Step {
    let one = format!("{}/x", kind.path);
    let (verb, path) = match action {
        0..=9 => ("APPLY", format!("{one}?fieldManager=m{manager}&force={force}")),
        10 => ("APPLY", format!("{one}?fieldManager=m{manager}&force={force}&dryRun=All")),
        11 | 12 => ("PUT", format!("{one}?fieldManager=u{manager}")),
        13 | 14 => ("MERGE", format!("{one}?fieldManager=u{manager}")),
        15 | 16 => ("STRATEGIC", format!("{one}?fieldManager=u{manager}")),
        17 => ("POST", format!("{}?fieldManager=u{manager}", kind.path)),
        18 => ("GET", one),
        _ => ("DELETE", one),
    };
    let patch = matches!(verb, "MERGE" | "STRATEGIC");
    let mut body = if patch { json!({}) } else { kind.base.clone() };
    if !patch {
        body["metadata"]["name"] = "x".into();
    }
    let labels = [("/metadata/labels/l", vec![json!("1"), json!("2")]), ("/metadata/annotations/n", vec![json!("1")])];
    for ((pointer, values), pick) in kind.fields.iter().chain(&labels).zip(picks) {
        match values.get(*pick) {
            Some(value) => set(&mut body, pointer, value.clone()),
            // A patch may take a field away.
            None if patch && *pick == 5 && pointer.matches('/').count() > 1 && !pointer.contains("containers") => {
                set(&mut body, pointer, Value::Null);
            }
            None => {}
        }
    }
    let body = if matches!(verb, "GET" | "DELETE") { String::new() } else { body.to_string() };
    Step { line, verb: verb.to_owned(), path, body }
}

fn set(object: &mut Value, pointer: &str, value: Value) {
    let mut at = object;
    for step in pointer.split('/').skip(1) {
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[step];
    }
    *at = value;
}

/// Waits for a second to begin.
pub(crate) async fn next_second() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let left = 1_000 - u64::from(now.subsec_millis());
    tokio::time::sleep(std::time::Duration::from_millis(left)).await;
}
