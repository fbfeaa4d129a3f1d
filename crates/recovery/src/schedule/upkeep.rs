//! What is done to a repository after a backup: a share of it is compared, and what retention lets go goes.

use jiff::tz::TimeZone;
use windlass_backup::{Repository, Retention, VerifyOptions, WriterKey};

use super::{BackupScheduleSpec, RetentionSpec};
use crate::error::chain;

impl RetentionSpec {
    fn policy(&self) -> Retention {
        let mut policy = Retention {
            last: self.last,
            hourly: self.hourly,
            daily: self.daily,
            weekly: self.weekly,
            monthly: self.monthly,
            yearly: self.yearly,
            ..Retention::default()
        };
        policy.within = self.within.and_then(|within| within.get().try_into().ok());
        policy
    }
}

/// Looks after a repository as a schedule asks for. Returns what is not as it should be; none of it undoes the backup.
///
/// `turn` counts the runs, so that each compares another share.
pub(crate) async fn look_after(
    repository: &Repository,
    writer: &WriterKey,
    spec: &BackupScheduleSpec,
    turn: u64,
) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(shares) = spec.verify_shares.filter(|shares| *shares > 0) {
        let share = u32::try_from(turn % u64::from(shares)).unwrap_or_default() + 1;
        let options =
            VerifyOptions { share: Some((share, shares)), writer: Some(writer.clone()), ..VerifyOptions::default() };
        match repository.verify(options).await {
            Ok(found) => problems.extend(found.damaged.iter().map(|fault| format!("{}: {}", fault.key, fault.what))),
            Err(error) => problems.push(format!("the repository cannot be verified: {}", chain(&error))),
        }
    }
    // What is damaged may have to be mended from what retention would let go.
    if let Some(retention) = spec.retention.as_ref().filter(|_| problems.is_empty())
        && let Err(reason) = let_go(repository, writer, retention, spec.time_zone.as_deref()).await
    {
        problems.push(format!("nothing is deleted: {reason}"));
    }
    problems
}

async fn let_go(
    repository: &Repository,
    writer: &WriterKey,
    retention: &RetentionSpec,
    zone: Option<&str>,
) -> Result<(), String> {
    let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let plan = repository.plan_retention(&retention.policy(), &zone).await.map_err(|error| chain(&error))?;
    repository.carry_out_retention(&plan, writer).await.map_err(|error| chain(&error))?;
    repository.sweep(writer).await.map_err(|error| chain(&error))?;
    Ok(())
}
