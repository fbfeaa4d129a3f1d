//! Which snapshots are let go: a plan first, and never the last that is known to be good.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use crate::evidence::Verified;
use crate::format::{FORMAT, SnapshotStatus, TOMBSTONE_KIND, Tombstone, sign, tombstone_key};
use crate::identifier::Ulid;
use crate::snapshot::Snapshot;
use crate::store::PutMode;
use crate::{Error, Repository, WriterKey};

/// How many snapshots are kept of each host. A snapshot stays when any rule wants it.
///
/// Snapshots that stand by themselves, such as those of what was pruned, are not counted by these rules and take no place
/// of others: each is kept for [`standalone`](Self::standalone), and of those of a host with the same content the newest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Retention {
    /// The newest.
    pub last: u32,
    /// The newest of each of so many hours that have one.
    pub hourly: u32,
    /// Of each of so many days.
    pub daily: u32,
    /// Of so many weeks, which begin on Monday.
    pub weekly: u32,
    /// Of so many months.
    pub monthly: u32,
    /// Of so many years.
    pub yearly: u32,
    /// All that are not older than this, counted from the newest.
    pub within: Option<SignedDuration>,
    /// So many of the newest that are verified stay in any case. Default 1, and never less.
    pub verified: u32,
    /// For how long snapshots stay that stand by themselves, counted from the newest of all. Default: 90 days.
    pub standalone: SignedDuration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            last: 7,
            hourly: 0,
            daily: 14,
            weekly: 8,
            monthly: 12,
            yearly: 3,
            within: None,
            verified: 1,
            standalone: SignedDuration::from_hours(90 * 24),
        }
    }
}

/// Names the hour, day or month that a time is in.
type Period = fn(&Zoned) -> String;

/// What retention would do, with reasons.
#[derive(Debug, Clone, Serialize)]
pub struct RetentionPlan {
    /// Snapshots that stay, oldest first, and why.
    pub keep: Vec<(String, Vec<String>)>,
    /// Snapshots that go, oldest first.
    pub remove: Vec<String>,
    /// Why nothing goes for now, if so: something has to be looked at first.
    pub suspended: Option<String>,
}

impl Repository {
    /// Works out what a policy lets go. Days, weeks and so on are those of `zone`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn plan_retention(&self, policy: &Retention, zone: &TimeZone) -> Result<RetentionPlan, Error> {
        self.plan_retention_of(policy, zone, |_| true).await
    }

    /// The same for the hosts that `concerns` names: snapshots of others stay, whatever the policy says.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn plan_retention_of(
        &self,
        policy: &Retention,
        zone: &TimeZone,
        concerns: impl Fn(&str) -> bool,
    ) -> Result<RetentionPlan, Error> {
        let listed = self.snapshots().await?;
        let (evidence, _) = self.evidence().await?;
        let verified = Verified::of(&evidence);
        let leaving = self.inner.tombstones().await?.leaving();
        let staying: Vec<&Snapshot> =
            listed.snapshots.iter().filter(|one| concerns(&one.host) && !leaving.contains(&one.id)).collect();
        let mut plan = plan(policy, zone, &staying, &verified);
        plan.suspended = self.suspended(&listed);
        Ok(plan)
    }

    /// Lets go what a plan says: says so in the store. What it says is deleted by a [`sweep`](Repository::sweep) a day
    /// later or after that, until when [`take_back`](Repository::take_back) undoes it.
    ///
    /// # Errors
    /// When deletion is suspended, the plan is out of date, or the store does not answer.
    pub async fn carry_out_retention(&self, plan: &RetentionPlan, writer: &WriterKey) -> Result<(), Error> {
        if let Some(reason) = &plan.suspended {
            return Err(Error::Suspended { reason: reason.clone() });
        }
        if plan.remove.is_empty() {
            return Ok(());
        }
        let now = self.inner.now();
        let tombstone = Tombstone {
            kind: TOMBSTONE_KIND.to_owned(),
            format: FORMAT,
            repository: self.inner.id.clone(),
            id: Ulid::at(now)?.to_string(),
            at: now,
            snapshots: plan.remove.clone(),
            objects: Vec::new(),
            writer: writer.id(),
        };
        let bytes = sign(&tombstone, writer)?;
        self.inner.store.put(&tombstone_key(&tombstone.id), Bytes::from(bytes), PutMode::Replace).await?;
        Ok(())
    }
}

fn plan(policy: &Retention, zone: &TimeZone, snapshots: &[&Snapshot], verified: &Verified) -> RetentionPlan {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut note = |id: &str, reason: String| {
        if let Some(snapshot) = snapshots.iter().find(|snapshot| snapshot.id == id) {
            reasons.entry(snapshot.id.as_str()).or_default().push(reason);
        }
    };
    // A forged future would not push out the past: commits are signed, and counted from the newest.
    let now = snapshots.iter().map(|snapshot| snapshot.finished).max().unwrap_or(Timestamp::MIN);
    let stays_for = subtract(now, policy.standalone);
    let mut contents = BTreeSet::new();
    for snapshot in snapshots.iter().rev().filter(|snapshot| snapshot.standalone && snapshot.finished >= stays_for) {
        // What is made and pruned again and again would fill a repository with copies of itself.
        let items: BTreeSet<&str> = snapshot.items.iter().map(|item| item.id.as_str()).collect();
        if contents.insert((snapshot.line(), items)) {
            note(&snapshot.id, "for its own sake".to_owned());
        }
    }
    let regular: Vec<&Snapshot> = snapshots.iter().copied().filter(|snapshot| !snapshot.standalone).collect();
    let lines: BTreeSet<_> = regular.iter().map(|snapshot| snapshot.line()).collect();
    for line in lines {
        let own: Vec<&Snapshot> = regular.iter().copied().filter(|snapshot| snapshot.line() == line).collect();
        for snapshot in own.iter().rev().take(policy.last as usize) {
            note(&snapshot.id, "last".to_owned());
        }
        let rules: [(u32, &str, Period); 5] = [
            (policy.hourly, "hourly", |time| time.strftime("%Y-%m-%d %H %z").to_string()),
            (policy.daily, "daily", |time| time.strftime("%Y-%m-%d").to_string()),
            (policy.weekly, "weekly", |time| {
                let week = time.date().iso_week_date();
                format!("{}-{}", week.year(), week.week())
            }),
            (policy.monthly, "monthly", |time| time.strftime("%Y-%m").to_string()),
            (policy.yearly, "yearly", |time| time.strftime("%Y").to_string()),
        ];
        for (count, name, period) in rules {
            for (id, of) in newest_of_each(&own, zone, count, period) {
                note(id, format!("{name} {of}"));
            }
        }
        if let Some(newest) = own.last() {
            let oldest = policy.within.map(|within| subtract(newest.finished, within));
            for snapshot in own.iter().filter(|snapshot| oldest.is_some_and(|oldest| snapshot.finished >= oldest)) {
                note(&snapshot.id, "within".to_owned());
            }
            note(&newest.id, "newest".to_owned());
        }
        for (id, why) in floor(&own, verified, policy.verified) {
            note(id, why.to_owned());
        }
        // What a suspicious snapshot is measured against is what may have to be restored.
        if let Some(baseline) = own.last().and_then(|newest| newest.baseline.as_ref()) {
            note(&baseline.snapshot, "last before it shrank".to_owned());
        }
    }
    let (mut keep, mut remove) = (Vec::new(), Vec::new());
    for snapshot in snapshots {
        match reasons.get(snapshot.id.as_str()) {
            Some(why) => keep.push((snapshot.id.clone(), why.clone())),
            None => remove.push(snapshot.id.clone()),
        }
    }
    RetentionPlan { keep, remove, suspended: None }
}

/// What stays of a line whatever the rules are: the newest that is complete, and the newest that were found whole.
pub(crate) fn floor<'a>(own: &[&'a Snapshot], verified: &Verified, count: u32) -> Vec<(&'a str, &'static str)> {
    let whole = |snapshot: &&&'a Snapshot| snapshot.suspicious.is_none();
    let complete = |snapshot: &&&'a Snapshot| whole(snapshot) && snapshot.status == SnapshotStatus::Complete;
    let newest = own.iter().rev().find(complete).or_else(|| own.iter().rev().find(whole));
    let good = own.iter().rev().filter(whole).filter(|snapshot| verified.good_at(snapshot).is_some());
    let good = good.take(count.max(1) as usize).map(|snapshot| (snapshot.id.as_str(), "verified"));
    newest.map(|newest| (newest.id.as_str(), "newest that is complete")).into_iter().chain(good).collect()
}

fn subtract(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// The newest snapshot of each of so many periods, newest first.
fn newest_of_each<'a>(
    snapshots: &[&'a Snapshot],
    zone: &TimeZone,
    count: u32,
    period: Period,
) -> Vec<(&'a str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for snapshot in snapshots.iter().rev() {
        let of = period(&snapshot.finished.to_zoned(zone.clone()));
        if found.iter().any(|(_, seen)| *seen == of) {
            continue;
        }
        if found.len() == count as usize {
            break;
        }
        found.push((&snapshot.id, of));
    }
    found
}
