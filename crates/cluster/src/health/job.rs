use super::{Health, Object};

/// Flux's rule (`statusreaders` of fluxcd/pkg/runtime): kstatus itself is content with a Job that has started.
pub(super) fn health(object: &Object<'_>) -> Health {
    for condition in object.conditions().filter(|condition| condition.status == "True") {
        match condition.name {
            "Complete" | "Suspended" => return Health::Current,
            "Failed" => {
                let parallelism = object.number("/spec/parallelism").unwrap_or(1);
                let completions = object.number("/spec/completions").unwrap_or(parallelism);
                let failed = object.count("/status/failed");
                return Health::Failed(format!("Job Failed. failed: {failed}/{completions}"));
            }
            _ => {}
        }
    }
    Health::InProgress("Job in progress".to_owned())
}
