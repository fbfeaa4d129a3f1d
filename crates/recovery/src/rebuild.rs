//! An empty cluster, a backup repository and one key: and the cluster is back.

mod bundle;
mod data;
mod files;
mod measured;
mod memory;
mod missing;
mod plan;
mod reconcile;
mod report;
mod same;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::Client;
use serde::{Deserialize, Serialize};
use windlass_backup::{Identities, Progress, Repository};
use windlass_cluster::{Cluster, Options};
use windlass_drift::Verb;
use windlass_manifest::Gvk;

use crate::Error;
use crate::choose::{Chosen, Wish, choose};
use crate::restore::{
    DataPlace, Mode, Note, RestoreOptions, Wave, held, hold_running, plan_restore, refuse_in_use, restore, restoring,
    wait_until_still,
};

pub(crate) use bundle::bundle_item;
pub use measured::keep_rebuild_time;
pub(crate) use measured::last_rebuild;
pub(crate) use memory::NAME as MEMORY;
pub(crate) use missing::CLAIM;
pub use plan::{DataPlan, GitPlan, RebuildPlan, plan_rebuild};
pub use report::{RebuildReport, Reconciled, StepTime};

use files::Files;
use memory::{Ended, Memory};
use reconcile::Reconciling;

/// How a cluster is rebuilt.
#[derive(Debug, Clone)]
pub struct RebuildOptions {
    /// Which snapshot; the newest good one by default.
    pub wish: Wish,
    /// Where items of data go: from their names in the backup (`sqlite/home/notes`) to paths of this machine.
    pub data: BTreeMap<String, PathBuf>,
    /// Whether data that are there already are moved aside; otherwise they are an error.
    pub replace_data: bool,
    /// Whether all workloads stay without replicas at the end, until they are [released](crate::held): where data come
    /// back by other means, such as Jobs beside their volumes.
    pub keep_held: bool,
    /// Where the files of Git repositories come from.
    pub git: GitFiles,
    /// A folder for the time of the rebuild: fetched repositories go there.
    pub work: PathBuf,
    /// Keys for files that are encrypted with SOPS, besides those in Secrets of the backup.
    pub sops: windlass_sops::Identities,
    /// Whether an earlier rebuild of this cluster is continued, if there was one; otherwise a cluster that is not empty is
    /// refused. What was decided then stands where nothing else is said here: the snapshot, the places of data, where Git
    /// files come from, and that workloads stay held.
    pub again: bool,
    /// Whether to wait for health where a Kustomization asks for it.
    pub wait_for_health: bool,
    /// How long CRDs and Namespaces may take to become ready.
    pub wait: Duration,
    /// Is told how far items of data are.
    pub progress: Option<Progress>,
}

/// Where the files of Git repositories come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GitFiles {
    /// From the host; from the bundle in the backup, if the host does not give them.
    #[default]
    HostOrBundle,
    /// From the host.
    Host,
    /// From the bundle in the backup: the state at the time of the backup.
    Bundle,
}

impl RebuildOptions {
    /// The defaults, with a folder for the time of the rebuild.
    #[must_use]
    pub fn new(work: impl Into<PathBuf>) -> Self {
        Self {
            wish: Wish::default(),
            data: BTreeMap::new(),
            replace_data: false,
            keep_held: false,
            git: GitFiles::default(),
            work: work.into(),
            sops: windlass_sops::Identities::new(),
            again: false,
            wait_for_health: false,
            wait: Duration::from_secs(60),
            progress: None,
        }
    }
}

/// What a rebuild is doing.
#[derive(Debug)]
#[non_exhaustive]
pub enum RebuildProgress<'a> {
    /// A step begins.
    Step(&'static str),
    /// Something was done: an object was written, data were put into place.
    Done(&'a str),
    /// Something is odd, or failed; the rebuild goes on.
    Trouble(&'a str),
}

/// Who is told.
pub(crate) type Tell<'a> = &'a mut (dyn FnMut(RebuildProgress<'_>) + Send);

/// Rebuilds an empty cluster from a backup.
///
/// 1. Chooses the newest good snapshot, and brings its objects here, compared with what was signed.
/// 2. Restores what Git does not define: CRDs, Namespaces, configuration, Secrets (the keys for SOPS among them), claims,
///    custom resources, and the Flux objects that reconciliation starts from.
/// 3. Takes the files of the Git repositories from their hosts or from the backup, builds what the Kustomizations want and
///    applies it in the order of their dependencies, as the reconciler does. Where data are to be put into place, all
///    workloads are held: they have no replicas.
/// 4. Restores the workloads that Git does not define.
/// 5. Puts data into place; what is there afterwards must be what was counted when it was saved.
/// 6. Lets the workloads run, in the order of dependencies, unless data are missing: who starts without them starts anew.
///    Looks whether every saved object is there.
///
/// What fails does not keep the rest from coming back; it is told in the report, with the time that each step took and with
/// what was not in the backup.
///
/// How far it is stands in a ConfigMap of the cluster, `kube-system/windlass-rebuild`. When everything is back, it says how
/// long that took, until [`keep_rebuild_time`] keeps that in the repository.
/// Killed anywhere and done [again](RebuildOptions::again), it goes on where it ended, with the same snapshot. Data that it
/// had put into place are known again, by their file or by their content, and stay; once workloads may have written to
/// them they are not looked at any more. What it did not put there it does not touch.
///
/// # Errors
/// Where nothing could be begun: no snapshot can be used, the cluster does not answer, or is not empty, or data are to go
/// where they cannot. Nothing was written then. [`Error::Unfinished`] where an earlier one should be continued.
pub async fn rebuild(
    client: Client,
    repository: &Repository,
    identities: &Identities,
    options: &RebuildOptions,
    tell: Tell<'_>,
) -> Result<RebuildReport, Error> {
    let began = Instant::now();
    let mut clock = Clock { report: RebuildReport::default(), tell };
    let cluster = restoring(client.clone());

    clock.begin("choose a snapshot");
    let (memory, options) = remember(&cluster, options).await?;
    let options = &options;
    let chosen = choose(repository, identities, &options.wish).await?;
    check_places(&chosen, options)?;
    clock.report.chosen(&chosen);
    // What came from another snapshot is not what is wanted now.
    let memory = memory.filter(|memory| memory.snapshot == chosen.snapshot.id);
    let mut memory = memory.unwrap_or_else(|| Memory::new(&chosen.snapshot, options));
    // Once data are in place, workloads are let run and write to them: they are not stopped once more.
    let holds = options.keep_held || !(options.data.is_empty() || memory.is_done(options));
    memory.want(options);
    memory.begin(&cluster, options.again).await?;

    clock.begin("compare the Git bundles with what was signed");
    verify(repository, identities, &chosen, options, &mut clock).await;

    clock.begin("restore what Git does not define");
    let later = restore_objects(&cluster, &chosen, holds, options, &mut clock).await?;

    let engine = Cluster::new(client, Options::default());
    let files = Files { repository, identities, chosen: &chosen, options };
    let mut reconciling = Reconciling::new(&engine, files, options);
    clock.begin("reconcile with Git");
    reconciling.run(&chosen.objects, holds, &mut clock).await;

    clock.begin("restore workloads that Git does not define");
    let hold = restore_later(&cluster, later, &mut clock).await;

    let mut in_place = true;
    if !options.data.is_empty() {
        clock.begin("put data into place");
        in_place = match nobody_uses(&cluster, &chosen, &memory, options).await {
            Ok(()) => {
                let placing = data::Placing { cluster: &cluster, repository, identities, chosen: &chosen, options };
                placing.all(&mut memory, &mut clock).await?
            }
            Err(error) => {
                clock.failure("data", crate::error::chain(&error));
                false
            }
        };
    }
    if !in_place {
        let what = "are held, since not all data are in place: rebuild again with --continue when they can be";
        clock.failure("workloads", what);
    } else if !options.keep_held && (holds || options.again) {
        clock.begin("let workloads run");
        if holds {
            reconciling.run(&chosen.objects, false, &mut clock).await;
        }
        let mut notes = hold.release(&cluster).await;
        // Those that an earlier rebuild held, which was cut off.
        notes.extend(held(&cluster).await?.release(&cluster).await);
        clock.failures(notes);
    }

    clock.begin("look whether everything is there");
    look(&cluster, &chosen, &mut clock).await?;
    let mut report = clock.end();
    report.not_in_backup = missing::not_in_backup(&chosen, options);
    report.held = held(&cluster).await?.len();
    report.seconds = began.elapsed().as_secs_f64();
    if report.is_complete() && report.held > 0 {
        // The rest is done by others, and how long that takes is not measured here.
        memory::forget(&cluster).await?;
    } else if report.is_complete() {
        // Continued although it was at its end, it is not measured once more.
        let ended = Ended { at: Timestamp::now(), objects: chosen.objects.objects.len(), items: report.data.len() };
        memory.ended.get_or_insert(ended);
        memory.write(&cluster).await?;
        report.seconds_since_begun = memory.took();
    }
    Ok(report)
}

/// What an earlier rebuild of this cluster left, and the options with what was decided then.
async fn remember(cluster: &Cluster, options: &RebuildOptions) -> Result<(Option<Memory>, RebuildOptions), Error> {
    let memory = Memory::read(cluster).await?;
    let mut options = options.clone();
    match &memory {
        Some(memory) if options.again => memory.decide(&mut options),
        Some(memory) if memory.ended.is_none() => {
            return Err(Error::Unfinished { snapshot: memory.snapshot.clone(), began: memory.began });
        }
        None if options.again => {}
        _ => {
            refuse_used(cluster).await?;
            return Ok((None, options));
        }
    }
    Ok((memory, options))
}

/// Makes sure that nobody writes to the data that are to be put into place.
async fn nobody_uses(
    cluster: &Cluster,
    chosen: &Chosen,
    memory: &Memory,
    options: &RebuildOptions,
) -> Result<(), Error> {
    if memory.all_in_place {
        return Ok(());
    }
    if options.again {
        // What the first one let run, before there were data to put into place.
        let held = hold_running(cluster, chosen.objects.objects.values()).await?;
        tracing::debug!(count = held.len(), "held what ran");
    }
    wait_until_still(cluster, options.wait).await?;
    let places = options.data.iter().map(|(item, path)| {
        let claim = chosen.manifest.items.get(item).and_then(|described| described.meta.get(CLAIM)?.as_str());
        DataPlace { path: path.clone(), claim: claim.map(str::to_owned) }
    });
    refuse_in_use(cluster, &places.collect::<Vec<_>>()).await
}

/// The report in the making, and whom to tell.
pub(crate) struct Clock<'a> {
    pub(crate) report: RebuildReport,
    tell: Tell<'a>,
}

impl Clock<'_> {
    fn begin(&mut self, step: &'static str) {
        self.stop();
        self.report.running = Some((step, Instant::now()));
        (self.tell)(RebuildProgress::Step(step));
    }

    fn stop(&mut self) {
        if let Some((step, began)) = self.report.running.take() {
            self.report.steps.push(StepTime { step: step.to_owned(), seconds: began.elapsed().as_secs_f64() });
        }
    }

    fn end(mut self) -> RebuildReport {
        self.stop();
        self.report
    }

    pub(crate) fn done(&mut self, text: &str) {
        (self.tell)(RebuildProgress::Done(text));
    }

    pub(crate) fn note(&mut self, note: Note) {
        (self.tell)(RebuildProgress::Trouble(&format!("{}: {}", note.object, note.message)));
        self.report.notes.push(note);
    }

    pub(crate) fn failure(&mut self, what: impl Into<String>, message: impl Into<String>) {
        let note = Note { object: what.into(), message: message.into() };
        (self.tell)(RebuildProgress::Trouble(&format!("{}: {}", note.object, note.message)));
        self.report.failures.push(note);
    }

    fn failures(&mut self, notes: Vec<Note>) {
        notes.into_iter().for_each(|note| self.failure(note.object, note.message));
    }
}

/// A cluster in which something was reconciled is not empty: a rebuild would fight with what runs there.
async fn refuse_used(cluster: &Cluster) -> Result<(), Error> {
    let gvk = Gvk::from_api_version("kustomize.toolkit.fluxcd.io/v1", "Kustomization");
    let asking = |source| Error::Asking { what: gvk.to_string(), source };
    let Some(kind) = cluster.kind(&gvk).await.map_err(asking)? else { return Ok(()) };
    let api: kube::Api<kube::core::DynamicObject> = kube::Api::all_with(cluster.client().clone(), &kind.resource);
    let list = api.list(&kube::api::ListParams::default()).await.map_err(Error::api("list the Kustomizations"))?;
    let used = list.items.into_iter().find(|object| {
        let entries = object.data["status"]["inventory"]["entries"].as_array();
        entries.is_some_and(|entries| !entries.is_empty()) && object.data["status"]["lastAppliedRevision"].is_string()
    });
    match used {
        Some(object) => {
            let metadata = object.metadata;
            let (namespace, name) = (metadata.namespace.unwrap_or_default(), metadata.name.unwrap_or_default());
            Err(Error::NotEmpty { found: format!("Kustomization/{namespace}/{name}") })
        }
        None => Ok(()),
    }
}

/// Refuses data that are not in the snapshot, and places that nothing can be put into: better now than when all workloads
/// wait for them.
fn check_places(chosen: &Chosen, options: &RebuildOptions) -> Result<(), Error> {
    for (item, path) in &options.data {
        if !chosen.manifest.items.contains_key(item) {
            let (snapshot, name) = (chosen.snapshot.id.clone(), item.clone());
            return Err(windlass_backup::Error::NoItem { snapshot, name }.into());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let source = std::io::ErrorKind::NotFound.into();
            return Err(Error::Io { path: folder.to_owned(), source });
        }
    }
    Ok(())
}

/// Brings the bundles here that may be needed, and compares them. Data are compared before they are put into place.
async fn verify(
    repository: &Repository,
    identities: &Identities,
    chosen: &Chosen,
    options: &RebuildOptions,
    clock: &mut Clock<'_>,
) {
    let bundles = chosen.manifest.items.iter().filter(|(_, item)| item.format == windlass_capture::Format::Bundle);
    for (item, _) in bundles.filter(|_| options.git != GitFiles::Host) {
        if let Err(error) = repository.fetch_of(&chosen.snapshot, &chosen.manifest, item, identities).await {
            clock.failure(item, crate::error::chain(&error));
        }
    }
}

/// Restores all saved objects but workloads and gates, whose plan is returned.
async fn restore_objects(
    cluster: &Cluster,
    chosen: &Chosen,
    hold: bool,
    options: &RebuildOptions,
    clock: &mut Clock<'_>,
) -> Result<crate::RestorePlan, Error> {
    let restore_options = RestoreOptions { mode: Mode::Skip, hold, wait: options.wait, ..RestoreOptions::default() };
    let mut plan = plan_restore(cluster, &chosen.objects, &restore_options).await?;
    let later = plan.split_off(|wave| matches!(wave, Wave::Workloads | Wave::Gates));
    carry_out(cluster, plan, clock).await;
    Ok(later)
}

async fn restore_later(cluster: &Cluster, plan: crate::RestorePlan, clock: &mut Clock<'_>) -> crate::Hold {
    carry_out(cluster, plan, clock).await
}

async fn carry_out(cluster: &Cluster, plan: crate::RestorePlan, clock: &mut Clock<'_>) -> crate::Hold {
    let restored = restore(cluster, plan, |id, action| clock.done(&format!("{id} {action}"))).await;
    clock.report.restored += restored.written.len();
    restored.notes.into_iter().for_each(|note| clock.note(note));
    clock.failures(restored.failures);
    restored.hold
}

/// Looks whether every saved object is there.
async fn look(cluster: &Cluster, chosen: &Chosen, clock: &mut Clock<'_>) -> Result<(), Error> {
    let plan = plan_restore(cluster, &chosen.objects, &RestoreOptions::default()).await?;
    let known: Vec<String> = clock.report.failures.iter().map(|note| note.object.clone()).collect();
    for action in plan.plan.actions.iter().filter(|action| action.verb == Verb::Create) {
        let object = action.id.to_string();
        if !known.contains(&object) {
            clock.failure(object, "is not there");
        }
    }
    Ok(())
}
