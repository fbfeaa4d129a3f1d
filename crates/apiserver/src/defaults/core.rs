use serde_json::{Value, json};

use super::{Fields, at, at_map, each, root, set, word};

pub(super) fn service(object: &mut Value) {
    at(object, "spec", |spec| {
        set(spec, "sessionAffinity", "None");
        if word(spec, "sessionAffinity") == "None" {
            spec.shift_remove("sessionAffinityConfig");
        } else {
            set(spec, "sessionAffinityConfig", json!({"clientIP": {"timeoutSeconds": 10_800}}));
        }
        set(spec, "type", "ClusterIP");
        let kind = word(spec, "type").to_owned();
        each(spec, "ports", |port| {
            set(port, "protocol", "TCP");
            let target = port.get("targetPort").cloned().unwrap_or_default();
            if target.is_null() || target == 0 || target == "" {
                let number = port.get("port").cloned().unwrap_or_default();
                port.insert("targetPort".to_owned(), number);
            }
        });
        if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
            set(spec, "externalTrafficPolicy", "Cluster");
        }
        if kind != "ExternalName" {
            set(spec, "internalTrafficPolicy", "Cluster");
        }
        if kind == "LoadBalancer" {
            set(spec, "allocateLoadBalancerNodePorts", true);
        }
    });
    if object.pointer("/spec/type") != Some(&"LoadBalancer".into()) {
        return;
    }
    let balanced = object.pointer_mut("/status/loadBalancer/ingress").and_then(Value::as_array_mut);
    for address in balanced.into_iter().flatten().filter_map(Value::as_object_mut) {
        if !word(address, "ip").is_empty() {
            set(address, "ipMode", "VIP");
        }
    }
}

pub(super) fn secret(object: &mut Value) {
    use base64::Engine as _;
    root(object, |secret| {
        set(secret, "type", "Opaque");
        let Some(Value::Object(texts)) = secret.shift_remove("stringData") else { return };
        let data = secret.entry("data").or_insert_with(|| json!({}));
        for (name, text) in texts {
            let text = text.as_str().unwrap_or_default();
            if let Some(data) = data.as_object_mut() {
                data.insert(name, base64::engine::general_purpose::STANDARD.encode(text).into());
            }
        }
    });
}

pub(super) fn namespace(object: &mut Value) {
    root(object, |namespace| {
        let name = namespace.get("metadata").and_then(|metadata| metadata.get("name")).cloned();
        at_map(namespace, "metadata", |metadata| {
            if let Some(name) = name.filter(|name| name.as_str().is_some_and(|name| !name.is_empty())) {
                set(metadata, "labels", json!({}));
                at_map(metadata, "labels", |labels| {
                    labels.insert("kubernetes.io/metadata.name".to_owned(), name);
                });
            }
        });
    });
}

pub(super) fn claim(spec: &mut Fields) {
    set(spec, "volumeMode", "Filesystem");
}

pub(super) fn volume(object: &mut Value) {
    at(object, "spec", |spec| {
        set(spec, "persistentVolumeReclaimPolicy", "Retain");
        set(spec, "volumeMode", "Filesystem");
        at_map(spec, "hostPath", |path| set(path, "type", ""));
        at_map(spec, "iscsi", |iscsi| set(iscsi, "iscsiInterface", "default"));
    });
}

pub(super) fn binding(object: &mut Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    root(object, |binding| {
        at_map(binding, "roleRef", |role| {
            if word(role, "apiGroup").is_empty() {
                role.insert("apiGroup".to_owned(), GROUP.into());
            }
        });
        each(binding, "subjects", |subject| {
            if matches!(word(subject, "kind"), "User" | "Group") {
                set(subject, "apiGroup", GROUP);
            }
        });
    });
}

pub(super) fn csi_driver(spec: &mut Fields) {
    for (name, value) in [
        ("attachRequired", true),
        ("podInfoOnMount", false),
        ("storageCapacity", false),
        ("requiresRepublish", false),
        ("seLinuxMount", false),
    ] {
        set(spec, name, value);
    }
    set(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
    set(spec, "volumeLifecycleModes", json!(["Persistent"]));
}

pub(super) fn definition(object: &mut Value) {
    at(object, "spec", |spec| {
        set(spec, "conversion", json!({"strategy": "None"}));
        at_map(spec, "names", |names| {
            let kind = word(names, "kind").to_owned();
            set(names, "singular", kind.to_lowercase());
            set(names, "listKind", format!("{kind}List"));
        });
    });
}
