//! Whatever is asked, the server answers: with a status, and with JSON where it says that it is JSON. It never panics.

use futures::FutureExt;
use http::Request;
use http_body_util::BodyExt;
use kube::client::Body;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tower::Service;
use windlass_apiserver::{ApiServer, Behaviours};

const PLACES: &[&str] = &[
    "/",
    "/api",
    "/apis",
    "/api/v1",
    "/apis/apps/v1",
    "/openapi/v3",
    "/openapi/v3/apis/apps/v1",
    "/version",
    "/api/v1/namespaces",
    "/api/v1/namespaces/default",
    "/api/v1/namespaces/default/finalize",
    "/api/v1/pods",
    "/api/v1/namespaces/default/configmaps",
    "/api/v1/namespaces/default/configmaps/x",
    "/api/v1/namespaces/default/secrets/x",
    "/api/v1/namespaces/default/services/x",
    "/api/v1/namespaces/default/services/x/status",
    "/api/v1/namespaces/default/pods/x",
    "/api/v1/namespaces/default/pods/x/log",
    "/api/v1/namespaces/default/persistentvolumeclaims/x",
    "/apis/apps/v1/namespaces/default/deployments",
    "/apis/apps/v1/namespaces/default/deployments/x",
    "/apis/apps/v1/namespaces/default/deployments/x/scale",
    "/apis/apps/v1/namespaces/default/deployments/x/status",
    "/apis/apps/v1/namespaces/default/statefulsets/x",
    "/apis/batch/v1/namespaces/default/jobs/x",
    "/apis/batch/v1/namespaces/default/cronjobs/x",
    "/apis/networking.k8s.io/v1/namespaces/default/ingresses/x",
    "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/x",
    "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/x",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/x",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.test",
    "/apis/example.test/v1/namespaces/default/widgets",
    "/apis/example.test/v1/namespaces/default/widgets/x",
    "/apis/example.test/v1/namespaces/default/widgets/x/scale",
    "/apis/nowhere/v1/things/%ff%zz/a/b/c",
    "//api//v1//",
];

const QUERIES: &[&str] = &[
    "fieldManager=m",
    "force=true",
    "dryRun=All",
    "dryRun=x",
    "fieldValidation=Strict",
    "watch=1",
    "timeoutSeconds=0",
    "resourceVersion=0",
    "resourceVersion=1",
    "resourceVersion=99999999999999999999",
    "resourceVersionMatch=Exact",
    "sendInitialEvents=true",
    "allowWatchBookmarks=true",
    "limit=1",
    "limit=-1",
    "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ",
    "continue=%00",
    "labelSelector=a%3Db,!c,d%20in%20(e",
    "labelSelector=)(",
    "fieldSelector=metadata.name%3Dx",
    "fieldSelector=a.b!=c",
    "propagationPolicy=Foreground",
    "gracePeriodSeconds=-9223372036854775808",
    "includeObject=Object",
    "%=&&==",
];

const TYPES: &[&str] = &[
    "application/json",
    "application/yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/vnd.kubernetes.protobuf",
    "text/plain",
    "",
];

const ACCEPTS: &[&str] = &[
    "application/json",
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    "*/*",
    ",;,=",
];

/// Bodies that a server takes somewhere, which are then broken.
fn bodies() -> Vec<Value> {
    let template = json!({
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}],
            "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}, "livenessProbe": {"httpGet": {"port": 80}}}],
            "volumes": [{"name": "v", "configMap": {"name": "m"}}], "tolerations": [{"operator": "Exists"}]},
    });
    let workload = json!({"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template});
    let named = |kind: &str, version: &str, spec: Value| json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x", "labels": {"l": "1"}}, "spec": spec});
    let rule = json!({"host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Prefix",
        "backend": {"service": {"name": "s", "port": {"number": 80}}}}]}});
    vec![
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1"}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"a": "1"}, "data": {"b": "eA=="}}),
        named("Deployment", "apps/v1", workload.clone()),
        named("StatefulSet", "apps/v1", workload),
        named("Pod", "v1", template["spec"].clone()),
        named("Job", "batch/v1", json!({"template": template})),
        named(
            "CronJob",
            "batch/v1",
            json!({"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": template}}}),
        ),
        named(
            "Service",
            "v1",
            json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30000}], "clusterIP": "None"}),
        ),
        named("Ingress", "networking.k8s.io/v1", json!({"rules": [rule], "tls": [{"hosts": ["a"]}]})),
        named(
            "NetworkPolicy",
            "networking.k8s.io/v1",
            json!({"podSelector": {}, "ingress": [{"from": [{"ipBlock":
            {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "::/0"]}}]}]}),
        ),
        named(
            "HorizontalPodAutoscaler",
            "autoscaling/v2",
            json!({"maxReplicas": 3, "metrics": [{"type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 1}}}]}),
        ),
        named(
            "PersistentVolumeClaim",
            "v1",
            json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}),
        ),
        named("Widget", "example.test/v1", json!({"size": 1, "parts": [{"id": "a"}], "replicas": 1})),
        json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": "x"}, "spec": {"replicas": 2}}),
        json!({"kind": "DeleteOptions", "propagationPolicy": "Orphan", "preconditions": {"uid": "1"}}),
        json!([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}, {"op": "remove", "path": "/spec/replicas"},
            {"op": "copy", "from": "/metadata/name", "path": "/data/-1"}, {"op": "test", "path": "/data/a"}]),
        definition(),
    ]
}

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.test"},
        "spec": {
            "group": "example.test", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
                "additionalPrinterColumns": [{"name": "S", "type": "integer", "jsonPath": ".spec.parts[?(@.id==\"a\")].id"}],
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "properties": {
                    "size": {"type": "integer", "maximum": 5, "default": 3}, "replicas": {"type": "integer"},
                    "name": {"type": "string", "pattern": "^[a-z]*$"},
                    "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
                        "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}}}}}}}}],
        },
    })
}

/// What takes the place of a part of a body.
fn stuff() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        select(vec![
            "",
            "-",
            "/",
            "~1",
            "1e999",
            "9999999999999999999Gi",
            "0x",
            "2026-01-01T00:00:00Z",
            "🦀",
            "x\u{0}y"
        ])
        .prop_map(Value::from),
        Just(Value::from("a".repeat(300))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".{0,6}", inner), 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// A part that is replaced, found by where it stands among all parts, or taken away.
fn broken(body: &mut Value, at: usize, with: Option<&Value>) {
    fn parts(value: &Value, pointer: &str, all: &mut Vec<String>) {
        all.push(pointer.to_owned());
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                parts(value, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), all)
            }),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, value)| parts(value, &format!("{pointer}/{index}"), all));
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    parts(body, "", &mut all);
    let pointer = &all[at % all.len()];
    match (with, pointer.rsplit_once('/')) {
        (None, Some((parent, last))) => {
            if let Some(fields) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
                fields.shift_remove(last);
            }
        }
        (with, _) => {
            if let Some(there) = body.pointer_mut(pointer) {
                *there = with.cloned().unwrap_or_default();
            }
        }
    }
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let mutated = (select(bodies()), vec((any::<usize>(), proptest::option::of(stuff())), 0..4)).prop_map(
        |(mut body, changes)| {
            for (at, with) in &changes {
                broken(&mut body, *at, with.as_ref());
            }
            body.to_string().into_bytes()
        },
    );
    prop_oneof![
        8 => mutated,
        1 => stuff().prop_map(|value| value.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..60),
        1 => Just(Vec::new()),
        1 => vec(any::<u8>(), 0..80).prop_map(|bytes| [b"k8s\0\x12\x40".as_slice(), &bytes].concat()),
        1 => Just("[".repeat(5_000).into_bytes()),
        1 => Just("{\"a\":".repeat(5_000).into_bytes()),
        1 => Just(b"a: &x [1]\nb: *x\n".to_vec()),
    ]
}

#[derive(Debug, Clone)]
struct Asked {
    method: &'static str,
    path: String,
    content_type: &'static str,
    accept: &'static str,
    body: Vec<u8>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let methods = vec!["GET", "POST", "PUT", "PATCH", "PATCH", "PATCH", "DELETE", "OPTIONS"];
    let parts = (select(methods), select(PLACES), vec(select(QUERIES), 0..4), select(TYPES), select(ACCEPTS), body());
    parts.prop_map(|(method, place, queries, content_type, accept, body)| {
        let path = if queries.is_empty() { place.to_owned() } else { format!("{place}?{}", queries.join("&")) };
        Asked { method, path, content_type, accept, body }
    })
}

/// Sends a request, and looks at the answer.
async fn answered(server: &mut ApiServer, asked: &Asked) {
    let request = Request::builder()
        .method(asked.method)
        .uri(&asked.path)
        .header("content-type", asked.content_type)
        .header("accept", asked.accept)
        .body(Body::from(asked.body.clone()))
        .expect("a request");
    let response = server.call(request).await.expect("an answer");
    assert!((100..600).contains(&response.status().as_u16()), "{}", response.status());
    let json =
        response.headers().get("content-type").is_some_and(|one| one.as_bytes().starts_with(b"application/json"));
    let mut body = response.into_body();
    let mut text = Vec::new();
    // A watch goes on: what is there at once is enough.
    while let Some(Some(Ok(frame))) = body.frame().now_or_never() {
        text.extend(frame.into_data().expect("data"));
    }
    if json {
        let values = serde_json::Deserializer::from_slice(&text).into_iter::<Value>();
        values.for_each(|value| drop(value.expect("JSON")));
    }
}

#[test]
fn no_request_makes_it_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    proptest!(|(all in vec(asked(), 1..24))| {
        runtime.block_on(async {
            let mut server = ApiServer::builder().behaviours(Behaviours::ready()).build();
            server.objects().create(&definition()).expect("a definition");
            for asked in &all {
                answered(&mut server, asked).await;
            }
        });
    });
}

/// Every body at every place as it is: what should work is reached too.
#[test]
fn every_body_at_every_place() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut server = ApiServer::builder().behaviours(Behaviours::ready()).build();
        server.objects().create(&definition()).expect("a definition");
        for body in bodies() {
            for place in PLACES {
                for (method, content_type) in [
                    ("PATCH", "application/apply-patch+yaml"),
                    ("PATCH", "application/merge-patch+json"),
                    ("PATCH", "application/strategic-merge-patch+json"),
                    ("PATCH", "application/json-patch+json"),
                    ("POST", "application/json"),
                    ("PUT", "application/json"),
                    ("GET", "application/json"),
                ] {
                    let path = format!("{place}?fieldManager=m&force=true");
                    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
                    let body = body.to_string().into_bytes();
                    answered(&mut server, &Asked { method, path, content_type, accept, body }).await;
                }
            }
        }
    });
}
