use serde_json::json;
use windlass_apiserver::{ApiServer, Fault};
use windlass_backup::EvidenceKind;
use windlass_capture::{Bytes, FileOptions, FileTree, Format, SqliteDatabase, SqliteOptions};
use windlass_recovery::{CLUSTER_OBJECTS, ClusterObjects, DrillOptions, DrillTarget, Selection, Wish, choose, drill};

use crate::bed::{deployment, get, make_all, map, namespace, save, secret, widget, widget_definition};
use crate::vault::{Vault, make_database};

async fn saved_cluster(vault: &Vault) -> ApiServer {
    let server = ApiServer::new();
    make_all(
        &server,
        [
            namespace("shop"),
            map("shop", "settings", "1"),
            secret("shop", "token"),
            widget_definition(&["v1"]),
            widget("v1", "shop", "w"),
            deployment("shop", "web", 2),
        ],
    )
    .await;
    let database = vault.path("app/notes.db");
    make_database(&database, 250);
    std::fs::write(vault.path("media/readme.txt"), "hello").unwrap();
    let objects = ClusterObjects::read(&server.client(), &Selection::default()).await.unwrap();
    let files = FileTree::new(vault.path("media/").as_path(), FileOptions::default()).unwrap();
    save(
        vault,
        vec![
            (CLUSTER_OBJECTS, Box::new(objects)),
            ("files/media", Box::new(files)),
            ("sqlite/notes", Box::new(SqliteDatabase::new(&database, SqliteOptions::new(vault.folder.path())))),
        ],
    )
    .await;
    server
}

fn options(vault: &Vault, target: DrillTarget) -> DrillOptions {
    DrillOptions { snapshot: None, host: None, target, scratch: vault.folder.path().to_owned() }
}

#[tokio::test]
async fn a_drill_opens_every_object_and_every_database() {
    let vault = Vault::new().await;
    saved_cluster(&vault).await;
    let target = DrillTarget::Throwaway(ApiServer::new().client());
    let report = drill(&vault.reopened().await, &vault.paper, &options(&vault, target)).await.unwrap();
    assert!(report.is_good(), "{:?}", report.failures);
    assert_eq!((report.objects, report.accepted), (6, 6));
    assert_eq!(report.data["sqlite/notes"]["rows"], json!({"notes": 250}));
    assert_eq!(report.data["files/media"]["files"], 1);
    assert!(report.seconds > 0.0);
}

#[tokio::test]
async fn a_drill_in_a_live_cluster_leaves_nothing_behind() {
    let vault = Vault::new().await;
    let server = saved_cluster(&vault).await;
    let before = windlass_recovery::survey(&server.client(), &Selection::everything()).await.unwrap();
    let target = DrillTarget::ScratchNamespaces(server.client());
    let report = drill(&vault.reopened().await, &vault.paper, &options(&vault, target)).await.unwrap();
    assert!(report.is_good(), "{:?}", report.failures);
    assert_eq!(report.accepted, 6);
    let after = windlass_recovery::survey(&server.client(), &Selection::everything()).await.unwrap();
    assert_eq!(crate::bed::paths(&before), crate::bed::paths(&after));
    // Nothing ran there for a moment either.
    let created = server.requests().all().into_iter().filter(|request| {
        request.verb == "create" && !request.dry_run && request.namespace.starts_with("windlass-drill")
    });
    let kinds: Vec<String> = created.map(|request| request.resource).collect();
    assert!(kinds.iter().all(|kind| ["configmaps", "secrets"].contains(&kind.as_str())), "{kinds:?}");
    assert!(get(&server, "v1", "Namespace", "", "windlass-drill-1-1").await.is_none());
}

#[tokio::test]
async fn what_is_damaged_or_refused_is_found() {
    let vault = Vault::new().await;
    saved_cluster(&vault).await;
    // A bit rots in the largest item.
    let mut files = walk(&vault.folder.path().join("repository/items"));
    files.retain(|path| path.to_string_lossy().contains(".sqlite."));
    let mut bytes = std::fs::read(&files[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&files[0], bytes).unwrap();
    let target = ApiServer::new();
    target.faults().add(Fault::status(403).verb("create").resource("secrets"));
    let target = DrillTarget::Throwaway(target.client());
    let report = drill(&vault.reopened().await, &vault.paper, &options(&vault, target)).await.unwrap();
    assert!(!report.is_good());
    let found: Vec<&str> = report.failures.iter().map(|note| note.object.as_str()).collect();
    assert_eq!(found, ["sqlite/notes", "Secret/shop/token"]);
}

/// A machine without a cluster: folders, databases and Git only.
#[tokio::test]
async fn data_alone_are_drilled_too_and_the_result_is_known_afterwards() {
    let vault = Vault::new().await;
    let database = vault.path("app/notes.db");
    make_database(&database, 40);
    std::fs::write(vault.path("media/readme.txt"), "hello").unwrap();
    let files = || Box::new(FileTree::new(vault.path("media/").as_path(), FileOptions::default()).unwrap());
    let sqlite = || Box::new(SqliteDatabase::new(&database, SqliteOptions::new(vault.folder.path())));
    let dump = |text: &str| Box::new(Bytes::new(Format::Dump, text.into()));
    save(&vault, vec![("files/media", files()), ("sqlite/notes", sqlite()), ("dump/pg", dump("rows"))]).await;
    let target = || DrillTarget::Throwaway(ApiServer::new().client());
    let report = drill(&vault.reopened().await, &vault.paper, &options(&vault, target())).await.unwrap();
    assert!(report.is_good(), "{:?}", report.failures);
    assert_eq!((report.objects, report.data.len(), report.rows()), (0, 3, 40));
    assert_eq!(report.data["dump/pg"]["bytes"], 4);
    let left: Vec<_> =
        std::fs::read_dir(vault.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("windlass-drill")), "{left:?}");

    let tried = async || {
        let repository = vault.reopened().await;
        let listed = repository.snapshots().await.unwrap();
        let id = listed.newest().unwrap().id.clone();
        (id.clone(), repository.tried(&listed).await.unwrap().remove(&id).unwrap())
    };
    assert!(!tried().await.1.is_good(), "nothing was kept yet");
    vault.repository.keep_evidence(&vault.writer, EvidenceKind::Drill, report.findings()).await.unwrap();
    let (first, known) = tried().await;
    assert!(known.is_good() && known.drill.is_some_and(|drill| drill.good && drill.seconds >= 0.0));

    // The next one is damaged: that is found, kept, and a reason to restore the one before.
    save(&vault, vec![("files/media", files()), ("sqlite/notes", sqlite()), ("dump/pg", dump("more"))]).await;
    let repository = vault.reopened().await;
    let newest = repository.snapshots().await.unwrap().newest().unwrap().clone();
    let new = newest.items.iter().find(|item| item.key.contains(".dump.")).unwrap();
    std::fs::write(vault.folder.path().join("repository").join(&new.key), "rotten").unwrap();
    let report = drill(&repository, &vault.paper, &options(&vault, target())).await.unwrap();
    assert!(!report.is_good() && report.failures[0].object == "dump/pg", "{report:?}");
    vault.repository.keep_evidence(&vault.writer, EvidenceKind::Drill, report.findings()).await.unwrap();
    let (id, known) = tried().await;
    assert!(id == newest.id && !known.is_good() && known.trouble().unwrap().contains("drill"));
    let wish = Wish { without_objects: true, ..Wish::default() };
    let chosen = choose(&vault.reopened().await, &vault.paper, &wish).await.unwrap();
    assert_eq!(chosen.snapshot.id, first);
    assert!(
        chosen.passed_over.join("\n").contains(&format!("{id} is newer and was left aside")),
        "{:?}",
        chosen.passed_over
    );
}

#[tokio::test]
async fn objects_that_do_not_open_are_found_and_no_older_ones_are_tried_instead() {
    let vault = Vault::new().await;
    saved_cluster(&vault).await;
    let repository = vault.reopened().await;
    let newest = repository.snapshots().await.unwrap().newest().unwrap().clone();
    let mut files = walk(&vault.folder.path().join("repository/items"));
    files.retain(|path| path.to_string_lossy().contains(".tar."));
    for file in files {
        std::fs::write(&file, "rotten").unwrap();
    }
    let target = DrillTarget::Throwaway(ApiServer::new().client());
    let report = drill(&repository, &vault.paper, &options(&vault, target)).await.unwrap();
    assert_eq!(report.snapshot, newest.id);
    let found: Vec<&str> = report.failures.iter().map(|note| note.object.as_str()).collect();
    assert_eq!(found, ["files/media", CLUSTER_OBJECTS]);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}
