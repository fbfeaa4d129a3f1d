//! Backups on a schedule: the custom resource, one run of it, and the loop.

mod cron;
mod due;
mod known;
mod metrics;
mod resource;
mod run;
mod runner;
mod upkeep;

pub use cron::{Cron, CronError};
pub use metrics::BackupMetrics;
pub use resource::{
    BackupSchedule, BackupScheduleSpec, BackupScheduleStatus, FilesSpec, NamesSpec, ObjectsSpec, PastRun,
    RetentionSpec, RunResult, ScopeSpec, SqliteSpec, schedule_crds,
};
pub use run::{BackupRun, RunPlace, back_up};
pub use runner::{OpenRepository, Schedules, SchedulesOptions};
