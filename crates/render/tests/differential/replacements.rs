//! Replacements and vars.

use serde_json::{Value, json};

use crate::choices::Choices;
use crate::objects::{WORKLOADS, labels, name, namespace, word};
use crate::tree::Known;

/// What a replacement copies, and so where it may go: what makes no sense there is refused here at once, and in kustomize
/// when the object is printed, if it ever is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copied {
    Name,
    Number,
    Anything,
}

fn source(c: &mut Choices<'_>, of: &Known) -> (Value, Copied) {
    let paths: &[&str] = match of.kind.as_str() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => &[
            "spec.template.spec.containers.0.image",
            "spec.template.spec.containers.-.name",
            "spec.template.spec.containers",
            "spec.template.spec.containers.[name=web].image",
        ],
        "ConfigMap" => &["data.app", "data.list", "data.[example.com/owner]", "data"],
        "Service" => &["spec.selector", "spec.selector.app"],
        _ => &["metadata.labels"],
    };
    let (path, copied) = match c.below(10) {
        0..5 => (c.of(&["metadata.name", "", "kind", "metadata.name"]), Copied::Name),
        5 => (c.of(&["apiVersion", "metadata.namespace", "metadata.labels.app"]), Copied::Anything),
        6 if of.kind == "Service" => ("spec.ports.[name=http].port", Copied::Number),
        6 if WORKLOADS.contains(&of.kind.as_str()) => ("spec.replicas", Copied::Number),
        _ => (c.of(paths), Copied::Anything),
    };
    let mut source = json!({"kind": of.kind, "name": of.name, "fieldPath": path});
    if c.chance(15) {
        source["options"] = json!({"delimiter": c.of(&[":", "-", ";", "/"]), "index": c.below(3) as i64 - 1});
    }
    if c.chance(20)
        && let Some(namespace) = &of.namespace
    {
        source["namespace"] = json!(namespace);
    }
    (source, copied)
}

fn target(c: &mut Choices<'_>, of: &Known, copied: Copied) -> Value {
    let is_workload = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].contains(&of.kind.as_str());
    let paths: &[&str] = match (of.kind.as_str(), copied) {
        (_, Copied::Number) if is_workload => {
            &["spec.replicas", "spec.template.spec.containers.0.ports.0.containerPort"]
        }
        ("Service", Copied::Number) => &["spec.ports.0.port", "spec.ports.[name=http].targetPort"],
        ("ConfigMap", Copied::Number) => &["data.app\\.yaml.list.[name=x].port", "data.[app.json].list.0.port"],
        (_, Copied::Name) if is_workload => &[
            "spec.template.spec.containers.*.image",
            "spec.template.spec.containers.[name=web].image",
            "spec.template.spec.volumes.[name=c].configMap.name",
        ],
        _ if is_workload => &[
            "spec.template.spec.containers.[name=a].env.[name=new].value",
            "spec.template.spec.containers.[name=.*b].env.*.value",
            "spec.template.spec.containers.0.args.0",
            "spec.selector",
        ],
        ("ConfigMap", _) => &[
            "data.new",
            "data.app",
            "data.list",
            "data.app\\.json.host",
            "data.[app.yaml].quoted",
            "data.[app.json].list.0",
        ],
        ("Service", _) => &["spec.selector.app", "spec.ports.*.name"],
        ("Widget", _) => &["spec.ref.name", "spec.refs.*.name", "spec.names.1"],
        _ => &["spec.new", "spec.deep.er"],
    };
    let common: &[&str] = match copied {
        Copied::Name => &["metadata.name", "metadata.namespace", "metadata.annotations.copied", "metadata.labels.new"],
        _ => &[
            "metadata.annotations.copied",
            "metadata.labels.app",
            "metadata.annotations.[example.com/x]",
            "metadata.annotations.a\\.b",
            "metadata.annotations.copied",
            "metadata.labels.new",
            "nowhere.at.all",
        ],
    };
    let divided = copied != Copied::Number && c.chance(20);
    let field_paths = c.some(1, 2, |c| if c.chance(60) { c.of(paths) } else { c.of(common) });
    let mut target = json!({"select": {"kind": of.kind}, "fieldPaths": field_paths});
    match c.below(6) {
        0..3 => target["select"]["name"] = json!(of.name),
        3 if copied != Copied::Number => {
            target["select"] = json!({"kind": c.of(&["Deploy.*|Service", ".*Set", "NoSuchKind", ".*"])});
        }
        4 => target["select"]["namespace"] = json!(namespace(c)),
        _ => {}
    }
    if c.chance(20) {
        let reject = match c.below(4) {
            0 => json!({"name": name(c)}),
            1 => json!({"labelSelector": "app=web"}),
            2 => json!({"namespace": "shop"}),
            _ => json!({"kind": "Service", "name": name(c)}),
        };
        target["reject"] = json!([reject]);
    }
    let mut options = json!({"create": !c.chance(12)});
    if divided {
        options["delimiter"] = json!(c.of(&[":", "-", "/", ";"]));
        options["index"] = json!(c.below(5) as i64 - 1);
    }
    target["options"] = options;
    target
}

fn any<'k>(c: &mut Choices<'_>, known: &'k [Known]) -> &'k Known {
    &known[c.below(known.len())]
}

pub(crate) fn replacement(c: &mut Choices<'_>, known: &[Known]) -> Value {
    let (mut replacement, copied) = match c.below(6) {
        0 => (json!({"sourceValue": c.of(&["x", "nginx:3", "a:b:c", "ü"])}), Copied::Name),
        1 => (json!({"sourceValue": c.of(&["80", "443"])}), Copied::Number),
        2 => (
            json!({"sourceValue": c.of(&["1.10", "true", "multi\nline", "12:30", "'quoted'", "#", "0x1F", "~"])}),
            Copied::Anything,
        ),
        _ => {
            let of = any(c, known);
            let (source, copied) = source(c, of);
            (json!({"source": source}), copied)
        }
    };
    replacement["targets"] = json!(c.some(1, 2, |c| {
        let of = any(c, known);
        target(c, of, copied)
    }));
    replacement
}

/// A var, called `V` where it is the first.
pub(crate) fn var(c: &mut Choices<'_>, known: &[Known], number: usize) -> Value {
    let of = any(c, known);
    let mut var = json!({"name": if number == 0 { "V".to_owned() } else { format!("V{number}") },
        "objref": {"apiVersion": of.api_version, "kind": of.kind, "name": of.name}});
    if c.chance(40) {
        let path = c.of(&[
            "metadata.name",
            "spec.replicas",
            "spec.template.spec.containers[0].image",
            "metadata.namespace",
            "metadata.labels.app",
            "data.app",
        ]);
        var["fieldref"] = json!({"fieldPath": path});
    }
    var
}

/// One for `transformers`, as an object.
pub(crate) fn plugin(c: &mut Choices<'_>, known: &[Known]) -> Value {
    let of = any(c, known);
    let kind = of.kind.as_str();
    match c.below(13) {
        0 => json!({"kind": "PrefixTransformer", "prefix": "plug-", "fieldSpecs": [{"path": "metadata/name"}]}),
        1 => {
            json!({"kind": "SuffixTransformer", "suffix": "-plug", "fieldSpecs": [{"path": "metadata/name", "kind": kind}]})
        }
        2 => {
            json!({"kind": "LabelTransformer", "labels": labels(c), "fieldSpecs": [{"path": "metadata/labels", "create": true},
            {"path": "spec/template/metadata/labels", "kind": "Deployment", "create": c.chance(50)}, {"path": "spec/containers[]/labels", "create": true}]})
        }
        3 => {
            json!({"kind": "AnnotationsTransformer", "annotations": {"by": word(c)}, "fieldSpecs": [{"path": "metadata/annotations", "create": true}]})
        }
        4 => json!({"kind": "NamespaceTransformer", "unsetOnly": c.chance(50), "metadata": {"namespace": "plugged"},
            "setRoleBindingSubjects": c.of(&["defaultOnly", "allServiceAccounts", "none"]),
            "fieldSpecs": [{"path": "metadata/namespace", "create": true}, {"path": "subjects", "kind": "RoleBinding"}]}),
        5 => {
            json!({"kind": "ReplicaCountTransformer", "replica": {"name": of.name, "count": 4}, "fieldSpecs": [{"path": "spec/replicas", "kind": kind, "create": true}]})
        }
        6 => {
            json!({"kind": "ImageTagTransformer", "imageTag": {"name": "nginx", "tagSuffix": "-alpine", "newTag": "1"}, "fieldSpecs": [{"path": "spec/template/spec/containers[]/image"}]})
        }
        7 => json!({"kind": "HashTransformer"}),
        8 => {
            json!({"kind": "PatchTransformer", "target": {"kind": kind}, "patch": crate::patches::json_patch(c, kind)})
        }
        9 => json!({"kind": "PatchStrategicMergeTransformer", "patches": crate::patches::merge_text(c, of)}),
        10 => {
            let mut target = json!({"fieldPath": c.of(&["metadata/annotations/path", "metadata/annotations/other", "spec/x"]), "filePathPosition": c.below(4)});
            if c.chance(50) {
                target["selector"] = json!({"kind": kind});
            }
            json!({"kind": "ValueAddTransformer", "value": c.of(&["added", "8"]), "targets": [target]})
        }
        11 => json!({"kind": "ReplacementTransformer", "replacements": [replacement(c, known)]}),
        _ => {
            json!({"kind": "PatchJson6902Transformer", "target": {"kind": kind, "name": of.name, "version": of.api_version.rsplit('/').next()},
            "jsonOp": crate::patches::json_patch(c, kind)})
        }
    }
}
