//! The loop: watches the schedules of a cluster and runs what is due, one after another.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::core::DeserializeGuard;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use windlass_cluster::{Cluster, Options};
use windlass_engine::{ConfigData, ConfigKind, Events, Lookup, NamespacedName};
use windlass_flux::{Condition, ConditionStatus, GoDuration, READY, Time};

use super::due::{Due, due};
use super::known::Known;
use super::upkeep::look_after;
use super::{BackupMetrics, BackupRun, BackupSchedule, BackupScheduleStatus, PastRun, RunPlace, RunResult, back_up};
use crate::error::chain;
use crate::pruned::{looks_after_pruned, row_of_pruned};
use crate::rebuild::keep_rebuild_time;

/// The condition of a schedule whose last complete backup is older than it may be.
pub(crate) const LATE: &str = "Late";

/// How schedules are run.
#[derive(Clone)]
pub struct SchedulesOptions {
    /// The namespace whose schedules are run; all namespaces by default.
    pub namespace: Option<String>,
    /// What the cluster is called in snapshots where a schedule does not say.
    pub host: String,
    /// A folder for what must lie on a disk for a moment, encrypted, and for images of databases.
    pub scratch: PathBuf,
    /// A folder in which Git repositories are kept from run to run.
    pub git: PathBuf,
    /// What opens the repository of a schedule: given the data of its Secret, or `None` where it names none.
    pub open: OpenRepository,
}

/// Opens the repository that a Secret describes, or the default one, with the key to sign with.
pub type OpenRepository = Arc<
    dyn Fn(
            Option<ConfigData>,
        ) -> Pin<
            Box<dyn Future<Output = Result<(windlass_backup::Repository, windlass_backup::WriterKey), String>> + Send>,
        > + Send
        + Sync,
>;

/// The schedules of a cluster.
pub struct Schedules {
    cluster: Cluster,
    options: SchedulesOptions,
    metrics: BackupMetrics,
    events: Events,
    /// What the last run wrote to.
    opened: Mutex<Option<windlass_backup::Repository>>,
}

/// How long a run that was given up may take to clear up.
const SETTLING: Duration = Duration::from_secs(5);
/// How many past runs a status holds.
const HISTORY: usize = 10;
/// How long to wait at most before looking at the clock again: clocks are set.
const LONGEST_SLEEP: Duration = Duration::from_secs(300);
/// How long to wait after a run that failed before it is tried again.
const RETRY: Duration = Duration::from_secs(600);
/// The annotation by which somebody accepts a snapshot that shrank, by its id: its schedule goes on from there.
const ACCEPT_SHRINK: &str = "backups.windlass.dev/accept-shrink";

impl Schedules {
    /// The schedules of the cluster that `client` speaks to. Nothing happens before [`run`](Self::run).
    #[must_use]
    pub fn new(client: Client, options: SchedulesOptions) -> Self {
        Self {
            events: Events::new(client.clone()),
            cluster: Cluster::new(client, Options::default()),
            options,
            metrics: BackupMetrics::default(),
            opened: Mutex::default(),
        }
    }

    /// The numbers that are kept while it runs.
    #[must_use]
    pub fn metrics(&self) -> BackupMetrics {
        self.metrics.clone()
    }

    /// Runs until `shutdown` is ready; a run that goes on then is given up, which leaves no snapshot and does no harm.
    ///
    /// A schedule whose time passed while nobody ran it runs at once, and once. One that failed is tried again after ten
    /// minutes. One whose last complete backup is older than it may be is late, and says so in a condition, an event and a
    /// metric. Where the cluster does not have the kind, nothing happens.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        self.run_until(shutdown).await;
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(repository) = opened {
            // An upload that was cut off is aborted, so that nobody pays for its parts.
            let _ = tokio::time::timeout(SETTLING, repository.store().settle()).await;
        }
    }

    async fn run_until(&self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        let client = self.cluster.client().clone();
        let api: Api<DeserializeGuard<BackupSchedule>> = match &self.options.namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        let mut in_list: Vec<String> = Vec::new();
        loop {
            let next = known.values().flat_map(|known| [known.wait(), known.late_in()]).flatten().min();
            let next = next.unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP);
            tokio::select! {
                () = &mut shutdown => return,
                event = events.next() => match event {
                    Some(Ok(watcher::Event::Init)) => in_list.clear(),
                    Some(Ok(watcher::Event::InitApply(object))) => {
                        in_list.extend(self.see(&mut known, object));
                    }
                    Some(Ok(watcher::Event::InitDone)) => known.retain(|name, _| in_list.contains(name)),
                    Some(Ok(watcher::Event::Apply(object))) => drop(self.see(&mut known, object)),
                    Some(Ok(watcher::Event::Delete(object))) => {
                        let name = NamespacedName::of(&object);
                        self.metrics.forget(&labels(&name));
                        known.remove(&name.to_string());
                    }
                    // Without the CRD there is nothing to run; it is asked for again.
                    Some(Err(error)) => tracing::debug!("watching BackupSchedules: {}", chain(&error)),
                    None => return,
                },
                () = tokio::time::sleep(next) => {}
            }
            let due: Vec<String> = known
                .iter()
                .filter(|(_, known)| known.wait() == Some(Duration::ZERO))
                .map(|(name, _)| name.clone())
                .collect();
            for name in due {
                let Some(one) = known.get(&name) else { continue };
                let schedule = one.schedule.clone();
                let status = tokio::select! {
                    () = &mut shutdown => return,
                    status = self.turn(&schedule) => status,
                };
                if let Some(one) = known.get_mut(&name) {
                    // What the server has comes with the next event; until then this is what is known.
                    let failed = status.history.first().is_some_and(|run| run.result == RunResult::Failed);
                    one.not_before = failed.then(|| tokio::time::Instant::now() + RETRY);
                    one.schedule.status = Some(status);
                }
            }
            // After the runs: one of them may have been in time.
            for known in known.values_mut().filter(|known| known.late_in() == Some(Duration::ZERO)) {
                known.schedule.status = Some(self.tell_late(&known.schedule).await);
            }
            // Somebody allowed it more time.
            for known in known.values_mut().filter(|known| known.is_late_no_more()) {
                known.schedule.status = Some(self.tell_in_time(&known.schedule).await);
            }
        }
    }

    fn see(&self, known: &mut BTreeMap<String, Known>, object: DeserializeGuard<BackupSchedule>) -> Option<String> {
        let name = NamespacedName::of(&object);
        let schedule = match object.0 {
            Ok(schedule) => schedule,
            Err(invalid) => {
                tracing::error!("BackupSchedule/{name} cannot be read and is left alone: {invalid}");
                return None;
            }
        };
        self.metrics.knows(&labels(&name), &schedule.status.clone().unwrap_or_default());
        let before = known.get(&name.to_string());
        // A change of the spec is a reason to try at once.
        let changed = before.is_none_or(|before| before.schedule.metadata.generation != schedule.metadata.generation);
        let not_before = before.filter(|_| !changed).and_then(|before| before.not_before);
        known.insert(name.to_string(), Known { schedule, not_before });
        Some(name.to_string())
    }

    /// Runs a schedule that is due, or says why it cannot; writes its status.
    async fn turn(&self, schedule: &BackupSchedule) -> BackupScheduleStatus {
        let name = NamespacedName::of(schedule);
        let mut status = schedule.status.clone().unwrap_or_default();
        status.observed_generation = schedule.metadata.generation;
        let started = now();
        let what = due(schedule);
        if let Due::Wrong(reason) = &what {
            set_ready(&mut status, schedule, false, "InvalidSpec", reason);
        } else {
            if let Due::Asked(requested) = what {
                status.last_handled_reconcile_at = Some(requested);
            }
            let run = self.back_up(schedule, &name, &mut status).await;
            self.report(&mut status, schedule, &name, started.clone(), run).await;
        }
        let mut after = schedule.clone();
        after.status = Some(status.clone());
        status.next_run_time = match due(&after) {
            Due::At(at) => Some(Time(at)),
            _ => None,
        };
        self.metrics.knows(&labels(&name), &status);
        self.write(schedule, &name, &status).await;
        status
    }

    /// Says that a schedule is late.
    async fn tell_late(&self, schedule: &BackupSchedule) -> BackupScheduleStatus {
        let name = NamespacedName::of(schedule);
        let mut status = schedule.status.clone().unwrap_or_default();
        let last = match &status.last_success_time {
            Some(last) => format!("the last complete backup is of {}", last.0),
            None => "there is no complete backup yet".to_owned(),
        };
        let suspended = if schedule.spec.suspend { "; the schedule is suspended" } else { "" };
        let message = format!("{last}, which is longer ago than it may be{suspended}");
        tracing::warn!(schedule = %name, "{message}");
        let generation = schedule.metadata.generation;
        status.conditions.set(Condition::new(LATE, ConditionStatus::True, "Overdue", &message, generation, now()));
        self.events.warning(schedule, "BackupLate", &message).await;
        self.metrics.knows(&labels(&name), &status);
        self.write(schedule, &name, &status).await;
        status
    }

    async fn tell_in_time(&self, schedule: &BackupSchedule) -> BackupScheduleStatus {
        let name = NamespacedName::of(schedule);
        let mut status = schedule.status.clone().unwrap_or_default();
        set_in_time(&mut status, schedule, "the last complete backup is young enough");
        self.metrics.knows(&labels(&name), &status);
        self.write(schedule, &name, &status).await;
        status
    }

    async fn back_up(
        &self,
        schedule: &BackupSchedule,
        name: &NamespacedName,
        status: &mut BackupScheduleStatus,
    ) -> BackupRun {
        let failed = |reason: String| BackupRun { snapshot: None, problems: vec![reason], took: Duration::ZERO };
        let secret = match &schedule.spec.repository_secret_ref {
            None => None,
            Some(reference) => {
                let secret = NamespacedName::new(&name.namespace, &reference.name);
                match Lookup::cluster(self.cluster.clone()).get(ConfigKind::Secret, &secret).await {
                    Ok(Some(data)) => Some(data),
                    Ok(None) => {
                        return failed(format!("spec.repositorySecretRef names Secret/{secret}, which is not there"));
                    }
                    Err(error) => return failed(chain(&error)),
                }
            }
        };
        let (repository, writer) = match (self.options.open)(secret).await {
            Ok(opened) => opened,
            Err(reason) => return failed(reason),
        };
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(repository.clone());
        let place = RunPlace {
            repository,
            writer,
            host: schedule.spec.host.clone().unwrap_or_else(|| self.options.host.clone()),
            scratch: self.options.scratch.clone(),
            git: self.options.git.clone(),
            accept_shrink: schedule.metadata.annotations.as_ref().and_then(|all| all.get(ACCEPT_SHRINK).cloned()),
        };
        let mut run = back_up(&self.cluster, &schedule.spec, &place).await;
        if let Some(snapshot) = &run.snapshot {
            let shrank = snapshot.suspicious.as_ref().map(|reason| {
                format!(
                    "snapshot {id} is suspiciously small ({reason}), so nothing older is let go: if that is meant, annotate \
                     this schedule with {ACCEPT_SHRINK}={id}, and the next run goes on from there",
                    id = snapshot.id
                )
            });
            let pruned = row_of_pruned(&self.options.host);
            let is_of_pruned = looks_after_pruned(&schedule.spec);
            let concerns = |host: &str| host == place.host || (is_of_pruned && host == pruned);
            let may_let_go = shrank.is_none();
            run.problems.extend(shrank);
            let looked =
                look_after(&place.repository, &place.writer, &schedule.spec, status, may_let_go, concerns).await;
            run.problems.extend(looked);
            // Only windlassd has a key to sign with, after the machine was lost that had the other.
            let client = self.cluster.client().clone();
            match keep_rebuild_time(client, &place.repository, &place.writer).await {
                Ok(None) => {}
                Ok(Some(kept)) => {
                    tracing::info!(seconds = kept.seconds, "how long the rebuild took is kept as evidence")
                }
                Err(error) => tracing::warn!("how long the rebuild took is not kept: {}", chain(&error)),
            }
        }
        run
    }

    async fn report(
        &self,
        status: &mut BackupScheduleStatus,
        schedule: &BackupSchedule,
        name: &NamespacedName,
        started: Time,
        run: BackupRun,
    ) {
        let result = run.result();
        let sent_bytes = run.snapshot.as_ref().map_or(0, |snapshot| snapshot.counts.sent_bytes);
        self.metrics.ran(&labels(name), result, run.took, sent_bytes, now().0);
        let (why, message) = match (&run.snapshot, result) {
            (Some(snapshot), RunResult::Complete) => {
                tracing::info!(schedule = %name, snapshot = snapshot.id, sent_bytes, "backed up");
                ("Saved", format!("snapshot {} holds {} items", snapshot.id, snapshot.counts.items))
            }
            (Some(snapshot), _) => {
                tracing::warn!(schedule = %name, snapshot = snapshot.id, "{}", run.problems.join("; "));
                ("PartlySaved", format!("snapshot {}: {}", snapshot.id, run.problems.join("; ")))
            }
            (None, _) => {
                tracing::error!(schedule = %name, "{}", run.problems.join("; "));
                ("NotSaved", run.problems.join("; "))
            }
        };
        let failed_before = status.history.first().is_some_and(|run| run.result != RunResult::Complete);
        match result {
            RunResult::Complete if failed_before => self.events.normal(schedule, why, &message).await,
            // What is as it should be is no event.
            RunResult::Complete => {}
            _ => self.events.warning(schedule, why, &message).await,
        }
        set_ready(status, schedule, result == RunResult::Complete, why, &message);
        status.last_run_time = Some(started.clone());
        if result == RunResult::Complete {
            status.last_success_time = Some(now());
            set_in_time(status, schedule, "the last backup is complete");
        }
        if let Some(snapshot) = &run.snapshot {
            status.last_snapshot = Some(snapshot.id.clone());
        }
        let past = PastRun {
            started,
            took: GoDuration::from(Duration::from_millis(u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX))),
            result,
            snapshot: run.snapshot.as_ref().map(|snapshot| snapshot.id.clone()),
            items: run.snapshot.as_ref().map_or(0, |snapshot| snapshot.counts.items),
            sent_bytes,
            problems: run.problems,
        };
        status.history.insert(0, past);
        status.history.truncate(HISTORY);
    }

    async fn write(&self, schedule: &BackupSchedule, name: &NamespacedName, status: &BackupScheduleStatus) {
        if schedule.status.as_ref() == Some(status) {
            return;
        }
        let api: Api<BackupSchedule> = Api::namespaced(self.cluster.client().clone(), &name.namespace);
        let patch = serde_json::json!({"status": status});
        let params = PatchParams { field_manager: Some("windlassd".to_owned()), ..PatchParams::default() };
        if let Err(error) = api.patch_status(&name.name, &params, &Patch::Merge(patch)).await {
            tracing::error!(schedule = %name, "the status cannot be written: {}", chain(&error));
        }
    }
}

fn set_ready(status: &mut BackupScheduleStatus, schedule: &BackupSchedule, ready: bool, reason: &str, message: &str) {
    let holds = if ready { ConditionStatus::True } else { ConditionStatus::False };
    let condition = Condition::new(READY, holds, reason, message, schedule.metadata.generation, now());
    status.conditions.set(condition);
}

fn set_in_time(status: &mut BackupScheduleStatus, schedule: &BackupSchedule, message: &str) {
    let generation = schedule.metadata.generation;
    status.conditions.set(Condition::new(LATE, ConditionStatus::False, "InTime", message, generation, now()));
}

fn labels(name: &NamespacedName) -> String {
    format!("namespace=\"{}\",name=\"{}\"", name.namespace, name.name)
}

/// Now, in whole seconds, as a status has it.
fn now() -> Time {
    let now = Timestamp::now();
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}
