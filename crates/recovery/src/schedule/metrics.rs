use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use windlass_flux::{ConditionStatus, READY};

use super::runner::LATE;
use super::{BackupScheduleStatus, RunResult};

/// The numbers of running schedules, in the text format of Prometheus. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct BackupMetrics(Arc<Mutex<BTreeMap<String, Numbers>>>);

#[derive(Debug, Default)]
struct Numbers {
    complete: u64,
    partial: u64,
    failed: u64,
    sent_bytes: u64,
    seconds: f64,
    last_success: Option<Timestamp>,
    next_run: Option<Timestamp>,
    late: bool,
    failing: bool,
}

impl BackupMetrics {
    pub(crate) fn ran(&self, labels: &str, result: RunResult, took: Duration, sent_bytes: u64, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = all.entry(labels.to_owned()).or_default();
        *match result {
            RunResult::Complete => &mut numbers.complete,
            RunResult::Partial => &mut numbers.partial,
            RunResult::Failed => &mut numbers.failed,
        } += 1;
        numbers.seconds += took.as_secs_f64();
        numbers.sent_bytes += sent_bytes;
        if result == RunResult::Complete {
            numbers.last_success = Some(now);
        }
    }

    /// Takes over what a status says: a process that was just started knows nothing else.
    pub(crate) fn knows(&self, labels: &str, status: &BackupScheduleStatus) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = all.entry(labels.to_owned()).or_default();
        let last = status.last_success_time.as_ref().map(|time| time.0);
        numbers.last_success = numbers.last_success.max(last);
        numbers.next_run = status.next_run_time.as_ref().map(|time| time.0);
        numbers.late = status.conditions.is_true(LATE);
        let ready = status.conditions.get(READY);
        numbers.failing = ready.is_some_and(|ready| ready.status == ConditionStatus::False);
    }

    pub(crate) fn forget(&self, labels: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(labels);
    }

    /// All numbers as Prometheus reads them.
    #[must_use]
    pub fn text(&self) -> String {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::new();
        let mut series = |name: &str, kind: &str, help: &str, lines: &mut dyn Iterator<Item = String>| {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            lines.for_each(|line| {
                let _ = writeln!(out, "{name}{line}");
            });
        };
        let runs = |(labels, n): (&String, &Numbers)| {
            [("complete", n.complete), ("partial", n.partial), ("failed", n.failed)]
                .map(|(result, count)| format!("{{{labels},result=\"{result}\"}} {count}"))
        };
        series("windlass_backup_runs_total", "counter", "Runs, by result.", &mut all.iter().flat_map(runs));
        let seconds = |(labels, n): (&String, &Numbers)| format!("{{{labels}}} {}", n.seconds);
        series("windlass_backup_seconds_total", "counter", "Time spent in runs.", &mut all.iter().map(seconds));
        let bytes = |(labels, n): (&String, &Numbers)| format!("{{{labels}}} {}", n.sent_bytes);
        series(
            "windlass_backup_sent_bytes_total",
            "counter",
            "Bytes sent to repositories.",
            &mut all.iter().map(bytes),
        );
        let last = |(labels, n): (&String, &Numbers)| Some(format!("{{{labels}}} {}", n.last_success?.as_second()));
        let help = "When everything was saved last, in seconds since 1970.";
        series("windlass_backup_last_success_seconds", "gauge", help, &mut all.iter().filter_map(last));
        let next = |(labels, n): (&String, &Numbers)| Some(format!("{{{labels}}} {}", n.next_run?.as_second()));
        let help = "When the next run is due, in seconds since 1970; absent where none is.";
        series("windlass_backup_next_run_seconds", "gauge", help, &mut all.iter().filter_map(next));
        let late = |(labels, n): (&String, &Numbers)| format!("{{{labels}}} {}", u8::from(n.late));
        let help = "1 where the last complete backup is older than it may be, or there is none.";
        series("windlass_backup_late", "gauge", help, &mut all.iter().map(late));
        let failing = |(labels, n): (&String, &Numbers)| format!("{{{labels}}} {}", u8::from(n.failing));
        let help = "1 where the last run did not save everything, or the schedule is wrong.";
        series("windlass_backup_failing", "gauge", help, &mut all.iter().map(failing));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_prometheus_reads_them() {
        let metrics = BackupMetrics::default();
        let labels = r#"namespace="windlass",name="nightly""#;
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        metrics.ran(labels, RunResult::Complete, Duration::from_secs(2), 100, now);
        metrics.ran(labels, RunResult::Failed, Duration::from_secs(1), 0, now);
        let text = metrics.text();
        assert!(text.contains(&format!("windlass_backup_runs_total{{{labels},result=\"failed\"}} 1\n")), "{text}");
        assert!(text.contains(&format!("windlass_backup_last_success_seconds{{{labels}}} 1800000000\n")));
        assert!(!text.contains("windlass_backup_next_run_seconds{"), "nothing is known of it");
        let condition = |name: &str, status: &str| serde_json::json!({"type": name, "status": status, "reason": "R", "message": "", "lastTransitionTime": "2026-11-20T03:00:00Z"});
        let status = serde_json::json!({
            "nextRunTime": "2027-01-15T08:00:00Z", "conditions": [condition("Late", "True"), condition("Ready", "False")],
        });
        metrics.knows(labels, &serde_json::from_value(status).unwrap());
        let text = metrics.text();
        for line in [
            "windlass_backup_late{L} 1\n",
            "windlass_backup_failing{L} 1\n",
            "windlass_backup_next_run_seconds{L} 1800000000\n",
        ] {
            assert!(text.contains(&line.replace('L', labels)), "{line} in {text}");
        }
        assert!(
            text.contains(&format!("windlass_backup_last_success_seconds{{{labels}}} 1800000000\n")),
            "it is not forgotten"
        );
        metrics.forget(labels);
        assert!(!metrics.text().contains("nightly"));
    }
}
