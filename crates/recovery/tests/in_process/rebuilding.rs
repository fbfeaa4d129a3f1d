//! A cluster that follows the example homelab, saved and brought back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use windlass_apiserver::ApiServer;
use windlass_capture::{FileOptions, FileTree, GitBundle, SqliteDatabase, SqliteOptions};
use windlass_cluster::{Cluster, Options};
use windlass_engine::{Lookup, OneShotOptions, PreviewOptions, apply_once, preview};
use windlass_manifest::TreePath;
use windlass_recovery::{
    CLUSTER_OBJECTS, ClusterObjects, GitFiles, RebuildOptions, SavedCluster, Selection, rebuild, survey,
};
use windlass_source::{DirectorySource, IgnoreRules};

use crate::bed::{deployment, get, make, make_all, map, namespace, save, secret, widget, widget_definition};
use crate::vault::{Vault, make_database, notes};

fn homelab() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/homelab")
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args([
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.test",
        "-c",
        "commit.gpgsign=false",
    ]);
    assert!(command.args(arguments).output().unwrap().status.success(), "git {arguments:?}");
}

/// The example homelab as a repository, whose host does not exist.
fn repository(folder: &Path) -> PathBuf {
    let work = folder.join("work");
    let copied = Command::new("cp").arg("-R").arg(homelab()).arg(&work).status().unwrap();
    assert!(copied.success());
    // Refused at once, wherever the test runs.
    let sync = work.join("clusters/home/flux-system/gotk-sync.yaml");
    let text = std::fs::read_to_string(&sync).unwrap();
    std::fs::write(&sync, text.replace("https://git.example.test/homelab.git", "http://127.0.0.1:9/homelab.git"))
        .unwrap();
    git(&work, &["init", "-q", "-b", "main"]);
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-q", "-m", "all"]);
    work
}

/// What a person does to let a cluster follow the repository, and what the reconciler does then.
async fn haul(server: &ApiServer, work: &Path) {
    make_all(server, windlass_flux::crds()).await;
    make(server, namespace("flux-system")).await;
    let key = std::fs::read_to_string(homelab().join("age.agekey")).unwrap();
    make(
        server,
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sops-age", "namespace": "flux-system"},
            "stringData": {"age.agekey": key.as_str()}}),
    )
    .await;
    let cluster = Cluster::new(server.client(), Options::default());
    let options = PreviewOptions {
        path: TreePath::new("clusters/home").unwrap(),
        name: None,
        identities: windlass_sops::Identities::from_env(|name| (name == "SOPS_AGE_KEY").then(|| key.clone())),
        strict: true,
        revision: "main@sha1:0123".to_owned(),
    };
    let files = DirectorySource::new(work, IgnoreRules::default()).files().unwrap();
    let mut lookup = Lookup::cluster(cluster.clone());
    // The objects that the repository holds for itself come first, as a bootstrap makes them.
    let first = preview(files.clone(), &options, &mut lookup).await.unwrap();
    for manifest in first.manifests().filter(|m| m.kind() == "GitRepository" || m.name() == "flux-system") {
        let _ = cluster.create(manifest, false).await.unwrap();
    }
    let preview = preview(files, &options, &mut lookup).await.unwrap();
    let once = OneShotOptions { prune: false, wait: false, revision: "main@sha1:0123".to_owned() };
    let mut errors = Vec::new();
    apply_once(&cluster, preview, &once, |progress| {
        if let windlass_engine::Progress::Failed(name, error) = progress {
            errors.push(format!("{name}: {}", error.chain()));
        }
    })
    .await;
    assert!(errors.is_empty(), "{errors:#?}");
}

/// What Git does not say.
async fn by_hand(server: &ApiServer) {
    make_all(
        server,
        [
            namespace("private"),
            map("private", "settings", "mine"),
            secret("private", "token"),
            widget_definition(&["v1"]),
            widget("v1", "private", "w"),
            deployment("private", "notes", 2),
        ],
    )
    .await;
}

async fn everything(server: &ApiServer) -> SavedCluster {
    let mut saved = survey(&server.client(), &Selection::everything()).await.unwrap();
    assert!(saved.facts.faults.is_empty(), "{:?}", saved.facts.faults);
    for object in saved.objects.values_mut() {
        // The in-process API fills this in where it is missing, and leaves it where it is null, as our own CRDs have it.
        if object.kind() == "CustomResourceDefinition" {
            object.value_mut()["spec"].as_object_mut().unwrap().remove("conversion");
        }
        // The address that a Service gets is the cluster's choice.
        if object.kind() == "Service" && object.value()["spec"]["clusterIP"] != "None" {
            let spec = object.value_mut()["spec"].as_object_mut().unwrap();
            spec.remove("clusterIP");
            spec.remove("clusterIPs");
        }
    }
    saved
}

fn assert_equal(before: &SavedCluster, after: &SavedCluster) {
    let names = |saved: &SavedCluster| saved.objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(before), names(after));
    for (path, object) in &before.objects {
        // As text: whether a whole number was written with a point is no difference.
        let text = |object: &windlass_manifest::Manifest| windlass_yaml::print(object.value());
        assert_eq!(text(object), text(&after.objects[path]), "{path}");
    }
}

#[tokio::test]
async fn an_empty_cluster_a_store_and_a_key_are_enough() {
    let vault = Vault::new().await;
    let old = ApiServer::new();
    let work = repository(vault.folder.path());
    haul(&old, &work).await;
    by_hand(&old).await;
    let database = vault.path("volumes/notes.db");
    make_database(&database, 1_000);
    std::fs::create_dir(vault.path("volumes/media")).unwrap();
    std::fs::write(vault.path("volumes/media/photo.jpg"), b"\xff\xd8 not really").unwrap();
    let before = everything(&old).await;

    let objects = ClusterObjects::read(&old.client(), &Selection::default()).await.unwrap();
    // Git brings the rest back: it is not in the backup.
    assert!(objects.cluster().left_out["defined by Git"] > 40, "{:?}", objects.cluster().left_out);
    let media = FileTree::new(vault.path("volumes/media").as_path(), FileOptions::default()).unwrap();
    save(
        &vault,
        vec![
            (CLUSTER_OBJECTS, Box::new(objects)),
            ("files/media", Box::new(media)),
            ("git/homelab", Box::new(GitBundle::of(&work))),
            ("sqlite/notes", Box::new(SqliteDatabase::new(&database, SqliteOptions::new(vault.folder.path())))),
        ],
    )
    .await;

    // The cluster, its disks and the Git host are gone.
    drop(old);
    let new = ApiServer::new();
    let restored = vault.path("restored/notes.db");
    let mut options = RebuildOptions::new(vault.path("work-of-rebuild"));
    options.git = GitFiles::Bundle;
    options.data = BTreeMap::from([
        ("sqlite/notes".to_owned(), restored.clone()),
        ("files/media".to_owned(), vault.path("restored/media")),
    ]);
    let mut steps = Vec::new();
    let mut tell = |progress: windlass_recovery::RebuildProgress<'_>| {
        if let windlass_recovery::RebuildProgress::Step(step) = progress {
            steps.push(step.to_owned());
        }
    };
    let report = rebuild(new.client(), &vault.reopened().await, &vault.paper, &options, &mut tell).await;
    let report = report.unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)));
    assert!(report.is_complete(), "{:#?}", report.failures);
    assert_equal(&before, &everything(&new).await);
    assert_eq!(notes(&restored).len(), 1_000);
    assert_eq!(std::fs::read(vault.path("restored/media/photo.jpg")).unwrap(), b"\xff\xd8 not really");

    assert_eq!(report.steps.iter().map(|step| step.step.clone()).collect::<Vec<_>>(), steps);
    assert!(report.reconciled.iter().all(|unit| unit.files == "bundle") && report.reconciled.len() == 4);
    // The claims of the repository had volumes, and nobody saved what was in them.
    let missing = report.not_in_backup.iter().filter(|line| line.starts_with("the data of the claim")).count();
    assert!(missing > 0, "{:#?}", report.not_in_backup);
    // Once more it refuses: the cluster is not empty.
    let again = rebuild(new.client(), &vault.reopened().await, &vault.paper, &options, &mut |_| {}).await;
    assert!(matches!(again, Err(windlass_recovery::Error::NotEmpty { .. })));
}

#[tokio::test]
async fn workloads_do_not_run_before_their_data_are_in_place() {
    let vault = Vault::new().await;
    let old = ApiServer::new();
    let work = repository(vault.folder.path());
    haul(&old, &work).await;
    by_hand(&old).await;
    make_database(&vault.path("notes.db"), 10);
    let before = everything(&old).await.objects;
    let objects = ClusterObjects::read(&old.client(), &Selection::default()).await.unwrap();
    let database = SqliteDatabase::new(vault.path("notes.db"), SqliteOptions::new(vault.folder.path()));
    save(
        &vault,
        vec![
            (CLUSTER_OBJECTS, Box::new(objects)),
            ("git/flux-system/flux-system", Box::new(GitBundle::of(&work))),
            ("sqlite/notes", Box::new(database)),
        ],
    )
    .await;
    let new = ApiServer::new();
    let mut options = RebuildOptions::new(vault.path("work-of-rebuild"));
    // Somebody's database is in the place: whoever would use the data must not start with another's.
    std::fs::create_dir(vault.path("restored")).unwrap();
    make_database(&vault.path("restored/notes.db"), 1);
    let place = |path: &str| BTreeMap::from([("sqlite/notes".to_owned(), vault.folder.path().join(path))]);
    // What cannot go well is refused before anything is written.
    for (item, path) in [("sqlite/nites", "restored/new.db"), ("sqlite/notes", "missing/notes.db")] {
        options.data = BTreeMap::from([(item.to_owned(), vault.folder.path().join(path))]);
        let refused = rebuild(new.client(), &vault.reopened().await, &vault.paper, &options, &mut |_| {}).await;
        assert!(refused.is_err() && get(&new, "v1", "Namespace", "", "private").await.is_none());
    }
    options.data = place("restored/notes.db");
    let replicas = async || {
        let live = get(&new, "apps/v1", "Deployment", "private", "notes").await.unwrap();
        live["spec"]["replicas"].clone()
    };
    let report = rebuild(new.client(), &vault.reopened().await, &vault.paper, &options, &mut |_| {}).await.unwrap();
    assert!(!report.is_complete());
    assert!(report.failures.iter().any(|note| note.object == "sqlite/notes"), "{:#?}", report.failures);
    assert_eq!(replicas().await, 0, "a workload runs although its data are missing");
    assert!(report.held > 1, "{report:#?}");
    // The disk is put right, and the rebuild is taken up again.
    options.data = place("restored/again.db");
    options.again = true;
    let report = rebuild(new.client(), &vault.reopened().await, &vault.paper, &options, &mut |_| {}).await.unwrap();
    assert!(report.is_complete(), "{:#?}", report.failures);
    assert_eq!(replicas().await, 2);
    assert_eq!(before.len(), everything(&new).await.objects.len());
    let held = windlass_recovery::held(&windlass_recovery::restoring(new.client())).await.unwrap();
    assert!(held.is_empty());
}
