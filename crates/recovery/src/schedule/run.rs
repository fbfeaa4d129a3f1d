//! One backup of a cluster.

use std::path::{Path, PathBuf};
use std::time::Instant;

use kube::Api;
use kube::api::ListParams;
use serde_json::{Map, Value};
use windlass_backup::{Repository, Run, RunOptions, Snapshot, SnapshotStatus, WriterKey};
use windlass_capture::{FileOptions, FileTree, GitBundle, Source, SqliteDatabase, SqliteOptions};
use windlass_cluster::Cluster;
use windlass_engine::{Lookup, NamespacedName, fetch_whole};
use windlass_flux::GitRepository;

use super::{BackupScheduleSpec, RunResult};
use crate::error::chain;
use crate::rebuild::{CLAIM, bundle_item};
use crate::{CLUSTER_OBJECTS, ClusterObjects, Error, Selection};

/// Where a backup goes, and with what it is made.
#[derive(Debug, Clone)]
pub struct RunPlace {
    /// The repository.
    pub repository: Repository,
    /// Who signs.
    pub writer: WriterKey,
    /// What the cluster is called.
    pub host: String,
    /// A folder for what must lie on a disk for a moment, encrypted, and for images of databases.
    pub scratch: PathBuf,
    /// A folder in which Git repositories are kept from run to run, so that only what is new is fetched.
    pub git: PathBuf,
    /// The id of a snapshot that shrank suspiciously, and that somebody has looked at and accepts: where it is the newest
    /// of its host, this one is measured anew.
    pub accept_shrink: Option<String>,
}

/// How a run went.
#[derive(Debug)]
pub struct BackupRun {
    /// The snapshot; `None` where there is none.
    pub snapshot: Option<Snapshot>,
    /// What could not be saved, or read, and why.
    pub problems: Vec<String>,
    /// How long it took.
    pub took: std::time::Duration,
}

impl BackupRun {
    /// How it went, in a word.
    #[must_use]
    pub fn result(&self) -> RunResult {
        match &self.snapshot {
            None => RunResult::Failed,
            Some(snapshot) if snapshot.status == SnapshotStatus::Complete && self.problems.is_empty() => {
                RunResult::Complete
            }
            Some(_) => RunResult::Partial,
        }
    }
}

/// Makes a snapshot of what a schedule asks for.
///
/// An item that cannot be saved does not keep the others: its last good version stands in, marked stale, and it is among
/// the [problems](BackupRun::problems). Without a snapshot nothing of what was there before is lost.
pub async fn back_up(cluster: &Cluster, spec: &BackupScheduleSpec, place: &RunPlace) -> BackupRun {
    let began = Instant::now();
    let mut problems = Vec::new();
    let snapshot = match save(cluster, spec, place, &mut problems).await {
        Ok(snapshot) => Some(snapshot),
        Err(error) => {
            problems.push(chain(&error));
            None
        }
    };
    BackupRun { snapshot, problems, took: began.elapsed() }
}

async fn save(
    cluster: &Cluster,
    spec: &BackupScheduleSpec,
    place: &RunPlace,
    problems: &mut Vec<String>,
) -> Result<Snapshot, Error> {
    let objects = match spec.without_objects {
        true => None,
        false => {
            let selection = spec.objects.clone().unwrap_or_default().selection();
            Some(ClusterObjects::read(cluster.client(), &selection).await)
        }
    };
    let mut options = RunOptions::new(&place.host);
    options.scratch = Some(place.scratch.clone());
    options.git_revision =
        objects.as_ref().and_then(|objects| objects.as_ref().ok()).and_then(ClusterObjects::git_revision);
    if let Some(accepted) = &place.accept_shrink {
        let listed = place.repository.snapshots().await?;
        let newest = listed.snapshots.iter().rev().find(|snapshot| snapshot.host == place.host);
        options.accept_shrink = newest.is_some_and(|newest| newest.id == *accepted);
    }
    let mut run = place.repository.begin(&place.writer, options).await?;
    problems.extend(run.warnings().iter().map(|fault| format!("{}: {}", fault.key, fault.what)));
    if let Some(objects) = objects {
        let faults = objects.as_ref().map(|objects| objects.cluster().faults.clone()).unwrap_or_default();
        problems.extend(faults.into_iter().map(|fault| format!("{}: {}", fault.what, fault.message)));
        let source = objects.map(|objects| Box::new(objects) as Box<dyn Source>);
        add(&mut run, CLUSTER_OBJECTS, source, Map::new(), problems).await?;
    }
    if spec.git {
        let selection = spec.objects.clone().unwrap_or_default().selection();
        save_git(cluster, &selection, &mut run, place, problems).await?;
    }
    for files in &spec.files {
        let options = FileOptions::default().include(&files.include).exclude(&files.exclude);
        let tree = FileTree::new(Path::new(&files.path), options).map(|tree| Box::new(tree) as Box<dyn Source>);
        let meta = meta(&files.path, files.claim.as_deref());
        add(&mut run, &format!("files/{}", files.name), tree.map_err(Error::Capture), meta, problems).await?;
    }
    for sqlite in &spec.sqlite {
        let database = SqliteDatabase::new(&sqlite.path, SqliteOptions::new(&place.scratch));
        let meta = meta(&sqlite.path, sqlite.claim.as_deref());
        add(&mut run, &format!("sqlite/{}", sqlite.name), Ok(Box::new(database)), meta, problems).await?;
    }
    Ok(run.commit().await?)
}

fn meta(path: &str, claim: Option<&str>) -> Map<String, Value> {
    let path = Some(("path".to_owned(), path.into()));
    let claim = claim.map(|claim| (CLAIM.to_owned(), claim.into()));
    path.into_iter().chain(claim).collect()
}

/// Adds an item; one that cannot be saved is noted, and its last good version stands in. An error of the store ends the run.
async fn add(
    run: &mut Run,
    name: &str,
    source: Result<Box<dyn Source>, Error>,
    meta: Map<String, Value>,
    problems: &mut Vec<String>,
) -> Result<(), Error> {
    let reason = match source {
        Ok(source) => match run.add(name, source, meta).await {
            Ok(_) => return Ok(()),
            Err(error @ windlass_backup::Error::Store(_)) => return Err(error.into()),
            Err(error) => chain(&error),
        },
        Err(error) => chain(&error),
    };
    problems.push(format!("{name}: {reason}"));
    Ok(run.skip(name, reason)?)
}

/// Saves every GitRepository of the selected namespaces as a bundle.
async fn save_git(
    cluster: &Cluster,
    selection: &Selection,
    run: &mut Run,
    place: &RunPlace,
    problems: &mut Vec<String>,
) -> Result<(), Error> {
    let api: Api<GitRepository> = Api::all(cluster.client().clone());
    let repositories = match api.list(&ListParams::default()).await {
        Ok(list) => list.items,
        // A cluster without Flux.
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
        Err(error) => {
            problems.push(format!("GitRepositories: {}", chain(&error)));
            return Ok(());
        }
    };
    let lookup = Lookup::cluster(cluster.clone());
    for object in repositories {
        let name = NamespacedName::of(&object);
        if !selection.namespaces.takes(&name.namespace) {
            continue;
        }
        let store = place.git.join(&name.namespace).join(&name.name);
        let fetched = fetch_whole(&object, &lookup, &store).await;
        let meta = [("url".to_owned(), Value::from(object.spec.url.as_str()))].into_iter().collect();
        let source = fetched.as_ref().map(|whole| {
            let bundle = GitBundle::of(&whole.path).with_reference(&whole.reference, &whole.commit);
            Box::new(bundle) as Box<dyn Source>
        });
        let source = source.map_err(|error| Error::GitNotSaved { name: name.to_string(), reason: chain(error) });
        add(run, &bundle_item(&name), source, meta, problems).await?;
    }
    Ok(())
}
