//! Objects of the kinds that kustomize knows something about, and of some that it does not.

use serde_json::{Map, Value, json};

use crate::choices::Choices;
use crate::styled::raw;

/// Few names, so that references meet what they mean.
pub(crate) const NAMES: [&str; 5] = ["web", "api", "db", "cache", "job-1"];

/// What kinds are written as in an object, and what may refer to them.
pub(crate) const WORKLOADS: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"];

pub(crate) fn name(c: &mut Choices<'_>) -> &'static str {
    c.of(&NAMES)
}

pub(crate) fn namespace(c: &mut Choices<'_>) -> &'static str {
    c.of(&["shop", "ops", "default"])
}

/// Texts that are something else without quotes, or are hard to print.
pub(crate) fn word(c: &mut Choices<'_>) -> &'static str {
    c.of(&[
        "a",
        "b",
        "web",
        "on",
        "80",
        "1.10",
        "true",
        "x: y",
        "multi\nline\n",
        "two\nlines",
        "",
        " padded ",
        "0644",
        "12:30",
        "2020-01-01",
        "ünï",
        "'quoted'",
        "#",
        "~",
        "1e3",
        "0x1F",
        "a=b,c",
        "{\"a\": 1}",
        "tab\there",
        "https://example.test/a?b=c&d=<e>",
        "a very long text that goes on and on beyond the eightieth column so that it has to be folded",
    ])
}

/// A value of any type.
pub(crate) fn scalar(c: &mut Choices<'_>) -> Value {
    match c.below(4) {
        0 => json!(word(c)),
        1 => json!(c.below(200)),
        _ => raw(c.of(&[
            "0644",
            "yes",
            "0x1F",
            "1_000",
            "1.50",
            "1e3",
            "~",
            "2020-01-01",
            "12:30",
            ".5",
            "-0.0",
            "!!str 5",
            "0o17",
            "9007199254740993",
            "1.0",
            "null",
            "True",
        ])),
    }
}

pub(crate) fn pairs(c: &mut Choices<'_>) -> Value {
    let keys = ["app", "tier", "example.com/owner", "y", "a10", "a9", "App"];
    Value::Object(c.some(1, 3, |c| (c.of(&keys).to_owned(), json!(word(c)))).into_iter().collect())
}

/// Labels, as selectors and templates hold them.
pub(crate) fn labels(c: &mut Choices<'_>) -> Value {
    json!({"app": name(c)})
}

pub(crate) fn container(c: &mut Choices<'_>) -> Value {
    let image = c.of(&[
        "nginx",
        "nginx:1.25",
        "ghcr.io/a/b:v1@sha256:abc",
        "reg:5000/nginx:2",
        "docker.io/library/busybox",
        "nginx@sha256:0123",
    ]);
    let mut container = json!({"name": name(c), "image": image});
    let mut env: Vec<Value> = Vec::new();
    for variable in c.some(0, 3, env_variable) {
        if env.iter().all(|other| other["name"] != variable["name"]) {
            env.push(variable);
        }
    }
    if !env.is_empty() {
        container["env"] = json!(env);
    }
    if c.chance(15) {
        container["envFrom"] =
            json!([{"configMapRef": {"name": name(c)}}, {"secretRef": {"name": name(c), "optional": true}}]);
    }
    let mut ports: Vec<Value> = Vec::new();
    for port in c.some(0, 2, port) {
        if ports.iter().all(|other| other["containerPort"] != port["containerPort"]) {
            ports.push(port);
        }
    }
    if !ports.is_empty() {
        container["ports"] = json!(ports);
    }
    if c.chance(20) {
        container["args"] = json!(c.some(1, 3, |c| c.of(&["--a", "$(V)", "x-$(V)-$$(V)", "--name=web"])));
    }
    if c.chance(15) {
        container["volumeMounts"] =
            json!([{"name": "c", "mountPath": c.of(&["/c", "/$(V)"])}, {"name": "e", "mountPath": "/e"}]);
    }
    if c.chance(15) {
        container["resources"] = json!({"limits": {"memory": "64Mi", "cpu": scalar(c)}});
    }
    if c.chance(10) {
        container["extra"] = pairs(c);
    }
    container
}

fn env_variable(c: &mut Choices<'_>) -> Value {
    let name = name(c);
    match c.below(5) {
        0 | 1 => json!({"name": name, "value": c.of(&["1", "$(V)", "x"])}),
        2 => json!({"name": name, "valueFrom": {"configMapKeyRef": {"name": name, "key": "k"}}}),
        3 => json!({"name": name, "valueFrom": {"secretKeyRef": {"name": name, "key": "k"}}}),
        _ => json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
    }
}

fn port(c: &mut Choices<'_>) -> Value {
    let mut port = json!({"containerPort": 8080 + c.below(3)});
    if c.chance(50) {
        port["protocol"] = json!(c.of(&["TCP", "UDP"]));
    }
    if c.chance(30) {
        port["name"] = json!("http");
    }
    port
}

pub(crate) fn volume(c: &mut Choices<'_>) -> Value {
    match c.below(7) {
        0 => json!({"name": "c", "configMap": {"name": name(c)}}),
        1 => json!({"name": "s", "secret": {"secretName": name(c)}}),
        2 => {
            json!({"name": "p", "projected": {"sources": [{"secret": {"name": name(c)}}, {"configMap": {"name": name(c)}}]}})
        }
        3 => json!({"name": "v", "persistentVolumeClaim": {"claimName": name(c)}}),
        4 => json!({"name": "n", "nfs": {"server": "$(V)", "path": "/"}}),
        5 => json!({"name": "i", "image": {"reference": "nginx:1"}}),
        _ => json!({"name": "e", "emptyDir": {}}),
    }
}

pub(crate) fn pod_spec(c: &mut Choices<'_>) -> Value {
    let mut spec = json!({"containers": [container(c)]});
    if c.chance(15) {
        let mut second = container(c);
        second["name"] = json!("sidecar");
        spec["containers"].as_array_mut().unwrap().push(second);
    }
    if c.chance(20) {
        spec["initContainers"] = json!([container(c)]);
    }
    if c.chance(30) {
        spec["serviceAccountName"] = json!(name(c));
    }
    let mut volumes: Vec<Value> = Vec::new();
    for volume in c.some(0, 3, volume) {
        if volumes.iter().all(|other| other["name"] != volume["name"]) {
            volumes.push(volume);
        }
    }
    if !volumes.is_empty() {
        spec["volumes"] = json!(volumes);
    }
    if c.chance(10) {
        spec["imagePullSecrets"] = json!([{"name": name(c)}]);
    }
    if c.chance(10) {
        spec["priorityClassName"] = json!(name(c));
    }
    if c.chance(8) {
        let term = json!({"labelSelector": {"matchLabels": labels(c)}, "topologyKey": "zone"});
        spec["affinity"] = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term],
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}]}});
    }
    if c.chance(8) {
        spec["topologySpreadConstraints"] = json!([{"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": labels(c)}}]);
    }
    if c.chance(8) {
        spec["tolerations"] = json!([{"key": "a", "operator": "Exists"}]);
    }
    if c.chance(8) {
        spec["hostAliases"] = json!([{"ip": "10.0.0.1", "hostnames": ["a"]}]);
    }
    if c.chance(5) {
        spec["hostNetwork"] = Value::Null;
    }
    spec
}

fn workload(c: &mut Choices<'_>) -> Value {
    let kind = c.of(&["Deployment", "Deployment", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]);
    let mut object = json!({"apiVersion": "apps/v1", "kind": kind, "spec": {"template": {"spec": pod_spec(c)}}});
    if c.chance(50) {
        let labels = labels(c);
        object["spec"]["selector"] = json!({"matchLabels": labels});
        object["spec"]["template"]["metadata"] = json!({"labels": labels});
    }
    if c.chance(50) {
        object["spec"]["replicas"] = json!(c.below(4));
    }
    if kind == "StatefulSet" && c.chance(50) {
        object["spec"]["serviceName"] = json!(name(c));
        object["spec"]["volumeClaimTemplates"] =
            json!([{"metadata": {"name": "data"}, "spec": {"storageClassName": name(c)}}]);
    }
    if kind == "Deployment" && c.chance(15) {
        object["spec"]["strategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}});
    }
    object
}

fn other_pods(c: &mut Choices<'_>) -> Value {
    let spec = pod_spec(c);
    match c.below(5) {
        0 => json!({"apiVersion": "batch/v1", "kind": "CronJob",
            "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": spec}}}}}),
        1 => json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": spec}}}),
        2 => json!({"apiVersion": "v1", "kind": "Pod", "spec": spec}),
        3 => {
            json!({"apiVersion": "v1", "kind": "ReplicationController", "spec": {"selector": labels(c), "template": {"spec": spec}}})
        }
        _ => json!({"apiVersion": "v1", "kind": "PodTemplate", "template": {"spec": spec}}),
    }
}

fn service(c: &mut Choices<'_>) -> Value {
    let mut service = json!({"apiVersion": "v1", "kind": "Service",
        "spec": {"ports": [{"port": 80, "name": "http"}, {"port": 443, "protocol": "TCP", "targetPort": "$(V)"}]}});
    if c.chance(70) {
        service["spec"]["selector"] = labels(c);
    } else {
        service["spec"]["type"] = json!("ExternalName");
    }
    service
}

fn data(c: &mut Choices<'_>) -> Value {
    match c.below(6) {
        0..3 => json!({"apiVersion": "v1", "kind": "ConfigMap", "data": pairs(c)}),
        3 => json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {
            "app.json": "{\"host\": \"a\", \"list\": [{\"name\": \"x\", \"port\": 1}], \"n\": 1.0}",
            "app.yaml": "host: a # here\nlist:\n- name: x\n  port: 1\nquoted: \"5\"\n",
            "list": "a;b;c"}}),
        4 => json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"k": "dg=="}}),
        _ => json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"k": "v"}}),
    }
}

fn rbac(c: &mut Choices<'_>) -> Value {
    let group = "rbac.authorization.k8s.io";
    let rules =
        json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": c.some(1, 2, name), "verbs": ["get"]}]);
    match c.below(6) {
        0 => json!({"apiVersion": "v1", "kind": "ServiceAccount", "imagePullSecrets": [{"name": name(c)}]}),
        1 => json!({"apiVersion": "v1", "kind": "ServiceAccount", "secrets": [{"name": name(c)}]}),
        2 => json!({"apiVersion": format!("{group}/v1"), "kind": "Role", "rules": rules}),
        3 => json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "rules": rules}),
        kind => {
            let kind = if kind == 4 { "RoleBinding" } else { "ClusterRoleBinding" };
            let role = if kind == "RoleBinding" && c.chance(60) { "Role" } else { "ClusterRole" };
            let subjects = c.some(1, 2, |c| {
                let mut subject = json!({"kind": "ServiceAccount", "name": c.of(&["default", "web", "api"])});
                if c.chance(60) {
                    subject["namespace"] = json!(namespace(c));
                }
                if c.chance(10) {
                    subject["kind"] = json!("User");
                }
                subject
            });
            json!({"apiVersion": format!("{group}/v1"), "kind": kind, "subjects": subjects,
                "roleRef": {"apiGroup": group, "kind": role, "name": name(c)}})
        }
    }
}

fn network(c: &mut Choices<'_>) -> Value {
    let of = name(c);
    match c.below(6) {
        0 | 1 => json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"annotations": {"nginx.ingress.kubernetes.io/auth-secret": of}},
            "spec": {"ingressClassName": of, "tls": [{"secretName": of, "hosts": ["$(V)"]}],
                "defaultBackend": {"service": {"name": of, "port": {"number": 80}}},
                "rules": [{"host": "$(V).example.test", "http": {"paths": [{"path": "/", "backend": {"service": {"name": of}}}]}}]}}),
        2 => json!({"apiVersion": "extensions/v1beta1", "kind": "Ingress",
            "spec": {"backend": {"serviceName": of, "servicePort": 80}, "rules": [{"http": {"paths": [{"backend": {"serviceName": of}}]}}]}}),
        3 => json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "spec": {"controller": "x"}}),
        4 => {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"podSelector": {"matchLabels": labels(c)},
            "ingress": [{"from": [{"podSelector": {"matchLabels": labels(c)}}]}], "egress": [{"to": [{"podSelector": {}}]}]}})
        }
        _ => {
            json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "spec": {"minAvailable": 1, "selector": {"matchLabels": labels(c)}}})
        }
    }
}

fn storage(c: &mut Choices<'_>) -> Value {
    let of = name(c);
    match c.below(4) {
        0 => {
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"volumeName": of, "storageClassName": of}})
        }
        1 => {
            json!({"apiVersion": "v1", "kind": "PersistentVolume", "spec": {"storageClassName": of, "nfs": {"server": "$(V)"}, "azureFile": {"secretName": of}}})
        }
        2 => json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "parameters": {"secretRef": of}}),
        _ => json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 10}),
    }
}

fn cluster(c: &mut Choices<'_>) -> Value {
    let of = name(c);
    let hook = json!({"name": "a.example.test", "clientConfig": {"service": {"name": of, "namespace": namespace(c), "path": "/"}}});
    match c.below(6) {
        0 | 1 => json!({"apiVersion": "v1", "kind": "Namespace"}),
        2 => {
            json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "spec": {"group": "g", "service": {"name": of, "namespace": "ops"}}})
        }
        3 => {
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "webhooks": [hook]})
        }
        4 => {
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "webhooks": [hook]})
        }
        _ => {
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": {"group": "example.com",
            "names": {"kind": "Widget"}, "conversion": {"webhook": {"clientConfig": {"service": {"name": of, "namespace": "x"}}}},
            "versions": [{"name": "v1", "schema": {"containers": [{"image": "nginx"}]}}]}})
        }
    }
}

fn custom(c: &mut Choices<'_>) -> Value {
    let of = name(c);
    match c.below(4) {
        0 => json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "spec": {"valuesFrom": [{"kind": "ConfigMap", "name": of}, {"kind": "Secret", "name": name(c)}],
                "values": {"image": {"tag": "1.10"}, "on": true, "containers": [{"name": "a", "image": "nginx:1"}]}}}),
        1 => {
            json!({"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"ref": {"name": of}, "refs": [{"name": of}, {"name": name(c)}],
            "names": [of, name(c)], "size": scalar(c), "items": [{"name": "a", "v": scalar(c)}, {"name": "b"}]}})
        }
        2 => {
            json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "spec": {"template": {"spec": {"containers":
            [{"image": "nginx", "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": of, "key": "k"}}}]}]}}}})
        }
        _ => json!({"apiVersion": c.of(&["autoscaling/v2", "autoscaling/v1"]), "kind": "HorizontalPodAutoscaler",
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": c.of(&["Deployment", "StatefulSet"]), "name": of},
                "metrics": [{"type": "Resource", "resource": {"name": "cpu"}}]}}),
    }
}

/// Any object, with its metadata.
pub(crate) fn object(c: &mut Choices<'_>) -> Value {
    let mut object = match c.below(20) {
        0..7 => workload(c),
        7 => other_pods(c),
        8 | 9 => service(c),
        10..13 => data(c),
        13 | 14 => rbac(c),
        15 => network(c),
        16 => storage(c),
        17 => cluster(c),
        _ => custom(c),
    };
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(name(c)));
    if object["kind"] != "Namespace" && c.chance(40) {
        metadata.insert("namespace".to_owned(), json!(namespace(c)));
    }
    if c.chance(30) {
        metadata.insert("labels".to_owned(), if c.chance(70) { labels(c) } else { pairs(c) });
    }
    if c.chance(20) {
        metadata.insert("annotations".to_owned(), pairs(c));
    }
    match c.below(25) {
        22 => {
            drop(metadata.insert(
                "annotations".to_owned(),
                json!({"config.kubernetes.io/local-config": c.of(&["true", "false"])}),
            ))
        }
        23 => drop(metadata.insert("finalizers".to_owned(), json!(["a", "b"]))),
        24 => drop(metadata.insert("creationTimestamp".to_owned(), Value::Null)),
        _ => {}
    }
    if let Some(more) = object.get("metadata").and_then(Value::as_object).cloned() {
        metadata.extend(more);
    }
    object["metadata"] = Value::Object(metadata);
    object
}
