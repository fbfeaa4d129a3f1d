use super::{Health, Object, less, surplus};

pub(super) fn health(object: &Object<'_>) -> Health {
    if object.conditions().any(|condition| condition.name == "ReplicaFailure" && condition.status == "True") {
        return Health::InProgress("Replica Failure condition. Check Pods".to_owned());
    }
    let want = object.number("/spec/replicas").unwrap_or(1);
    less("Labelled", object.count("/status/fullyLabeledReplicas"), want)
        .or_else(|| less("Available", object.count("/status/availableReplicas"), want))
        .or_else(|| less("Ready", object.count("/status/readyReplicas"), want))
        .or_else(|| surplus(object.count("/status/replicas"), want))
        .unwrap_or(Health::Current)
}
