//! What windlass itself saves.

use jiff::Timestamp;
use kube::Client;
use serde_json::Value;
use windlass_backup::{EvidenceKind, Repository};
use windlass_cluster::{Cluster, Options};

use super::annotation::Limit;
use super::fields::{condition, duration, full_name, named, optional, time};
use super::tools::Tools;
use super::{Cover, CoverageOptions, Covered, RestoreTime, Subject, velero};
use crate::Error;
use crate::rebuild::last_rebuild;

/// A drill or a rebuild that ended well.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    host: String,
    restore: RestoreTime,
}

/// What was measured, oldest first.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) drills: Vec<Taken>,
    rebuilds: Vec<Taken>,
}

impl Measured {
    /// What a repository keeps, and the rebuild that the cluster remembers since nobody kept it yet.
    pub(super) async fn read(client: &Client, repository: Option<&Repository>) -> Result<Self, Error> {
        let mut measured = match repository {
            Some(repository) => Self::kept(repository).await?,
            None => Self::default(),
        };
        let cluster = Cluster::new(client.clone(), Options::default());
        let last = last_rebuild(&cluster).await;
        measured.rebuilds.extend(last.map(|(host, restore)| Taken { host, restore }));
        Ok(measured)
    }

    /// The last drill of a host.
    pub(super) fn last_drill(&self, host: &str) -> Option<RestoreTime> {
        last_of(&self.drills, Some(host))
    }

    async fn kept(repository: &Repository) -> Result<Self, Error> {
        let listed = repository.snapshots().await?;
        let (evidence, _) = repository.evidence().await?;
        let mut measured = Self::default();
        for one in evidence.into_iter().filter(|one| one.good) {
            let restore = |how: String| RestoreTime { seconds: one.seconds, at: Some(one.at), how };
            let fact = |name: &str| one.facts.get(name).and_then(Value::as_str).map(str::to_owned);
            match one.what {
                EvidenceKind::Drill => {
                    let Some(id) = one.snapshots.first() else { continue };
                    // Of a snapshot that retention let go since, the host is not known any more.
                    let snapshot = listed.snapshots.iter().find(|snapshot| snapshot.id == *id);
                    let Some(host) = snapshot.map(|snapshot| snapshot.host.clone()) else { continue };
                    measured.drills.push(Taken { host, restore: restore(format!("drill of {id}")) });
                }
                EvidenceKind::Rebuild => {
                    let Some((host, id)) = fact("host").zip(fact("snapshot")) else { continue };
                    measured.rebuilds.push(Taken { host, restore: restore(format!("rebuild from {id}")) });
                }
                _ => {}
            }
        }
        Ok(measured)
    }
}

/// The last one of a host; of any, where it is not known.
fn last_of(taken: &[Taken], host: Option<&str>) -> Option<RestoreTime> {
    let of_host = |one: &&Taken| host.is_none_or(|host| one.host == host);
    taken.iter().rev().find(of_host).map(|one| one.restore.clone())
}

/// Each host of a repository.
pub(super) async fn hosts(
    repository: &Repository,
    measured: &Measured,
    options: &CoverageOptions,
) -> Result<Vec<Covered>, Error> {
    let points = repository.recovery_points().await?;
    let covered = points.into_iter().map(|point| {
        let cover = Cover {
            tool: "windlass",
            object: format!("snapshot {}", point.newest_complete.as_ref().unwrap_or(&point.newest)),
            last: point.complete_age.and_then(|age| options.now.checked_sub(age).ok()),
            restore: last_of(&measured.drills, Some(&point.host)),
            trouble: (point.stale > 0).then(|| format!("{} items of the newest snapshot are older ones", point.stale)),
            ..Cover::default()
        };
        let rebuild = last_of(&measured.rebuilds, Some(&point.host));
        let limit = Limit::Age(options.max_age);
        Covered { rebuild, ..Covered::new(Subject::Host, point.host, vec![cover], &limit, options) }
    });
    Ok(covered.collect())
}

/// The objects of the cluster.
pub(super) fn objects(tools: &Tools, measured: &Measured, saved: Option<&Cover>, options: &CoverageOptions) -> Covered {
    let drills = &measured.drills;
    let whole =
        |schedule: &&Value| schedule["spec"]["withoutObjects"] != true && !is_filtered(&schedule["spec"]["objects"]);
    let mut by: Vec<Cover> = tools.of("BackupSchedule").filter(whole).map(|schedule| cover(schedule, drills)).collect();
    // A schedule that has run says the same, and when it is due.
    if by.iter().all(|cover| cover.last.is_none()) {
        by.extend(saved.cloned());
    }
    by.extend(velero::cover_of_objects(tools, options));
    let limit = Limit::Age(options.max_age);
    let rebuild = last_of(&measured.rebuilds, None);
    Covered { rebuild, ..Covered::new(Subject::Objects, "cluster".to_owned(), by, &limit, options) }
}

/// Whether a schedule leaves out what somebody would miss.
fn is_filtered(objects: &Value) -> bool {
    ["namespaces", "kinds", "labels"].iter().any(|field| !objects[*field].is_null())
}

/// The schedules that save a claim.
pub(super) fn covers_of_claim<'a>(
    tools: &'a Tools,
    claim: &'a Value,
    drills: &'a [Taken],
) -> impl Iterator<Item = Cover> + 'a {
    let full = full_name(claim);
    tools.of("BackupSchedule").filter_map(move |schedule| {
        let items = ["files", "sqlite"].iter().filter_map(|field| schedule["spec"][*field].as_array()).flatten();
        items.into_iter().find(|item| item["claim"] == full.as_str())?;
        Some(cover(schedule, drills))
    })
}

fn cover(schedule: &Value, drills: &[Taken]) -> Cover {
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
        restore: last_of(drills, optional(schedule, "/spec/host").as_deref()),
        trouble: unready.or(late).or_else(|| suspended.then(|| "it is suspended".to_owned())),
    }
}

/// When a run of another tool began whose end and duration are known.
pub(super) fn began(object: &Value, ended: &str, took: &str) -> Option<Timestamp> {
    let ended = time(object, ended)?;
    duration(object, took).map_or(Some(ended), |took| ended.checked_sub(took).ok())
}
