use super::{Health, Object, less};

pub(super) fn health(object: &Object<'_>) -> Health {
    // Its controller always sets these, so without them it has not been seen yet.
    for (pointer, what) in
        [("/metadata/generation", "metadata.generation"), ("/status/observedGeneration", "status.observedGeneration")]
    {
        if object.number(pointer).is_none() {
            return Health::InProgress(format!("{} {what} not found", object.text("/kind")));
        }
    }
    let Some(want) = object.number("/status/desiredNumberScheduled").filter(|want| *want != -1) else {
        return Health::InProgress("Missing .status.desiredNumberScheduled".to_owned());
    };
    less("Current", object.count("/status/currentNumberScheduled"), want)
        .or_else(|| less("Updated", object.count("/status/updatedNumberScheduled"), want))
        .or_else(|| less("Available", object.count("/status/numberAvailable"), want))
        .or_else(|| less("Ready", object.count("/status/numberReady"), want))
        .unwrap_or(Health::Current)
}
