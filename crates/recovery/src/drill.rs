//! Trying whether a backup can be restored, without touching what runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::Client;
use serde::Serialize;
use serde_json::{Map, Value};
use windlass_backup::{Error as BackupError, Findings, Identities, Manifest as Contents, Repository, Snapshot};
use windlass_cluster::{Cluster, Target, wait_gone};
use windlass_drift::Verb;
use windlass_manifest::{Gvk, Manifest, ObjectId, Origin};

use crate::choose::{Wish, candidates, doubt, known};
use crate::error::chain;
use crate::fetched::{fetch_objects, open_data};
use crate::restore::{Mapping, Note, RestoreOptions, Wanted, plan_restore, restore, restoring};
use crate::{CLUSTER_OBJECTS, Choice, Error, SavedCluster};

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
    /// The snapshot, by id or number; by default the one that a restore would take, be there objects in it or not.
    pub snapshot: Option<String>,
    /// A snapshot of this host.
    pub host: Option<String>,
    /// Where objects are restored.
    pub target: DrillTarget,
    /// The folder in which data are opened, one item at a time; as large as the largest, emptied afterwards.
    pub scratch: PathBuf,
}

/// What a drill found. It names objects and numbers, never content.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DrillReport {
    /// The snapshot.
    pub snapshot: String,
    /// Doubts about this snapshot, and what it does not hold.
    pub doubts: Vec<String>,
    /// How many objects were read.
    pub objects: usize,
    /// How many of them the API took.
    pub accepted: usize,
    /// What was counted in each item of data: rows, files, bytes.
    pub data: BTreeMap<String, Map<String, Value>>,
    /// How many items could not be opened.
    pub unopened: usize,
    /// What could not be opened or was refused, and why.
    pub failures: Vec<Note>,
    /// When it was begun.
    pub started: Timestamp,
    /// How long it took: less than a rebuild would, since nothing is waited for.
    pub seconds: f64,
}

impl DrillReport {
    /// Whether everything could be restored.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.objects + self.data.len() > 0
    }

    fn not_opened(&mut self, item: &str, error: &dyn std::error::Error) {
        self.unopened += 1;
        self.failures.push(Note { object: item.to_owned(), message: chain(error) });
    }

    /// How many rows were counted in all databases.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let tables = self.data.values().filter_map(|facts| facts.get("rows")?.as_object());
        tables.flat_map(|tables| tables.values()).filter_map(Value::as_u64).sum()
    }

    /// The report as evidence, to be [kept](Repository::keep_evidence) as that of a drill.
    #[must_use]
    pub fn findings(&self) -> Findings {
        let facts = [
            // By this a drill that went badly is known to be about this snapshot.
            ("snapshot", Value::from(self.snapshot.as_str())),
            ("objects", self.objects.into()),
            ("accepted", self.accepted.into()),
            ("items", self.data.len().into()),
            ("rows", self.rows().into()),
            ("unopened", self.unopened.into()),
            ("failures", self.failures.len().into()),
        ];
        Findings {
            good: self.is_good(),
            started: Some(self.started),
            snapshots: if self.is_good() { vec![self.snapshot.clone()] } else { Vec::new() },
            facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            ..Findings::default()
        }
    }
}

/// Opens everything in a snapshot: every object is read and given to an API, every database is opened, checked and
/// counted, every archive unpacked; what was counted when it was saved must be there.
///
/// # Errors
/// Where there is no snapshot, no identity opens it, or the target does not answer. What is wrong with the snapshot is in
/// the report.
pub async fn drill(
    repository: &Repository,
    identities: &Identities,
    options: &DrillOptions,
) -> Result<DrillReport, Error> {
    let (started, began) = (Timestamp::now(), Instant::now());
    let listed = repository.snapshots().await?;
    let tried = repository.tried(&listed).await?;
    let wish = Wish {
        snapshot: options.snapshot.clone(),
        host: options.host.clone(),
        without_objects: true,
        ..Wish::default()
    };
    let none = || Error::NoSnapshot { reason: "the repository has none".to_owned() };
    let snapshot = *candidates(&listed, &tried, &wish)?.first().ok_or_else(none)?;
    let mut report = DrillReport {
        snapshot: snapshot.id.clone(),
        doubts: doubt(snapshot, &known(&tried, snapshot)).into_iter().collect(),
        objects: 0,
        accepted: 0,
        data: BTreeMap::new(),
        unopened: 0,
        failures: Vec::new(),
        started,
        seconds: 0.0,
    };
    // A manifest that does not open is a finding; a key that opens nothing is a mistake.
    let manifest = match repository.manifest(snapshot, identities).await {
        Ok(manifest) => Some(manifest),
        Err(error @ BackupError::NoIdentity { .. }) => return Err(error.into()),
        Err(error) => {
            report.not_opened("manifest", &error);
            None
        }
    };
    if let Some(manifest) = &manifest {
        let drilling = Drilling { repository, identities, options, snapshot, manifest };
        drilling.data(&mut report).await;
        drilling.objects(&mut report).await?;
        report.doubts.extend(manifest.missing.iter().map(|(item, reason)| format!("{item} was not saved: {reason}")));
        let stale = manifest.items.iter().filter_map(|(item, described)| Some((item, described.stale.as_ref()?)));
        report.doubts.extend(stale.map(|(item, stale)| format!("{item} is of {}: {}", stale.since, stale.reason)));
    }
    report.seconds = began.elapsed().as_secs_f64();
    Ok(report)
}

struct Drilling<'a> {
    repository: &'a Repository,
    identities: &'a Identities,
    options: &'a DrillOptions,
    snapshot: &'a Snapshot,
    manifest: &'a Contents,
}

impl Drilling<'_> {
    /// Opens every item of data.
    async fn data(&self, report: &mut DrillReport) {
        let Self { repository, identities, options, snapshot, manifest } = self;
        for item in manifest.items.keys().filter(|item| *item != CLUSTER_OBJECTS) {
            match open_data(repository, snapshot, manifest, identities, item, &options.scratch).await {
                Ok(facts) => drop(report.data.insert(item.clone(), facts)),
                Err(error) => report.not_opened(item, &error),
            }
        }
    }

    /// Gives every object to an API.
    async fn objects(&self, report: &mut DrillReport) -> Result<(), Error> {
        if !self.manifest.items.contains_key(CLUSTER_OBJECTS) {
            return Ok(());
        }
        let objects = match fetch_objects(self.repository, self.snapshot, CLUSTER_OBJECTS, self.identities).await {
            Ok(objects) => objects,
            Err(error) => {
                report.not_opened(CLUSTER_OBJECTS, &error);
                return Ok(());
            }
        };
        report.objects = objects.objects.len();
        match &self.options.target {
            DrillTarget::Throwaway(client) => throwaway(&restoring(client.clone()), &objects, report).await,
            DrillTarget::ScratchNamespaces(client) => {
                let cluster = restoring(client.clone());
                scratch(&cluster, &objects, self.snapshot.seq, report).await
            }
        }
    }
}

async fn throwaway(cluster: &Cluster, saved: &SavedCluster, report: &mut DrillReport) -> Result<(), Error> {
    let plan = plan_restore(cluster, saved, &RestoreOptions::default()).await?;
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

async fn scratch(cluster: &Cluster, saved: &SavedCluster, number: u64, report: &mut DrillReport) -> Result<(), Error> {
    let namespaces = scratch_namespaces(saved, number);
    let mut made = Vec::new();
    let done = match make(cluster, &namespaces, &mut made).await {
        Ok(()) => try_in(cluster, saved, &namespaces, report).await,
        Err(error) => Err(error),
    };
    report.failures.extend(remove(cluster, &made).await);
    done
}

/// A namespace for each of the backup's, named after the snapshot.
fn scratch_namespaces(saved: &SavedCluster, number: u64) -> BTreeMap<String, String> {
    let mut names: Vec<&str> = saved.objects.values().filter_map(Manifest::namespace).collect();
    names.sort_unstable();
    names.dedup();
    names
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
    saved: &SavedCluster,
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
    let restored = restore(cluster, plan_restore(cluster, saved, &still).await?, |_, _| {}).await;
    report.failures.extend(restored.failures);
    // Everything once more: what was made is there, and the rest is asked for.
    let rest = RestoreOptions { mapping, ..RestoreOptions::default() };
    let plan = plan_restore(cluster, saved, &rest).await?;
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
