//! What would be lost, as the tools in a cluster say it: with objects as their own documents show them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use windlass_apiserver::ApiServer;
use windlass_backup::{EvidenceKind, Findings, RunOptions};
use windlass_capture::{Bytes, Format};
use windlass_recovery::{
    CLUSTER_OBJECTS, Coverage, CoverageOptions, Covered, Exposure, Subject, coverage, schedule_crds,
};

use crate::bed::{foreign_definition, get, make, make_all, namespace};
use crate::vault::Vault;

fn claim(name: &str, more: Value) -> Value {
    let mut claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        match field.as_str() {
            "dataSourceRef" => claim["spec"][field] = value.clone(),
            _ => claim["metadata"][field] = value.clone(),
        }
    }
    claim
}

fn of_tool(api_version: &str, kind: &str, name: &str, more: Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}});
    for (field, value) in more.as_object().into_iter().flatten() {
        match field.as_str() {
            "labels" => object["metadata"][field] = value.clone(),
            _ => object[field] = value.clone(),
        }
    }
    object
}

fn condition(type_: &str, status: &str, message: &str) -> Value {
    json!({"type": type_, "status": status, "reason": "R", "message": message,
        "lastTransitionTime": "2026-11-20T00:00:00Z"})
}

/// A cluster with every tool in it, at seven in the morning.
async fn bed() -> ApiServer {
    let server = ApiServer::new();
    make_all(&server, schedule_crds()).await;
    for (group, version, kind) in [
        ("volsync.backube", "v1alpha1", "ReplicationSource"),
        ("volsync.backube", "v1alpha1", "ReplicationDestination"),
        ("velero.io", "v1", "Backup"),
        ("velero.io", "v1", "Schedule"),
        ("velero.io", "v1", "PodVolumeBackup"),
        ("velero.io", "v2alpha1", "DataUpload"),
        ("postgresql.cnpg.io", "v1", "Cluster"),
        ("postgresql.cnpg.io", "v1", "ScheduledBackup"),
        ("barmancloud.cnpg.io", "v1", "ObjectStore"),
    ] {
        make(&server, foreign_definition(group, version, kind)).await;
    }
    make(&server, namespace("shop")).await;
    let annotated = |age: &str| json!({"annotations": {"backups.windlass.dev/max-age": age}});
    let origin = json!({"dataSourceRef": {"apiGroup": "volsync.backube", "kind": "ReplicationDestination", "name": "photos-dst"}});
    make_all(
        &server,
        [
            claim("photos", origin),
            claim("media", json!({})),
            claim("notes", json!({})),
            claim("db-1", json!({"labels": {"cnpg.io/cluster": "db"}})),
            claim("weekly", annotated("192h")),
            claim("cache", annotated("none")),
            claim("forgotten", json!({})),
        ],
    )
    .await;
    let media = get(&server, "v1", "PersistentVolumeClaim", "shop", "media").await.unwrap();
    let uid = json!({"velero.io/pvc-uid": media["metadata"]["uid"]});
    make_all(
        &server,
        [
            // Synchronised hourly, ten minutes ago, in three and a half; brought back once in a minute and a half.
            of_tool("volsync.backube/v1alpha1", "ReplicationSource", "photos", json!({"spec": {"sourcePVC": "photos"},
                "status": {"lastSyncTime": "2026-11-20T06:50:00Z", "lastSyncDuration": "3m30.5s",
                    "nextSyncTime": "2026-11-20T07:45:00Z", "latestMoverStatus": {"result": "Successful"}}})),
            of_tool("volsync.backube/v1alpha1", "ReplicationDestination", "photos-dst", json!({"spec": {"restic": {}},
                "status": {"lastSyncTime": "2026-10-01T10:00:00Z", "lastSyncDuration": "1m30s"}})),
            of_tool("volsync.backube/v1alpha1", "ReplicationSource", "weekly", json!({"spec": {"sourcePVC": "weekly"},
                "status": {"lastSyncTime": "2026-11-15T03:00:00Z", "latestMoverStatus": {"result": "Failed"}}})),
            // Velero copied the volume two nights ago, and failed last night.
            of_tool("velero.io/v1", "Backup", "daily-1", json!({"spec": {"includedNamespaces": ["*"]}, "status":
                {"phase": "Completed", "startTimestamp": "2026-11-19T02:00:00Z", "completionTimestamp": "2026-11-19T02:20:00Z"}})),
            of_tool("velero.io/v1", "Backup", "daily-2", json!({"spec": {"includedNamespaces": ["*"]}, "status":
                {"phase": "PartiallyFailed", "startTimestamp": "2026-11-20T02:00:00Z"}})),
            of_tool("velero.io/v1", "Schedule", "daily",
                json!({"spec": {"schedule": "CRON_TZ=Europe/Berlin 0 3 * * *", "template": {"includedNamespaces": ["*"]}}})),
            of_tool("velero.io/v1", "PodVolumeBackup", "daily-1-x", json!({"labels": uid, "spec": {"volume": "data"},
                "status": {"phase": "Completed", "startTimestamp": "2026-11-19T02:01:00Z"}})),
            of_tool("velero.io/v2alpha1", "DataUpload", "daily-2-x", json!({
                "spec": {"sourceNamespace": "shop", "sourcePVC": "media"},
                "status": {"phase": "Failed", "message": "no space", "startTimestamp": "2026-11-20T02:01:00Z"}})),
            // A database whose plug-in keeps it, log and all, and one that nobody thought of.
            of_tool("postgresql.cnpg.io/v1", "Cluster", "db", json!({"spec": {"instances": 1, "storage": {"size": "5Gi"},
                    "plugins": [{"name": "barman-cloud.cloudnative-pg.io", "parameters": {"barmanObjectName": "store"}}]},
                "status": {"conditions": [condition("ContinuousArchiving", "True", "working")]}})),
            of_tool("barmancloud.cnpg.io/v1", "ObjectStore", "store", json!({"spec": {}, "status": {"serverRecoveryWindow":
                {"db": {"firstRecoverabilityPoint": "2026-11-10T00:00:00Z", "lastSuccessfulBackupTime": "2026-11-20T00:05:00Z"}}}})),
            of_tool("postgresql.cnpg.io/v1", "ScheduledBackup", "db", json!({"spec": {"cluster": {"name": "db"}},
                "status": {"nextScheduleTime": "2026-11-21T00:00:00Z"}})),
            of_tool("postgresql.cnpg.io/v1", "Cluster", "stuck", json!({"spec": {"backup": {"barmanObjectStore": {}}},
                "status": {"lastSuccessfulBackup": "2026-11-18T00:00:00Z", "conditions":
                    [condition("ContinuousArchiving", "False", "access denied")]}})),
            of_tool("postgresql.cnpg.io/v1", "Cluster", "bare", json!({"spec": {"instances": 1}})),
            // Ours.
            of_tool("backups.windlass.dev/v1alpha1", "BackupSchedule", "nightly", json!({
                "spec": {"schedule": "0 3 * * *", "host": "home",
                    "sqlite": [{"name": "notes", "path": "/srv/notes.db", "claim": "shop/notes"}]}})),
        ],
    )
    .await;
    let status = json!({"status": {"lastSuccessTime": "2026-11-20T03:02:00Z", "nextRunTime": "2026-11-21T03:00:00Z",
        "conditions": [], "history": [{"started": "2026-11-20T03:00:00Z", "took": "2m0s", "result": "Complete"}]}});
    let path = "/apis/backups.windlass.dev/v1alpha1/namespaces/shop/backupschedules/nightly/status";
    let request = http::Request::patch(path).header("content-type", "application/merge-patch+json");
    server.client().request_text(request.body(status.to_string().into_bytes()).unwrap()).await.unwrap();
    server
}

fn at(text: &str) -> CoverageOptions {
    CoverageOptions { now: text.parse().unwrap(), ..CoverageOptions::default() }
}

fn subject<'a>(found: &'a Coverage, kind: Subject, name: &str) -> &'a Covered {
    found.subjects.iter().find(|one| one.kind == kind && one.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

#[tokio::test]
async fn every_tool_says_what_would_be_lost_and_when_it_saves_next() {
    let server = bed().await;
    let found = coverage(&server.client(), None, &at("2026-11-20T07:00:00Z")).await.unwrap();
    assert_eq!(found.faults, []);
    let of = |name: &str| subject(&found, Subject::Claim, &format!("shop/{name}"));

    let photos = of("photos");
    assert_eq!(photos.state, Exposure::InTime);
    assert_eq!(photos.point.unwrap().to_string(), "2026-11-20T06:46:29.5Z", "when it began, not when it ended");
    assert_eq!((photos.exposed_seconds, photos.next), (Some(810), time("2026-11-20T07:45:00Z")));
    let restore = photos.restore.as_ref().unwrap();
    assert_eq!((restore.seconds, restore.how.as_str()), (90.0, "ReplicationDestination/shop/photos-dst"));

    let media = of("media");
    assert_eq!((media.state, media.point), (Exposure::Late, time("2026-11-19T02:01:00Z")), "29 hours are too many");
    assert!(media.by[0].trouble.as_ref().unwrap().contains("no space"), "{:?}", media.by);
    assert_eq!(media.next, time("2026-11-21T02:00:00Z"), "three in Berlin");
    assert!(media.lost.contains("2026-11-19T02:01:00Z"));

    let notes = of("notes");
    assert_eq!((notes.point, notes.next), (time("2026-11-20T03:00:00Z"), time("2026-11-21T03:00:00Z")));
    // An object of a backup is no copy of a volume.
    assert_eq!(notes.by.len(), 1, "{:?}", notes.by);
    assert_eq!((of("weekly").state, of("cache").state), (Exposure::InTime, Exposure::NotNeeded));
    assert_eq!(of("weekly").by[0].trouble.as_deref(), Some("the last synchronisation failed"));
    assert_eq!((of("forgotten").state, of("forgotten").lost.as_str()), (Exposure::Unsaved, "all of it"));

    // The log reaches to some minutes ago; without it a base backup is all there is.
    let database = subject(&found, Subject::Database, "shop/db");
    assert_eq!((database.exposed_seconds, database.next), (Some(300), time("2026-11-21T00:00:00Z")));
    assert_eq!(of("db-1").exposed_seconds, Some(300));
    let stuck = subject(&found, Subject::Database, "shop/stuck");
    assert_eq!((stuck.state, stuck.point), (Exposure::Late, time("2026-11-18T00:00:00Z")));
    assert!(stuck.by[0].trouble.as_ref().unwrap().contains("access denied"));
    assert_eq!(subject(&found, Subject::Database, "shop/bare").state, Exposure::Unsaved);

    let objects = subject(&found, Subject::Objects, "cluster");
    assert_eq!((objects.point, objects.by.len()), (time("2026-11-20T03:00:00Z"), 2));
    assert!(objects.by[1].trouble.as_ref().unwrap().contains("PartiallyFailed"), "{:?}", objects.by);
    assert!(!found.is_good());

    let series = found.series();
    for line in [
        "windlass_coverage_ok{kind=\"claim\",name=\"shop/forgotten\"} 0\n",
        "windlass_coverage_ok{kind=\"claim\",name=\"shop/cache\"} 1\n",
        "windlass_coverage_exposed_seconds{kind=\"database\",name=\"shop/db\"} 300\n",
        "windlass_coverage_restore_seconds{kind=\"claim\",name=\"shop/photos\"} 90\n",
    ] {
        assert!(series.contains(line), "{line} in {series}");
    }
    assert!(!series.contains("exposed_seconds{kind=\"claim\",name=\"shop/forgotten\"}"), "nothing is no number");
}

#[tokio::test]
async fn a_repository_adds_its_hosts_and_how_long_its_last_drill_took() {
    let server = bed().await;
    let vault = Vault::new().await;
    let mut run = vault.repository.begin(&vault.writer, RunOptions::new("home")).await.unwrap();
    run.add("a", Box::new(Bytes::new(Format::Dump, b"x".to_vec())), Map::new()).await.unwrap();
    let snapshot = run.commit().await.unwrap();
    let options = CoverageOptions::default();
    let found = coverage(&server.client(), Some(&vault.repository), &options).await.unwrap();
    assert!(subject(&found, Subject::Host, "home").restore.is_none(), "nobody tried");
    for (good, hours) in [(true, 3), (false, 1)] {
        let findings = Findings {
            good,
            started: Some(Timestamp::now() - SignedDuration::from_hours(hours)),
            snapshots: vec![snapshot.id.clone()],
            ..Findings::default()
        };
        vault.repository.keep_evidence(&vault.writer, EvidenceKind::Drill, findings).await.unwrap();
    }
    let found = coverage(&server.client(), Some(&vault.reopened().await), &options).await.unwrap();
    let host = subject(&found, Subject::Host, "home");
    assert_eq!((host.state, host.by[0].object.as_str()), (Exposure::InTime, &*format!("snapshot {}", snapshot.id)));
    for one in [host, subject(&found, Subject::Objects, "cluster"), subject(&found, Subject::Claim, "shop/notes")] {
        let restore = one.restore.as_ref().unwrap();
        assert_eq!(restore.seconds.round(), 3.0 * 3600.0, "the last that went well");
    }
    assert!(subject(&found, Subject::Claim, "shop/photos").restore.as_ref().unwrap().how.starts_with("Replication"));
}

/// Who saves without a schedule of the cluster is known by the snapshots, to those who can open them.
#[tokio::test]
async fn with_a_key_snapshots_tell_which_objects_and_claims_they_hold() {
    let (server, vault) = (ApiServer::new(), Vault::new().await);
    make(&server, namespace("shop")).await;
    make_all(&server, [claim("data", json!({})), claim("other", json!({}))]).await;
    let save = async |host: &str, item: &str, claim: Option<&str>| {
        let mut run = vault.repository.begin(&vault.writer, RunOptions::new(host)).await.unwrap();
        let meta = claim.map(|claim| ("claim".to_owned(), claim.into())).into_iter().collect();
        run.add(item, Box::new(Bytes::new(Format::Tar, item.as_bytes().to_vec())), meta).await.unwrap();
        run.commit().await.unwrap()
    };
    save("home", CLUSTER_OBJECTS, None).await;
    let of_claim = save("beside", "files/media", Some("shop/data")).await;
    let states = async |identities: Option<&windlass_backup::Identities>| {
        let options = CoverageOptions { identities: identities.cloned(), ..CoverageOptions::default() };
        let found = coverage(&server.client(), Some(&vault.repository), &options).await.unwrap();
        let state = |kind, name| subject(&found, kind, name).state;
        let objects = state(Subject::Objects, "cluster");
        (objects, state(Subject::Claim, "shop/data"), state(Subject::Claim, "shop/other"), found)
    };
    let (objects, data, other, _) = states(None).await;
    assert_eq!((objects, data, other), (Exposure::Unsaved, Exposure::Unsaved, Exposure::Unsaved));
    let (objects, data, other, found) = states(Some(&vault.paper)).await;
    assert_eq!((objects, data, other), (Exposure::InTime, Exposure::InTime, Exposure::Unsaved));
    let covered = subject(&found, Subject::Claim, "shop/data");
    assert_eq!((covered.point, covered.by[0].object.as_str()), (Some(of_claim.started), "files/media of host beside"));

    // A key that opens nothing is told; of two clusters nobody says which one this is.
    let stranger = age::x25519::Identity::generate();
    let stranger = age::secrecy::ExposeSecret::expose_secret(&stranger.to_string()).to_owned();
    let stranger = windlass_backup::Identities::parse(&stranger).unwrap();
    let (objects, _, _, found) = states(Some(&stranger)).await;
    assert_eq!((objects, found.faults.len()), (Exposure::Unsaved, 2));
    save("cabin", CLUSTER_OBJECTS, None).await;
    let (objects, data, ..) = states(Some(&vault.paper)).await;
    assert_eq!((objects, data), (Exposure::Unsaved, Exposure::Unsaved));
}

#[tokio::test]
async fn a_cluster_without_any_tool_has_one_row_for_its_objects() {
    let server = ApiServer::new();
    let found = coverage(&server.client(), None, &CoverageOptions::default()).await.unwrap();
    assert_eq!((found.subjects.len(), found.subjects[0].state), (1, Exposure::Unsaved));
}
