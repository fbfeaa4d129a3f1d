//! Patches of every kind, mostly for objects that are there.

use serde_json::{Value, json};

use crate::choices::Choices;
use crate::objects::{container, labels, name, namespace, pairs, scalar, volume, word};
use crate::styled::{self, raw};
use crate::tree::Known;

/// What a strategic merge patch changes in an object of this kind.
fn changes(c: &mut Choices<'_>, kind: &str) -> Value {
    let mut patch = match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => {
            let mut spec = json!({"template": {"spec": pod_changes(c)}});
            if c.chance(40) {
                spec["replicas"] = if c.chance(80) { json!(3) } else { Value::Null };
            }
            if c.chance(10) {
                spec["strategy"] = c.of(&[
                    json!({"$patch": "replace", "type": "Recreate"}),
                    json!({"type": "Recreate", "rollingUpdate": null}),
                    json!({"$retainKeys": ["type"], "type": "Recreate"}),
                ]);
            }
            json!({"spec": spec})
        }
        "Pod" => json!({"spec": pod_changes(c)}),
        "CronJob" => json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": pod_changes(c)}}}}}),
        "ConfigMap" => {
            json!({"data": c.of(&[json!({"app": null, "new": "1"}), json!({"$patch": "replace", "only": "x"}), json!({"tier": "2"}), json!(null), json!({"$patch": "delete"})])})
        }
        "Secret" => json!({"stringData": {"k": word(c)}}),
        "Service" => json!({"spec": {"ports": c.of(&[
            json!([{"port": 80, "targetPort": 8080}]),
            json!([{"port": 443, "protocol": "TCP", "nodePort": 30000}]),
            json!([{"port": 81, "protocol": "UDP"}, {"port": 80, "$patch": "delete"}]),
            json!([{"$patch": "replace"}, {"port": 1}]),
            json!([]),
        ])}}),
        "ServiceAccount" => json!({"secrets": [{"name": name(c)}], "imagePullSecrets": [{"name": name(c)}]}),
        "RoleBinding" | "ClusterRoleBinding" => {
            json!({"subjects": [{"kind": "ServiceAccount", "name": name(c), "namespace": namespace(c)}]})
        }
        "Role" | "ClusterRole" => json!({"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}),
        "Widget" => {
            json!({"spec": {"items": [{"name": "b", "v": scalar(c)}], "size": scalar(c), "ref": c.of(&[json!(null), json!({"name": "other"}), json!({"$patch": "replace", "x": 1})])}})
        }
        "HelmRelease" => {
            json!({"spec": {"values": {"image": {"tag": raw("1.10")}, "on": null, "new": {"deep": [scalar(c)]}}}})
        }
        "HorizontalPodAutoscaler" => json!({"spec": {"maxReplicas": 3, "metrics": [{"type": "Pods"}]}}),
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            json!({"webhooks": [{"name": c.of(&["a.example.test", "b.example.test"]), "timeoutSeconds": 5}]})
        }
        _ => json!({"spec": {"added": scalar(c)}}),
    };
    if c.chance(30) {
        patch["metadata"]["labels"] = if c.chance(70) { labels(c) } else { pairs(c) };
    }
    if c.chance(30) {
        patch["metadata"]["annotations"] = c.of(&[
            json!({"note": "x", "app": null}),
            json!({"app": "1"}),
            json!(null),
            json!({"$patch": "delete"}),
            json!({}),
        ]);
    }
    if c.chance(5) {
        patch["metadata"]["finalizers"] = json!(["b", "c"]);
    }
    if c.chance(3) {
        patch["metadata"]["ownerReferences"] = json!([{"uid": "1", "name": "x"}]);
    }
    patch
}

fn pod_changes(c: &mut Choices<'_>) -> Value {
    let mut spec = json!({});
    match c.below(9) {
        0..4 => spec["containers"] = json!([container(c)]),
        4 => spec["containers"] = json!([{"name": name(c), "$patch": "delete"}]),
        5 => {
            spec["containers"] = json!([{"name": name(c), "env": [{"name": name(c), "$patch": "delete"}, {"name": "NEW", "value": "1"}]}])
        }
        6 => spec["containers"] = json!([{"$patch": "replace"}, container(c)]),
        7 => {
            spec["containers"] =
                json!([{"name": name(c), "image": null, "resources": {"limits": null}, "args": ["new"]}, container(c)])
        }
        _ => {}
    }
    match c.below(10) {
        0 => spec["volumes"] = json!([{"name": "e", "$patch": "delete"}, {"name": "n"}]),
        1 => spec["volumes"] = json!([volume(c)]),
        2 => spec["volumes"] = Value::Null,
        3 => spec["initContainers"] = json!([container(c)]),
        4 => spec["tolerations"] = json!([{"key": "b"}]),
        5 => spec["imagePullSecrets"] = json!([{"name": name(c)}]),
        6 => {
            spec["hostAliases"] =
                json!([{"ip": "10.0.0.2", "hostnames": ["b"]}, {"ip": "10.0.0.1", "hostnames": ["c"]}])
        }
        7 => {
            spec["topologySpreadConstraints"] =
                json!([{"topologyKey": c.of(&["zone", "host"]), "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 2}])
        }
        _ => spec["hostNetwork"] = c.of(&[json!(true), json!(null)]),
    }
    if c.chance(3) {
        spec["$setElementOrder/containers"] = json!([{"name": "web"}]);
    }
    if c.chance(3) {
        spec["affinity"] = json!({"$patch": "replace", "nodeAffinity": {}});
    }
    spec
}

/// A strategic merge patch for this object.
pub(crate) fn merge_patch(c: &mut Choices<'_>, of: &Known) -> Value {
    let mut patch = match c.below(20) {
        18 => json!({"$patch": "delete"}),
        19 => json!({"$patch": "replace", "spec": {"replaced": true}}),
        _ => changes(c, &of.kind),
    };
    patch["apiVersion"] = json!(of.api_version);
    patch["kind"] = json!(of.kind);
    patch["metadata"]["name"] = json!(of.name);
    if let Some(namespace) = &of.namespace {
        patch["metadata"]["namespace"] = json!(namespace);
    }
    patch
}

fn operation(c: &mut Choices<'_>, kind: &str) -> Value {
    let of_pods = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].contains(&kind);
    let paths: &[&str] = match kind {
        _ if of_pods => &[
            "/spec/replicas",
            "/spec/template/spec/containers/0/image",
            "/spec/template/spec/containers/-",
            "/spec/template/spec/containers/0/env",
            "/spec/template/metadata",
        ],
        "ConfigMap" => &["/data/app", "/data/new", "/data"],
        "Service" => &["/spec/ports/0", "/spec/ports/-", "/spec/selector/app", "/spec/ports/0/port", "/spec/type"],
        _ => &["/spec", "/spec/added"],
    };
    let common = [
        "/metadata/labels",
        "/metadata/annotations/x",
        "/metadata/annotations/a~1b",
        "/metadata/name",
        "/metadata/labels",
        "/metadata/labels/app",
        "/spec/template/spec/containers/0/args/0",
    ];
    let path = |c: &mut Choices<'_>| if c.chance(60) { c.of(paths) } else { c.of(&common) };
    let at = path(c);
    let value = match at {
        "/spec/template/spec/containers/-" => container(c),
        "/metadata/labels" | "/data" | "/spec" => labels(c),
        "/spec/replicas" => json!(5),
        "/spec/ports/-" | "/spec/ports/0" => json!({"port": 99, "name": "new"}),
        "/spec/ports/0/port" => json!(1),
        "/metadata/name" => json!("renamed"),
        _ if c.chance(20) => raw(c.of(&["on", "1.10", "0644", "2020-01-01", "~"])),
        _ => json!(word(c)),
    };
    match c.below(16) {
        0..11 => json!({"op": "add", "path": at, "value": value}),
        11 | 12 => json!({"op": "replace", "path": at, "value": value}),
        13 => json!({"op": "remove", "path": at}),
        14 => json!({"op": c.of(&["copy", "move"]), "from": c.of(&common), "path": c.of(&common)}),
        _ => json!({"op": "test", "path": at, "value": value}),
    }
}

/// Which objects a patch is for.
pub(crate) fn target(c: &mut Choices<'_>, of: &Known) -> Value {
    let mut target = json!({});
    match c.below(8) {
        0 => {}
        1 => target["kind"] = json!(".*"),
        2 => target["kind"] = json!(format!("{}.*", &of.kind[..2])),
        _ => target["kind"] = json!(of.kind),
    }
    match c.below(6) {
        0 | 1 => target["name"] = json!(of.name),
        2 => target["name"] = json!("web|api"),
        3 => target["name"] = json!(".*b.*"),
        _ => {}
    }
    if c.chance(10) {
        target["labelSelector"] = json!(c.of(&["app=web", "app in (web,api)", "!app", "app!=web", "tier"]));
    }
    if c.chance(5) {
        target["annotationSelector"] = json!("app");
    }
    if c.chance(10) {
        target["namespace"] = json!(namespace(c));
    }
    if c.chance(10) {
        let (group, version) = of.api_version.split_once('/').unwrap_or(("", &of.api_version));
        target["version"] = json!(version);
        if !group.is_empty() {
            target["group"] = json!(group);
        }
    }
    if target == json!({}) {
        target["kind"] = json!(of.kind);
    }
    target
}

/// The text of a JSON 6902 patch.
pub(crate) fn json_patch(c: &mut Choices<'_>, kind: &str) -> String {
    let operations = json!(c.some(1, 3, |c| operation(c, kind)));
    styled::document(&operations, c)
}

/// The text of a strategic merge patch.
pub(crate) fn merge_text(c: &mut Choices<'_>, of: &Known) -> String {
    let patch = merge_patch(c, of);
    styled::bare_document(&patch, c)
}
