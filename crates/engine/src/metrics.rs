//! Counters, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The numbers of a running engine. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Mutex<Numbers>>);

/// Every series is known by its labels as they are printed.
#[derive(Debug, Default)]
struct Numbers {
    turns: BTreeMap<String, Turns>,
    writes: BTreeMap<&'static str, u64>,
    polls: BTreeMap<&'static str, u64>,
    ready: BTreeMap<String, bool>,
    more: Vec<More>,
}

/// Numbers that somebody else keeps.
struct More(Box<dyn Fn() -> String + Send + Sync>);

impl std::fmt::Debug for More {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("More")
    }
}

#[derive(Debug, Default)]
struct Turns {
    succeeded: u64,
    failed: u64,
    seconds: f64,
}

impl Metrics {
    /// Counts one turn of a loop.
    pub(crate) fn turned(&self, kind: &str, name: &crate::NamespacedName, succeeded: bool, took: Duration) {
        let labels = format!("kind=\"{kind}\",namespace=\"{}\",name=\"{}\"", name.namespace, name.name);
        let mut numbers = self.lock();
        let turns = numbers.turns.entry(labels.clone()).or_default();
        *(if succeeded { &mut turns.succeeded } else { &mut turns.failed }) += 1;
        turns.seconds += took.as_secs_f64();
        numbers.ready.insert(labels, succeeded);
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, kind: &str, name: &crate::NamespacedName) {
        let labels = format!("kind=\"{kind}\",namespace=\"{}\",name=\"{}\"", name.namespace, name.name);
        let mut numbers = self.lock();
        numbers.turns.remove(&labels);
        numbers.ready.remove(&labels);
    }

    /// Counts an object that was written, by what was done to it.
    pub(crate) fn wrote(&self, action: &'static str) {
        *self.lock().writes.entry(action).or_default() += 1;
    }

    /// Counts a poll of a source, by what it found.
    pub(crate) fn polled(&self, outcome: &'static str) {
        *self.lock().polls.entry(outcome).or_default() += 1;
    }

    /// Prints `more` behind these numbers: what another part of the same process keeps, in the same format.
    pub fn append(&self, more: impl Fn() -> String + Send + Sync + 'static) {
        self.lock().more.push(More(Box::new(more)));
    }

    /// All numbers as Prometheus reads them.
    #[must_use]
    pub fn text(&self) -> String {
        let numbers = self.lock();
        let mut out = String::new();
        series(&mut out, "windlass_reconcile_total", "counter", "Turns of the loops, by outcome.");
        for (labels, turns) in &numbers.turns {
            let _ = writeln!(out, "windlass_reconcile_total{{{labels},outcome=\"success\"}} {}", turns.succeeded);
            let _ = writeln!(out, "windlass_reconcile_total{{{labels},outcome=\"failure\"}} {}", turns.failed);
        }
        series(&mut out, "windlass_reconcile_seconds_total", "counter", "Time spent in turns.");
        for (labels, turns) in &numbers.turns {
            let _ = writeln!(out, "windlass_reconcile_seconds_total{{{labels}}} {}", turns.seconds);
        }
        series(&mut out, "windlass_ready", "gauge", "Whether the last turn succeeded.");
        for (labels, ready) in &numbers.ready {
            let _ = writeln!(out, "windlass_ready{{{labels}}} {}", u8::from(*ready));
        }
        series(&mut out, "windlass_objects_written_total", "counter", "Objects written, by what was done.");
        for (action, count) in &numbers.writes {
            let _ = writeln!(out, "windlass_objects_written_total{{action=\"{action}\"}} {count}");
        }
        series(&mut out, "windlass_source_polls_total", "counter", "Polls of sources, by what they found.");
        for (outcome, count) in &numbers.polls {
            let _ = writeln!(out, "windlass_source_polls_total{{outcome=\"{outcome}\"}} {count}");
        }
        numbers.more.iter().for_each(|more| out += &(more.0)());
        out
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn series(out: &mut String, name: &str, type_: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {type_}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NamespacedName;

    #[test]
    fn numbers_print_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        let name = NamespacedName::new("flux-system", "apps");
        metrics.turned("Kustomization", &name, true, Duration::from_millis(500));
        metrics.turned("Kustomization", &name, false, Duration::from_millis(250));
        metrics.wrote("created");
        let text = metrics.text();
        let labels = r#"kind="Kustomization",namespace="flux-system",name="apps""#;
        assert!(text.contains(&format!("windlass_reconcile_total{{{labels},outcome=\"failure\"}} 1\n")));
        assert!(text.contains(&format!("windlass_reconcile_seconds_total{{{labels}}} 0.75\n")));
        assert!(text.contains(&format!("windlass_ready{{{labels}}} 0\n")));
        assert!(text.contains("windlass_objects_written_total{action=\"created\"} 1\n"));
        metrics.append(|| "windlass_more 1\n".to_owned());
        assert!(metrics.text().ends_with("windlass_more 1\n"));
        metrics.forget("Kustomization", &name);
        assert!(!metrics.text().contains("apps"));
    }
}
