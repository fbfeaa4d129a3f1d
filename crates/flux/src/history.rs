use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GoDuration;

/// How many snapshots a history keeps.
const KEPT: usize = 5;

/// What was reconciled lately, the latest first: one entry for each (digest of the build, outcome).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct History(Vec<Snapshot>);

/// One entry of a [`History`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The hash of what was built, `sha256:<hex>`.
    pub digest: String,
    /// When this build was reconciled first.
    pub first_reconciled: Time,
    /// When it was reconciled last.
    pub last_reconciled: Time,
    /// How long that took.
    pub last_reconciled_duration: GoDuration,
    /// How it ended: the reason of the `Ready` condition.
    pub last_reconciled_status: String,
    /// How often this build was reconciled with this outcome.
    pub total_reconciliations: i64,
    /// The revision it came from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl History {
    /// Records a reconcile of the build `digest` that ended with `status` at `now`. An entry with the same digest and
    /// status is brought up to date and moved to the front; otherwise a new one is, and those beyond five are dropped.
    pub fn record(
        &mut self,
        digest: &str,
        status: &str,
        now: Time,
        took: GoDuration,
        metadata: BTreeMap<String, String>,
    ) {
        let same = |snapshot: &Snapshot| snapshot.digest == digest && snapshot.last_reconciled_status == status;
        let known = self.0.iter().position(same).map(|at| self.0.remove(at));
        let (first, total) =
            known.map_or_else(|| (now.clone(), 0), |known| (known.first_reconciled, known.total_reconciliations));
        let snapshot = Snapshot {
            digest: digest.to_owned(),
            first_reconciled: first,
            last_reconciled: now,
            last_reconciled_duration: took,
            last_reconciled_status: status.to_owned(),
            total_reconciliations: total + 1,
            metadata,
        };
        self.0.insert(0, snapshot);
        self.0.truncate(KEPT);
    }

    /// The snapshots, the latest first.
    #[must_use]
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.0
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_build_with_the_same_outcome_is_one_entry() {
        let mut history = History::default();
        let time = |second| Time(k8s_openapi::jiff::Timestamp::from_second(second).unwrap());
        for (second, digest, status) in [(1, "a", "ok"), (2, "b", "ok"), (3, "a", "ok"), (4, "a", "bad")] {
            history.record(digest, status, time(second), GoDuration::from_secs(1), BTreeMap::new());
        }
        let seen: Vec<_> = history
            .snapshots()
            .iter()
            .map(|s| (s.digest.as_str(), s.last_reconciled_status.as_str(), s.total_reconciliations))
            .collect();
        assert_eq!(seen, [("a", "bad", 1), ("a", "ok", 2), ("b", "ok", 1)]);
        assert_eq!(history.snapshots()[1].first_reconciled, time(1));

        for digest in ["c", "d", "e", "f"] {
            history.record(digest, "ok", time(9), GoDuration::from_secs(1), BTreeMap::new());
        }
        assert_eq!(history.snapshots().len(), 5);
    }
}
