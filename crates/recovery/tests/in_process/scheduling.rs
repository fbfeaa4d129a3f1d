use std::time::Duration;

use serde_json::{Value, json};
use windlass_apiserver::ApiServer;
use windlass_recovery::{Schedules, SchedulesOptions, schedule_crds};

use crate::bed::{get, make, make_all, map, namespace};
use crate::vault::{Vault, make_database};

fn options(vault: &Vault) -> SchedulesOptions {
    SchedulesOptions {
        namespace: None,
        host: "home".to_owned(),
        scratch: vault.folder.path().to_owned(),
        git: vault.folder.path().join("git"),
        open: vault.opener(),
    }
}

fn schedule(spec: Value) -> Value {
    json!({
        "apiVersion": "backups.windlass.dev/v1alpha1", "kind": "BackupSchedule",
        "metadata": {"name": "nightly", "namespace": "windlass"}, "spec": spec,
    })
}

/// Runs the schedules until the status of the one is as wanted.
async fn until(server: &ApiServer, vault: &Vault, is_so: impl Fn(&Value) -> bool) -> Value {
    let schedules = Schedules::new(server.client(), options(vault));
    let metrics = schedules.metrics();
    let running = tokio::spawn(schedules.run(std::future::pending()));
    let looking = async {
        loop {
            let found = get(server, "backups.windlass.dev/v1alpha1", "BackupSchedule", "windlass", "nightly").await;
            if let Some(found) = found.filter(|found| is_so(&found["status"])) {
                return found["status"].clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(30), looking).await.expect("the status is as wanted");
    running.abort();
    if status["history"][0]["result"] == "Complete" {
        assert!(
            metrics.text().contains("windlass_backup_last_success_seconds{namespace=\"windlass\",name=\"nightly\"}")
        );
    }
    status
}

async fn bed(vault: &Vault, spec: Value) -> ApiServer {
    let server = ApiServer::new();
    make_all(&server, schedule_crds()).await;
    make_all(&server, [namespace("windlass"), namespace("shop"), map("shop", "settings", "1")]).await;
    make_database(&vault.path("notes.db"), 3);
    make(&server, schedule(spec)).await;
    server
}

async fn ask(server: &ApiServer, token: &str) {
    let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
    let path = "/apis/backups.windlass.dev/v1alpha1/namespaces/windlass/backupschedules/nightly";
    let request = http::Request::patch(path)
        .header("content-type", "application/merge-patch+json")
        .body(patch.to_string().into_bytes())
        .unwrap();
    server.client().request_text(request).await.unwrap();
}

#[tokio::test]
async fn a_schedule_runs_when_asked_and_says_how_it_went() {
    let vault = Vault::new().await;
    let spec = json!({
        "schedule": "0 3 * * *", "timeZone": "Europe/Berlin", "jitter": "5m",
        "sqlite": [{"name": "notes", "path": vault.path("notes.db"), "claim": "shop/notes"}],
        "retention": {"last": 1, "daily": 7, "within": "24h"}, "verifyShares": 1,
    });
    let server = bed(&vault, spec).await;
    ask(&server, "first").await;
    let status = until(&server, &vault, |status| status["lastHandledReconcileAt"] == "first").await;
    assert_eq!(status["history"][0]["result"], "Complete", "{status}");
    assert_eq!(status["conditions"][0]["status"], "True");
    assert!(status["nextRunTime"].is_string() && status["lastSuccessTime"].is_string());
    let snapshots = vault.repository.snapshots().await.unwrap();
    assert_eq!(snapshots.snapshots.len(), 1);
    let manifest = vault.repository.manifest(&snapshots.snapshots[0], &vault.paper).await.unwrap();
    assert_eq!(manifest.items.keys().collect::<Vec<_>>(), ["cluster/objects", "sqlite/notes"]);
    assert_eq!(manifest.items["sqlite/notes"].meta["claim"], "shop/notes");

    // Nothing changed but the status of the schedule itself: nothing is sent but the commit.
    ask(&server, "second").await;
    let status = until(&server, &vault, |status| status["lastHandledReconcileAt"] == "second").await;
    assert_eq!(status["history"][0]["sentBytes"], 0, "{status}");
    assert_eq!(status["history"].as_array().unwrap().len(), 2);
}

/// A source that was emptied must not push out what was in it; and who emptied it on purpose says so.
#[tokio::test]
async fn what_shrank_stops_retention_until_somebody_accepts_it() {
    let vault = Vault::new().await;
    let spec = json!({
        "schedule": "0 3 * * *", "git": false, "withoutObjects": true, "retention": {"last": 1},
        "sqlite": [{"name": "notes", "path": vault.path("notes.db")}],
    });
    let server = bed(&vault, spec).await;
    std::fs::remove_file(vault.path("notes.db")).unwrap();
    let large = "create table notes (text); insert into notes values (hex(randomblob(100000)))";
    rusqlite::Connection::open(vault.path("notes.db")).unwrap().execute_batch(large).unwrap();
    let run = async |token: &str| {
        ask(&server, token).await;
        until(&server, &vault, |status| status["lastHandledReconcileAt"] == token).await
    };
    assert_eq!(run("full").await["history"][0]["result"], "Complete");
    std::fs::remove_file(vault.path("notes.db")).unwrap();
    make_database(&vault.path("notes.db"), 1);
    let newest = async || vault.repository.snapshots().await.unwrap().newest().unwrap().id.clone();
    let status = run("emptied").await;
    let emptied = newest().await;
    let said = status["conditions"][0]["message"].as_str().unwrap();
    assert_eq!(status["history"][0]["result"], "Partial");
    assert!(said.contains(&format!("backups.windlass.dev/accept-shrink={emptied}")), "{said}");
    assert_eq!(said.matches("nothing").count(), 1, "{said}");
    let going = async || {
        let listed = vault.repository.snapshots().await.unwrap();
        vault.repository.leaving(&listed).await.unwrap().len()
    };
    // Another id accepts nothing.
    for (accepted, result, gone) in [("00000001-other", "Partial", 0), ("", "Complete", 3)] {
        let accepted = if accepted.is_empty() { newest().await } else { accepted.to_owned() };
        patch(&server, "", json!({"metadata": {"annotations": {"backups.windlass.dev/accept-shrink": accepted}}}))
            .await;
        let status = run(&accepted).await;
        assert_eq!((&status["history"][0]["result"], going().await), (&json!(result), gone), "{status}");
    }
}

/// Sets fields of the status, as time or another process would have.
async fn set_status(server: &ApiServer, status: Value) {
    patch(server, "/status", json!({"status": status})).await;
}

async fn patch(server: &ApiServer, below: &str, body: Value) {
    let path = format!("/apis/backups.windlass.dev/v1alpha1/namespaces/windlass/backupschedules/nightly{below}");
    let request = http::Request::patch(path)
        .header("content-type", "application/merge-patch+json")
        .body(body.to_string().into_bytes())
        .unwrap();
    server.client().request_text(request).await.unwrap();
}

#[tokio::test]
async fn a_share_is_compared_each_day_whoever_runs_how_often() {
    let vault = Vault::new().await;
    let spec = json!({"schedule": "*/15 * * * *", "verifyShares": 3, "git": false});
    let server = bed(&vault, spec).await;
    for (token, share, evidence) in [("a", 1, 1), ("b", 1, 1)] {
        ask(&server, token).await;
        let status = until(&server, &vault, |status| status["lastHandledReconcileAt"] == token).await;
        assert_eq!(status["lastVerifiedShare"], share, "{status}");
        assert_eq!(vault.repository.evidence().await.unwrap().0.len(), evidence, "one share a day");
    }
    for (day, share) in [("2026-01-01", 2), ("2026-01-02", 3), ("2026-01-03", 1)] {
        set_status(&server, json!({"lastVerifyTime": format!("{day}T03:00:00Z")})).await;
        ask(&server, day).await;
        let status = until(&server, &vault, |status| status["lastHandledReconcileAt"] == day).await;
        assert_eq!(status["lastVerifiedShare"], share, "{status}");
    }
    let (evidence, _) = vault.repository.evidence().await.unwrap();
    assert!(evidence.len() == 4 && evidence.iter().all(|one| one.good));
}

#[tokio::test]
async fn a_schedule_that_is_deleted_takes_no_backup_with_it() {
    let vault = Vault::new().await;
    let server = bed(&vault, json!({"schedule": "@daily", "git": false, "retention": {"last": 1}})).await;
    ask(&server, "now").await;
    until(&server, &vault, |status| status["lastHandledReconcileAt"] == "now").await;
    let path = "/apis/backups.windlass.dev/v1alpha1/namespaces/windlass/backupschedules/nightly";
    let schedules = Schedules::new(server.client(), options(&vault));
    let metrics = schedules.metrics();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(schedules.run(async move { drop(stopped.await) }));
    let known = async |wanted: bool| {
        while metrics.text().contains("nightly") != wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), known(true)).await.unwrap();
    server.client().request_text(http::Request::delete(path).body(Vec::new()).unwrap()).await.unwrap();
    // Its namespace, and its definition.
    for path in [
        "/api/v1/namespaces/windlass",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/backupschedules.backups.windlass.dev",
    ] {
        server.client().request_text(http::Request::delete(path).body(Vec::new()).unwrap()).await.unwrap();
    }
    tokio::time::timeout(Duration::from_secs(20), known(false)).await.unwrap();
    stop.send(()).unwrap();
    running.await.unwrap();
    let snapshots = vault.repository.snapshots().await.unwrap();
    assert_eq!((snapshots.snapshots.len(), snapshots.faults.len()), (1, 0));
    let found = vault.repository.verify(windlass_backup::VerifyOptions::default()).await.unwrap();
    assert!(found.damaged.is_empty() && found.objects == 2);
}

#[tokio::test]
async fn one_that_fails_and_one_that_is_late_are_seen_by_condition_event_and_metric() {
    let vault = Vault::new().await;
    // Suspended since long ago, and forgotten.
    let spec = json!({"schedule": "@daily", "suspend": true, "maxAge": "26h", "git": false});
    let server = bed(&vault, spec).await;
    set_status(&server, json!({"lastSuccessTime": "2026-01-01T03:00:00Z", "conditions": []})).await;
    let late = |status: &Value, wanted: &str| {
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().any(|one| one["type"] == "Late" && one["status"] == wanted)
    };
    let status = until(&server, &vault, |status| late(status, "True")).await;
    let message = status["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("2026-01-01T03:00:00Z") && message.contains("suspended"), "{message}");
    // Who allows it more time has it in time, until then.
    let age = async |age: &str| patch(&server, "", json!({"spec": {"maxAge": age}})).await;
    age("999999h").await;
    until(&server, &vault, |status| late(status, "False")).await;
    age("26h").await;
    until(&server, &vault, |status| late(status, "True")).await;
    // Asked for by hand it runs, and is in time.
    ask(&server, "now").await;
    let status = until(&server, &vault, |status| status["lastHandledReconcileAt"] == "now").await;
    assert!(late(&status, "False"), "{status}");
    // One that cannot be saved.
    std::fs::rename(vault.path("repository/windlass-backup.json"), vault.path("aside")).unwrap();
    ask(&server, "again").await;
    let status = until(&server, &vault, |status| status["lastHandledReconcileAt"] == "again").await;
    assert_eq!(status["history"][0]["result"], "Failed", "{status}");
    let ready = status["conditions"].as_array().unwrap().iter().find(|one| one["type"] == "Ready").unwrap().clone();
    assert!(ready["status"] == "False" && ready["message"].as_str().unwrap().contains("mount the disk"), "{ready}");
    std::fs::rename(vault.path("aside"), vault.path("repository/windlass-backup.json")).unwrap();
    ask(&server, "third").await;
    until(&server, &vault, |status| status["lastHandledReconcileAt"] == "third").await;
    let events = server.client().request_text(http::Request::get("/api/v1/events").body(Vec::new()).unwrap()).await;
    let events: Value = serde_json::from_str(&events.unwrap()).unwrap();
    let told: Vec<&str> =
        events["items"].as_array().unwrap().iter().map(|event| event["reason"].as_str().unwrap()).collect();
    let late = told.iter().filter(|reason| **reason == "BackupLate").count();
    assert_eq!((late >= 1, &told[late..]), (true, &["NotSaved", "Saved"][..]), "what is as it should be is told once");
}

#[tokio::test]
async fn dumps_by_command_are_refused_by_name() {
    let vault = Vault::new().await;
    let dumps = json!([{"name": "db", "command": ["pg_dump", "db"]}]);
    let server = bed(&vault, json!({"schedule": "@daily", "dumps": dumps})).await;
    let status = until(&server, &vault, |status| status["conditions"].is_array()).await;
    let message = status["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("spec.dumps") && message.contains("windlass backup job"), "{message}");
}

#[tokio::test]
async fn a_time_that_was_missed_is_made_up_for() {
    let vault = Vault::new().await;
    let server = bed(&vault, json!({"schedule": "0 0 1 1 *"})).await;
    // It ran last in another year.
    set_status(&server, json!({"lastRunTime": "2020-02-01T00:00:00Z", "conditions": []})).await;
    let status = until(&server, &vault, |status| status["history"].is_array()).await;
    assert_eq!(status["history"].as_array().unwrap().len(), 1);
    assert!(status["nextRunTime"].as_str().unwrap().ends_with("-01-01T00:00:00Z"));
}

#[tokio::test]
async fn what_cannot_be_saved_is_said_and_the_rest_is_saved() {
    let vault = Vault::new().await;
    let spec = json!({
        "schedule": "@daily",
        "files": [{"name": "gone", "path": vault.path("nothing-here")}],
    });
    let server = bed(&vault, spec).await;
    ask(&server, "now").await;
    let status = until(&server, &vault, |status| status["history"].is_array()).await;
    assert_eq!(status["history"][0]["result"], "Partial", "{status}");
    assert_eq!(status["conditions"][0]["status"], "False");
    assert!(status["conditions"][0]["message"].as_str().unwrap().contains("files/gone"));
    assert!(status["lastSuccessTime"].is_null());
}

#[tokio::test]
async fn a_spec_that_makes_no_sense_is_told() {
    let vault = Vault::new().await;
    let server = bed(&vault, json!({"schedule": "0 25 * * *"})).await;
    let status = until(&server, &vault, |status| status["conditions"].is_array()).await;
    let message = status["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("hour") && message.contains("25 is not between 0 and 23"), "{message}");
    assert!(vault.repository.snapshots().await.unwrap().snapshots.is_empty());
}
