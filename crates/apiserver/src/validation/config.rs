use serde_json::Value;

use super::{Faults, is_empty, names, word};
use crate::failure::FieldFault;

/// More bytes than these are in no ConfigMap or Secret.
const LARGEST: usize = 1024 * 1024;

pub(super) fn config_map(object: &Value, faults: &mut Faults) {
    let mut size = 0;
    for list in ["data", "binaryData"] {
        for (key, value) in object.get(list).and_then(Value::as_object).into_iter().flatten() {
            names::config_key(key, &format!("{list}[{key}]"), faults);
            if list == "data" && object.get("binaryData").is_some_and(|binary| binary.get(key).is_some()) {
                let detail = "duplicate of key present in binaryData";
                faults.push(FieldFault::invalid(format!("data[{key}]"), &key.as_str().into(), detail));
            }
            let length = value.as_str().map_or(0, str::len);
            size += if list == "data" { length } else { length / 4 * 3 };
        }
    }
    too_large("", size, faults);
}

pub(super) fn secret(object: &Value, faults: &mut Faults) {
    let data = object.get("data").unwrap_or(&Value::Null);
    let mut size = 0;
    for (key, value) in data.as_object().into_iter().flatten() {
        names::config_key(key, &format!("data[{key}]"), faults);
        size += value.as_str().map_or(0, str::len) / 4 * 3;
    }
    too_large("data", size, faults);
    let has = |key: &str| data.get(key).is_some();
    let need = |key: &str, faults: &mut Faults| {
        if !has(key) {
            faults.push(FieldFault::required(format!("data[{key}]"), ""));
        }
    };
    match word(object, "type") {
        "kubernetes.io/service-account-token" => {
            let annotations = object.pointer("/metadata/annotations").unwrap_or(&Value::Null);
            if is_empty(annotations, "kubernetes.io/service-account.name") {
                let field = "metadata.annotations[kubernetes.io/service-account.name]";
                faults.push(FieldFault::required(field, ""));
            }
        }
        "kubernetes.io/dockercfg" => json_text(data, ".dockercfg", faults),
        "kubernetes.io/dockerconfigjson" => json_text(data, ".dockerconfigjson", faults),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            need("username", faults);
            need("password", faults);
        }
        "kubernetes.io/ssh-auth" => need("ssh-privatekey", faults),
        "kubernetes.io/tls" => {
            need("tls.crt", faults);
            need("tls.key", faults);
        }
        _ => {}
    }
}

fn json_text(data: &Value, key: &str, faults: &mut Faults) {
    use base64::Engine as _;
    let Some(text) = data.get(key).and_then(Value::as_str) else {
        faults.push(FieldFault::required(format!("data[{key}]"), ""));
        return;
    };
    let decoded = base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
    let fault = match serde_json::from_slice::<serde_json::Map<String, Value>>(&decoded) {
        Ok(_) => return,
        Err(_) => match decoded.first() {
            None => "unexpected end of JSON input".to_owned(),
            Some(b'{') => "invalid character in a JSON object".to_owned(),
            Some(first) => format!("invalid character {:?} looking for beginning of value", char::from(*first)),
        },
    };
    // What is secret is not repeated.
    faults.push(FieldFault::invalid(format!("data[{key}]"), &"<secret contents redacted>".into(), fault));
}

fn too_large(field: &str, size: usize, faults: &mut Faults) {
    if size > LARGEST {
        faults.push(FieldFault {
            field: field.to_owned(),
            reason: "FieldValueTooLong",
            message: format!("Too long: may not be more than {LARGEST} bytes"),
        });
    }
}
