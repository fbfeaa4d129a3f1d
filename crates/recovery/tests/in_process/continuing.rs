//! Rebuilds that were killed, and taken up.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use windlass_apiserver::ApiServer;
use windlass_capture::{Bytes, FileOptions, FileTree, Format, SqliteDatabase, SqliteOptions};
use windlass_cluster::{Cluster, Options};
use windlass_manifest::{Manifest, Origin};
use windlass_recovery::{
    CLUSTER_OBJECTS, ClusterObjects, CoverageOptions, Error, RebuildOptions, RebuildProgress, RebuildReport, Selection,
    Subject, coverage, held, keep_rebuild_time, plan_rebuild, rebuild, restoring,
};

use crate::bed::{deployment, get, make_all, namespace, save};
use crate::vault::{Vault, make_database, notes};

const RECORD: &str = "windlass-rebuild";

/// A backup of a small cluster and its data.
async fn saved() -> Vault {
    let vault = Vault::new().await;
    let old = ApiServer::new();
    make_all(&old, [namespace("private"), deployment("private", "notes", 2)]).await;
    let objects = ClusterObjects::read(&old.client(), &Selection::default()).await.unwrap();
    let database = vault.path("app/notes.db");
    make_database(&database, 20);
    let media = vault.path("app/media/2026/photo.jpg");
    std::fs::write(&media, vec![7_u8; 100_000]).unwrap();
    std::fs::write(vault.path("app/media/index"), "one photo").unwrap();
    std::fs::set_permissions(media.parent().unwrap(), std::fs::Permissions::from_mode(0o750)).unwrap();
    let tree = FileTree::new(vault.path("app/media"), FileOptions::default()).unwrap();
    save(
        &vault,
        vec![
            (CLUSTER_OBJECTS, Box::new(objects)),
            ("dump/pg", Box::new(Bytes::new(Format::Dump, b"create table".to_vec()))),
            ("files/media", Box::new(tree)),
            ("sqlite/notes", Box::new(SqliteDatabase::new(&database, SqliteOptions::new(vault.folder.path())))),
        ],
    )
    .await;
    vault
}

/// The machine and the cluster that it is rebuilt on.
struct Site<'v> {
    vault: &'v Vault,
    server: ApiServer,
    folder: tempfile::TempDir,
}

impl<'v> Site<'v> {
    fn new(vault: &'v Vault) -> Self {
        Self { vault, server: ApiServer::new(), folder: tempfile::tempdir().unwrap() }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a person says the first time.
    fn options(&self) -> RebuildOptions {
        let places = [("dump/pg", "pg.sql"), ("files/media", "media"), ("sqlite/notes", "notes.db")];
        let data = places.map(|(item, name)| (item.to_owned(), self.place(name)));
        RebuildOptions { data: BTreeMap::from(data), ..RebuildOptions::new(self.place("work")) }
    }

    /// What a person says afterwards.
    fn again(&self) -> RebuildOptions {
        RebuildOptions { again: true, ..RebuildOptions::new(self.place("work")) }
    }

    /// Rebuilds and is killed when `killed` says so.
    async fn rebuild(
        &self,
        options: &RebuildOptions,
        mut killed: impl FnMut(&RebuildProgress<'_>) -> bool + Send,
    ) -> Option<Result<RebuildReport, Error>> {
        let repository = self.vault.reopened().await;
        let mut tell = |progress: RebuildProgress<'_>| {
            if killed(&progress) {
                resume_unwind(Box::new("killed"));
            }
        };
        let rebuilding = rebuild(self.server.client(), &repository, &self.vault.paper, options, &mut tell);
        AssertUnwindSafe(rebuilding).catch_unwind().await.ok()
    }

    /// Takes it up, to its end.
    async fn take_up(&self) -> RebuildReport {
        self.rebuild(&self.again(), |_| false).await.unwrap().unwrap()
    }

    async fn replicas(&self) -> Value {
        let live = get(&self.server, "apps/v1", "Deployment", "private", "notes").await;
        live.map_or(Value::Null, |live| live["spec"]["replicas"].clone())
    }

    /// What the killed one wrote down, changed by `change`.
    async fn rewrite(&self, change: impl FnOnce(&mut Value)) {
        let mut map = get(&self.server, "v1", "ConfigMap", "kube-system", RECORD).await.unwrap();
        let mut record: Value = serde_json::from_str(map["data"]["progress.json"].as_str().unwrap()).unwrap();
        change(&mut record);
        map["data"]["progress.json"] = record.to_string().into();
        let manifest = Manifest::new(map.clone(), Origin::unknown()).unwrap();
        Cluster::new(self.server.client(), Options::default()).replace(&manifest, &map, false).await.unwrap();
    }

    async fn assert_whole(&self, when: &str) {
        assert_eq!(notes(&self.place("notes.db")).len(), 20, "{when}");
        assert_eq!(std::fs::read(self.place("pg.sql")).unwrap(), b"create table", "{when}");
        assert_eq!(std::fs::read(self.place("media/2026/photo.jpg")).unwrap(), vec![7; 100_000], "{when}");
        assert_eq!(std::fs::read_to_string(self.place("media/index")).unwrap(), "one photo", "{when}");
        assert_eq!(std::fs::metadata(self.place("media/2026")).unwrap().mode() & 0o777, 0o750, "{when}");
        assert_eq!(self.replicas().await, 2, "{when}");
        assert!(held(&restoring(self.server.client())).await.unwrap().is_empty(), "{when}");
        let record = get(&self.server, "v1", "ConfigMap", "kube-system", RECORD).await.unwrap();
        assert!(record["data"]["progress.json"].as_str().unwrap().contains("\"ended\""), "{when}: {record}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_rebuild_that_is_killed_anywhere_is_taken_up_by_continue_alone() {
    let vault = saved().await;
    for number in 0.. {
        let site = Site::new(&vault);
        let mut events = Vec::new();
        let killed = site
            .rebuild(&site.options(), |progress| {
                events.push(format!("{progress:?}"));
                events.len() > number
            })
            .await;
        if let Some(finished) = killed {
            assert!(finished.unwrap().is_complete());
            site.assert_whole("never killed").await;
            assert!(number > 12, "{events:#?}");
            break;
        }
        let when = format!("killed at {}", events.last().unwrap());
        // A second one is not begun beside it, once it wrote something.
        let has_begun = get(&site.server, "v1", "ConfigMap", "kube-system", RECORD).await.is_some();
        if has_begun {
            let second = site.rebuild(&site.options(), |_| false).await.unwrap();
            assert!(matches!(second, Err(Error::Unfinished { .. })), "{when}");
        }
        let options = if has_begun { site.again() } else { RebuildOptions { again: true, ..site.options() } };
        let report = site.rebuild(&options, |_| false).await.unwrap().unwrap();
        assert!(report.is_complete(), "{when}: {:#?}", report.failures);
        assert_eq!(report.data.len(), 3, "{when}");
        site.assert_whole(&when).await;
        // Nothing had to be moved aside.
        assert_eq!(names(site.folder.path()), ["media", "notes.db", "pg.sql"], "{when}");
        assert_eq!(names(&site.place("media")), ["2026", "index"], "{when}");
    }
}

#[tokio::test]
async fn what_applications_wrote_since_their_data_came_back_stays() {
    let vault = saved().await;
    let site = Site::new(&vault);
    let is_end =
        |progress: &RebuildProgress<'_>| matches!(progress, RebuildProgress::Step("look whether everything is there"));
    assert!(site.rebuild(&site.options(), is_end).await.is_none());
    assert_eq!(site.replicas().await, 2);
    // They run, and write as they please: into the file, and files in the place of others.
    let database = rusqlite::Connection::open(site.place("notes.db")).unwrap();
    database.execute("insert into notes (text) values ('new')", []).unwrap();
    drop(database);
    std::fs::write(site.place("new"), "two photos").unwrap();
    std::fs::rename(site.place("new"), site.place("media/index")).unwrap();
    std::fs::remove_file(site.place("pg.sql")).unwrap();
    let plan = plan_rebuild(site.server.client(), &vault.reopened().await, &vault.paper, &site.again()).await.unwrap();
    assert!(plan.data.iter().all(|data| data.in_place), "{:?}", plan.data);

    let before = site.server.requests().all().len();
    let report = site.take_up().await;
    assert!(report.is_complete(), "{:#?}", report.failures);
    assert_eq!(notes(&site.place("notes.db")).len(), 21);
    assert_eq!(std::fs::read_to_string(site.place("media/index")).unwrap(), "two photos");
    assert!(!site.place("pg.sql").exists());
    // Nobody was stopped for it.
    let requests = site.server.requests().all().into_iter().skip(before);
    let writes: Vec<String> = requests
        .filter(|request| ["create", "patch", "update"].contains(&request.verb) && request.resource != "configmaps")
        .map(|request| format!("{} {} {}", request.verb, request.resource, request.name))
        .collect();
    assert!(writes.iter().all(|write| !write.contains("deployments")), "{writes:?}");
}

/// Data that are thought of later are put under nobody either.
#[tokio::test]
async fn what_runs_already_is_stopped_for_data_that_come_later() {
    let vault = saved().await;
    let site = Site::new(&vault);
    let without = RebuildOptions { data: BTreeMap::new(), ..site.options() };
    assert!(site.rebuild(&without, |_| false).await.unwrap().unwrap().is_complete());
    assert_eq!(site.replicas().await, 2);
    let later = RebuildOptions { again: true, ..site.options() };
    let is_release = |progress: &RebuildProgress<'_>| matches!(progress, RebuildProgress::Step("let workloads run"));
    assert!(site.rebuild(&later, is_release).await.is_none());
    assert_eq!((site.replicas().await, notes(&site.place("notes.db")).len()), (json!(0), 20));
    assert!(site.take_up().await.is_complete());
    site.assert_whole("later").await;
}

/// Killed between a rename and the note of it: what is there is known by its content.
#[tokio::test]
async fn what_was_put_there_and_not_noted_is_known_by_its_content() {
    let vault = saved().await;
    let site = Site::new(&vault);
    let begun = |record: &mut Value| {
        record["allInPlace"] = false.into();
        for (_, item) in record["data"].as_object_mut().unwrap() {
            item["state"] = json!({"begun": {"found": null}});
        }
    };
    let is_release = |progress: &RebuildProgress<'_>| matches!(progress, RebuildProgress::Step("let workloads run"));
    assert!(site.rebuild(&site.options(), is_release).await.is_none());
    // Folders get their permissions last.
    std::fs::set_permissions(site.place("media/2026"), std::fs::Permissions::from_mode(0o700)).unwrap();
    site.rewrite(begun).await;
    let was = std::fs::metadata(site.place("notes.db")).unwrap().ino();
    assert!(site.take_up().await.is_complete());
    site.assert_whole("all was there").await;
    assert_eq!(std::fs::metadata(site.place("notes.db")).unwrap().ino(), was);
    assert_eq!(names(site.folder.path()), ["media", "notes.db", "pg.sql"]);

    // Cut off between the moves of a folder, and by a power cut that emptied a file.
    let site = Site::new(&vault);
    assert!(site.rebuild(&site.options(), is_release).await.is_none());
    std::fs::remove_file(site.place("media/index")).unwrap();
    std::fs::write(site.place("media/2026/photo.jpg"), vec![0; 50_000]).unwrap();
    site.rewrite(begun).await;
    assert!(site.take_up().await.is_complete());
    site.assert_whole("a half was there").await;
    assert_eq!(names(&site.place("media/.windlass-before-1")), ["2026"]);
}

#[tokio::test]
async fn what_somebody_else_put_there_is_not_replaced() {
    let vault = saved().await;
    let site = Site::new(&vault);
    let is_release = |progress: &RebuildProgress<'_>| matches!(progress, RebuildProgress::Step("let workloads run"));
    assert!(site.rebuild(&site.options(), is_release).await.is_none());
    // Other files under the same names: one was placed, two begun.
    let theirs = [("notes.db", "sqlite/notes"), ("media/index", "files/media"), ("pg.sql", "dump/pg")];
    for (name, _) in theirs {
        std::fs::remove_file(site.place(name)).unwrap();
        std::fs::write(site.place(name), "somebody's own").unwrap();
    }
    let identity = |name: &str| {
        let metadata = std::fs::metadata(site.place(name)).unwrap();
        let made = metadata.created().ok().map(|made| made.duration_since(UNIX_EPOCH).unwrap().as_nanos());
        made.map_or_else(
            || json!({"inode": metadata.ino()}),
            |made| json!({"inode": metadata.ino(), "made": u64::try_from(made).unwrap()}),
        )
    };
    site.rewrite(|record| {
        record["allInPlace"] = false.into();
        for item in ["files/media", "dump/pg"] {
            record["data"][item]["state"] = json!({"begun": {"found": null}});
        }
    })
    .await;
    let report = site.take_up().await;
    for (name, item) in theirs {
        let failure = report.failures.iter().find(|note| note.object == item);
        let failure = failure.unwrap_or_else(|| panic!("{item}: {:#?}", report.failures));
        assert!(failure.message.contains("something else") && failure.message.contains("--replace"), "{failure:?}");
        assert_eq!(std::fs::read_to_string(site.place(name)).unwrap(), "somebody's own");
    }
    assert_eq!(site.replicas().await, 0, "a workload runs although its data are missing");

    // What the person wanted moved aside at the beginning is, without asking once more.
    let found = identity("pg.sql");
    site.rewrite(|record| {
        record["data"]["dump/pg"]["state"] = json!({"begun": {"found": found}});
        for item in ["files/media", "sqlite/notes"] {
            record["data"].as_object_mut().unwrap().remove(item);
        }
    })
    .await;
    let report = site.take_up().await;
    assert!(report.is_complete(), "{:#?}", report.failures);
    assert_eq!(std::fs::read(site.place("pg.sql")).unwrap(), b"create table");
    assert_eq!(std::fs::read_to_string(site.place("pg.sql.before-1")).unwrap(), "somebody's own");
    assert_eq!(site.replicas().await, 2);
}

#[tokio::test]
async fn how_long_it_took_is_remembered_until_somebody_keeps_it() {
    let vault = saved().await;
    let site = Site::new(&vault);
    let is_end = |progress: &RebuildProgress<'_>| matches!(progress, RebuildProgress::Step("let workloads run"));
    assert!(site.rebuild(&site.options(), is_end).await.is_none());
    let keep = || keep_rebuild_time(site.server.client(), &vault.repository, &vault.writer);
    assert_eq!(keep().await.unwrap(), None, "it is not at its end");
    let covered = async |repository: Option<&windlass_backup::Repository>| {
        let found = coverage(&site.server.client(), repository, &CoverageOptions::default()).await.unwrap();
        let rebuilds = found.subjects.into_iter().filter_map(|subject| Some((subject.kind, subject.rebuild?)));
        rebuilds.map(|(kind, rebuild)| (kind, rebuild.seconds, rebuild.how)).collect::<Vec<_>>()
    };
    assert_eq!(covered(Some(&vault.repository)).await, []);
    // It was begun an hour ago, and taken up now: that is how long it took.
    site.rewrite(|record| {
        let began = Timestamp::now() - SignedDuration::from_hours(1);
        record["began"] = began.to_string().into();
    })
    .await;
    let report = site.take_up().await;
    let took = report.seconds_since_begun.unwrap();
    assert!(report.seconds < 600.0 && (3600.0..4200.0).contains(&took), "{report:#?}");
    let how = format!("rebuild from {}", report.snapshot);
    // Without a key to sign with the cluster knows it alone.
    assert_eq!(covered(None).await, [(Subject::Objects, took, how.clone())]);
    assert_eq!(covered(Some(&vault.repository)).await.len(), 2);

    // Continued once more, nothing is left to do, and nothing to measure. Begun anew, it is refused for the data alone.
    assert_eq!(site.take_up().await.seconds_since_begun, Some(took));
    let anew = Site { server: ApiServer::new(), ..Site::new(&vault) };
    for _ in 0..2 {
        let options = RebuildOptions { data: BTreeMap::new(), ..anew.options() };
        assert!(anew.rebuild(&options, |_| false).await.unwrap().unwrap().is_complete());
    }

    let other = Vault::new().await;
    assert_eq!(keep_rebuild_time(site.server.client(), &other.repository, &other.writer).await.unwrap(), None);
    let kept = keep().await.unwrap().unwrap();
    assert!(kept.good && kept.seconds == took && kept.facts["items"] == 3, "{kept:?}");
    assert_eq!(keep().await.unwrap(), None, "once");
    assert!(get(&site.server, "v1", "ConfigMap", "kube-system", RECORD).await.is_none());
    let repository = vault.reopened().await;
    let expected = [(Subject::Objects, took, how.clone()), (Subject::Host, took, how)];
    assert_eq!(covered(Some(&repository)).await, expected);
    // That it was rebuilt says nothing of what was not put into place.
    let listed = repository.snapshots().await.unwrap();
    assert!(repository.tried(&listed).await.unwrap().values().all(|tried| tried.verified.is_none()));
    assert_eq!(covered(None).await, []);
}
