use serde_json::Value;

use super::container::{self, Shared};
use super::{Faults, each, names, number, one_of, volume, word};
use crate::failure::FieldFault;

/// The faults of a Pod.
pub(super) fn pod(object: &Value, faults: &mut Faults) {
    spec(object.get("spec").unwrap_or(&Value::Null), "spec", &[], faults);
}

/// The faults of a template of Pods.
pub(super) fn template(template: &Value, path: &str, faults: &mut Faults) {
    template_with(template, path, &[], faults);
}

/// The faults of a template whose Pods get volumes of these names.
pub(super) fn template_with(template: &Value, path: &str, claimed: &[&str], faults: &mut Faults) {
    let metadata = template.get("metadata").unwrap_or(&Value::Null);
    names::labels(metadata.get("labels"), &format!("{path}.labels"), faults);
    let annotations = metadata.get("annotations").and_then(Value::as_object).into_iter().flatten();
    for (key, _) in annotations {
        names::qualified(&key.to_lowercase(), &format!("{path}.annotations"), faults);
    }
    spec(template.get("spec").unwrap_or(&Value::Null), &format!("{path}.spec"), claimed, faults);
}

fn spec(spec: &Value, path: &str, claimed: &[&str], faults: &mut Faults) {
    volume::list(spec, path, faults);
    let volumes = spec.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let shared = Shared {
        volumes: volumes.map(|volume| word(volume, "name")).chain(claimed.iter().copied()).collect(),
        on_host: spec.get("hostNetwork") == Some(&Value::Bool(true)),
    };
    if super::is_empty(spec, "containers") {
        faults.push(FieldFault::required(format!("{path}.containers"), ""));
    }
    container::list(spec, "containers", path, &shared, faults);
    container::list(spec, "initContainers", path, &shared, faults);
    across_lists(spec, path, faults);
    one_of(spec, "restartPolicy", path, &["Always", "OnFailure", "Never"], faults);
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    one_of(spec, "dnsPolicy", path, &policies, faults);
    if word(spec, "dnsPolicy") == "None" && spec.get("dnsConfig").is_none() {
        let detail = "must provide `dnsConfig` when `dnsPolicy` is None";
        faults.push(FieldFault::required(format!("{path}.dnsConfig"), detail));
    }
    let node = word(spec, "nodeName");
    if !node.is_empty() {
        names::subdomain(node, &format!("{path}.nodeName"), faults);
    }
    names::labels(spec.get("nodeSelector"), &format!("{path}.nodeSelector"), faults);
    let account = word(spec, "serviceAccountName");
    if !account.is_empty() {
        names::subdomain(account, &format!("{path}.serviceAccountName"), faults);
    }
    if let Some(seconds) = number(spec, "activeDeadlineSeconds").filter(|one| !(1..=i64::from(i32::MAX)).contains(one))
    {
        let detail = "must be between 1 and 2147483647, inclusive";
        faults.push(FieldFault::invalid(format!("{path}.activeDeadlineSeconds"), &seconds.into(), detail));
    }
    for name in ["hostname", "subdomain"] {
        let value = word(spec, name);
        if !value.is_empty() {
            names::label(value, &format!("{path}.{name}"), faults);
        }
    }
    tolerations(spec, path, faults);
}

/// Initial containers share their names with the others.
fn across_lists(spec: &Value, path: &str, faults: &mut Faults) {
    let containers = spec.get("containers").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = containers.map(|one| word(one, "name")).filter(|name| !name.is_empty()).collect();
    for (place, container) in each(spec, "initContainers", path) {
        let name = word(container, "name");
        if names.contains(&name) {
            faults.push(FieldFault::duplicate(format!("{place}.name"), &name.into()));
        }
    }
}

fn tolerations(spec: &Value, path: &str, faults: &mut Faults) {
    for (place, toleration) in each(spec, "tolerations", path) {
        let (key, operator, effect) =
            (word(toleration, "key"), word(toleration, "operator"), word(toleration, "effect"));
        if !key.is_empty() {
            names::qualified(key, &format!("{place}.key"), faults);
        }
        if key.is_empty() && operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            faults.push(FieldFault::invalid(format!("{place}.operator"), &operator.into(), detail));
        }
        let seconds = number(toleration, "tolerationSeconds");
        if seconds.is_some() && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            faults.push(FieldFault::invalid(format!("{place}.effect"), &effect.into(), detail));
        }
        match operator {
            "" | "Equal" | "Lt" | "Gt" => {
                names::label_value(word(toleration, "value"), &format!("{place}.operator"), faults)
            }
            "Exists" if !word(toleration, "value").is_empty() => {
                let detail = "value must be empty when `operator` is 'Exists'";
                let value = word(toleration, "value");
                faults.push(FieldFault::invalid(format!("{place}.operator"), &value.into(), detail));
            }
            _ => one_of(toleration, "operator", &place, &["Equal", "Exists"], faults),
        }
        one_of(toleration, "effect", &place, &["NoSchedule", "PreferNoSchedule", "NoExecute"], faults);
    }
}
