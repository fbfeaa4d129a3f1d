use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use windlass_backup::{S3Credentials, S3Options, S3Store};
use windlass_cluster::{Cluster, Options};
use windlass_recovery::{
    BackupScheduleSpec, Choice, DrillOptions, DrillTarget, Mode, PrunedObjects, RebuildOptions, RestoreOptions,
    RunPlace, RunResult, Wanted, Wish, back_up, choose, deleted, drill, plan_restore, rebuild, restore, restoring,
    undelete,
};
use windlass_testbed::{GitHttp, KubeApi, SeaweedS3, require_peers};

use crate::bed::{Git, client, contents, reconcile, start};
use crate::vault::{OpenStore, Vault, make_database, notes};

/// What Git does not say.
fn by_hand(kube: &KubeApi) {
    kube.apply(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: private}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: private}\nstringData: {token: not-in-git}\n---\n\
         apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: notes, namespace: private}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: notes, namespace: private}\nspec:\n  replicas: 2\n  \
         selector: {matchLabels: {app: notes}}\n  template:\n    metadata: {labels: {app: notes}}\n    spec:\n      \
         serviceAccountName: notes\n      containers: [{name: notes, image: registry.example/notes:1}]\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {name: notes, namespace: private}\nspec:\n  type: NodePort\n  \
         selector: {app: notes}\n  ports: [{port: 80, nodePort: 30123}]\n---\n\
         apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: nas}\nspec:\n  capacity: {storage: 1Gi}\n  \
         accessModes: [ReadWriteMany]\n  nfs: {server: nas.home, path: /export}\n  storageClassName: ''\n---\n\
         apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: media, namespace: private}\nspec:\n  \
         accessModes: [ReadWriteMany]\n  storageClassName: ''\n  volumeName: nas\n  resources: {requests: {storage: 1Gi}}\n",
    )
    .unwrap();
    kube.apply(
        &json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced",
                "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                    {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]},
        })
        .to_string(),
    )
    .unwrap();
    kube.kubectl(["wait", "--for=condition=Established", "--timeout=30s", "crd/widgets.example.com"]).unwrap();
    kube.apply("apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: private}\nspec: {size: 3}\n")
        .unwrap();
}

fn spec(vault: &Vault) -> BackupScheduleSpec {
    serde_json::from_value(json!({
        "schedule": "@daily",
        "files": [{"name": "media", "path": vault.path("volumes/media"), "claim": "private/media"}],
        "sqlite": [{"name": "notes", "path": vault.path("volumes/notes.db")}],
    }))
    .unwrap()
}

fn assert_equal(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (path, object) in before {
        assert_eq!(object, &after[path], "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_life_in_a_folder() {
    let testbed = require_peers!([KubeApi::NEEDS, GitHttp::NEEDS].concat());
    life(&testbed, Vault::new().await).await;
}

/// On a server that keeps every rule of S3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_life_in_a_bucket() {
    let testbed = require_peers!([KubeApi::NEEDS, GitHttp::NEEDS, SeaweedS3::NEEDS].concat());
    let server = SeaweedS3::start(&testbed).unwrap();
    server.create_bucket("backup").unwrap();
    let endpoint = server.endpoint();
    let open: OpenStore = Box::new(move || {
        let credentials = S3Credentials::new(SeaweedS3::ACCESS_KEY, SeaweedS3::SECRET_KEY);
        let options = S3Options::new("backup", credentials).at(&endpoint).below("home");
        Arc::new(S3Store::connect(options).unwrap())
    });
    life(&testbed, Vault::at(tempfile::tempdir().unwrap(), open).await).await;
}

async fn life(testbed: &windlass_testbed::Testbed, vault: Vault) {
    let kube = start(testbed);
    let git = Git::new(testbed);
    let first = git.push();
    git.bootstrap(&kube);
    reconcile(&kube, windlass_engine::Options::new(vault.path("engine")), &first).await;
    by_hand(&kube);
    std::fs::create_dir_all(vault.path("volumes/media")).unwrap();
    std::fs::write(vault.path("volumes/media/photo.jpg"), b"\xff\xd8 not really").unwrap();
    make_database(&vault.path("volumes/notes.db"), 500);

    // Run, run again, change, run.
    let cluster = Cluster::new(client(&kube).await, Options::default());
    let place = RunPlace {
        repository: vault.repository.clone(),
        writer: vault.writer.clone(),
        host: "home".to_owned(),
        scratch: vault.folder.path().to_owned(),
        git: vault.path("git"),
        accept_shrink: None,
    };
    let run = back_up(&cluster, &spec(&vault), &place).await;
    assert_eq!(run.result(), RunResult::Complete, "{:?}", run.problems);
    let run = back_up(&cluster, &spec(&vault), &place).await;
    assert_eq!(run.snapshot.unwrap().counts.sent_bytes, 0);
    kube.kubectl(["create", "configmap", "-n", "private", "settings", "--from-literal=theme=dark"]).unwrap();
    let run = back_up(&cluster, &spec(&vault), &place).await;
    assert_eq!(run.snapshot.as_ref().unwrap().counts.sent, 1, "{:?}", run.problems);

    // The list, and what is in it: not what Git defines.
    let reader = vault.reopened().await;
    assert_eq!(reader.snapshots().await.unwrap().snapshots.len(), 3);
    let chosen = choose(&reader, &vault.paper, &Wish::default()).await.unwrap();
    let names: Vec<&String> = chosen.manifest.items.keys().collect();
    assert_eq!(names, ["cluster/objects", "files/media", "git/flux-system/flux-system", "sqlite/notes"]);
    let saved = &chosen.objects;
    assert!(saved.objects.keys().any(|path| path.ends_with("secrets/namespaces/private/token.yaml")));
    assert!(
        !saved.objects.keys().any(|path| path.contains("/namespaces/paperless/") || path.contains("/kube-system/")),
        "{:#?}",
        saved.objects.keys()
    );
    let before = contents(&kube).await;

    restore_and_compare(&kube, saved).await;
    assert_equal(&before, &contents(&kube).await);
    try_it(&kube, &vault).await;
    assert_equal(&before, &contents(&kube).await);
    prune_and_undelete(&kube, &git, &vault).await;

    // The cluster and the Git host are gone.
    drop((cluster, git));
    drop(kube);
    let kube = start(testbed);
    let mut options = RebuildOptions::new(vault.path("rebuild"));
    let restored = vault.path("restored/notes.db");
    options.data = BTreeMap::from([
        ("sqlite/notes".to_owned(), restored.clone()),
        ("files/media".to_owned(), vault.path("restored/media")),
    ]);
    let rebuilt = rebuild(client(&kube).await, &vault.reopened().await, &vault.paper, &options, &mut |_| {}).await;
    let report = rebuilt.unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)));
    assert!(report.is_complete(), "{:#?}", report.failures);
    assert!(report.reconciled.iter().all(|unit| unit.files == "bundle"), "{:?}", report.reconciled);
    assert_equal(&before, &contents(&kube).await);
    assert_eq!(notes(&restored).len(), 500);
    assert_eq!(std::fs::read(vault.path("restored/media/photo.jpg")).unwrap(), b"\xff\xd8 not really");
    assert!(!report.not_in_backup.iter().any(|line| line.contains("private/media")), "{:?}", report.not_in_backup);
}

/// What was changed and deleted by accident comes back, and nothing else moves.
async fn restore_and_compare(kube: &KubeApi, saved: &windlass_recovery::SavedCluster) {
    kube.kubectl(["delete", "secret,service", "-n", "private", "--all"]).unwrap();
    kube.kubectl(["scale", "deployment", "-n", "private", "notes", "--replicas=7"]).unwrap();
    let cluster = restoring(client(kube).await);
    let wanted = Wanted { namespaces: Choice::only(["private"]), ..Wanted::default() };
    let options = RestoreOptions { wanted, mode: Mode::Replace, ..RestoreOptions::default() };
    let plan = plan_restore(&cluster, saved, &options).await.unwrap();
    let shown = windlass_drift::Report::new(&plan.plan, windlass_drift::Detail::Changes).to_string();
    assert!(shown.contains("spec.replicas: 7 → 2") && shown.contains("+ Secret/private/token"), "{shown}");
    assert!(!shown.contains("not-in-git") && !shown.contains("bm90LWluLWdpdA"));
    let done = restore(&cluster, plan, |_, _| {}).await;
    assert!(done.is_complete(), "{:?}", done.failures);
    assert_eq!(done.written.len(), 3, "{:?}", done.written);
}

/// A drill on the real server, in namespaces that are gone afterwards.
async fn try_it(kube: &KubeApi, vault: &Vault) {
    let target = DrillTarget::ScratchNamespaces(client(kube).await);
    let options = DrillOptions { snapshot: None, host: None, target, scratch: vault.folder.path().to_owned() };
    let report = drill(&vault.reopened().await, &vault.paper, &options).await.unwrap();
    assert!(report.is_good(), "{:#?}", report.failures);
    assert_eq!(report.accepted, report.objects);
    assert_eq!(report.data["sqlite/notes"]["rows"]["notes"], 500);
    let target = DrillTarget::Throwaway(windlass_apiserver::ApiServer::new().client());
    let options = DrillOptions { snapshot: None, host: None, target, scratch: vault.folder.path().to_owned() };
    let report = drill(&vault.reopened().await, &vault.paper, &options).await.unwrap();
    assert!(report.is_good(), "{:#?}", report.failures);
}

/// A push takes an object away; it was saved first, and comes back.
async fn prune_and_undelete(kube: &KubeApi, git: &Git, vault: &Vault) {
    let claim = || kube.get("ingressclasses.v1.networking.k8s.io", "", "internal").ok();
    let list = "infrastructure/network/kustomization.yaml";
    assert!(claim().is_some(), "the fixture has no such object any more");
    git.edit(list, "  - ingress-class.yaml\n", "");
    let commit = git.push();
    let mut options = windlass_engine::Options::new(vault.path("engine"));
    let cluster = Cluster::new(client(kube).await, Options::default());
    options.keep = Some(Arc::new(PrunedObjects::new(vault.opener(), "home", cluster)));
    reconcile(kube, options, &commit).await;
    assert!(claim().is_none());
    let (found, faults) = deleted(&vault.reopened().await, &vault.paper).await.unwrap();
    assert!(faults.is_empty());
    assert_eq!(found.iter().map(|one| one.id.to_string()).collect::<Vec<_>>(), ["IngressClass/internal"]);
    let cluster = restoring(client(kube).await);
    let plan = plan_restore(&cluster, &undelete(found), &RestoreOptions::default()).await.unwrap();
    assert!(restore(&cluster, plan, |_, _| {}).await.is_complete());
    assert!(claim().is_some());
}
