use serde_json::Value;

use super::{Faults, is_empty, names, one_of, required, selector, word};
use crate::failure::FieldFault;
use crate::quantity::nanos;

const MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// The faults of a claim's spec.
pub(super) fn spec(spec: &Value, path: &str, faults: &mut Faults) {
    modes(spec, path, faults);
    if let Some(given) = spec.get("selector") {
        selector::check(given, &format!("{path}.selector"), faults);
    }
    match spec.pointer("/resources/requests/storage") {
        None => faults.push(FieldFault::required(format!("{path}.resources[storage]"), "")),
        Some(amount) => positive(amount, &format!("{path}.resources[storage]"), faults),
    }
    let class = word(spec, "storageClassName");
    if !class.is_empty() {
        names::subdomain(class, &format!("{path}.storageClassName"), faults);
    }
    one_of(spec, "volumeMode", path, &["Block", "Filesystem"], faults);
}

fn modes(spec: &Value, path: &str, faults: &mut Faults) {
    if is_empty(spec, "accessModes") {
        faults.push(FieldFault::required(format!("{path}.accessModes"), "at least 1 access mode is required"));
    }
    let modes: Vec<&str> =
        spec.get("accessModes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for mode in &modes {
        if !MODES.contains(mode) {
            let allowed: Vec<String> = MODES.iter().map(|one| format!("{one:?}")).collect();
            faults.push(FieldFault::unsupported(format!("{path}.accessModes"), &(*mode).into(), &allowed));
        }
    }
    if modes.contains(&"ReadWriteOncePod") && modes.len() > 1 {
        let detail = "may not use ReadWriteOncePod with other access modes";
        faults.push(FieldFault::forbidden(format!("{path}.accessModes"), detail));
    }
}

fn positive(amount: &Value, field: &str, faults: &mut Faults) {
    if nanos(amount).is_some_and(|amount| amount <= 0) {
        faults.push(FieldFault::invalid(field, amount, "must be greater than zero"));
    }
}

/// Fields of a volume's spec that are no source.
const NONE: &[&str] = &[
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

/// The faults of a PersistentVolume.
pub(super) fn volume(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let updated = object.pointer("/metadata/resourceVersion").is_some();
    modes_of_volume(spec, faults);
    if is_empty(spec, "capacity") {
        faults.push(FieldFault::required("spec.capacity", ""));
    }
    let capacity = spec.get("capacity").and_then(Value::as_object);
    if capacity.is_none_or(|capacity| capacity.len() != 1 || !capacity.contains_key("storage")) {
        let shown =
            spec.get("capacity").cloned().unwrap_or_else(|| if updated { serde_json::json!({}) } else { Value::Null });
        let field = "spec.capacity";
        faults.push(FieldFault::unsupported(field, &shown, &["\"storage\"".to_owned()]));
    }
    if let Some(amount) = spec.pointer("/capacity/storage") {
        positive(amount, "spec.capacity[storage]", faults);
    }
    one_of(spec, "persistentVolumeReclaimPolicy", "spec", &["Delete", "Recycle", "Retain"], faults);
    let sources = spec.as_object().into_iter().flatten().filter(|(name, _)| !NONE.contains(&name.as_str()));
    for (index, (name, source)) in sources.clone().enumerate() {
        if index > 0 {
            let detail = "may not specify more than 1 volume type";
            faults.push(FieldFault::forbidden(format!("spec.{name}"), detail));
        } else if name == "hostPath" {
            required(source, "path", "spec.hostPath", faults);
        } else if name == "nfs" {
            required(source, "server", "spec.nfs", faults);
            required(source, "path", "spec.nfs", faults);
            if !word(source, "path").starts_with('/') {
                let path = word(source, "path");
                faults.push(FieldFault::invalid("spec.nfs.path", &path.into(), "must be an absolute path"));
            }
        }
    }
    if sources.count() == 0 {
        faults.push(FieldFault::required("spec", "must specify a volume type"));
    }
    if word(spec, "persistentVolumeReclaimPolicy") == "Recycle" && spec.pointer("/hostPath/path") == Some(&"/".into()) {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        faults.push(FieldFault::forbidden("spec.persistentVolumeReclaimPolicy", detail));
    }
    let class = word(spec, "storageClassName");
    if !class.is_empty() {
        names::subdomain(class, "spec.storageClassName", faults);
    }
}

fn modes_of_volume(spec: &Value, faults: &mut Faults) {
    if is_empty(spec, "accessModes") {
        faults.push(FieldFault::required("spec.accessModes", ""));
    } else {
        modes(spec, "spec", faults);
    }
}

/// The faults of a StorageClass.
pub(super) fn class(object: &Value, faults: &mut Faults) {
    let provisioner = word(object, "provisioner");
    if provisioner.is_empty() {
        faults.push(FieldFault::required("provisioner", ""));
    } else {
        names::qualified(&provisioner.to_lowercase(), "provisioner", faults);
    }
    for (key, _) in object.get("parameters").and_then(Value::as_object).into_iter().flatten() {
        if key.is_empty() {
            faults.push(FieldFault::invalid("parameters", &"".into(), "field can not be empty."));
        }
    }
    for (name, allowed) in
        [("reclaimPolicy", ["Delete", "Retain"]), ("volumeBindingMode", ["Immediate", "WaitForFirstConsumer"])]
    {
        let value = word(object, name);
        if !value.is_empty() && !allowed.contains(&value) {
            let allowed: Vec<String> = allowed.iter().map(|one| format!("{one:?}")).collect();
            faults.push(FieldFault::unsupported(name, &value.into(), &allowed));
        }
    }
}
