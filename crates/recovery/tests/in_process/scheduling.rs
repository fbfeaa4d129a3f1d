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
    // Each run looked whether what was written before is still as it was.
    let (evidence, _) = vault.repository.evidence().await.unwrap();
    assert_eq!(evidence.len(), 2);
    assert!(evidence.iter().all(|one| one.good));
}

#[tokio::test]
async fn a_time_that_was_missed_is_made_up_for() {
    let vault = Vault::new().await;
    let server = bed(&vault, json!({"schedule": "0 0 1 1 *"})).await;
    // It ran last in another year.
    let path = "/apis/backups.windlass.dev/v1alpha1/namespaces/windlass/backupschedules/nightly/status";
    let body = json!({"status": {"lastRunTime": "2020-02-01T00:00:00Z", "conditions": []}});
    let request = http::Request::patch(path)
        .header("content-type", "application/merge-patch+json")
        .body(body.to_string().into_bytes())
        .unwrap();
    server.client().request_text(request).await.unwrap();
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
