//! What a status says when a controller is done, well or badly.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::behaviours::Failing;
use crate::strategy::text;

/// What happens to an object.
pub(super) struct Scene<'a> {
    pub(super) failing: Option<Failing>,
    /// Whether it has failed for longer than it may.
    pub(super) timed_out: bool,
    /// The time, as it is written.
    pub(super) now: &'a str,
}

/// The object with the status that its controller would have written; `None` where it has it already. `taken` are the
/// addresses of other Services.
pub(super) fn played(plural: &str, object: &Value, scene: &Scene<'_>, taken: &BTreeSet<String>) -> Option<Value> {
    let status = scene.status(plural, object, taken)?;
    let mut changed = object.clone();
    let before = changed.get("status").cloned().unwrap_or_default();
    let mut after = before.clone();
    for (name, value) in status.as_object()? {
        match value {
            Value::Null => {
                if let Some(fields) = after.as_object_mut() {
                    fields.shift_remove(name);
                }
            }
            // A condition keeps the time since when it holds.
            _ if name == "conditions" && holds(before.get(name), value) => {}
            _ => after[name.as_str()] = value.clone(),
        }
    }
    if before == after {
        return None;
    }
    changed["status"] = after;
    Some(changed)
}

fn holds(before: Option<&Value>, wanted: &Value) -> bool {
    let state = |list: &Value| -> Vec<[String; 3]> {
        let list = list.as_array().into_iter().flatten();
        list.map(|one| ["/type", "/status", "/reason"].map(|part| text(one, part).to_owned())).collect()
    };
    before.is_some_and(|before| state(before) == state(wanted))
}

impl Scene<'_> {
    /// The fields of the status; those that are null are taken away.
    fn status(&self, plural: &str, object: &Value, taken: &BTreeSet<String>) -> Option<Value> {
        Some(match plural {
            "deployments" => self.deployment(object),
            "replicasets" => {
                let mut status = self.counted(object);
                status["fullyLabeledReplicas"] = replicas(object).into();
                status
            }
            "statefulsets" => self.stateful_set(object),
            "daemonsets" => self.daemon_set(object),
            "jobs" if object.pointer("/spec/suspend") == Some(&Value::Bool(true)) => return None,
            "jobs" => self.job(object),
            "pods" => pod(object, self),
            "persistentvolumeclaims" if self.failing.is_some() => json!({"phase": "Pending"}),
            "persistentvolumeclaims" => json!({
                "phase": "Bound",
                "accessModes": object.pointer("/spec/accessModes").cloned().unwrap_or_default(),
                "capacity": object.pointer("/spec/resources/requests").cloned().unwrap_or_default(),
            }),
            "services" if text(object, "/spec/type") == "LoadBalancer" && self.failing.is_none() => {
                let kept = text(object, "/status/loadBalancer/ingress/0/ip");
                let address = if kept.is_empty() { free(taken) } else { kept.to_owned() };
                json!({"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}})
            }
            _ => return None,
        })
    }

    /// The counts that Deployments, ReplicaSets and StatefulSets share.
    fn counted(&self, object: &Value) -> Value {
        let replicas = replicas(object);
        let ready: Value = if self.failing.is_none() { replicas.into() } else { Value::Null };
        json!({
            "observedGeneration": object.pointer("/metadata/generation").cloned().unwrap_or_else(|| 1.into()),
            "replicas": replicas, "readyReplicas": ready, "availableReplicas": ready,
        })
    }

    fn deployment(&self, object: &Value) -> Value {
        let mut status = self.counted(object);
        let replicas = replicas(object);
        status["updatedReplicas"] = replicas.into();
        let fails = self.failing.is_some() && replicas > 0;
        status["unavailableReplicas"] = if fails { replicas.into() } else { Value::Null };
        let set = super::pods::revision(object);
        status["conditions"] = if !fails {
            let done = format!("ReplicaSet \"{set}\" has successfully progressed.");
            json!([
                self.condition("Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability."),
                self.condition("Progressing", true, "NewReplicaSetAvailable", &done),
            ])
        } else {
            let progressing = if self.timed_out {
                let late = format!("ReplicaSet \"{set}\" has timed out progressing.");
                self.condition("Progressing", false, "ProgressDeadlineExceeded", &late)
            } else {
                let under_way = format!("ReplicaSet \"{set}\" is progressing.");
                self.condition("Progressing", true, "ReplicaSetUpdated", &under_way)
            };
            let lacking = "Deployment does not have minimum availability.";
            json!([self.condition("Available", false, "MinimumReplicasUnavailable", lacking), progressing])
        };
        status
    }

    fn stateful_set(&self, object: &Value) -> Value {
        let mut status = self.counted(object);
        let in_order = text(object, "/spec/podManagementPolicy") != "Parallel";
        // The second is not started before the first is ready.
        let made = if self.failing.is_some() && in_order { replicas(object).min(1) } else { replicas(object) };
        for field in ["replicas", "currentReplicas", "updatedReplicas"] {
            status[field] = made.into();
        }
        for field in ["currentRevision", "updateRevision"] {
            status[field] = super::pods::revision(object).into();
        }
        status
    }

    fn daemon_set(&self, object: &Value) -> Value {
        let fails = self.failing.is_some();
        let ready = if fails { 0 } else { 1 };
        json!({
            "observedGeneration": object.pointer("/metadata/generation").cloned().unwrap_or_else(|| 1.into()),
            "currentNumberScheduled": 1, "desiredNumberScheduled": 1, "numberMisscheduled": 0, "updatedNumberScheduled": 1,
            "numberReady": ready, "numberAvailable": if fails { Value::Null } else { 1.into() },
            "numberUnavailable": if fails { 1.into() } else { Value::Null },
        })
    }

    fn job(&self, object: &Value) -> Value {
        let since =
            |field: &str| object.pointer(&format!("/status/{field}")).cloned().unwrap_or_else(|| self.now.into());
        let condition = |kind: &str, reason: &str, message: &str| {
            json!({
                "type": kind, "status": "True", "reason": reason, "message": message, "lastProbeTime": self.now,
                "lastTransitionTime": self.now,
            })
        };
        match self.failing {
            None => {
                let (reason, message) = ("CompletionsReached", "Reached expected number of succeeded pods");
                json!({
                    "succeeded": object.pointer("/spec/completions").cloned().unwrap_or_else(|| 1.into()),
                    "active": null, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {},
                    "startTime": since("startTime"), "completionTime": since("completionTime"),
                    "conditions": [condition("SuccessCriteriaMet", reason, message), condition("Complete", reason, message)],
                })
            }
            Some(Failing::CrashLoop) => {
                let tries = object.pointer("/spec/backoffLimit").and_then(Value::as_i64).unwrap_or(6) + 1;
                let (reason, message) = ("BackoffLimitExceeded", "Job has reached the specified backoff limit");
                json!({
                    "failed": tries, "active": null, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {},
                    "startTime": since("startTime"),
                    "conditions": [condition("FailureTarget", reason, message), condition("Failed", reason, message)],
                })
            }
            Some(Failing::NeverReady | Failing::ImagePull) => {
                json!({"active": 1, "ready": 0, "terminating": 0, "startTime": since("startTime")})
            }
        }
    }

    fn condition(&self, kind: &str, holds: bool, reason: &str, message: &str) -> Value {
        json!({
            "type": kind, "status": if holds { "True" } else { "False" }, "reason": reason, "message": message,
            "lastTransitionTime": self.now, "lastUpdateTime": self.now,
        })
    }
}

pub(super) fn replicas(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

/// The first address of TEST-NET-1 (RFC 5737) that no other Service has.
fn free(taken: &BTreeSet<String>) -> String {
    let mut all = (1..=254).map(|last| format!("192.0.2.{last}"));
    all.find(|address| !taken.contains(address)).unwrap_or_else(|| "192.0.2.255".to_owned())
}

/// The status of a Pod that was started by itself or by a workload.
pub(super) fn pod(object: &Value, scene: &Scene<'_>) -> Value {
    let containers = object.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten();
    let statuses: Vec<Value> = containers.map(|container| container_status(container, object, scene)).collect();
    let names: Vec<&str> = statuses.iter().map(|status| text(status, "/name")).collect();
    let is_ready = scene.failing.is_none();
    let lacking = format!("containers with unready status: [{}]", names.join(" "));
    let readiness = |kind: &str| {
        let mut condition = json!({
            "type": kind, "status": if is_ready { "True" } else { "False" }, "lastProbeTime": null, "lastTransitionTime": scene.now,
        });
        if !is_ready {
            condition["reason"] = "ContainersNotReady".into();
            condition["message"] = lacking.clone().into();
        }
        condition
    };
    let plain =
        |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": scene.now});
    let phase = if scene.failing == Some(Failing::ImagePull) { "Pending" } else { "Running" };
    json!({
        "phase": phase,
        "conditions": [
            plain("PodReadyToStartContainers"), plain("Initialized"), readiness("Ready"), readiness("ContainersReady"),
            plain("PodScheduled"),
        ],
        "startTime": object.pointer("/status/startTime").cloned().unwrap_or_else(|| scene.now.into()),
        "containerStatuses": statuses,
        "podIP": address(text(object, "/metadata/uid")),
        "podIPs": [{"ip": address(text(object, "/metadata/uid"))}],
    })
}

/// An address for a Pod. That two have the same is unlikely, and harms nobody: no packet is ever sent.
fn address(uid: &str) -> String {
    let hash = super::pods::hash(uid);
    format!("10.244.{}.{}", hash >> 8 & 0xff, hash & 0xff)
}

fn container_status(container: &Value, pod: &Value, scene: &Scene<'_>) -> Value {
    let (name, image) = (text(container, "/name"), text(container, "/image"));
    let since = pod.pointer("/status/startTime").cloned().unwrap_or_else(|| scene.now.into());
    let (state, last, restarts) = match scene.failing {
        None | Some(Failing::NeverReady) => (json!({"running": {"startedAt": since}}), json!({}), 0),
        Some(Failing::CrashLoop) => {
            let pod = format!("{}_{}", text(pod, "/metadata/name"), text(pod, "/metadata/namespace"));
            let message = format!("back-off 5m0s restarting failed container={name} pod={pod}");
            let ended =
                json!({"terminated": {"exitCode": 1, "reason": "Error", "startedAt": since, "finishedAt": since}});
            (json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}}), ended, 5)
        }
        Some(Failing::ImagePull) => {
            let message = format!("Back-off pulling image \"{image}\"");
            (json!({"waiting": {"reason": "ImagePullBackOff", "message": message}}), json!({}), 0)
        }
    };
    json!({
        "name": name, "image": image, "imageID": "", "ready": scene.failing.is_none(), "restartCount": restarts,
        "started": matches!(scene.failing, None | Some(Failing::NeverReady)), "state": state, "lastState": last,
    })
}
