use serde_json::Value;

use super::{Faults, not_negative, number, one_of, pod, required, schedule, selector, word};
use crate::failure::FieldFault;

/// The faults of a Job's spec.
pub(super) fn job(spec: &Value, path: &str, faults: &mut Faults) {
    for name in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        not_negative(spec, name, path, faults);
    }
    one_of(spec, "completionMode", path, &["NonIndexed", "Indexed"], faults);
    if word(spec, "completionMode") == "Indexed" && number(spec, "completions").is_none() {
        let detail = "when completion mode is Indexed";
        faults.push(FieldFault::required(format!("{path}.completions"), detail));
    }
    let template = spec.get("template").unwrap_or(&Value::Null);
    pod::template(template, &format!("{path}.template"), faults);
    let policy = template.get("spec").map_or("", |pod| word(pod, "restartPolicy"));
    let field = format!("{path}.template.spec.restartPolicy");
    if policy == "Always" || policy.is_empty() {
        let detail = "valid values: \"OnFailure\", \"Never\"";
        faults.push(FieldFault::required(field, detail));
    } else if !matches!(policy, "OnFailure" | "Never") {
        let allowed = ["OnFailure", "Never"].map(|one| format!("{one:?}"));
        faults.push(FieldFault::unsupported(field, &policy.into(), &allowed));
    }
}

/// The faults of a Job's selector, which is made for it when it is created.
pub(super) fn selected(spec: &Value, faults: &mut Faults) {
    let labels = spec.pointer("/template/metadata/labels").cloned().unwrap_or(Value::Null);
    let given = spec.get("selector").filter(|selector| !selector.is_null());
    match given {
        Some(given) => selector::check(given, "spec.selector", faults),
        None => faults.push(FieldFault::required("spec.selector", "")),
    }
    if given.is_none_or(|given| !selector::fits(given, &labels)) {
        let detail = "`selector` does not match template `labels`";
        faults.push(FieldFault::invalid("spec.template.metadata.labels", &labels, detail));
    }
}

/// The faults of a CronJob.
pub(super) fn cron_job(object: &Value, faults: &mut Faults) {
    let name = crate::strategy::text(object, "/metadata/name");
    if name.len() > 52 {
        let detail = "must be no more than 52 characters";
        faults.push(FieldFault::invalid("metadata.name", &name.into(), detail));
    }
    let spec = object.get("spec").unwrap_or(&Value::Null);
    if required(spec, "schedule", "spec", faults) {
        let text = word(spec, "schedule");
        if let Some(detail) = schedule::fault(text) {
            faults.push(FieldFault::invalid("spec.schedule", &text.into(), detail));
        } else if text.contains("TZ") {
            let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
            faults.push(FieldFault::invalid("spec.schedule", &text.into(), detail));
        }
    }
    not_negative(spec, "startingDeadlineSeconds", "spec", faults);
    one_of(spec, "concurrencyPolicy", "spec", &["Allow", "Forbid", "Replace"], faults);
    if let Some(zone) = spec.get("timeZone").and_then(Value::as_str) {
        let detail = match zone {
            "" => Some("timeZone must be nil or non-empty string".to_owned()),
            "Local" => {
                Some("timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones".to_owned())
            }
            zone if jiff::tz::TimeZone::get(zone).is_err() && !matches!(zone, "UTC" | "Etc/UTC") => {
                Some(format!("unknown time zone {zone}"))
            }
            _ => None,
        };
        if let Some(detail) = detail {
            faults.push(FieldFault::invalid("spec.timeZone", &zone.into(), detail));
        }
    }
    not_negative(spec, "successfulJobsHistoryLimit", "spec", faults);
    not_negative(spec, "failedJobsHistoryLimit", "spec", faults);
    let template = spec.get("jobTemplate").and_then(|template| template.get("spec")).unwrap_or(&Value::Null);
    job(template, "spec.jobTemplate.spec", faults);
}
