use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::registry::GroupResource;
use crate::state::{Key, State};
use crate::strategy::text;

/// What objects do by themselves, so that `wait` and health checks come to an end. By default nothing.
#[derive(Debug, Clone, Default)]
pub struct Behaviours {
    ready: bool,
    delay: Duration,
}

impl Behaviours {
    /// Workloads become ready, Jobs complete, claims are bound and load balancers get an address: at once, or after
    /// [`delay`](Self::delay).
    ///
    /// Only statuses are written: no ReplicaSets or Pods come into being.
    #[must_use]
    pub fn ready() -> Self {
        Self { ready: true, delay: Duration::ZERO }
    }

    /// Lets it take so long, by the server's clock. It is looked at whenever the server is asked something and when a
    /// virtual clock is moved. Default: no time.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// Plays the behaviours of one server.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    behaviours: Behaviours,
    /// The revision up to which objects were looked at.
    seen: u64,
    due: Vec<(Timestamp, GroupResource, Key)>,
}

const ACTORS: &[(&str, &str)] = &[
    ("", "persistentvolumeclaims"),
    ("", "pods"),
    ("", "services"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("batch", "jobs"),
];

impl Rehearsal {
    pub(crate) fn new(behaviours: Behaviours) -> Self {
        Self { behaviours, seen: 0, due: Vec::new() }
    }

    /// Writes the statuses that are due.
    pub(crate) fn play(&mut self, state: &mut State) {
        if !self.behaviours.ready || (state.revision() == self.seen && self.due.is_empty()) {
            return;
        }
        let now = state.clock.now();
        let delay = SignedDuration::try_from(self.behaviours.delay).unwrap_or(SignedDuration::ZERO);
        let at = now.checked_add(delay).unwrap_or(now);
        for (group, plural) in ACTORS {
            let of: GroupResource = ((*group).into(), (*plural).into());
            let Some(collection) = state.collection(&of) else { continue };
            let start = collection.log.partition_point(|change| change.revision <= self.seen);
            for change in collection.log.range(start..).filter(|change| !change.deleted) {
                if self.due.iter().all(|due| (&due.1, &due.2) != (&of, &change.key)) {
                    self.due.push((at, of.clone(), change.key.clone()));
                }
            }
        }
        let (now_due, later) = std::mem::take(&mut self.due).into_iter().partition(|one| one.0 <= now);
        self.due = later;
        let now_due: Vec<(Timestamp, GroupResource, Key)> = now_due;
        for (_, of, key) in now_due {
            let Some(object) = state.get(&of, &key.0, &key.1) else { continue };
            if let Some(changed) = played(&of.1, &object, &state.clock.text()) {
                state.put(&of, key, changed);
            }
        }
        // What was just written needs no second look.
        self.seen = state.revision();
    }
}

/// The object as it is when its controller is done; `None` where it is so already.
fn played(plural: &str, object: &Arc<Value>, now: &str) -> Option<Value> {
    let status = ready_status(plural, object, now)?;
    let mut changed = (**object).clone();
    let before = changed.get("status").cloned().unwrap_or_default();
    let mut after = before.clone();
    for (name, value) in status.as_object()? {
        // A condition keeps the time since when it holds.
        let kept = name == "conditions" && holds(before.get(name), value);
        if !kept {
            after[name.as_str()] = value.clone();
        }
    }
    if before == after {
        return None;
    }
    changed["status"] = after;
    Some(changed)
}

fn holds(before: Option<&Value>, wanted: &Value) -> bool {
    let state = |list: &Value| -> Vec<(String, String)> {
        let list = list.as_array().into_iter().flatten();
        list.map(|one| (text(one, "/type").to_owned(), text(one, "/status").to_owned())).collect()
    };
    before.is_some_and(|before| state(before) == state(wanted))
}

fn ready_status(plural: &str, object: &Value, now: &str) -> Option<Value> {
    let generation = object.pointer("/metadata/generation").cloned().unwrap_or_else(|| 1.into());
    let replicas = object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    let condition = |kind: &str, reason: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": now,
            "lastUpdateTime": now,
        })
    };
    let counted = || {
        json!({
            "observedGeneration": generation, "replicas": replicas, "readyReplicas": replicas,
            "availableReplicas": replicas,
        })
    };
    Some(match plural {
        "deployments" => {
            let mut status = counted();
            status["updatedReplicas"] = replicas.into();
            status["conditions"] = json!([
                condition("Available", "MinimumReplicasAvailable"),
                condition("Progressing", "NewReplicaSetAvailable")
            ]);
            status
        }
        "replicasets" => {
            let mut status = counted();
            status["fullyLabeledReplicas"] = replicas.into();
            status
        }
        "statefulsets" => {
            let mut status = counted();
            for field in ["currentReplicas", "updatedReplicas"] {
                status[field] = replicas.into();
            }
            for field in ["currentRevision", "updateRevision"] {
                status[field] = format!("{}-1", text(object, "/metadata/name")).into();
            }
            status
        }
        "daemonsets" => json!({
            "observedGeneration": generation, "currentNumberScheduled": 1, "desiredNumberScheduled": 1,
            "numberAvailable": 1, "numberMisscheduled": 0, "numberReady": 1, "updatedNumberScheduled": 1,
        }),
        "jobs" if object.pointer("/spec/suspend") == Some(&Value::Bool(true)) => return None,
        "jobs" => json!({
            "succeeded": object.pointer("/spec/completions").cloned().unwrap_or_else(|| 1.into()),
            "startTime": object.pointer("/status/startTime").cloned().unwrap_or_else(|| now.into()),
            "completionTime": object.pointer("/status/completionTime").cloned().unwrap_or_else(|| now.into()),
            "conditions": [
                {"type": "SuccessCriteriaMet", "status": "True", "reason": "CompletionsReached", "message": "",
                 "lastProbeTime": now, "lastTransitionTime": now},
                {"type": "Complete", "status": "True", "reason": "CompletionsReached", "message": "",
                 "lastProbeTime": now, "lastTransitionTime": now},
            ],
        }),
        "pods" => json!({
            "phase": "Running",
            "conditions": [
                {"type": "Ready", "status": "True", "lastProbeTime": null, "lastTransitionTime": now},
                {"type": "ContainersReady", "status": "True", "lastProbeTime": null, "lastTransitionTime": now},
            ],
        }),
        "persistentvolumeclaims" => json!({
            "phase": "Bound",
            "accessModes": object.pointer("/spec/accessModes").cloned().unwrap_or_default(),
            "capacity": object.pointer("/spec/resources/requests").cloned().unwrap_or_default(),
        }),
        "services" if text(object, "/spec/type") == "LoadBalancer" => {
            json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}]}})
        }
        _ => return None,
    })
}
