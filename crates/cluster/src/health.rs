use std::fmt;
use std::time::SystemTime;

use serde_json::Value;

mod custom_resource_definition;
mod daemon_set;
mod deployment;
mod job;
mod pod;
mod replica_set;
mod stateful_set;

/// How an object is, as kstatus sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It is what its spec asks for.
    Current,
    /// It is on its way there; the text says what is missing.
    InProgress(String),
    /// It will not get there.
    Failed(String),
    /// It is being deleted.
    Terminating,
    /// It is not there.
    NotFound,
    /// Nobody can say; the text says why.
    Unknown(String),
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => f.write_str("current"),
            Self::InProgress(what) => write!(f, "in progress: {what}"),
            Self::Failed(why) => write!(f, "failed: {why}"),
            Self::Terminating => f.write_str("being deleted"),
            Self::NotFound => f.write_str("not found"),
            Self::Unknown(why) => write!(f, "unknown: {why}"),
        }
    }
}

/// How `object` is, by the rules of kstatus (`pkg/kstatus/status` of fluxcd/cli-utils), and for Jobs by Flux's own:
/// a Job is well when it has completed, not when it has started.
///
/// `now` decides how long a Pod may wait for a node. Pods behind a workload are not looked at.
#[must_use]
pub fn status(object: &Value, now: SystemTime) -> Health {
    let object = Object(object);
    if let Some(health) = generic(&object) {
        return health;
    }
    match (object.group(), object.text("/kind")) {
        ("apps" | "extensions", "Deployment") => deployment::health(&object),
        ("apps" | "extensions", "DaemonSet") => daemon_set::health(&object),
        ("apps" | "extensions", "ReplicaSet") => replica_set::health(&object),
        ("apps", "StatefulSet") => stateful_set::health(&object),
        ("batch", "Job") => job::health(&object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => custom_resource_definition::health(&object),
        ("", "Pod") => pod::health(&object, now),
        ("", "PersistentVolumeClaim") => claim(&object),
        ("", "Service") => service(&object),
        ("", "Secret" | "ConfigMap") | ("batch", "CronJob") | ("policy", "PodDisruptionBudget") => Health::Current,
        _ => by_ready_condition(&object),
    }
}

/// Whether a Pod waits for a node that it does not fit on.
pub(crate) fn is_unschedulable(pod: &Value) -> bool {
    pod::is_unschedulable(&Object(pod))
}

/// What holds for every kind; `None` where the kind has to say.
fn generic(object: &Object<'_>) -> Option<Health> {
    if !object.text("/metadata/deletionTimestamp").is_empty() {
        return Some(Health::Terminating);
    }
    if let (Some(generation), Some(observed)) =
        (object.number("/metadata/generation"), object.number("/status/observedGeneration"))
        && generation != observed
    {
        let kind = object.text("/kind");
        let what = format!("{kind} generation is {generation}, but latest observed generation is {observed}");
        return Some(Health::InProgress(what));
    }
    object.conditions().filter(|condition| condition.status == "True").find_map(|condition| match condition.name {
        "Reconciling" => Some(Health::InProgress(condition.message.to_owned())),
        "Stalled" => Some(Health::Failed(condition.message.to_owned())),
        _ => None,
    })
}

/// Kinds that have no rule of their own.
fn by_ready_condition(object: &Object<'_>) -> Health {
    match object.condition("Ready") {
        Some(ready) if ready.status != "True" => Health::InProgress(ready.message.to_owned()),
        _ => Health::Current,
    }
}

fn claim(object: &Object<'_>) -> Health {
    match object.text("/status/phase") {
        "Bound" => Health::Current,
        "" => Health::InProgress("PVC is not Bound. phase: unknown".to_owned()),
        phase => Health::InProgress(format!("PVC is not Bound. phase: {phase}")),
    }
}

fn service(object: &Object<'_>) -> Health {
    if object.text("/spec/type") == "LoadBalancer" && object.text("/spec/clusterIP").is_empty() {
        return Health::InProgress("ClusterIP not set. Service type: LoadBalancer".to_owned());
    }
    Health::Current
}

/// `<what>: <have>/<want>`, where there is less than wanted.
fn less(what: &str, have: i64, want: i64) -> Option<Health> {
    (want > have).then(|| Health::InProgress(format!("{what}: {have}/{want}")))
}

/// Pods that are to go.
fn surplus(have: i64, want: i64) -> Option<Health> {
    (have > want).then(|| Health::InProgress(format!("Pending termination: {}", have - want)))
}

/// An object, read leniently: what is absent or of another type is empty.
struct Object<'a>(&'a Value);

struct Condition<'a> {
    name: &'a str,
    status: &'a str,
    reason: &'a str,
    message: &'a str,
}

impl<'a> Object<'a> {
    fn group(&self) -> &'a str {
        self.text("/apiVersion").split_once('/').map_or("", |(group, _)| group)
    }

    fn text(&self, pointer: &str) -> &'a str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, pointer: &str) -> Option<i64> {
        self.0.pointer(pointer).and_then(Value::as_i64)
    }

    fn count(&self, pointer: &str) -> i64 {
        self.number(pointer).unwrap_or(0)
    }

    fn condition(&self, name: &str) -> Option<Condition<'a>> {
        self.conditions().find(|condition| condition.name == name)
    }

    fn conditions(&self) -> impl Iterator<Item = Condition<'a>> + use<'a> {
        let list = self.0.pointer("/status/conditions").and_then(Value::as_array);
        list.into_iter().flatten().map(|condition| {
            let text = |field: &str| condition[field].as_str().unwrap_or_default();
            Condition { name: text("type"), status: text("status"), reason: text("reason"), message: text("message") }
        })
    }
}

#[cfg(test)]
mod tests;
