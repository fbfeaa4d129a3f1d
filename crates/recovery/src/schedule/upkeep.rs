//! What is done to a repository after a backup: a share of it is compared, and what retention lets go goes.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use windlass_backup::{Repository, Retention, VerifyOptions, WriterKey};
use windlass_flux::Time;

use super::{BackupScheduleSpec, BackupScheduleStatus, RetentionSpec};
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
        if let Some(pruned) = self.pruned.and_then(|pruned| pruned.get().try_into().ok()) {
            policy.standalone = pruned;
        }
        policy
    }
}

/// Looks after a repository as a schedule asks for. Returns what is not as it should be; none of it undoes the backup.
///
/// Where nothing may be let go, since what was saved last is doubtful, it is verified only. `concerns` says whose snapshots are let go: those of other schedules have rules of their own.
pub(crate) async fn look_after(
    repository: &Repository,
    writer: &WriterKey,
    spec: &BackupScheduleSpec,
    status: &mut BackupScheduleStatus,
    may_let_go: bool,
    concerns: impl Fn(&str) -> bool,
) -> Vec<String> {
    let zone = spec.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let now = Timestamp::now();
    let mut problems = Vec::new();
    if let Some(share) = share(spec, status, now, &zone) {
        let options = VerifyOptions { share: Some(share), writer: Some(writer.clone()), ..VerifyOptions::default() };
        match repository.verify(options).await {
            Ok(found) => {
                problems.extend(found.damaged.iter().map(|fault| format!("{}: {}", fault.key, fault.what)));
                status.last_verify_time = Some(Time(Timestamp::from_second(now.as_second()).unwrap_or(now)));
                status.last_verified_share = Some(share.0);
            }
            Err(error) => problems.push(format!("the repository cannot be verified: {}", chain(&error))),
        }
    }
    // What is damaged may have to be mended from what retention would let go.
    if let Some(retention) = spec.retention.as_ref().filter(|_| may_let_go && problems.is_empty())
        && let Err(reason) = let_go(repository, writer, retention, &zone, concerns).await
    {
        problems.push(format!("nothing is deleted: {reason}"));
    }
    problems
}

/// The share that is to be compared now: the next one, where none was on this day. Days without a run delay the rest and
/// leave none out, and who runs every quarter of an hour does not read everything every few hours.
fn share(
    spec: &BackupScheduleSpec,
    status: &BackupScheduleStatus,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<(u32, u32)> {
    let shares = spec.verify_shares.filter(|shares| *shares > 0)?;
    let day = |time: Timestamp| time.to_zoned(zone.clone()).date();
    if status.last_verify_time.as_ref().is_some_and(|last| day(last.0) == day(now)) {
        return None;
    }
    Some((status.last_verified_share.map_or(0, |last| last % shares) + 1, shares))
}

async fn let_go(
    repository: &Repository,
    writer: &WriterKey,
    retention: &RetentionSpec,
    zone: &TimeZone,
    concerns: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let plan = repository.plan_retention_of(&retention.policy(), zone, concerns).await;
    let plan = plan.map_err(|error| chain(&error))?;
    if let Some(reason) = plan.suspended {
        return Err(reason);
    }
    repository.carry_out_retention(&plan, writer).await.map_err(|error| chain(&error))?;
    let swept = repository.sweep(writer).await.map_err(|error| chain(&error))?;
    if swept.hidden > 0 || swept.locked > 0 {
        // No fault: the bucket is so. But nobody should count on the space.
        tracing::info!(
            hidden = swept.hidden,
            hidden_bytes = swept.hidden_bytes,
            locked = swept.locked,
            "the bucket keeps versions or locks: what was let go takes space until its own rules free it"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_has_its_share_and_none_is_left_out() {
        let spec: BackupScheduleSpec =
            serde_json::from_value(serde_json::json!({"schedule": "@daily", "verifyShares": 3})).unwrap();
        let mut status = BackupScheduleStatus::default();
        let mut seen = Vec::new();
        // Four runs a day; on the third day the machine is off.
        for hour in (0..24 * 6).step_by(6).filter(|hour| hour / 24 != 2) {
            let now = Timestamp::from_second(1_800_000_000 - 1_800_000_000 % 86_400 + hour * 3_600).unwrap();
            if let Some((share, 3)) = share(&spec, &status, now, &TimeZone::UTC) {
                (status.last_verify_time, status.last_verified_share) = (Some(Time(now)), Some(share));
                seen.push(share);
            }
        }
        assert_eq!(seen, [1, 2, 3, 1, 2]);
        // Fewer shares than before: it goes on with one that there is.
        let spec = BackupScheduleSpec { verify_shares: Some(1), ..spec };
        assert_eq!(share(&spec, &status, Timestamp::MAX, &TimeZone::UTC), Some((1, 1)));
    }
}
