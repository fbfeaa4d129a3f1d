use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Health, Object};

/// How long a Pod may wait for a node before that counts as failure.
const SCHEDULE_WINDOW: Duration = Duration::from_secs(15);

pub(super) fn health(object: &Object<'_>, now: SystemTime) -> Health {
    match object.text("/status/phase") {
        "Succeeded" | "Failed" => Health::Current,
        "Running" => running(object),
        "Pending" => pending(object, now),
        "" => Health::InProgress("Pod phase not available".to_owned()),
        phase => Health::Unknown(format!("unknown phase {phase}")),
    }
}

fn running(object: &Object<'_>) -> Health {
    if object.conditions().any(|condition| condition.name == "Ready" && condition.status == "True") {
        return Health::Current;
    }
    let containers = object.0.pointer("/status/containerStatuses").and_then(Value::as_array).into_iter().flatten();
    let crashing: Vec<&str> = containers
        .filter(|status| status.pointer("/state/waiting/reason").is_some_and(|reason| reason == "CrashLoopBackOff"))
        .filter_map(|status| status["name"].as_str())
        .collect();
    if crashing.is_empty() {
        return Health::InProgress("Pod is running but is not Ready".to_owned());
    }
    Health::Failed(format!("Containers in CrashLoop state: {}", crashing.join(",")))
}

fn pending(object: &Object<'_>, now: SystemTime) -> Health {
    if !is_unschedulable(object) {
        return Health::InProgress("Pod is in the Pending phase".to_owned());
    }
    let created = object.text("/metadata/creationTimestamp").parse::<jiff::Timestamp>().ok().map(SystemTime::from);
    if created.is_some_and(|created| now < created + SCHEDULE_WINDOW) {
        return Health::InProgress("Pod has not been scheduled".to_owned());
    }
    Health::Failed("Pod could not be scheduled".to_owned())
}

pub(super) fn is_unschedulable(object: &Object<'_>) -> bool {
    let unscheduled = object.conditions().find(|c| c.name == "PodScheduled" && c.status == "False");
    unscheduled.is_some_and(|condition| condition.reason == "Unschedulable")
}
