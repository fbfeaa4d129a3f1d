use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Row, labels, moment};
use crate::strategy::text;

const TEMPLATE: &str = "/spec/template/spec/containers";

pub(super) fn deployment(row: &Row<'_>) -> Vec<Value> {
    let ready = format!("{}/{}", row.number("/status/readyReplicas"), row.number("/spec/replicas"));
    let [names, images] = row.containers(TEMPLATE);
    vec![
        row.name(),
        ready.into(),
        row.number("/status/updatedReplicas").into(),
        row.number("/status/availableReplicas").into(),
        row.age(),
        names,
        images,
        row.selector("/spec/selector"),
    ]
}

pub(super) fn replica_set(row: &Row<'_>) -> Vec<Value> {
    let [names, images] = row.containers(TEMPLATE);
    vec![
        row.name(),
        row.number("/spec/replicas").into(),
        row.number("/status/replicas").into(),
        row.number("/status/readyReplicas").into(),
        row.age(),
        names,
        images,
        row.selector("/spec/selector"),
    ]
}

pub(super) fn stateful_set(row: &Row<'_>) -> Vec<Value> {
    let ready = format!("{}/{}", row.number("/status/readyReplicas"), row.number("/spec/replicas"));
    let [names, images] = row.containers(TEMPLATE);
    vec![row.name(), ready.into(), row.age(), names, images]
}

pub(super) fn daemon_set(row: &Row<'_>) -> Vec<Value> {
    let [names, images] = row.containers(TEMPLATE);
    let mut cells = vec![row.name()];
    for name in
        ["desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable"]
    {
        cells.push(row.number(&format!("/status/{name}")).into());
    }
    cells.push(labels(row.object.pointer("/spec/template/spec/nodeSelector")));
    cells.extend([row.age(), names, images, row.selector("/spec/selector")]);
    cells
}

pub(super) fn revision(row: &Row<'_>) -> Vec<Value> {
    let owner = row.list("/metadata/ownerReferences").iter().find(|one| one.get("controller") == Some(&true.into()));
    let controller = owner.map_or_else(
        || "<none>".to_owned(),
        |owner| {
            let kind = text(owner, "/kind").to_lowercase();
            let group = text(owner, "/apiVersion").split_once('/').map_or("", |(group, _)| group);
            let kind = if group.is_empty() { kind } else { format!("{kind}.{group}") };
            format!("{kind}/{}", text(owner, "/name"))
        },
    );
    vec![row.name(), controller.into(), row.number("/revision").into(), row.age()]
}

pub(super) fn pod_template(row: &Row<'_>) -> Vec<Value> {
    let [names, images] = row.containers("/template/spec/containers");
    vec![row.name(), names, images, labels(row.object.pointer("/template/metadata/labels"))]
}

pub(super) fn job(row: &Row<'_>) -> Vec<Value> {
    let parallelism = row.number("/spec/parallelism");
    let succeeded = row.number("/status/succeeded");
    let completions = match row.object.pointer("/spec/completions").and_then(Value::as_i64) {
        Some(completions) => format!("{succeeded}/{completions}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    };
    let start = text(row.object, "/status/startTime").parse::<Timestamp>().ok();
    let end = text(row.object, "/status/completionTime").parse::<Timestamp>().ok();
    let duration = start.map(|start| moment::span(end.unwrap_or(row.now).as_second() - start.as_second()));
    let [names, images] = row.containers(TEMPLATE);
    vec![
        row.name(),
        job_status(row).into(),
        completions.into(),
        duration.unwrap_or_default().into(),
        row.age(),
        names,
        images,
        row.selector("/spec/selector"),
    ]
}

fn job_status(row: &Row<'_>) -> &'static str {
    let holds = |kind: &str| {
        row.list("/status/conditions").iter().any(|one| text(one, "/type") == kind && text(one, "/status") == "True")
    };
    if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if row.object.pointer("/metadata/deletionTimestamp").is_some() {
        "Terminating"
    } else if holds("Suspended") {
        "Suspended"
    } else if holds("FailureTarget") {
        "FailureTarget"
    } else if holds("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

pub(super) fn cron_job(row: &Row<'_>) -> Vec<Value> {
    let suspended = row.object.pointer("/spec/suspend") == Some(&true.into());
    let [names, images] = row.containers("/spec/jobTemplate/spec/template/spec/containers");
    vec![
        row.name(),
        row.text("/spec/schedule"),
        row.text_or("/spec/timeZone", "<none>"),
        (if suspended { "True" } else { "False" }).into(),
        row.count("/status/active").into(),
        row.since("/status/lastScheduleTime", "<none>"),
        row.age(),
        names,
        images,
        row.selector("/spec/jobTemplate/spec/selector"),
    ]
}

/// What a Pod that has ended has in its row beside the cells.
pub(super) fn ended(pod: &Value) -> Option<Value> {
    let (phase, message) = match text(pod, "/status/phase") {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!({"type": "Completed", "status": "True", "reason": phase, "message": message}))
}

pub(super) fn pod(row: &Row<'_>) -> Vec<Value> {
    let statuses = row.list("/status/containerStatuses");
    let ready = statuses.iter().filter(|one| one.get("ready") == Some(&true.into())).count();
    let restarts: i64 = statuses.iter().filter_map(|one| one.get("restartCount")?.as_i64()).sum();
    let nominated = row.text_or("/status/nominatedNodeName", "<none>");
    vec![
        row.name(),
        format!("{ready}/{}", row.count("/spec/containers")).into(),
        pod_status(row).into(),
        restarts.to_string().into(),
        row.age(),
        row.text_or("/status/podIP", "<none>"),
        row.text_or("/spec/nodeName", "<none>"),
        nominated,
        gates(row).into(),
    ]
}

fn gates(row: &Row<'_>) -> String {
    let gates = row.list("/spec/readinessGates");
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let holds = |gate: &&Value| {
        let kind = text(gate, "/conditionType");
        row.list("/status/conditions").iter().any(|one| text(one, "/type") == kind && text(one, "/status") == "True")
    };
    format!("{}/{}", gates.iter().filter(holds).count(), gates.len())
}

/// The word for how a Pod is: its phase, or why a container waits or has ended.
fn pod_status(row: &Row<'_>) -> String {
    let mut reason = match text(row.object, "/status/reason") {
        "" => text(row.object, "/status/phase").to_owned(),
        reason => reason.to_owned(),
    };
    let gated = row.list("/status/conditions").iter().find(|one| text(one, "/type") == "PodScheduled");
    if gated.is_some_and(|one| text(one, "/reason") == "SchedulingGated") {
        reason = "SchedulingGated".to_owned();
    }
    let mut running = false;
    for status in row.list("/status/containerStatuses").iter().rev() {
        let (waiting, ended) = (text(status, "/state/waiting/reason"), text(status, "/state/terminated/reason"));
        if !waiting.is_empty() {
            reason = waiting.to_owned();
        } else if !ended.is_empty() {
            reason = ended.to_owned();
        } else if let Some(code) = status.pointer("/state/terminated/exitCode") {
            let signal = status.pointer("/state/terminated/signal").and_then(Value::as_i64).unwrap_or(0);
            reason = if signal == 0 { format!("ExitCode:{code}") } else { format!("Signal:{signal}") };
        } else {
            running |= status.get("ready") == Some(&true.into()) && status.pointer("/state/running").is_some();
        }
    }
    if reason == "Completed" && running {
        let ready = row
            .list("/status/conditions")
            .iter()
            .any(|one| text(one, "/type") == "Ready" && text(one, "/status") == "True");
        reason = if ready { "Running" } else { "NotReady" }.to_owned();
    }
    if row.object.pointer("/metadata/deletionTimestamp").is_some() {
        let ended = matches!(text(row.object, "/status/phase"), "Succeeded" | "Failed");
        if !ended {
            reason = "Terminating".to_owned();
        }
    }
    reason
}
