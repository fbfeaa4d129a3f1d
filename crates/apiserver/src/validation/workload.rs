use serde_json::{Value, json};

use super::{Faults, claim, each, is_empty, not_negative, number, pod, selector, word};
use crate::failure::FieldFault;

pub(super) fn deployment(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    not_negative(spec, "replicas", "spec", faults);
    selected(spec, "deployment", faults);
    always(spec, "ReplicaSet", faults);
    for name in ["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
        not_negative(spec, name, "spec", faults);
    }
    if let Some(deadline) = number(spec, "progressDeadlineSeconds")
        && deadline <= number(spec, "minReadySeconds").unwrap_or(0)
    {
        let detail = "must be greater than minReadySeconds";
        faults.push(FieldFault::invalid("spec.progressDeadlineSeconds", &deadline.into(), detail));
    }
    let strategy = spec.get("strategy").unwrap_or(&Value::Null);
    match word(strategy, "type") {
        "Recreate" if strategy.get("rollingUpdate").is_some() => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            faults.push(FieldFault::forbidden("spec.strategy.rollingUpdate", detail));
        }
        "RollingUpdate" => rolling(strategy, faults),
        "Recreate" => {}
        other => {
            // The real server quotes its own type, which has other names.
            let shown = json!({"Type": other, "RollingUpdate": strategy.get("rollingUpdate")});
            let allowed = ["Recreate", "RollingUpdate"].map(|one| format!("{one:?}"));
            faults.push(FieldFault::unsupported("spec.strategy", &shown, &allowed));
        }
    }
}

fn rolling(strategy: &Value, faults: &mut Faults) {
    let path = "spec.strategy.rollingUpdate";
    let Some(rolling) = strategy.get("rollingUpdate") else {
        let detail = "this should be defaulted and never be nil";
        faults.push(FieldFault::required(path, detail));
        return;
    };
    for name in ["maxUnavailable", "maxSurge"] {
        amount(rolling.get(name).unwrap_or(&Value::Null), &format!("{path}.{name}"), faults);
    }
    let zero = |name: &str| rolling.get(name).is_none_or(|one| *one == 0 || *one == "0%" || one.is_null());
    if zero("maxUnavailable") && zero("maxSurge") {
        let value = rolling.get("maxUnavailable").cloned().unwrap_or_else(|| json!(0));
        let detail = "may not be 0 when `maxSurge` is 0";
        faults.push(FieldFault::invalid(format!("{path}.maxUnavailable"), &value, detail));
    }
    let percent = rolling.get("maxUnavailable").and_then(Value::as_str).and_then(percentage);
    if percent.is_some_and(|percent| percent > 100) {
        let shown = rolling.get("maxUnavailable").cloned().unwrap_or_default();
        faults.push(FieldFault::invalid(format!("{path}.maxUnavailable"), &shown, "must not be greater than 100%"));
    }
}

fn percentage(text: &str) -> Option<i64> {
    text.strip_suffix('%')?.parse().ok()
}

/// A number or a percentage.
fn amount(value: &Value, field: &str, faults: &mut Faults) {
    const PERCENT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or \
                           '93%', regex used for validation is '[0-9]+%')";
    match value {
        Value::String(text) if percentage(text).is_none_or(|percent| percent < 0) => {
            faults.push(FieldFault::invalid(field, value, PERCENT));
        }
        Value::Number(number) if number.as_i64().is_some_and(|number| number < 0) => {
            faults.push(FieldFault::invalid(field, value, "must be greater than or equal to 0"));
        }
        _ => {}
    }
}

pub(super) fn replica_set(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    not_negative(spec, "replicas", "spec", faults);
    not_negative(spec, "minReadySeconds", "spec", faults);
    selected(spec, "deployment", faults);
    always(spec, "ReplicaSet", faults);
}

pub(super) fn daemon_set(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    not_negative(spec, "minReadySeconds", "spec", faults);
    not_negative(spec, "revisionHistoryLimit", "spec", faults);
    selected(spec, "daemonset", faults);
    always(spec, "DaemonSet", faults);
    let strategy = spec.get("updateStrategy").unwrap_or(&Value::Null);
    let kind = word(strategy, "type");
    if !matches!(kind, "RollingUpdate" | "OnDelete") {
        let shown = json!({"Type": kind, "RollingUpdate": strategy.get("rollingUpdate")});
        let allowed = ["RollingUpdate", "OnDelete"].map(|one| format!("{one:?}"));
        faults.push(FieldFault::unsupported("spec.updateStrategy", &shown, &allowed));
    }
}

pub(super) fn stateful_set(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    not_negative(spec, "replicas", "spec", faults);
    not_negative(spec, "minReadySeconds", "spec", faults);
    selected(spec, "statefulset", faults);
    always(spec, "StatefulSet", faults);
    let policy = word(spec, "podManagementPolicy");
    if !matches!(policy, "" | "OrderedReady" | "Parallel") {
        let detail = "must be 'OrderedReady' or 'Parallel'";
        faults.push(FieldFault::invalid("spec.podManagementPolicy", &policy.into(), detail));
    }
    let strategy = spec.get("updateStrategy").unwrap_or(&Value::Null);
    match (word(strategy, "type"), strategy.get("rollingUpdate")) {
        ("OnDelete", Some(rolling)) => {
            // The real server quotes its own type, which has other names.
            let shown = json!({
                "Partition": rolling.get("partition").cloned().unwrap_or_else(|| 0.into()),
                "MaxUnavailable": rolling.get("maxUnavailable"),
            });
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            faults.push(FieldFault::invalid("spec.updateStrategy.rollingUpdate", &shown, detail));
        }
        ("RollingUpdate", Some(rolling)) => {
            not_negative(rolling, "partition", "spec.updateStrategy.rollingUpdate", faults)
        }
        ("RollingUpdate" | "OnDelete", _) => {}
        (other, rolling) => {
            let shown = json!({"Type": other, "RollingUpdate": rolling});
            let detail = "must be 'RollingUpdate' or 'OnDelete'";
            faults.push(FieldFault::invalid("spec.updateStrategy", &shown, detail));
        }
    }
    for (place, template) in each(spec, "volumeClaimTemplates", "spec") {
        claim::spec(template.get("spec").unwrap_or(&Value::Null), &format!("{place}.spec"), faults);
    }
}

/// A selector, and labels of the template that fit it.
fn selected(spec: &Value, kind: &str, faults: &mut Faults) {
    let labels = spec.pointer("/template/metadata/labels").cloned().unwrap_or(Value::Null);
    let detail = "`selector` does not match template `labels`";
    let mismatch = || FieldFault::invalid("spec.template.metadata.labels", &labels, detail);
    match spec.get("selector").filter(|selector| !selector.is_null()) {
        None => {
            if kind != "daemonset" {
                faults.push(FieldFault::required("spec.selector", ""));
            }
            faults.push(mismatch());
        }
        Some(given) => {
            selector::check(given, "spec.selector", faults);
            if !selector::is_usable(given) {
                match kind {
                    "daemonset" => {}
                    "statefulset" => faults.push(FieldFault::invalid("spec.selector", given, "")),
                    _ => faults.push(FieldFault::invalid("spec.selector", given, "invalid label selector")),
                }
            } else if !selector::fits(given, &labels) {
                faults.push(mismatch());
            }
            if is_empty(given, "matchLabels") && is_empty(given, "matchExpressions") {
                let detail = format!("empty selector is invalid for {kind}");
                faults.push(FieldFault::invalid("spec.selector", given, detail));
            }
        }
    }
    let claims = spec.get("volumeClaimTemplates").and_then(Value::as_array).into_iter().flatten();
    let claimed: Vec<&str> = claims.filter_map(|claim| claim.pointer("/metadata/name")?.as_str()).collect();
    pod::template_with(spec.get("template").unwrap_or(&Value::Null), "spec.template", &claimed, faults);
}

/// What keeps running starts again.
fn always(spec: &Value, kind: &str, faults: &mut Faults) {
    let pod = spec.pointer("/template/spec").unwrap_or(&Value::Null);
    let policy = word(pod, "restartPolicy");
    if policy != "Always" && !pod.is_null() {
        let field = "spec.template.spec.restartPolicy";
        faults.push(FieldFault::unsupported(field, &policy.into(), &["\"Always\"".to_owned()]));
    }
    if pod.get("activeDeadlineSeconds").is_some() {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        faults.push(FieldFault::forbidden("spec.template.spec.activeDeadlineSeconds", detail));
    }
}

pub(super) fn budget(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    if spec.get("minAvailable").is_some() && spec.get("maxUnavailable").is_some() {
        // The real server quotes its own type, which has other names.
        let shown = json!({
            "MinAvailable": spec.get("minAvailable"), "Selector": spec.get("selector"),
            "MaxUnavailable": spec.get("maxUnavailable"),
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        });
        let detail = "minAvailable and maxUnavailable cannot be both set";
        faults.push(FieldFault::invalid("spec", &shown, detail));
    }
    for name in ["minAvailable", "maxUnavailable"] {
        if let Some(value) = spec.get(name) {
            amount(value, &format!("spec.{name}"), faults);
        }
    }
    if let Some(given) = spec.get("selector") {
        selector::check(given, "spec.selector", faults);
    }
}

pub(super) fn lease(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    if let Some(seconds) = number(spec, "leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
        faults.push(FieldFault::invalid("spec.leaseDurationSeconds", &seconds.into(), "must be greater than 0"));
    }
    not_negative(spec, "leaseTransitions", "spec", faults);
}
