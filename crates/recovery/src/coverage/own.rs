//! What windlass itself saves.

use jiff::Timestamp;
use serde_json::Value;
use windlass_backup::{EvidenceKind, Repository};

use super::annotation::Limit;
use super::fields::{condition, duration, full_name, named, optional, time};
use super::tools::Tools;
use super::{Cover, CoverageOptions, Covered, RestoreTime, Subject, velero};
use crate::Error;

/// A drill that ended well.
#[derive(Debug, Clone)]
pub(super) struct Drill {
    host: String,
    restore: RestoreTime,
}

/// The drills of a repository, oldest first.
pub(super) async fn drills(repository: &Repository) -> Result<Vec<Drill>, Error> {
    let listed = repository.snapshots().await?;
    let (evidence, _) = repository.evidence().await?;
    let good = evidence.into_iter().filter(|one| one.what == EvidenceKind::Drill && one.good);
    let drills = good.filter_map(|one| {
        let id = one.snapshots.first()?;
        // Of a snapshot that retention let go since, the host is not known any more.
        let host = listed.snapshots.iter().find(|snapshot| snapshot.id == *id)?.host.clone();
        let restore = RestoreTime { seconds: one.seconds, at: Some(one.at), how: format!("drill of {id}") };
        Some(Drill { host, restore })
    });
    Ok(drills.collect())
}

/// The last drill of a host; of any, where it is not known.
fn last_drill(drills: &[Drill], host: Option<&str>) -> Option<RestoreTime> {
    let of_host = |drill: &&Drill| host.is_none_or(|host| drill.host == host);
    drills.iter().rev().find(of_host).map(|drill| drill.restore.clone())
}

/// Each host of a repository.
pub(super) async fn hosts(
    repository: &Repository,
    drills: &[Drill],
    options: &CoverageOptions,
) -> Result<Vec<Covered>, Error> {
    let points = repository.recovery_points().await?;
    let covered = points.into_iter().map(|point| {
        let cover = Cover {
            tool: "windlass",
            object: format!("snapshot {}", point.newest_complete.as_ref().unwrap_or(&point.newest)),
            last: point.complete_age.and_then(|age| options.now.checked_sub(age).ok()),
            restore: last_drill(drills, Some(&point.host)),
            trouble: (point.stale > 0).then(|| format!("{} items of the newest snapshot are older ones", point.stale)),
            ..Cover::default()
        };
        Covered::new(Subject::Host, point.host, vec![cover], &Limit::Age(options.max_age), options)
    });
    Ok(covered.collect())
}

/// The objects of the cluster.
pub(super) fn objects(tools: &Tools, drills: &[Drill], options: &CoverageOptions) -> Covered {
    let whole =
        |schedule: &&Value| schedule["spec"]["withoutObjects"] != true && !is_filtered(&schedule["spec"]["objects"]);
    let mut by: Vec<Cover> = tools.of("BackupSchedule").filter(whole).map(|schedule| cover(schedule, drills)).collect();
    by.extend(velero::cover_of_objects(tools, options));
    Covered::new(Subject::Objects, "cluster".to_owned(), by, &Limit::Age(options.max_age), options)
}

/// Whether a schedule leaves out what somebody would miss.
fn is_filtered(objects: &Value) -> bool {
    ["namespaces", "kinds", "labels"].iter().any(|field| !objects[*field].is_null())
}

/// The schedules that save a claim.
pub(super) fn covers_of_claim<'a>(
    tools: &'a Tools,
    claim: &'a Value,
    drills: &'a [Drill],
) -> impl Iterator<Item = Cover> + 'a {
    let full = full_name(claim);
    tools.of("BackupSchedule").filter_map(move |schedule| {
        let items = ["files", "sqlite"].iter().filter_map(|field| schedule["spec"][*field].as_array()).flatten();
        items.into_iter().find(|item| item["claim"] == full.as_str())?;
        Some(cover(schedule, drills))
    })
}

fn cover(schedule: &Value, drills: &[Drill]) -> Cover {
    let status = &schedule["status"];
    let suspended = schedule["spec"]["suspend"] == true;
    // What was saved is what was there when the run began.
    let complete = status["history"].as_array().into_iter().flatten().find(|run| run["result"] == "Complete");
    let began = complete.and_then(|run| time(run, "/started"));
    let ended = time(schedule, "/status/lastSuccessTime");
    let late = condition(schedule, "Late", "True");
    let unready = condition(schedule, "Ready", "False");
    Cover {
        tool: "windlass",
        object: named("BackupSchedule", schedule),
        last: began.filter(|began| ended.is_none_or(|ended| *began <= ended)).or(ended),
        next: time(schedule, "/status/nextRunTime").filter(|_| !suspended),
        restore: last_drill(drills, optional(schedule, "/spec/host").as_deref()),
        trouble: unready.or(late).or_else(|| suspended.then(|| "it is suspended".to_owned())),
    }
}

/// When a run of another tool began whose end and duration are known.
pub(super) fn began(object: &Value, ended: &str, took: &str) -> Option<Timestamp> {
    let ended = time(object, ended)?;
    duration(object, took).map_or(Some(ended), |took| ended.checked_sub(took).ok())
}
