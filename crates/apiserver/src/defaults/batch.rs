use serde_json::{Value, json};

use super::{Fields, at, at_map, pod, set};

pub(super) fn job(object: &mut Value) {
    at(object, "spec", spec);
    take_labels(object);
}

/// A Job without labels has those of its Pods; whether it took any.
pub(crate) fn take_labels(job: &mut Value) -> bool {
    let labels = job.pointer("/spec/template/metadata/labels").cloned();
    let bare = job.pointer("/metadata/labels").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty);
    if let Some(labels) = labels.filter(|labels| bare && labels.as_object().is_some_and(|all| !all.is_empty())) {
        at(job, "metadata", |metadata| {
            metadata.insert("labels".to_owned(), labels);
        });
        return true;
    }
    false
}

fn spec(spec: &mut Fields) {
    at_map(spec, "template", |template| at_map(template, "spec", pod::spec));
    let neither = ["completions", "parallelism"].iter().all(|name| spec.get(*name).is_none_or(Value::is_null));
    if neither {
        set(spec, "completions", 1);
    }
    set(spec, "parallelism", 1);
    let indexed = spec.get("backoffLimitPerIndex").is_some();
    set(spec, "backoffLimit", if indexed { i32::MAX } else { 6 });
    set(spec, "completionMode", "NonIndexed");
    set(spec, "suspend", false);
    set(spec, "manualSelector", false);
    let failed = spec.get("podFailurePolicy").is_some();
    set(spec, "podReplacementPolicy", if failed { "Failed" } else { "TerminatingOrFailed" });
}

pub(super) fn cron_job(object: &mut Value) {
    at(object, "spec", |cron| {
        set(cron, "concurrencyPolicy", "Allow");
        set(cron, "suspend", false);
        set(cron, "successfulJobsHistoryLimit", 3);
        set(cron, "failedJobsHistoryLimit", 1);
        set(cron, "jobTemplate", json!({}));
        // A template is a Job's spec that is not defaulted as a Job's is, but for its Pods.
        at_map(cron, "jobTemplate", |template| {
            at_map(template, "spec", |job| {
                at_map(job, "template", |template| at_map(template, "spec", pod::spec));
            });
        });
    });
}
