//! Backups on a schedule, and what is pruned is saved first.

use std::sync::Arc;

use age::secrecy::ExposeSecret as _;
use serde_json::json;
use windlass_backup::{
    DirectoryStore, Identities, InitOptions, OpenOptions, Recipient, Repository as BackupRepository, Trust, WriterKey,
};

use crate::daemon::Daemon;
use crate::repository::Repository;
use crate::server::{Server, on_both_servers};
use crate::waiting::{config_map, eventually, flux_objects, wait_condition, wait_ready};

on_both_servers!(on_shared_real: schedules_run_and_what_is_pruned_is_saved_first);

/// A backup repository, the key that `windlassd` signs with, and the one that opens it.
struct Backups {
    folder: tempfile::TempDir,
    writer: WriterKey,
    identity: Identities,
}

impl Backups {
    fn new(runtime: &tokio::runtime::Runtime) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("repository")).unwrap();
        let writer = WriterKey::generate().unwrap();
        std::fs::write(folder.path().join("writer.key"), writer.to_text().as_str()).unwrap();
        let key = age::x25519::Identity::generate();
        let recipient = Recipient::new("paper", key.to_public().to_string()).unwrap();
        let mut options = InitOptions::new(vec![recipient], &writer);
        options.waive_second_recipient = true;
        let backups = Self { identity: Identities::parse(key.to_string().expose_secret()).unwrap(), folder, writer };
        runtime.block_on(BackupRepository::init(backups.store(), options)).unwrap();
        backups
    }

    fn store(&self) -> Arc<DirectoryStore> {
        Arc::new(DirectoryStore::open(self.folder.path().join("repository")).unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn open(&self, runtime: &tokio::runtime::Runtime) -> BackupRepository {
        let options = OpenOptions::new(Trust::Writers(vec![self.writer.id()]));
        runtime.block_on(BackupRepository::open(self.store(), options)).unwrap()
    }
}

fn schedules_run_and_what_is_pruned_is_saved_first(server: &Server) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let backups = Backups::new(&runtime);
    server.make_namespace("backups");
    server.apply(&windlass_yaml::print_documents(&windlass_recovery::schedule_crds()));
    let repository = Repository::new();
    repository.write("stays.yaml", &config_map("backups", "stays", "1"));
    repository.write("goes.yaml", &config_map("backups", "goes", "precious"));
    let first = repository.push();
    server.apply(&flux_objects(server, "backups", &repository.url(), json!({})));

    let home = tempfile::tempdir().unwrap();
    let (url, key) = (backups.path("repository"), backups.path("writer.key"));
    let flags = ["--backup-repository", &url, "--backup-writer-key", &key, "--backup-host", "attic"];
    let daemon = Daemon::start_with(&server.kubeconfig(), "backups", home.path(), &flags);
    daemon.wait_ready();
    wait_ready(server, "backups", "apps", &first);

    // Asked for, since nobody waits for the night here.
    let schedule = json!({
        "apiVersion": "backups.windlass.dev/v1alpha1", "kind": "BackupSchedule",
        "metadata": {"name": "nightly", "namespace": "backups", "annotations": {"reconcile.fluxcd.io/requestedAt": "now"}},
        // Other tests have their own repositories on this server, and some of them do not answer.
        "spec": {"schedule": "0 3 * * *", "timeZone": "Europe/Berlin", "objects": {"namespaces": {"include": ["backups"]}}},
    });
    eventually("the definition is served", || server.apply_object("kubectl", &schedule).ok());
    let status = eventually("the schedule has run", || {
        let object = server.get("backups.windlass.dev/v1alpha1", "BackupSchedule", "backups", "nightly").ok()?;
        (object["status"]["lastHandledReconcileAt"] == "now").then(|| object["status"].clone())
    });
    assert_eq!(status["history"][0]["result"], "Complete", "{status}");
    assert!(status["nextRunTime"].is_string());
    let metrics = daemon.get("/metrics").unwrap();
    assert!(
        metrics.contains("windlass_backup_runs_total{namespace=\"backups\",name=\"nightly\",result=\"complete\"} 1")
    );
    let snapshot = runtime
        .block_on(windlass_recovery::choose(
            &backups.open(&runtime),
            &backups.identity,
            &windlass_recovery::Wish::default(),
        ))
        .unwrap();
    assert!(snapshot.manifest.items.contains_key("git/backups/repo"));

    repository.remove("goes.yaml");
    let second = repository.push();
    wait_ready(server, "backups", "apps", &second);
    assert!(server.get("v1", "ConfigMap", "backups", "goes").is_err());
    let found = runtime.block_on(windlass_recovery::deleted(&backups.open(&runtime), &backups.identity)).unwrap();
    assert_eq!(found.0.iter().map(|one| one.id.to_string()).collect::<Vec<_>>(), ["ConfigMap/backups/goes"]);

    nothing_is_pruned_that_cannot_be_saved(server, &repository, &backups);
    assert!(daemon.terminate().success());
}

/// The disk with the backups is gone: the object stays, and the status says why.
fn nothing_is_pruned_that_cannot_be_saved(server: &Server, repository: &Repository, backups: &Backups) {
    std::fs::rename(backups.path("repository"), backups.path("elsewhere")).unwrap();
    std::fs::write(backups.path("repository"), "").unwrap();
    repository.write("other.yaml", &config_map("backups", "other", "1"));
    repository.remove("stays.yaml");
    repository.push();
    let message = wait_condition(server, "backups", "apps", "could not be saved first");
    assert!(message.starts_with("False PruneFailed"), "{message}");
    let stays = server.get("v1", "ConfigMap", "backups", "stays").unwrap();
    assert_eq!(stays["data"]["value"], "1");
    // It is back: what was to be pruned is, after it was saved.
    std::fs::remove_file(backups.path("repository")).unwrap();
    std::fs::rename(backups.path("elsewhere"), backups.path("repository")).unwrap();
    eventually("the object is pruned", || server.get("v1", "ConfigMap", "backups", "stays").err());
}
