use serde_json::Value;

use super::Row;
use crate::strategy::text;

pub(super) fn budget(row: &Row<'_>) -> Vec<Value> {
    let amount = |name: &str| -> Value {
        match row.object.pointer(&format!("/spec/{name}")) {
            Some(Value::String(text)) => text.clone().into(),
            Some(number @ Value::Number(_)) => number.to_string().into(),
            _ => "N/A".into(),
        }
    };
    vec![
        row.name(),
        amount("minAvailable"),
        amount("maxUnavailable"),
        row.number("/status/disruptionsAllowed").into(),
        row.age(),
    ]
}

pub(super) fn binding(row: &Row<'_>) -> Vec<Value> {
    let role = format!("{}/{}", text(row.object, "/roleRef/kind"), text(row.object, "/roleRef/name"));
    let of = |kind: &str| {
        let subjects = row.list("/subjects").iter().filter(|one| text(one, "/kind") == kind);
        let names: Vec<String> = subjects
            .map(|one| match (kind, text(one, "/name")) {
                ("ServiceAccount", name) => format!("{}/{name}", text(one, "/namespace")),
                (_, name) => name.to_owned(),
            })
            .collect();
        Value::String(names.join(", "))
    };
    vec![row.name(), role.into(), row.age(), of("User"), of("Group"), of("ServiceAccount")]
}

pub(super) fn priority_class(row: &Row<'_>) -> Vec<Value> {
    let default = row.object.get("globalDefault") == Some(&true.into());
    vec![row.name(), row.number("/value").into(), default.into(), row.age(), row.text("/preemptionPolicy")]
}

pub(super) fn quota(row: &Row<'_>) -> Vec<Value> {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    let mut hard: Vec<(&String, &Value)> =
        row.object.pointer("/status/hard").and_then(Value::as_object).into_iter().flatten().collect();
    hard.sort_by_key(|one| one.0);
    for (name, most) in hard {
        let used = row.object.pointer("/status/used").and_then(|used| used.get(name)).and_then(Value::as_str);
        let shown = format!("{name}: {}/{}", used.unwrap_or("0"), most.as_str().unwrap_or_default());
        if name.starts_with("limits") { limits.push(shown) } else { requests.push(shown) }
    }
    vec![row.name(), requests.join(", ").into(), limits.join(", ").into(), row.age()]
}

pub(super) fn autoscaler(row: &Row<'_>) -> Vec<Value> {
    let reference = "/spec/scaleTargetRef";
    let target = format!(
        "{}/{}",
        text(row.object, &format!("{reference}/kind")),
        text(row.object, &format!("{reference}/name"))
    );
    let least = match row.object.pointer("/spec/minReplicas").and_then(Value::as_i64) {
        Some(least) => least.to_string(),
        None => "<unset>".to_owned(),
    };
    vec![
        row.name(),
        target.into(),
        metrics(row).into(),
        least.into(),
        row.number("/spec/maxReplicas").into(),
        row.number("/status/currentReplicas").into(),
        row.age(),
    ]
}

fn metrics(row: &Row<'_>) -> String {
    let specs = row.list("/spec/metrics");
    if specs.is_empty() {
        return "<none>".to_owned();
    }
    let current = row.list("/status/currentMetrics");
    let mut shown: Vec<String> = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        let now = current.get(index);
        let part = match text(spec, "/type") {
            "Resource" => resource(spec, now, "resource"),
            "ContainerResource" => resource(spec, now, "containerResource"),
            "Pods" => averages(spec, now, "pods"),
            "External" | "Object" => {
                let name = if text(spec, "/type") == "External" { "external" } else { "object" };
                averages(spec, now, name)
            }
            _ => "<unknown type>".to_owned(),
        };
        shown.push(part);
    }
    let most = 2;
    let more = shown.len().saturating_sub(most);
    shown.truncate(most);
    if more > 0 { format!("{} + {more} more...", shown.join(", ")) } else { shown.join(", ") }
}

fn resource(spec: &Value, now: Option<&Value>, kind: &str) -> String {
    let name = text(spec, &format!("/{kind}/name"));
    let target = spec.pointer(&format!("/{kind}/target"));
    let at = |pointer: &str| now.and_then(|now| now.pointer(&format!("/{kind}/current/{pointer}")));
    let wanted = |field: &str| target.and_then(|target| target.get(field));
    if let Some(average) = wanted("averageValue").and_then(Value::as_str) {
        let current = at("averageValue").and_then(Value::as_str).unwrap_or("<unknown>");
        return format!("{name}: {current}/{average}");
    }
    let current = at("averageUtilization").and_then(Value::as_i64).map(|one| format!("{one}%"));
    let wanted = wanted("averageUtilization").and_then(Value::as_i64).map(|one| format!("{one}%"));
    format!("{name}: {}/{}", current.as_deref().unwrap_or("<unknown>"), wanted.as_deref().unwrap_or("<auto>"))
}

fn averages(spec: &Value, now: Option<&Value>, kind: &str) -> String {
    let target = spec.pointer(&format!("/{kind}/target"));
    let field =
        if target.is_some_and(|target| target.get("averageValue").is_some()) { "averageValue" } else { "value" };
    let wanted = target.and_then(|target| target.get(field)).and_then(Value::as_str).unwrap_or_default();
    let current = now.and_then(|now| now.pointer(&format!("/{kind}/current/{field}"))).and_then(Value::as_str);
    let mark = if field == "averageValue" && kind != "pods" { " (avg)" } else { "" };
    format!("{}/{wanted}{mark}", current.unwrap_or("<unknown>"))
}
