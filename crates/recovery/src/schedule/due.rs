//! When a schedule is due. Pure: the time comes in.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{BackupSchedule, Cron};

/// When a schedule has to run next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// Somebody asked for it, with this text.
    Asked(String),
    /// At this time, which may have passed: then it is late, and runs at once, and once.
    At(Timestamp),
    /// Not by the clock: it is suspended, or never due.
    Never,
    /// It cannot be, because its spec is wrong.
    Wrong(String),
}

/// The annotation that asks for a run at once: Flux' own.
const REQUESTED_AT: &str = windlass_flux::well_known::REQUESTED_AT;

/// When `schedule` is due, by its status.
pub(crate) fn due(schedule: &BackupSchedule) -> Due {
    let status = schedule.status.clone().unwrap_or_default();
    let requested = schedule.metadata.annotations.as_ref().and_then(|all| all.get(REQUESTED_AT));
    if let Some(requested) = requested.filter(|requested| status.last_handled_reconcile_at.as_ref() != Some(requested))
    {
        return Due::Asked(requested.clone());
    }
    if schedule.spec.suspend {
        return Due::Never;
    }
    let cron: Cron = match schedule.spec.schedule.parse() {
        Ok(cron) => cron,
        Err(error) => return Due::Wrong(format!("spec.schedule: {error}")),
    };
    let zone = match &schedule.spec.time_zone {
        None => TimeZone::UTC,
        Some(name) => match TimeZone::get(name) {
            Ok(zone) => zone,
            Err(_) => return Due::Wrong(format!("spec.timeZone: {name:?} is no time zone that is known here")),
        },
    };
    let made = schedule.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let last = status.last_run_time.map(|time| time.0).or(made).unwrap_or(Timestamp::UNIX_EPOCH);
    match cron.next_after(last, &zone) {
        Some(at) => Due::At(at.checked_add(jitter(schedule, at)).unwrap_or(at)),
        None => Due::Never,
    }
}

/// By how much a run is late: the same for the same schedule and time, whoever asks.
fn jitter(schedule: &BackupSchedule, at: Timestamp) -> SignedDuration {
    let Some(most) = schedule.spec.jitter else { return SignedDuration::ZERO };
    let mut hasher = DefaultHasher::new();
    (&schedule.metadata.namespace, &schedule.metadata.name, at).hash(&mut hasher);
    let share = (hasher.finish() % 1_000) as f64 / 1_000.0;
    SignedDuration::try_from(most.get().mul_f64(share)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schedule(spec: serde_json::Value, status: serde_json::Value) -> BackupSchedule {
        serde_json::from_value(json!({
            "apiVersion": "backups.windlass.dev/v1alpha1", "kind": "BackupSchedule",
            "metadata": {"name": "nightly", "namespace": "windlass", "creationTimestamp": "2026-11-19T12:00:00Z"},
            "spec": spec, "status": status,
        }))
        .unwrap()
    }

    fn at(text: &str) -> Due {
        Due::At(text.parse().unwrap())
    }

    #[test]
    fn a_new_one_waits_and_a_missed_one_is_made_up_for_once() {
        let spec = json!({"schedule": "0 3 * * *"});
        assert_eq!(due(&schedule(spec.clone(), json!({}))), at("2026-11-20T03:00:00Z"));
        // Down for a week: one run is due, that of the first night, not seven.
        let status = json!({"lastRunTime": "2026-11-12T03:00:01Z"});
        assert_eq!(due(&schedule(spec.clone(), status)), at("2026-11-13T03:00:00Z"));
        let status = json!({"lastRunTime": "2026-11-20T07:00:00Z"});
        assert_eq!(due(&schedule(spec, status)), at("2026-11-21T03:00:00Z"));
    }

    #[test]
    fn jitter_is_the_same_each_time_and_never_early() {
        let spec = json!({"schedule": "0 3 * * *", "jitter": "30m"});
        let one = schedule(spec, json!({}));
        let Due::At(time) = due(&one) else { panic!("it is due") };
        assert_eq!(due(&one), Due::At(time));
        let (from, to) = ("2026-11-20T03:00:00Z".parse().unwrap(), "2026-11-20T03:30:00Z".parse().unwrap());
        assert!((from..to).contains(&time));
    }

    #[test]
    fn suspended_asked_for_and_wrong() {
        assert_eq!(due(&schedule(json!({"schedule": "0 3 * * *", "suspend": true}), json!({}))), Due::Never);
        let mut asked = schedule(json!({"schedule": "0 3 * * *", "suspend": true}), json!({}));
        asked.metadata.annotations = Some([(REQUESTED_AT.to_owned(), "now".to_owned())].into());
        assert_eq!(due(&asked), Due::Asked("now".to_owned()));
        asked.status.get_or_insert_default().last_handled_reconcile_at = Some("now".to_owned());
        assert_eq!(due(&asked), Due::Never);
        let Due::Wrong(reason) = due(&schedule(json!({"schedule": "0 25 * * *"}), json!({}))) else { panic!() };
        assert!(reason.contains("hour"));
        let wrong = json!({"schedule": "0 3 * * *", "timeZone": "Middle/Earth"});
        assert!(matches!(due(&schedule(wrong, json!({}))), Due::Wrong(_)));
    }
}
