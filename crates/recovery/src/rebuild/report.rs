use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;
use windlass_backup::Tried;

use crate::choose::Chosen;
use crate::fetched::DataInPlace;
use crate::restore::Note;

/// What a rebuild did, how long it took, and what it could not bring back.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RebuildReport {
    /// The snapshot.
    pub snapshot: String,
    /// When it was finished: what changed since is lost.
    pub saved: Option<Timestamp>,
    /// Newer snapshots that could not be used, or doubts about this one.
    pub passed_over: Vec<String>,
    /// What verifications and drills had found out about it.
    pub tried: Tried,
    /// How many objects were restored from the backup.
    pub restored: usize,
    /// What was reconciled with Git.
    pub reconciled: Vec<Reconciled>,
    /// The data that were put into place.
    pub data: Vec<DataInPlace>,
    /// How long each step took.
    pub steps: Vec<StepTime>,
    /// How long it took in all: the measured recovery time.
    pub seconds: f64,
    /// How long it is since the rebuild was first begun, where it was cut off and taken up too. `None` while something is
    /// missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_since_begun: Option<f64>,
    /// How many workloads are held without replicas still.
    pub held: usize,
    /// What the cluster had and the backup does not hold, or this rebuild was not told to put into place.
    pub not_in_backup: Vec<String>,
    /// What is not as it was saved, and why.
    pub notes: Vec<Note>,
    /// What could not be brought back, and why.
    pub failures: Vec<Note>,
    #[serde(skip)]
    pub(super) running: Option<(&'static str, Instant)>,
}

/// A Kustomization that was reconciled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconciled {
    /// `flux-system/apps`.
    pub kustomization: String,
    /// The revision.
    pub revision: String,
    /// Where the files came from: `host` or `bundle`.
    pub files: &'static str,
    /// How many objects were written.
    pub written: usize,
}

/// How long a step took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepTime {
    /// The step.
    pub step: String,
    /// How long.
    pub seconds: f64,
}

impl RebuildReport {
    pub(super) fn chosen(&mut self, chosen: &Chosen) {
        self.snapshot.clone_from(&chosen.snapshot.id);
        self.saved = Some(chosen.snapshot.finished);
        self.passed_over.clone_from(&chosen.passed_over);
        self.tried = chosen.tried.clone();
    }

    /// Whether everything that was in the backup, and everything that Git defines, is back.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }
}
