//! Replacements, vars and plug-ins configured by objects, added to random overlays.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use serde_json::{Value, json};
use windlass_yaml::{ReadOptions, read_document};

use crate::overlays::{Files, tree};

const OVERLAY: &str = "overlay/kustomization.yaml";

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["web", "api", "db", "cache"])
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["Deployment", "StatefulSet", "ConfigMap", "Service", "Role"])
}

fn text() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "x",
        "80",
        "true",
        "1.10",
        "a:b:c",
        "yes",
        "nginx:3",
        "12:30",
        "0x1F",
        "multi\nline",
        "ü",
    ])
}

fn options() -> impl Strategy<Value = Value> {
    (prop::bool::weighted(0.8), weighted(0.3, prop::sample::select(vec![":", "-", "/"])), -1i64..3).prop_map(
        |(create, delimiter, index)| match delimiter {
            Some(delimiter) => json!({"create": create, "delimiter": delimiter, "index": index}),
            None => json!({"create": create}),
        },
    )
}

fn replacement() -> impl Strategy<Value = Value> {
    let source_path = prop::sample::select(vec![
        "",
        "metadata.name",
        "metadata.namespace",
        "metadata.labels.app",
        "spec.replicas",
        "spec.template.spec.containers.0.image",
        "spec.template.spec.containers.-.name",
        "spec.template.spec.containers",
        "data.[example.com/owner]",
        "spec.ports.[name=http].port",
    ]);
    let source = (kind(), name(), source_path, weighted(0.2, (prop::sample::select(vec![":", "-"]), 0i64..2)));
    let source = source.prop_map(|(kind, name, path, part)| {
        let mut source = json!({"kind": kind, "name": name, "fieldPath": path});
        if let Some((delimiter, index)) = part {
            source["options"] = json!({"delimiter": delimiter, "index": index});
        }
        json!({"source": source})
    });
    let value = text().prop_map(|text| json!({"sourceValue": text}));
    (prop_oneof![1 => source, 3 => value], vec(target(), 1..3)).prop_map(|(mut replacement, targets)| {
        replacement["targets"] = json!(targets);
        replacement
    })
}

fn target() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec![
        "metadata.annotations.copied",
        "metadata.labels.app",
        "metadata.annotations.[example.com/x]",
        "metadata.annotations.a\\.b",
        "spec.template.spec.containers.*.image",
        "spec.template.spec.containers.[name=web].image",
        "spec.template.spec.containers.[name=a].env.[name=new].value",
        "spec.template.spec.containers.0.args.0",
        "spec.replicas",
        "spec.template.spec.volumes.[name=c].configMap.name",
        "data.new",
        "spec.selector",
        "nowhere.at.all",
    ]);
    let select = (
        prop::sample::select(vec!["Deployment", ".*Set", "ConfigMap", "Deploy.*|Service", "NoSuchKind"]),
        weighted(0.3, name()),
    );
    let reject = weighted(
        0.3,
        prop_oneof![
            name().prop_map(|name| json!({"name": name})),
            Just(json!({"labelSelector": "app=a"})),
            Just(json!({"namespace": "shop"})),
        ],
    );
    (select, reject, vec(path, 1..3), options()).prop_map(|((kind, name), reject, paths, options)| {
        let mut target = json!({"select": {"kind": kind}, "fieldPaths": paths, "options": options});
        if let Some(name) = name {
            target["select"]["name"] = json!(name);
        }
        if let Some(reject) = reject {
            target["reject"] = json!([reject]);
        }
        target
    })
}

fn plugin() -> impl Strategy<Value = Value> {
    let specs = || json!([{"path": "metadata/name"}]);
    let labels = || json!([{"path": "metadata/labels", "create": true}, {"path": "spec/template/metadata/labels", "kind": "Deployment"}]);
    prop_oneof![
        Just(json!({"kind": "PrefixTransformer", "prefix": "plug-", "fieldSpecs": specs()})),
        Just(json!({"kind": "SuffixTransformer", "suffix": "-plug", "fieldSpecs": [{"path": "metadata/name", "kind": "ConfigMap"}]})),
        text().prop_map(move |text| json!({"kind": "LabelTransformer", "labels": {"by": text}, "fieldSpecs": labels()})),
        text().prop_map(|text| json!({"kind": "AnnotationsTransformer", "annotations": {"by": text},
            "fieldSpecs": [{"path": "metadata/annotations", "create": true}]})),
        (any::<bool>(), prop::sample::select(vec!["defaultOnly", "allServiceAccounts", "none"])).prop_map(|(unset, mode)| {
            json!({"kind": "NamespaceTransformer", "unsetOnly": unset, "setRoleBindingSubjects": mode,
                "metadata": {"namespace": "plugged"}, "fieldSpecs": [{"path": "metadata/namespace", "create": true}]})
        }),
        name().prop_map(|name| json!({"kind": "ReplicaCountTransformer", "replica": {"name": name, "count": 4},
            "fieldSpecs": [{"path": "spec/replicas", "kind": "Deployment", "create": true}]})),
        Just(json!({"kind": "ImageTagTransformer", "imageTag": {"name": "nginx", "tagSuffix": "-alpine", "newTag": "1"}})),
        Just(json!({"kind": "HashTransformer"})),
        Just(json!({"kind": "PatchTransformer", "target": {"kind": "Deployment"},
            "patch": "[{\"op\": \"add\", \"path\": \"/metadata/annotations/p\", \"value\": \"1\"}]"})),
        name().prop_map(|name| json!({"kind": "PatchStrategicMergeTransformer",
            "patches": format!("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  paused: true\n")})),
        (0u8..4, any::<bool>()).prop_map(|(position, all)| {
            let mut target = json!({"fieldPath": "metadata/annotations/path", "filePathPosition": position});
            if !all {
                target["selector"] = json!({"kind": "Deployment"});
            }
            json!({"kind": "ValueAddTransformer", "value": "added", "targets": [target]})
        }),
        replacement().prop_map(|replacement| json!({"kind": "ReplacementTransformer", "replacements": [replacement]})),
    ]
}

fn generator() -> impl Strategy<Value = Value> {
    (prop::sample::select(vec!["ConfigMapGenerator", "SecretGenerator"]), name(), any::<bool>()).prop_map(
        |(kind, name, plain)| {
            json!({"apiVersion": "builtin", "kind": kind, "metadata": {"name": name, "namespace": "made"},
            "literals": ["a=b"], "options": {"disableNameSuffixHash": plain}})
        },
    )
}

fn var() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec![
        "metadata.name",
        "spec.replicas",
        "spec.template.spec.containers[0].image",
        "metadata.namespace",
    ]);
    (name(), path).prop_map(|(name, path)| {
        json!({"name": "V", "objref": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}, "fieldref": {"fieldPath": path}})
    })
}

const MENTIONS: &str = "apiVersion: v1
kind: Pod
metadata:
  name: mentions
  annotations: {v: $(V), w: $(V)-$(W)}
spec:
  containers:
  - name: a
    image: $(V)
    args: [$(V), 'x-$(V)-$$(V)', '$(V', $$]
    env:
    - {name: e, value: $(V)}
";

/// Random overlays with these features.
pub(crate) fn featured_tree() -> impl Strategy<Value = Files> {
    let plugins = (vec(plugin(), 0..3), vec(generator(), 0..2));
    (tree(), vec(replacement(), 0..3), plugins, weighted(0.3, var())).prop_map(
        |(mut files, replacements, (transformers, generators), var)| {
            let Some((_, text)) = files.iter_mut().find(|(path, _)| path == OVERLAY) else { return files };
            let mut extra = Files::new();
            let mut overlay: Value = read_document(text, &ReadOptions::config()).unwrap();
            overlay["replacements"] = json!(replacements);
            let mut plugins = Vec::new();
            for (index, mut config) in transformers.into_iter().enumerate() {
                config["apiVersion"] = json!("builtin");
                config["metadata"]["name"] = json!(format!("plugin{index}"));
                plugins.push(windlass_yaml::print(&config));
            }
            // One of them stands in a file, and where that is so in a directory of its own.
            let last = plugins.pop();
            overlay["transformers"] = json!(plugins);
            if let Some(last) = last {
                let in_directory = replacements.is_empty();
                let (entry, path) = match in_directory {
                    true => ("../plugins", "plugins/plugin.yaml"),
                    false => ("plugin.yaml", "overlay/plugin.yaml"),
                };
                overlay["transformers"].as_array_mut().unwrap().push(json!(entry));
                extra.push((path.to_owned(), last));
                extra.push(("plugins/kustomization.yaml".to_owned(), "resources: [plugin.yaml]\n".to_owned()));
            }
            overlay["generators"] = generators.iter().map(windlass_yaml::print).collect();
            if let Some(var) = var {
                overlay["vars"] = json!([var]);
                overlay["resources"].as_array_mut().unwrap().push(json!("mentions.yaml"));
            }
            *text = windlass_yaml::print(&overlay);
            files.extend(extra);
            files.push(("overlay/mentions.yaml".to_owned(), MENTIONS.to_owned()));
            files
        },
    )
}
