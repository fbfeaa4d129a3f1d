//! Random bases, components and overlays over several kinds, as files.

use proptest::collection::{btree_map, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Files by path. `overlay` is the directory to build.
pub(crate) type Files = Vec<(String, String)>;

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["web", "api", "db", "cache"]).prop_map(str::to_owned)
}

fn namespace() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(vec!["shop", "ops", "default"]).prop_map(str::to_owned))
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a",
        "on",
        "80",
        "1.10",
        "true",
        "x: y",
        "multi\nline\n",
        "",
        " padded ",
        "0644",
        "12:30",
        "2020-01-01",
        "ünï",
        "'quoted'",
        "#",
        "a very long text that goes on and on beyond the eightieth column so that it has to be folded",
    ])
    .prop_map(str::to_owned)
}

fn pairs() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["app", "tier", "example.com/owner", "y", "a10", "a9"]);
    btree_map(key, word(), 1..3).prop_map(|pairs| json!(pairs))
}

fn container() -> impl Strategy<Value = Value> {
    let image = prop::sample::select(vec!["nginx", "nginx:1.25", "ghcr.io/a/b:v1@sha256:abc", "reg:5000/nginx:2"]);
    let env = vec((name(), prop::sample::select(vec!["config", "secret", "value"])), 0..3);
    let ports = vec((1u16..4, prop::option::of(prop::sample::select(vec!["TCP", "UDP"]))), 0..3);
    (name(), image, env, ports, weighted(0.3, pairs())).prop_map(|(name, image, env, ports, extra)| {
        let mut container = json!({"name": name, "image": image});
        let mut seen = Vec::new();
        let env: Vec<_> = env
            .into_iter()
            .filter(|(of, _)| {
                !seen.contains(of) && {
                    seen.push(of.clone());
                    true
                }
            })
            .map(|(of, from)| match from {
                "config" => json!({"name": of, "valueFrom": {"configMapKeyRef": {"name": of, "key": "k"}}}),
                "secret" => json!({"name": of, "valueFrom": {"secretKeyRef": {"name": of, "key": "k"}}}),
                _ => json!({"name": of, "value": "1"}),
            })
            .collect();
        if !env.is_empty() {
            container["env"] = json!(env);
        }
        let mut seen = Vec::new();
        let ports: Vec<_> = ports
            .into_iter()
            .filter(|port| {
                !seen.iter().any(|(number, _)| *number == port.0) && {
                    seen.push(*port);
                    true
                }
            })
            .map(|(number, protocol)| match protocol {
                Some(protocol) => json!({"containerPort": number, "protocol": protocol}),
                None => json!({"containerPort": number}),
            })
            .collect();
        if !ports.is_empty() {
            container["ports"] = json!(ports);
        }
        if let Some(extra) = extra {
            container["extra"] = extra;
        }
        container
    })
}

fn pod_spec() -> impl Strategy<Value = Value> {
    (container(), weighted(0.3, name()), weighted(0.3, name()), weighted(0.2, container())).prop_map(
        |(container, account, volume, init)| {
            let mut spec = json!({"containers": [container]});
            if let Some(account) = account {
                spec["serviceAccountName"] = json!(account);
            }
            if let Some(volume) = volume {
                spec["volumes"] = json!([
                    {"name": "c", "configMap": {"name": volume}},
                    {"name": "p", "projected": {"sources": [{"secret": {"name": volume}}]}},
                    {"name": "e", "emptyDir": {}}
                ]);
            }
            if let Some(init) = init {
                spec["initContainers"] = json!([init]);
            }
            spec
        },
    )
}

fn object() -> impl Strategy<Value = Value> {
    let workload = prop::sample::select(vec!["Deployment", "StatefulSet", "DaemonSet"]);
    let workload = (workload, pod_spec(), weighted(0.5, pairs()), weighted(0.5, 0u8..4)).prop_map(
        |(kind, spec, labels, replicas)| {
            let mut object = json!({"apiVersion": "apps/v1", "kind": kind, "spec": {"template": {"spec": spec}}});
            if let Some(labels) = labels {
                object["spec"]["selector"] = json!({"matchLabels": labels});
                object["spec"]["template"]["metadata"] = json!({"labels": labels});
            }
            if let Some(replicas) = replicas {
                object["spec"]["replicas"] = json!(replicas);
            }
            object
        },
    );
    let cron = pod_spec().prop_map(|spec| {
        json!({"apiVersion": "batch/v1", "kind": "CronJob",
            "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": spec}}}}})
    });
    let service = pairs().prop_map(|selector| {
        json!({"apiVersion": "v1", "kind": "Service",
            "spec": {"selector": selector, "ports": [{"port": 80, "name": "http"}, {"port": 443, "protocol": "TCP"}]}})
    });
    let data = prop_oneof![
        pairs().prop_map(|data| json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data})),
        Just(json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"k": "v"}})),
        Just(json!({"apiVersion": "v1", "kind": "ServiceAccount"})),
        Just(json!({"apiVersion": "v1", "kind": "Namespace"})),
    ];
    let binding = (name(), name(), namespace()).prop_map(|(role, account, namespace)| {
        let mut subject = json!({"kind": "ServiceAccount", "name": account});
        if let Some(namespace) = namespace {
            subject["namespace"] = json!(namespace);
        }
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "subjects": [subject],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}})
    });
    let others = name().prop_map(|of| {
        json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "spec": {"valuesFrom": [{"kind": "ConfigMap", "name": of}], "values": {"image": {"tag": "1.10"}, "on": true}}})
    });
    let role = name().prop_map(|of| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": [of], "verbs": ["get"]}]})
    });
    let scaler = name().prop_map(|of| {
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": of}}})
    });
    let any = prop_oneof![5 => workload, 1 => cron, 2 => service, 3 => data, 1 => binding, 1 => others, 1 => role, 1 => scaler];
    (any, name(), namespace(), weighted(0.3, pairs()), weighted(0.2, pairs())).prop_map(
        |(mut object, name, namespace, labels, annotations)| {
            object["metadata"] = json!({"name": name});
            if let Some(namespace) = namespace.filter(|_| object["kind"] != "Namespace") {
                object["metadata"]["namespace"] = json!(namespace);
            }
            if let Some(labels) = labels {
                object["metadata"]["labels"] = labels;
            }
            if let Some(annotations) = annotations {
                object["metadata"]["annotations"] = annotations;
            }
            object
        },
    )
}

fn generator() -> impl Strategy<Value = Value> {
    let literals = vec((name(), word()), 0..3);
    let options = (any::<bool>(), weighted(0.2, pairs()));
    let behavior = weighted(0.2, prop::sample::select(vec!["merge", "replace", "create"]));
    (name(), literals, options, behavior, namespace(), any::<bool>()).prop_map(
        |(name, literals, (plain, labels), behavior, namespace, file)| {
            let mut seen = Vec::new();
            let literals: Vec<_> = literals
                .into_iter()
                .filter(|(key, _)| {
                    !seen.contains(key) && {
                        seen.push(key.clone());
                        true
                    }
                })
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let mut generator = json!({"name": name, "literals": literals});
            if let Some(behavior) = behavior {
                generator["behavior"] = json!(behavior);
            }
            if let Some(namespace) = namespace {
                generator["namespace"] = json!(namespace);
            }
            if file {
                generator["files"] = json!(["f.txt", "key.bin=f.bin"]);
            }
            let mut options = json!({"disableNameSuffixHash": plain});
            if let Some(labels) = labels {
                options["labels"] = labels;
            }
            generator["options"] = options;
            generator
        },
    )
}

fn patch() -> impl Strategy<Value = Value> {
    let kind = || prop::sample::select(vec!["Deployment", "StatefulSet", "ConfigMap", "Service", ".*", "Deploy.*"]);
    let operation = prop_oneof![
        pairs().prop_map(|value| json!({"op": "add", "path": "/metadata/labels", "value": value})),
        word().prop_map(|value| json!({"op": "add", "path": "/metadata/annotations/x", "value": value})),
        Just(json!({"op": "replace", "path": "/spec/replicas", "value": 7})),
        Just(json!({"op": "remove", "path": "/spec/template/spec/containers/0/image"})),
        Just(json!({"op": "add", "path": "/metadata/name", "value": "renamed"})),
    ];
    let json_patch = (kind(), weighted(0.5, name()), vec(operation, 1..3)).prop_map(|(kind, name, operations)| {
        let mut target = json!({"kind": kind});
        if let Some(name) = name {
            target["name"] = json!(name);
        }
        json!({"target": target, "patch": json!(operations).to_string()})
    });
    let merged = (container(), weighted(0.3, any::<bool>()), weighted(0.4, pairs()), word()).prop_map(
        |(container, delete, labels, text)| {
            let mut spec =
                json!({"replicas": 3, "template": {"spec": {"containers": [container], "hostNetwork": null}}});
            match delete {
                Some(true) => spec["template"]["spec"]["containers"][0] = json!({"$patch": "delete", "name": "web"}),
                Some(false) => {
                    spec["template"]["spec"]["volumes"] = json!([{"name": "e", "$patch": "delete"}, {"name": "n"}])
                }
                None => {}
            }
            let mut patch = json!({"spec": spec, "metadata": {"annotations": {"note": text, "app": null}}});
            if let Some(labels) = labels {
                patch["metadata"]["labels"] = labels;
            }
            patch
        },
    );
    let merge_patch =
        (merged, name(), namespace(), any::<bool>()).prop_map(|(mut patch, name, namespace, targeted)| {
            patch["apiVersion"] = json!("apps/v1");
            patch["kind"] = json!("Deployment");
            patch["metadata"]["name"] = json!(name);
            if let (Some(namespace), false) = (namespace, targeted) {
                patch["metadata"]["namespace"] = json!(namespace);
            }
            let text = windlass_yaml::print(&patch);
            if targeted {
                json!({"patch": text, "target": {"kind": "Deployment", "name": "web|api"}})
            } else {
                json!({"patch": text})
            }
        });
    prop_oneof![2 => json_patch, 2 => merge_patch]
}

fn kustomization(depth: u8) -> impl Strategy<Value = Value> {
    let image = (
        prop::sample::select(vec!["nginx", "ghcr.io/a/b", "reg:5000/nginx"]),
        weighted(0.5, prop::sample::select(vec!["1.27", "2"])),
        weighted(0.3, Just("busybox")),
        weighted(0.2, Just("sha256:def")),
    )
        .prop_map(
            |(name, tag, new_name, digest)| json!({"name": name, "newTag": tag, "newName": new_name, "digest": digest}),
        );
    let label = (pairs(), any::<bool>(), any::<bool>()).prop_map(|(pairs, selectors, templates)| {
        json!({"pairs": pairs, "includeSelectors": selectors, "includeTemplates": templates})
    });
    let names = (
        weighted(0.3, prop::sample::select(vec!["pre-", "9"])),
        weighted(0.3, Just("-suf")),
        weighted(0.4, prop::sample::select(vec!["shop", "prod"])),
    );
    let marks =
        (weighted(0.2, pairs()), weighted(0.2, pairs()), vec(label, 0..2), vec(image, 0..2), weighted(0.15, name()));
    let makers = (vec(generator(), 0..2), vec(generator(), 0..2), weighted(0.2, any::<bool>()));
    let patches = vec(patch(), 0..(3 - usize::from(depth == 0)));
    (names, marks, makers, patches).prop_map(
        |(
            (prefix, suffix, namespace),
            (labels, annotations, label_rules, images, replica),
            (maps, secrets, options),
            patches,
        )| {
            let mut kustomization = json!({
                "namePrefix": prefix, "nameSuffix": suffix, "namespace": namespace,
                "commonLabels": labels, "commonAnnotations": annotations, "labels": label_rules,
                "images": images, "configMapGenerator": maps, "secretGenerator": secrets, "patches": patches,
            });
            if let Some(replica) = replica {
                kustomization["replicas"] = json!([{"name": replica, "count": 5}]);
            }
            if let Some(immutable) = options {
                kustomization["generatorOptions"] = json!({"immutable": immutable, "labels": {"gen": "1"}});
            }
            kustomization
        },
    )
}

fn print(value: &Value, as_json: bool) -> String {
    if as_json { format!("{value:#}\n") } else { windlass_yaml::print(value) }
}

/// A base, perhaps a component, and an overlay of both.
pub(crate) fn tree() -> impl Strategy<Value = Files> {
    let objects = || vec(object(), 1..6);
    let levels = (objects(), kustomization(0), weighted(0.5, objects()), kustomization(1));
    let component = weighted(0.3, kustomization(1));
    let styles = (any::<bool>(), any::<bool>(), weighted(0.3, any::<bool>()));
    let ways = (weighted(0.15, any::<bool>()), prop::bool::weighted(0.2));
    (levels, component, styles, ways).prop_map(
        |(
            (base, base_kustomization, more, overlay),
            component,
            (json_base, json_more, configured),
            (tracked, legacy),
        )| {
            let mut files = Files::new();
            let mut put = |path: &str, text: String| files.push((path.to_owned(), text));
            let documents: Vec<_> = base.iter().map(|object| print(object, json_base)).collect();
            put("base/all.yaml", documents.join("---\n"));
            let mut base = base_kustomization;
            base["resources"] = json!(["all.yaml"]);
            put("base/kustomization.yaml", print(&base, false));
            let mut overlay = overlay;
            let mut resources = vec!["../base"];
            if let Some(more) = more {
                put(
                    "overlay/more.yaml",
                    more.iter().map(|object| print(object, json_more)).collect::<Vec<_>>().join("---\n"),
                );
                resources.push("more.yaml");
            }
            overlay["resources"] = json!(resources);
            if let Some(mut component) = component {
                component["apiVersion"] = json!("kustomize.config.k8s.io/v1alpha1");
                component["kind"] = json!("Component");
                put("component/kustomization.yaml", print(&component, true));
                overlay["components"] = json!(["../component"]);
            }
            if configured.is_some() {
                overlay["configurations"] = json!(["names.yaml"]);
                put("overlay/names.yaml", NAMES.to_owned());
            }
            if tracked.is_some() {
                overlay["buildMetadata"] = json!(["originAnnotations", "transformerAnnotations"]);
            }
            if legacy {
                into_legacy_fields(&mut overlay);
            }
            put("overlay/kustomization.yaml", print(&overlay, false));
            for directory in ["base", "overlay", "component"] {
                put(&format!("{directory}/f.txt"), "text & <more>\n".to_owned());
                put(&format!("{directory}/f.bin"), "a\tb\u{1F600}".repeat(9));
            }
            files
        },
    )
}

/// Moves patches to the fields that were for them before `patches`.
fn into_legacy_fields(kustomization: &mut Value) {
    let (mut merge, mut json6902, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for patch in kustomization["patches"].as_array().cloned().unwrap_or_default() {
        if patch.get("target").is_none() {
            merge.push(patch["patch"].clone());
        } else if patch["target"].get("name").is_some()
            && patch["patch"].as_str().is_some_and(|text| text.starts_with('['))
        {
            json6902.push(patch);
        } else {
            rest.push(patch);
        }
    }
    kustomization["patches"] = json!(rest);
    kustomization["patchesStrategicMerge"] = json!(merge);
    kustomization["patchesJson6902"] = json!(json6902);
}

const NAMES: &str = "nameReference:
- kind: ConfigMap
  version: v1
  fieldSpecs:
  - path: spec/valuesFrom/name
    kind: HelmRelease
";
