//! When a schedule is due. Pure: the time comes in.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::resource::NO_DUMPS;
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
    let (cron, zone) = match times(schedule) {
        Ok(times) => times,
        Err(reason) => return Due::Wrong(reason),
    };
    if schedule.spec.suspend {
        return Due::Never;
    }
    let last = status.last_run_time.map(|time| time.0).unwrap_or_else(|| made(schedule));
    match cron.next_after(last, &zone) {
        Some(at) => Due::At(at.checked_add(jitter(schedule, at)).unwrap_or(at)),
        None => Due::Never,
    }
}

/// The time from which `schedule` is late if nothing is saved completely before; `None` where it never is.
///
/// One that is suspended is late too: nobody forgets a backup more easily than one that he stopped for a moment.
pub(crate) fn late_from(schedule: &BackupSchedule) -> Option<Timestamp> {
    let status = schedule.status.as_ref();
    let last = status.and_then(|status| status.last_success_time.as_ref());
    let last = last.map_or_else(|| made(schedule), |time| time.0);
    if let Some(most) = schedule.spec.max_age {
        return last.checked_add(SignedDuration::try_from(most.get()).ok()?).ok();
    }
    let (cron, zone) = times(schedule).ok()?;
    let second = cron.next_after(cron.next_after(last, &zone)?, &zone)?;
    // A run takes its time, and begins late where it is told to.
    let took = status.and_then(|status| status.history.first()).map(|run| run.took.get()).unwrap_or_default();
    let jitter = schedule.spec.jitter.map(|most| most.get()).unwrap_or_default();
    second.checked_add(SignedDuration::try_from(took + jitter + GRACE).ok()?).ok()
}

/// How long after a time that was missed nobody is told yet.
const GRACE: Duration = Duration::from_secs(600);

fn made(schedule: &BackupSchedule) -> Timestamp {
    schedule.metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0)
}

/// The times of a schedule, or what is wrong with its spec.
fn times(schedule: &BackupSchedule) -> Result<(Cron, TimeZone), String> {
    let spec = &schedule.spec;
    if !spec.dumps.is_empty() {
        return Err(format!("spec.dumps: {NO_DUMPS}"));
    }
    let cron = spec.schedule.parse().map_err(|error| format!("spec.schedule: {error}"))?;
    let zone = match &spec.time_zone {
        None => TimeZone::UTC,
        Some(name) => {
            TimeZone::get(name).map_err(|_| format!("spec.timeZone: {name:?} is no time zone that is known here"))?
        }
    };
    Ok((cron, zone))
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
    fn one_is_late_when_a_second_run_should_have_been() {
        let late = |spec: serde_json::Value, status: serde_json::Value| {
            late_from(&schedule(spec, status)).map(|time| time.to_string()).unwrap_or_default()
        };
        let nightly = json!({"schedule": "0 3 * * *"});
        assert_eq!(late(nightly.clone(), json!({})), "2026-11-21T03:10:00Z", "counted from when it was made");
        let run = json!([{"started": "2026-11-21T03:00:00Z", "took": "20m", "result": "Failed"}]);
        let status = json!({"lastSuccessTime": "2026-11-20T03:01:00Z", "history": run});
        assert_eq!(late(nightly, status.clone()), "2026-11-22T03:30:00Z");
        let suspended = json!({"schedule": "0 3 * * *", "suspend": true, "maxAge": "26h"});
        assert_eq!(late(suspended, status.clone()), "2026-11-21T05:01:00Z");
        assert_eq!(late(json!({"schedule": "often"}), status), "");
    }

    #[test]
    fn dumps_are_refused_with_what_to_do() {
        let spec = json!({"schedule": "0 3 * * *", "dumps": [{"name": "db", "command": ["pg_dump"]}]});
        let Due::Wrong(reason) = due(&schedule(spec, json!({}))) else { panic!("it is taken") };
        assert!(reason.contains("spec.dumps") && reason.contains("windlass backup job --with-image"), "{reason}");
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
