//! Coverage in the text format of Prometheus.

use std::fmt::Write as _;

use super::{Coverage, Covered, Exposure, Subject};

pub(super) fn text(coverage: &Coverage) -> String {
    let mut out = String::new();
    let mut series = |name: &str, help: &str, value: &dyn Fn(&Covered) -> Option<f64>| {
        let _ = writeln!(out, "# HELP windlass_coverage_{name} {help}\n# TYPE windlass_coverage_{name} gauge");
        for subject in &coverage.subjects {
            if let Some(value) = value(subject) {
                let _ = writeln!(out, "windlass_coverage_{name}{{{}}} {value}", labels(subject));
            }
        }
    };
    series("ok", "1 where nothing has to be done: saved in time, or not needed.", &|subject| {
        Some(f64::from(u8::from(matches!(subject.state, Exposure::InTime | Exposure::NotNeeded))))
    });
    series("exposed_seconds", "Age of the last good recovery point; absent where there is none.", &|subject| {
        subject.exposed_seconds.map(|seconds| seconds as f64)
    });
    series("limit_seconds", "How old it may be; absent where it need not be saved.", &|subject| {
        subject.limit_seconds.map(|seconds| seconds as f64)
    });
    series("next_seconds", "When it is saved next, in seconds since 1970.", &|subject| {
        subject.next.map(|next| next.as_second() as f64)
    });
    series("restore_seconds", "How long the last measured restore took.", &|subject| {
        subject.restore.as_ref().map(|restore| restore.seconds)
    });
    series("rebuild_seconds", "How long the last rebuild of the cluster took.", &|subject| {
        subject.rebuild.as_ref().map(|rebuild| rebuild.seconds)
    });
    out
}

fn labels(subject: &Covered) -> String {
    let kind = match subject.kind {
        Subject::Objects => "objects",
        Subject::Database => "database",
        Subject::Claim => "claim",
        Subject::Host => "host",
    };
    let escaped = subject.name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("kind=\"{kind}\",name=\"{escaped}\"")
}
