use serde_json::{Value, json};

use super::{Fields, at_map, each, set, word};

/// A Pod's own spec: like a template's, and some more.
pub(super) fn pod(fields: &mut Fields) {
    spec(fields);
    set(fields, "enableServiceLinks", true);
    let on_host = fields.get("hostNetwork") == Some(&Value::Bool(true));
    for list in ["containers", "initContainers"] {
        each(fields, list, |container| {
            at_map(container, "resources", requests);
            if on_host {
                each(container, "ports", host_port);
            }
        });
    }
}

fn host_port(port: &mut Fields) {
    if let Some(number) = port.get("containerPort").cloned() {
        set(port, "hostPort", number);
    }
}

/// Requests that are not given are the limits.
fn requests(resources: &mut Fields) {
    let Some(Value::Object(limits)) = resources.get("limits").cloned() else { return };
    let requests = resources.entry("requests").or_insert_with(|| json!({}));
    for (name, amount) in limits {
        if let Some(requests) = requests.as_object_mut() {
            set(requests, &name, amount);
        }
    }
}

/// The spec of a Pod, wherever it stands.
pub(super) fn spec(spec: &mut Fields) {
    set(spec, "dnsPolicy", "ClusterFirst");
    set(spec, "restartPolicy", "Always");
    set(spec, "securityContext", json!({}));
    set(spec, "terminationGracePeriodSeconds", 30);
    set(spec, "schedulerName", "default-scheduler");
    // The account has two names, of which the old one follows the new.
    if let Some(name) = spec.get("serviceAccountName").filter(|name| name.as_str() != Some("")).cloned() {
        spec.insert("serviceAccount".to_owned(), name);
    } else if let Some(name) = spec.get("serviceAccount").cloned() {
        spec.insert("serviceAccountName".to_owned(), name);
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        each(spec, list, container);
    }
    each(spec, "volumes", volume);
}

fn container(container: &mut Fields) {
    let image = word(container, "image").to_owned();
    set(container, "imagePullPolicy", if is_latest(&image) { "Always" } else { "IfNotPresent" });
    set(container, "terminationMessagePath", "/dev/termination-log");
    set(container, "terminationMessagePolicy", "File");
    each(container, "ports", |port| set(port, "protocol", "TCP"));
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        at_map(container, name, probe);
    }
    at_map(container, "lifecycle", |lifecycle| {
        for hook in ["postStart", "preStop"] {
            at_map(lifecycle, hook, |hook| at_map(hook, "httpGet", http_get));
        }
    });
    each(container, "env", |env| {
        at_map(env, "valueFrom", |from| {
            at_map(from, "fieldRef", |reference| set(reference, "apiVersion", "v1"));
            at_map(from, "resourceFieldRef", |reference| set(reference, "divisor", "0"));
            at_map(from, "fileKeyRef", |reference| set(reference, "optional", false));
        });
    });
}

fn is_latest(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn http_get(get: &mut Fields) {
    set(get, "path", "/");
    set(get, "scheme", "HTTP");
}

fn probe(probe: &mut Fields) {
    for (name, value) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        set(probe, name, value);
    }
    at_map(probe, "httpGet", http_get);
    at_map(probe, "grpc", |grpc| set(grpc, "service", ""));
}

/// A volume of a Pod.
fn volume(volume: &mut Fields) {
    let sources = volume.keys().filter(|name| *name != "name").count();
    if sources == 0 {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for name in ["configMap", "secret", "downwardAPI", "projected"] {
        at_map(volume, name, |source| {
            set(source, "defaultMode", 420);
            each(source, "items", field_of_item);
            each(source, "sources", projected);
        });
    }
    at_map(volume, "hostPath", |source| set(source, "type", ""));
    at_map(volume, "iscsi", |source| set(source, "iscsiInterface", "default"));
    at_map(volume, "azureDisk", |source| {
        for (name, value) in [("cachingMode", "ReadWrite"), ("kind", "Shared"), ("fsType", "ext4")] {
            set(source, name, value);
        }
        set(source, "readOnly", false);
    });
    at_map(volume, "rbd", |source| {
        for (name, value) in [("pool", "rbd"), ("user", "admin"), ("keyring", "/etc/ceph/keyring")] {
            set(source, name, value);
        }
    });
    at_map(volume, "ephemeral", |source| {
        at_map(source, "volumeClaimTemplate", |template| {
            at_map(template, "spec", |spec| set(spec, "volumeMode", "Filesystem"));
        });
    });
    at_map(volume, "image", |source| {
        let latest = is_latest(word(source, "reference"));
        set(source, "pullPolicy", if latest { "Always" } else { "IfNotPresent" });
    });
}

fn field_of_item(item: &mut Fields) {
    at_map(item, "fieldRef", |reference| set(reference, "apiVersion", "v1"));
    at_map(item, "resourceFieldRef", |reference| set(reference, "divisor", "0"));
}

fn projected(source: &mut Fields) {
    at_map(source, "downwardAPI", |source| each(source, "items", field_of_item));
    at_map(source, "serviceAccountToken", |token| set(token, "expirationSeconds", 3600));
}
