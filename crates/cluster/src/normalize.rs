//! What is put right in a manifest before it is sent, as Flux does it (`ssa/normalize` of fluxcd/pkg).
//!
//! Flux passes built-in kinds through their Go types, which also drops unknown fields and empty values. Here they are
//! sent as they are: the server drops what it does not know, and tells us.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use windlass_manifest::Manifest;

/// Puts `manifest` right.
pub(crate) fn normalize(manifest: &mut Manifest) {
    let (group, kind) = (manifest.gvk().group, manifest.kind().to_owned());
    let is_crd = group == "apiextensions.k8s.io" && kind == "CustomResourceDefinition";
    let object = manifest.value_mut();
    remove(object, "/metadata", "creationTimestamp");
    // kubectl's note of what it applied would be applied again, taken away as kubectl's, and so on for ever.
    remove(object, "/metadata/annotations", "kubectl.kubernetes.io/last-applied-configuration");
    if is_crd {
        drop_invalid_ca_bundle(object);
    } else if let Value::Object(fields) = object {
        fields.shift_remove("status");
    }
    match (group.as_str(), kind.as_str()) {
        ("", "Secret") => string_data_into_data(object),
        ("", "Service") => default_protocol(object.pointer_mut("/spec/ports")),
        _ => {
            if let Some(path) = pod_spec_path(&group, &kind) {
                let containers = object.pointer_mut(path).and_then(|spec| spec.get_mut("containers"));
                for container in containers.and_then(Value::as_array_mut).into_iter().flatten() {
                    default_protocol(container.get_mut("ports"));
                }
            }
        }
    }
}

fn pod_spec_path(group: &str, kind: &str) -> Option<&'static str> {
    match (group, kind) {
        ("", "Pod") => Some("/spec"),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => {
            Some("/spec/template/spec")
        }
        ("batch", "CronJob") => Some("/spec/jobTemplate/spec/template/spec"),
        _ => None,
    }
}

/// The protocol is part of what tells ports apart, so the server cannot merge them before it is filled in.
fn default_protocol(ports: Option<&mut Value>) {
    for port in ports.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
        if port.get("protocol").and_then(Value::as_str).is_none_or(str::is_empty) {
            port.insert("protocol".to_owned(), "TCP".into());
        }
    }
}

/// The server does this too, but then notes that we own `stringData`, and a change of `data` goes unseen.
fn string_data_into_data(object: &mut Value) {
    let Value::Object(fields) = object else {
        return;
    };
    let Some(Value::Object(texts)) = fields.shift_remove("stringData") else {
        return;
    };
    let data = fields.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    let Value::Object(data) = data else { return };
    for (key, text) in texts {
        let encoded = match &text {
            Value::String(text) => STANDARD.encode(text).into(),
            // Not a text: the server refuses it, and says which.
            _ => text,
        };
        data.insert(key, encoded);
    }
}

/// A placeholder that cert-manager fills in later; the server refuses it.
fn drop_invalid_ca_bundle(object: &mut Value) {
    const CONFIG: &str = "/spec/conversion/webhook/clientConfig";
    let bundle = object.pointer(CONFIG).and_then(|config| config.get("caBundle")).and_then(Value::as_str);
    if bundle.is_some_and(|bundle| !bundle.is_empty() && !is_certificate(bundle)) {
        remove(object, CONFIG, "caBundle");
    }
}

fn is_certificate(encoded: &str) -> bool {
    let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.is_some_and(|text| text.contains("-----BEGIN CERTIFICATE-----") && text.contains("-----END CERTIFICATE-----"))
}

fn remove(object: &mut Value, map: &str, key: &str) {
    if let Some(Value::Object(fields)) = object.pointer_mut(map) {
        fields.shift_remove(key);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_manifest::Origin;

    use super::*;

    fn normalized(object: Value) -> Value {
        let mut manifest = Manifest::new(object, Origin::unknown()).unwrap();
        normalize(&mut manifest);
        manifest.into_value()
    }

    #[test]
    fn texts_of_a_secret_become_data_and_win() {
        let secret = normalized(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "creationTimestamp": null},
            "data": {"a": "eA==", "b": "eQ=="}, "stringData": {"a": "new", "c": ""},
        }));
        assert_eq!(
            secret,
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
                "data": {"a": "bmV3", "b": "eQ==", "c": ""},
            })
        );
    }

    #[test]
    fn ports_get_their_protocol() {
        let service = normalized(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
            "spec": {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}]},
        }));
        assert_eq!(service["spec"]["ports"][1]["protocol"], "TCP");
        assert_eq!(service["spec"]["ports"][0]["protocol"], "UDP");
        let cron = normalized(json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"},
            "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"ports": [{"containerPort": 1}]}]}}}}},
        }));
        let spec = &cron["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        assert_eq!(spec["containers"][0]["ports"][0]["protocol"], "TCP");
    }

    #[test]
    fn the_status_goes_except_that_of_a_crd() {
        let object = |api: &str, kind: &str| {
            normalized(json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}, "status": {"a": 1}}))
        };
        assert!(object("apps/v1", "Deployment").get("status").is_none());
        assert!(object("apiextensions.k8s.io/v1", "CustomResourceDefinition").get("status").is_some());
    }

    #[test]
    fn a_placeholder_for_a_certificate_goes() {
        let crd = |bundle: &str| {
            normalized(json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"},
                "spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": bundle}}}},
            }))["spec"]["conversion"]["webhook"]["clientConfig"]
                .get("caBundle")
                .cloned()
        };
        assert_eq!(crd("Cg=="), None);
        let real = STANDARD.encode("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
        assert_eq!(crd(&real), Some(real.clone().into()));
    }
}
