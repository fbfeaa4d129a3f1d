//! The status of a Kustomization while a turn goes on, and how it ends. Pure: nothing here writes.

use std::collections::BTreeMap;
use std::time::Duration;

use windlass_flux::{
    Condition, ConditionStatus, GoDuration, HEALTHY, Kustomization, KustomizationStatus, READY, RECONCILING,
    ResourceInventory, STALLED, Time, reason, well_known,
};

use super::{Failure, Next, Reconciler, SAFETY_NET, Turn};
use crate::clock::now;

/// The status as it will be written.
pub(super) struct Progress {
    before: KustomizationStatus,
    status: KustomizationStatus,
    generation: Option<i64>,
    requested: Option<String>,
    digest: Option<String>,
}

impl Progress {
    pub(super) fn new(reconciler: &Reconciler, object: &Kustomization) -> Self {
        let before = reconciler.status.get().cloned().unwrap_or_default();
        let annotations = object.metadata.annotations.as_ref();
        Self {
            status: before.clone(),
            before,
            generation: object.metadata.generation,
            requested: annotations.and_then(|all| all.get(well_known::REQUESTED_AT).cloned()),
            digest: None,
        }
    }

    /// Notes the revision that is about to be applied.
    pub(super) fn attempt(&mut self, revision: &str) {
        self.status.last_attempted_revision = Some(revision.to_owned());
    }

    /// Whether this turn has something new to do, so that watchers should see it begin. The regular look at what was
    /// applied before has not, and leaves the status alone as long as all is well.
    pub(super) fn is_news(&self) -> bool {
        self.before.observed_generation != self.generation
            || self.before.last_applied_revision != self.status.last_attempted_revision
    }

    /// The status while the work goes on.
    pub(super) fn working(&mut self) -> KustomizationStatus {
        let message = "Reconciliation in progress";
        self.status.conditions.set_reconciling(reason::PROGRESSING, message, self.generation, now());
        self.set(READY, ConditionStatus::Unknown, reason::PROGRESSING, message);
        self.status.clone()
    }

    pub(super) fn wait_for_source(&mut self, object: &Kustomization) -> Turn {
        // After a restart the snapshot is on its way from the disk: no reason to take back what was said before.
        if self.before.last_applied_revision.is_some() {
            return Turn::Waiting(Next::After(SAFETY_NET));
        }
        let name = &object.spec.source_ref.name;
        let message = format!("Source artifact not found, waiting for {}/{name}", object.spec.source_ref.kind);
        self.set(READY, ConditionStatus::False, reason::ARTIFACT_FAILED, &message);
        Turn::Waiting(Next::After(SAFETY_NET))
    }

    pub(super) fn wait_for_dependency(&mut self, message: &str) -> Turn {
        self.set(READY, ConditionStatus::False, reason::DEPENDENCY_NOT_READY, message);
        Turn::Waiting(Next::OnDependency(SAFETY_NET))
    }

    /// The status of a turn that waits for something else.
    pub(super) fn waiting(mut self) -> KustomizationStatus {
        self.answer();
        self.status
    }

    /// Notes the digest of what was built, by which the history knows it.
    pub(super) fn built(&mut self, digest: String) {
        self.digest = Some(digest);
    }

    pub(super) fn inventory(&self) -> ResourceInventory {
        self.status.inventory.clone().unwrap_or_default()
    }

    pub(super) fn set_inventory(&mut self, inventory: ResourceInventory) {
        self.status.inventory = Some(inventory);
    }

    /// Notes that health is waited for.
    pub(super) fn wait_for_health(&mut self) {
        self.set(HEALTHY, ConditionStatus::Unknown, reason::PROGRESSING, "Running health checks");
    }

    pub(super) fn healthy(&mut self) {
        self.set(HEALTHY, ConditionStatus::True, reason::SUCCEEDED, "Health check passed");
    }

    /// Without health checks there is nothing to say about health.
    pub(super) fn forget_health(&mut self) {
        self.status.conditions.remove(HEALTHY);
    }

    pub(super) fn succeed(&mut self) {
        let revision = self.status.last_attempted_revision.clone().unwrap_or_default();
        self.status.conditions.remove(RECONCILING);
        self.status.conditions.remove(STALLED);
        let message = format!("Applied revision: {revision}");
        self.set(READY, ConditionStatus::True, reason::RECONCILIATION_SUCCEEDED, &message);
        self.status.last_applied_revision = Some(revision);
        self.status.observed_generation = self.generation;
    }

    pub(super) fn fail(&mut self, failure: &Failure) {
        let message = failure.error.chain();
        if failure.reason == reason::HEALTH_CHECK_FAILED {
            self.set(HEALTHY, ConditionStatus::False, failure.reason, &message);
        }
        if failure.error.is_terminal() {
            self.status.conditions.set_stalled(failure.reason, &message, self.generation, now());
            self.status.observed_generation = self.generation;
        } else {
            let retry = reason::PROGRESSING_WITH_RETRY;
            self.status.conditions.set_reconciling(retry, "Trying again after a failure", self.generation, now());
        }
        self.set(READY, ConditionStatus::False, failure.reason, &message);
    }

    /// The status of a turn that came to an end, in success or failure.
    ///
    /// The history gets an entry only when the turn changed something, or answered a request: a regular look that
    /// found all in order leaves no trace, and so costs no write.
    pub(super) fn finish(mut self, took: Duration) -> KustomizationStatus {
        self.answer();
        if self.status != self.before
            && let Some(digest) = &self.digest
        {
            let ended = self.status.conditions.get(READY).map_or("", |ready| ready.reason.as_str()).to_owned();
            let metadata: BTreeMap<_, _> =
                self.status.last_attempted_revision.iter().map(|r| ("revision".to_owned(), r.clone())).collect();
            self.status.history.record(digest, &ended, now(), GoDuration::from(whole_milliseconds(took)), metadata);
        }
        self.status
    }

    /// Echoes the request that this turn answers.
    fn answer(&mut self) {
        if self.requested.is_some() {
            self.status.last_handled_reconcile_at = self.requested.take();
        }
    }

    fn set(&mut self, type_: &str, status: ConditionStatus, reason: &str, message: &str) {
        let at: Time = now();
        self.status.conditions.set(Condition::new(type_, status, reason, message, self.generation, at));
    }
}

/// Flux's CRD takes durations in whole milliseconds at the finest.
fn whole_milliseconds(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
