//! When a schedule has to be looked at again.

use std::time::Duration;

use jiff::Timestamp;
use windlass_flux::READY;

use super::BackupSchedule;
use super::due::{Due, due, late_from};
use super::runner::LATE;

/// A schedule as it was seen last.
pub(super) struct Known {
    pub(super) schedule: BackupSchedule,
    /// A failed run is not tried again before this.
    pub(super) not_before: Option<tokio::time::Instant>,
}

impl Known {
    /// How long until it has to be looked at; `None` where only a change can help.
    pub(super) fn wait(&self) -> Option<Duration> {
        let after_failure =
            self.not_before.map(|at| at.saturating_duration_since(tokio::time::Instant::now())).unwrap_or_default();
        match due(&self.schedule) {
            Due::Asked(_) => Some(Duration::ZERO),
            Due::At(at) => {
                let until = at.duration_since(Timestamp::now());
                Some(Duration::try_from(until).unwrap_or_default().max(after_failure))
            }
            Due::Never => None,
            Due::Wrong(reason) => (!self.is_told(&reason)).then_some(Duration::ZERO),
        }
    }

    /// How long until it is late; `None` where it never is, or that was said already.
    pub(super) fn late_in(&self) -> Option<Duration> {
        if self.schedule.status.as_ref().is_some_and(|status| status.conditions.is_true(LATE)) {
            return None;
        }
        let until = late_from(&self.schedule)?.duration_since(Timestamp::now());
        Some(Duration::try_from(until).unwrap_or_default())
    }

    /// Whether it was late and is not any more, without a run.
    pub(super) fn is_late_no_more(&self) -> bool {
        let said = self.schedule.status.as_ref().is_some_and(|status| status.conditions.is_true(LATE));
        said && late_from(&self.schedule).is_some_and(|from| from > Timestamp::now())
    }

    /// Whether the status says already what is wrong.
    pub(super) fn is_told(&self, reason: &str) -> bool {
        let ready = self.schedule.status.as_ref().and_then(|status| status.conditions.get(READY));
        ready.is_some_and(|ready| ready.message == reason)
    }
}
