//! Trying whether a backup can be restored, without touching what runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kube::Client;
use serde::Serialize;
use serde_json::{Map, Value};
use windlass_backup::{Identities, Repository};
use windlass_cluster::{Cluster, Target, wait_gone};
use windlass_drift::Verb;
use windlass_manifest::{Gvk, Manifest, ObjectId, Origin};

use crate::choose::{Chosen, choose};
use crate::error::chain;
use crate::fetched::open_data;
use crate::restore::{Mapping, Note, RestoreOptions, Wanted, plan_restore, restore, restoring};
use crate::{CLUSTER_OBJECTS, Choice, Error};

/// Where objects are restored for a drill.
#[derive(Clone)]
pub enum DrillTarget {
    /// An API that is thrown away afterwards: everything is made there.
    Throwaway(Client),
    /// Namespaces of a real cluster that are made for the drill and deleted afterwards. There, configuration is made for
    /// good (ConfigMaps, Secrets, accounts and their roles), since it sets nothing in motion; of everything else the
    /// server is asked whether it would take it, by a dry run.
    ScratchNamespaces(Client),
}

/// How a drill is done.
#[derive(Clone)]
pub struct DrillOptions {
    /// The snapshot, by id or number; the newest good one by default.
    pub snapshot: Option<String>,
    /// Where objects are restored.
    pub target: DrillTarget,
    /// The folder in which data are opened, one item at a time; as large as the largest, emptied afterwards.
    pub scratch: PathBuf,
}

/// What a drill found. It names objects and numbers, never content.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DrillReport {
    /// The snapshot.
    pub snapshot: String,
    /// Newer snapshots that could not be used, or doubts about this one.
    pub passed_over: Vec<String>,
    /// How many objects were read.
    pub objects: usize,
    /// How many of them the API took.
    pub accepted: usize,
    /// What was counted in each item of data: rows, files, bytes.
    pub data: BTreeMap<String, Map<String, Value>>,
    /// What could not be opened or was refused, and why.
    pub failures: Vec<Note>,
    /// How long it took.
    pub seconds: f64,
}

impl DrillReport {
    /// Whether everything could be restored.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.objects > 0
    }
}

/// Opens everything in a snapshot: every object is read and given to an API, every database is opened, checked and
/// counted, every archive unpacked; what was counted when it was saved must be there.
///
/// # Errors
/// Where no snapshot can be used, or the target does not answer. What is wrong with the snapshot is in the report.
pub async fn drill(
    repository: &Repository,
    identities: &Identities,
    options: &DrillOptions,
) -> Result<DrillReport, Error> {
    let began = Instant::now();
    let chosen = choose(repository, identities, options.snapshot.as_deref()).await?;
    let mut report = DrillReport {
        snapshot: chosen.snapshot.id.clone(),
        passed_over: chosen.passed_over.clone(),
        objects: chosen.objects.objects.len(),
        ..DrillReport::default()
    };
    let Chosen { snapshot, manifest, .. } = &chosen;
    for item in manifest.items.keys().filter(|item| *item != CLUSTER_OBJECTS) {
        match open_data(repository, snapshot, manifest, identities, item, &options.scratch).await {
            Ok(facts) => drop(report.data.insert(item.clone(), facts)),
            Err(error) => report.failures.push(Note { object: item.clone(), message: chain(&error) }),
        }
    }
    match &options.target {
        DrillTarget::Throwaway(client) => throwaway(&restoring(client.clone()), &chosen, &mut report).await?,
        DrillTarget::ScratchNamespaces(client) => scratch(&restoring(client.clone()), &chosen, &mut report).await?,
    }
    report.seconds = began.elapsed().as_secs_f64();
    Ok(report)
}

async fn throwaway(cluster: &Cluster, chosen: &Chosen, report: &mut DrillReport) -> Result<(), Error> {
    let plan = plan_restore(cluster, &chosen.objects, &RestoreOptions::default()).await?;
    let restored = restore(cluster, plan, |_, _| {}).await;
    report.accepted = restored.written.len() + restored.untouched;
    report.failures.extend(restored.failures);
    Ok(())
}

/// Kinds that set nothing in motion.
const STILL: [&str; 8] = [
    "Namespace",
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "LimitRange",
    "ResourceQuota",
];

async fn scratch(cluster: &Cluster, chosen: &Chosen, report: &mut DrillReport) -> Result<(), Error> {
    let namespaces = scratch_namespaces(chosen);
    let mut made = Vec::new();
    let done = match make(cluster, &namespaces, &mut made).await {
        Ok(()) => try_in(cluster, chosen, &namespaces, report).await,
        Err(error) => Err(error),
    };
    report.failures.extend(remove(cluster, &made).await);
    done
}

/// A namespace for each of the backup's, named after the snapshot.
fn scratch_namespaces(chosen: &Chosen) -> BTreeMap<String, String> {
    let mut saved: Vec<&str> = chosen.objects.objects.values().filter_map(Manifest::namespace).collect();
    saved.sort_unstable();
    saved.dedup();
    let number = chosen.snapshot.seq;
    saved
        .into_iter()
        .enumerate()
        .map(|(at, name)| (name.to_owned(), format!("windlass-drill-{number}-{}", at + 1)))
        .collect()
}

async fn make(cluster: &Cluster, namespaces: &BTreeMap<String, String>, made: &mut Vec<String>) -> Result<(), Error> {
    for name in namespaces.values() {
        let namespace = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let manifest = Manifest::new(namespace, Origin::unknown());
        let manifest = manifest.map_err(|_| Error::Interrupted { doing: "make a namespace" })?;
        if cluster.create(&manifest, false).await?.is_none() {
            return Err(Error::ScratchExists { namespace: name.clone() });
        }
        made.push(name.clone());
    }
    Ok(())
}

async fn try_in(
    cluster: &Cluster,
    chosen: &Chosen,
    namespaces: &BTreeMap<String, String>,
    report: &mut DrillReport,
) -> Result<(), Error> {
    let mapping = Mapping { namespaces: namespaces.clone(), ..Mapping::default() };
    let still = RestoreOptions {
        wanted: Wanted {
            kinds: Choice::only(STILL),
            namespaces: Choice::only(namespaces.keys().cloned()),
            ..Wanted::default()
        },
        mapping: mapping.clone(),
        ..RestoreOptions::default()
    };
    let restored = restore(cluster, plan_restore(cluster, &chosen.objects, &still).await?, |_, _| {}).await;
    report.failures.extend(restored.failures);
    // Everything once more: what was made is there, and the rest is asked for.
    let rest = RestoreOptions { mapping, ..RestoreOptions::default() };
    let plan = plan_restore(cluster, &chosen.objects, &rest).await?;
    let is_taken = |verb: &Verb| matches!(verb, Verb::Create | Verb::Unchanged | Verb::Skip(_));
    report.accepted = plan.plan.actions.iter().filter(|action| is_taken(&action.verb)).count();
    report.failures.extend(plan.failures);
    Ok(())
}

/// Deletes the namespaces of a drill. Only those that this drill made are named.
async fn remove(cluster: &Cluster, made: &[String]) -> Vec<Note> {
    let api: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(cluster.client().clone());
    let mut notes = Vec::new();
    let mut targets = Vec::new();
    for name in made {
        let id = ObjectId { group: String::new(), kind: "Namespace".to_owned(), namespace: None, name: name.clone() };
        match api.delete(name, &kube::api::DeleteParams::default()).await {
            Ok(_) => targets.push(Target::new(Gvk::from_api_version("v1", "Namespace"), id)),
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => notes.push(Note::new(&id, format!("could not be deleted: {}", chain(&error)))),
        }
    }
    if let Err(failures) = wait_gone(cluster, &targets, Duration::from_secs(60)).await {
        for error in failures.errors() {
            tracing::warn!("{}", chain(error));
        }
    }
    notes
}
