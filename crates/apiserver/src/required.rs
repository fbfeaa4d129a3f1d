use serde_json::{Value, json};

use crate::failure::FieldFault;
use crate::quantity::nanos;
use crate::registry::Resource;
use crate::strategy::text;

/// What must be there in built-in kinds: the commonest rules of the real server's validation, not all of them.
pub(crate) fn check(resource: &Resource, object: &Value, faults: &mut Vec<FieldFault>) {
    match (&*resource.group, &*resource.plural) {
        ("apps", "deployments" | "replicasets" | "daemonsets" | "statefulsets") => workload(object, faults),
        ("batch", "jobs") => pod_spec(object, "spec.template.spec", true, faults),
        ("batch", "cronjobs") => {
            if text(object, "/spec/schedule").is_empty() {
                faults.push(FieldFault::required("spec.schedule", ""));
            }
            pod_spec(object, "spec.jobTemplate.spec.template.spec", true, faults);
        }
        ("", "pods") => pod_spec(object, "spec", false, faults),
        ("", "services") => service(object, faults),
        ("", "configmaps" | "secrets") => keys(object, faults),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => binding(object, faults),
        ("networking.k8s.io", "ingresses")
            if object.pointer("/spec/rules").is_none() && object.pointer("/spec/defaultBackend").is_none() =>
        {
            let detail = "either `defaultBackend` or `rules` must be specified";
            let spec = object.get("spec").cloned().unwrap_or_else(|| json!({}));
            faults.push(FieldFault::invalid("spec", &spec, detail));
        }
        _ => {}
    }
}

fn workload(object: &Value, faults: &mut Vec<FieldFault>) {
    let replicas = object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(0);
    if replicas < 0 {
        let detail = "must be greater than or equal to 0";
        faults.push(FieldFault::invalid("spec.replicas", &replicas.into(), detail));
    }
    let selector = object.pointer("/spec/selector").filter(|selector| !selector.is_null());
    let labels = object.pointer("/spec/template/metadata/labels").cloned().unwrap_or(Value::Null);
    match selector {
        None => {
            faults.push(FieldFault::required("spec.selector", ""));
            mismatch(&labels, faults);
        }
        Some(selector) => {
            let matched = selector.get("matchLabels").and_then(Value::as_object);
            let fits = matched.into_iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
            let empty = matched.is_none_or(serde_json::Map::is_empty) && selector.get("matchExpressions").is_none();
            if empty {
                let detail = "empty selector is invalid for deployment";
                faults.push(FieldFault::invalid("spec.selector", selector, detail));
            }
            if !fits {
                mismatch(&labels, faults);
            }
        }
    }
    pod_spec(object, "spec.template.spec", false, faults);
    if text(object, "/spec/strategy/type") == "Recreate" && object.pointer("/spec/strategy/rollingUpdate").is_some() {
        let detail = "may not be specified when strategy `type` is 'Recreate'";
        faults.push(FieldFault::forbidden("spec.strategy.rollingUpdate", detail));
    }
}

fn mismatch(labels: &Value, faults: &mut Vec<FieldFault>) {
    let detail = "`selector` does not match template `labels`";
    faults.push(FieldFault::invalid("spec.template.metadata.labels", labels, detail));
}

fn pod_spec(object: &Value, path: &str, ends: bool, faults: &mut Vec<FieldFault>) {
    let pointer = format!("/{}", path.replace('.', "/"));
    let spec = object.pointer(&pointer).unwrap_or(&Value::Null);
    for list in ["initContainers", "containers"] {
        let containers = spec.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if list == "containers" && containers.is_empty() {
            faults.push(FieldFault::required(format!("{path}.containers"), ""));
        }
        let mut names = Vec::new();
        for (index, container) in containers.iter().enumerate() {
            let place = format!("{path}.{list}[{index}]");
            let name = text(container, "/name");
            if name.is_empty() {
                faults.push(FieldFault::required(format!("{place}.name"), ""));
            } else if names.contains(&name) {
                faults.push(FieldFault::duplicate(format!("{place}.name"), &name.into()));
            }
            names.push(name);
            if text(container, "/image").is_empty() {
                faults.push(FieldFault::required(format!("{place}.image"), ""));
            }
            requests(container, &place, faults);
        }
    }
    let policy = text(spec, "/restartPolicy");
    if ends && !spec.is_null() && policy == "Always" {
        let allowed = ["OnFailure", "Never"].map(|one| format!("{one:?}"));
        let fault = if policy.is_empty() {
            FieldFault::required(format!("{path}.restartPolicy"), "")
        } else {
            FieldFault::unsupported(format!("{path}.restartPolicy"), &policy.into(), &allowed)
        };
        faults.push(fault);
    }
}

fn requests(container: &Value, place: &str, faults: &mut Vec<FieldFault>) {
    let requests = container.pointer("/resources/requests").and_then(Value::as_object);
    for (name, wanted) in requests.into_iter().flatten() {
        let limit = container.pointer("/resources/limits").and_then(|limits| limits.get(name));
        if let (Some(limit), Some(most), Some(amount)) = (limit, limit.and_then(nanos), nanos(wanted))
            && amount > most
        {
            let limit = limit.as_str().unwrap_or_default();
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            faults.push(FieldFault::invalid(format!("{place}.resources.requests"), wanted, detail));
        }
    }
}

fn service(object: &Value, faults: &mut Vec<FieldFault>) {
    let kind = text(object, "/spec/type");
    let headless = text(object, "/spec/clusterIP") == "None";
    let ports = object.pointer("/spec/ports").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if ports.is_empty() && !headless && kind != "ExternalName" {
        faults.push(FieldFault::required("spec.ports", ""));
    }
    if kind == "ExternalName" && text(object, "/spec/externalName").is_empty() {
        faults.push(FieldFault::required("spec.externalName", ""));
    }
    let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !known.contains(&kind) {
        faults.push(FieldFault::unsupported("spec.type", &kind.into(), &known.map(|one| format!("{one:?}"))));
    }
    for (index, port) in ports.iter().enumerate() {
        let number = port.get("port").and_then(Value::as_i64).unwrap_or(0);
        let place = format!("spec.ports[{index}]");
        if ports.len() > 1 && text(port, "/name").is_empty() {
            faults.push(FieldFault::required(format!("{place}.name"), ""));
        }
        if !(1..=65_535).contains(&number) {
            let detail = "must be between 1 and 65535, inclusive";
            faults.push(FieldFault::invalid(format!("{place}.port"), &number.into(), detail));
        }
        if let Some(target) = port.get("targetPort").and_then(Value::as_i64).filter(|one| !(1..=65_535).contains(one)) {
            let detail = "must be between 1 and 65535, inclusive";
            faults.push(FieldFault::invalid(format!("{place}.targetPort"), &target.into(), detail));
        }
    }
}

fn keys(object: &Value, faults: &mut Vec<FieldFault>) {
    for list in ["data", "binaryData"] {
        for key in object.get(list).and_then(Value::as_object).into_iter().flatten().map(|entry| entry.0) {
            let fits = key.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.'));
            if !fits || key.is_empty() {
                let detail = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
                              'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
                              '[-._a-zA-Z0-9]+')";
                faults.push(FieldFault::invalid(format!("{list}[{key}]"), &key.as_str().into(), detail));
            }
        }
    }
}

fn binding(object: &Value, faults: &mut Vec<FieldFault>) {
    if text(object, "/roleRef/name").is_empty() {
        faults.push(FieldFault::required("roleRef.name", ""));
    }
    let subjects = object.get("subjects").and_then(Value::as_array).into_iter().flatten();
    for (index, subject) in subjects.enumerate() {
        if text(subject, "/name").is_empty() {
            faults.push(FieldFault::required(format!("subjects[{index}].name"), ""));
        }
        if text(subject, "/kind") == "ServiceAccount" && text(subject, "/namespace").is_empty() {
            faults.push(FieldFault::required(format!("subjects[{index}].namespace"), ""));
        }
    }
}
