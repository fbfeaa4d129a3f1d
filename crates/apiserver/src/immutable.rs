use serde_json::Value;

use crate::failure::FieldFault;
use crate::quantity::nanos;
use crate::registry::Resource;
use crate::strategy::text;

const SET_FIELDS: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// What must stay as it was.
pub(crate) fn check(resource: &Resource, old: &Value, object: &Value, faults: &mut Vec<FieldFault>) {
    match (&*resource.group, &*resource.plural) {
        ("apps", "deployments" | "daemonsets" | "replicasets") => same(old, object, "spec.selector", faults),
        ("apps", "statefulsets") => stateful_set(old, object, faults),
        ("batch", "jobs") => {
            if text(object, "/spec/completionMode") != "Indexed" {
                same(old, object, "spec.completions", faults);
            }
            same(old, object, "spec.completionMode", faults);
            same(old, object, "spec.selector", faults);
            job_template(old, object, faults);
        }
        ("", "pods") => pod(old, object, faults),
        ("", "services") => service(old, object, faults),
        ("", "configmaps") => sealed(old, object, &["data", "binaryData"], faults),
        ("", "secrets") => {
            same(old, object, "type", faults);
            sealed(old, object, &["data"], faults);
        }
        ("", "persistentvolumeclaims") => claim(old, object, faults),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings")
            if old.get("roleRef") != object.get("roleRef") =>
        {
            // The real server quotes its own type, which has other names.
            let part = |name: &str| text(object, &format!("/roleRef/{name}")).to_owned();
            let now = serde_json::json!({
                "APIGroup": part("apiGroup"), "Kind": part("kind"), "Name": part("name"),
            });
            faults.push(FieldFault::invalid("roleRef", &now, "cannot change roleRef"));
        }
        ("storage.k8s.io", "storageclasses") => {
            if old.get("parameters") != object.get("parameters") {
                faults.push(FieldFault::forbidden("parameters", "updates to parameters are forbidden."));
            }
            for field in ["provisioner", "reclaimPolicy", "volumeBindingMode"] {
                if old.get(field) != object.get(field) {
                    let now = object.get(field).cloned().unwrap_or_default();
                    faults.push(FieldFault::invalid(field, &now, "field is immutable"));
                }
            }
        }
        _ => {}
    }
}

fn same(old: &Value, object: &Value, path: &str, faults: &mut Vec<FieldFault>) {
    let pointer = format!("/{}", path.replace('.', "/"));
    let (was, is) = (old.pointer(&pointer), object.pointer(&pointer));
    if was != is {
        let now = is.cloned().unwrap_or(Value::Null);
        faults.push(FieldFault::invalid(path, &now, "field is immutable"));
    }
}

/// While a Job is suspended and has not begun, where its Pods are to run may still change.
fn job_template(old: &Value, object: &Value, faults: &mut Vec<FieldFault>) {
    let waits = old.pointer("/spec/suspend") == Some(&true.into()) && old.pointer("/status/startTime").is_none();
    let fixed = |value: &Value| {
        let mut template = value.pointer("/spec/template").cloned().unwrap_or_default();
        let parts: [(&str, &[&str]); 2] = [
            ("metadata", &["labels", "annotations"]),
            ("spec", &["affinity", "nodeSelector", "tolerations", "schedulingGates"]),
        ];
        for (part, fields) in parts {
            for field in fields {
                template.get_mut(part).and_then(Value::as_object_mut).map(|part| part.shift_remove(*field));
            }
        }
        template
    };
    if !waits || fixed(old) != fixed(object) {
        same(old, object, "spec.template", faults);
    }
}

fn stateful_set(old: &Value, object: &Value, faults: &mut Vec<FieldFault>) {
    let fixed = |value: &Value| {
        let mut spec = value.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
        for field in SET_FIELDS {
            spec.shift_remove(*field);
        }
        spec
    };
    if fixed(old) != fixed(object) {
        let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                      'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                      'minReadySeconds' are forbidden";
        faults.push(FieldFault::forbidden("spec", detail));
    }
}

fn service(old: &Value, object: &Value, faults: &mut Vec<FieldFault>) {
    let external = |value: &Value| text(value, "/spec/type") == "ExternalName";
    let (was, is) = (text(old, "/spec/clusterIP"), text(object, "/spec/clusterIP"));
    if external(old) || external(object) || was == is || was.is_empty() {
        return;
    }
    let list = object.pointer("/spec/clusterIPs").cloned().unwrap_or_default();
    let named = list.pointer("/0").and_then(Value::as_str).unwrap_or_default();
    if named == is {
        let detail = "may not change once set";
        faults.push(FieldFault::invalid("spec.clusterIPs[0]", &list, detail));
    } else {
        let detail = "first value must match `clusterIP`";
        faults.push(FieldFault::invalid("spec.clusterIPs[0]", &named.into(), detail));
    }
}

/// Of a Pod few things can be changed.
fn pod(old: &Value, object: &Value, faults: &mut Vec<FieldFault>) {
    let fixed = |value: &Value| {
        let mut spec = value.get("spec").cloned().unwrap_or_default();
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                container.as_object_mut().map(|container| container.shift_remove("image"));
            }
        }
        if let Some(spec) = spec.as_object_mut() {
            for field in ["activeDeadlineSeconds", "tolerations"] {
                spec.shift_remove(field);
            }
            let negative =
                |one: &Value| one.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64) < Some(0);
            if negative(old) && value.pointer("/spec/terminationGracePeriodSeconds") == Some(&1.into()) {
                spec.insert(
                    "terminationGracePeriodSeconds".to_owned(),
                    old["spec"]["terminationGracePeriodSeconds"].clone(),
                );
            }
        }
        spec
    };
    let list =
        |value: &Value| value.pointer("/spec/tolerations").and_then(Value::as_array).cloned().unwrap_or_default();
    let now = list(object);
    if list(old).iter().any(|one| !now.contains(one)) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        faults.push(FieldFault::forbidden("spec.tolerations", detail));
    }
    if fixed(old) != fixed(object) {
        let detail = "pod updates may not change fields other than `spec.containers[*].image`,\
                      `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to \
                      existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
                      previously negative)\n";
        faults.push(FieldFault::forbidden("spec", detail));
    }
}

fn sealed(old: &Value, object: &Value, fields: &[&str], faults: &mut Vec<FieldFault>) {
    if old.get("immutable") != Some(&Value::Bool(true)) {
        return;
    }
    let detail = "field is immutable when `immutable` is set";
    if object.get("immutable") != Some(&Value::Bool(true)) {
        faults.push(FieldFault::forbidden("immutable", detail));
    }
    for field in fields {
        if old.get(*field) != object.get(*field) {
            faults.push(FieldFault::forbidden(*field, detail));
        }
    }
}

fn claim(old: &Value, object: &Value, faults: &mut Vec<FieldFault>) {
    let fixed = |value: &Value| {
        let mut spec = value.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
        spec.shift_remove("volumeAttributesClassName");
        // A class may be named later, as the default class is.
        if old.pointer("/spec/storageClassName").is_none() {
            spec.shift_remove("storageClassName");
        }
        let bound = text(object, "/status/phase") == "Bound";
        if let Some(requests) = spec.get_mut("resources").and_then(|one| one.get_mut("requests")).filter(|_| bound) {
            requests.as_object_mut().map(|requests| requests.shift_remove("storage"));
        }
        // A claim that is not bound yet is bound by naming its volume.
        if text(value, "/spec/volumeName").is_empty() || text(old, "/spec/volumeName").is_empty() {
            spec.shift_remove("volumeName");
        }
        spec
    };
    if fixed(old) != fixed(object) {
        let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName for \
                      bound claims";
        faults.push(FieldFault::forbidden("spec", detail));
    }
    let size = |value: &Value, pointer: &str| value.pointer(pointer).and_then(nanos).unwrap_or(0);
    let (was, is) = (size(old, "/spec/resources/requests/storage"), size(object, "/spec/resources/requests/storage"));
    if is < was && is <= size(old, "/status/capacity/storage") {
        let detail = "field can not be less than status.capacity";
        faults.push(FieldFault::forbidden("spec.resources.requests.storage", detail));
    }
}
