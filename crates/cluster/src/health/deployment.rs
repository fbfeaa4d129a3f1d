use super::{Health, Object, less, surplus};

pub(super) fn health(object: &Object<'_>) -> Health {
    /// What the controller takes for "no deadline", besides absence.
    const NO_DEADLINE: i64 = i32::MAX as i64;
    let deadline = object.number("/spec/progressDeadlineSeconds").unwrap_or(NO_DEADLINE);
    let progressing = object.condition("Progressing");
    if progressing.as_ref().is_some_and(|condition| condition.reason == "ProgressDeadlineExceeded") {
        return Health::Failed("Progress deadline exceeded".to_owned());
    }
    let rolled_out = deadline == NO_DEADLINE
        || progressing
            .is_some_and(|condition| condition.status == "True" && condition.reason == "NewReplicaSetAvailable");
    let available = object.condition("Available").is_some_and(|condition| condition.status == "True");

    let want = object.number("/spec/replicas").unwrap_or(1);
    let have = object.count("/status/replicas");
    let updated = object.count("/status/updatedReplicas");
    less("Replicas", have, want)
        .or_else(|| less("Updated", updated, want))
        .or_else(|| surplus(have, want))
        .or_else(|| less("Available", object.count("/status/availableReplicas"), updated))
        .or_else(|| less("Ready", object.count("/status/readyReplicas"), want))
        .or_else(|| (!rolled_out).then(|| Health::InProgress("ReplicaSet not Available".to_owned())))
        .or_else(|| (!available).then(|| Health::InProgress("Deployment not Available".to_owned())))
        .unwrap_or(Health::Current)
}
