use super::{Health, Object, less, surplus};

pub(super) fn health(object: &Object<'_>) -> Health {
    // The user deletes the Pods, whenever that may be.
    if object.text("/spec/updateStrategy/type") == "OnDelete" {
        return Health::Current;
    }
    let want = object.number("/spec/replicas").unwrap_or(1);
    let have = object.count("/status/replicas");
    let common = less("Replicas", have, want)
        .or_else(|| less("Ready", object.count("/status/readyReplicas"), want))
        .or_else(|| surplus(have, want));
    if let Some(health) = common {
        return health;
    }
    if let Some(partition) = object.number("/spec/updateStrategy/rollingUpdate/partition").filter(|at| *at != -1) {
        let updated = object.count("/status/updatedReplicas");
        return less("updated", updated, want - partition).unwrap_or(Health::Current);
    }
    if let Some(health) = less("current", object.count("/status/currentReplicas"), want) {
        return health;
    }
    if object.text("/status/currentRevision") != object.text("/status/updateRevision") {
        return Health::InProgress("Waiting for updated revision to match current".to_owned());
    }
    Health::Current
}
