//! The main job, on the example homelab.

use std::path::Path;

use serde_json::json;

use crate::daemon::Daemon;
use crate::repository::Repository;
use crate::server::{KUSTOMIZE, SOURCE, Server, on_both_servers};
use crate::waiting::{condition, eventually, kustomization, request, wait_condition, wait_ready};

on_both_servers!(on_own_real: a_homelab_is_hauled_onto_a_cluster);

const KUSTOMIZATIONS: [&str; 4] = ["flux-system", "infrastructure", "policies", "apps"];

/// What a person does to let a cluster follow a repository: the namespace, the key, the root objects.
fn bootstrap(server: &Server, homelab: &Path, url: &str) {
    server.make_namespace("flux-system");
    let key = std::fs::read_to_string(homelab.join("age.agekey")).unwrap();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sops-age", "namespace": "flux-system"},
        "stringData": {"age.agekey": key}});
    server.apply(&secret.to_string());
    let sync = std::fs::read_to_string(homelab.join("clusters/home/flux-system/gotk-sync.yaml")).unwrap();
    server.apply(&sync.replace("https://git.example.test/homelab.git", url));
}

fn wait_all(server: &Server, revision: &str) {
    for name in KUSTOMIZATIONS {
        wait_ready(server, "flux-system", name, revision);
    }
}

/// The objects that the inventories name, as `namespace_name_group_kind` and version.
fn versioned_inventory(server: &Server) -> Vec<(String, String)> {
    let mut ids: Vec<(String, String)> = KUSTOMIZATIONS
        .iter()
        .flat_map(|name| {
            let object = kustomization(server, "flux-system", name);
            let entries = object["status"]["inventory"]["entries"].as_array().cloned().unwrap_or_default();
            let text = |entry: &serde_json::Value, field: &str| entry[field].as_str().unwrap().to_owned();
            entries.into_iter().map(move |entry| (text(&entry, "id"), text(&entry, "v")))
        })
        .collect();
    ids.sort();
    ids
}

fn inventory(server: &Server) -> Vec<String> {
    versioned_inventory(server).into_iter().map(|(id, _)| id).collect()
}

fn a_homelab_is_hauled_onto_a_cluster(server: &Server) {
    let homelab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/homelab");
    let repository = Repository::new();
    repository.copy(&homelab);
    // The repository holds its own address; tests cannot wait five minutes for a poll.
    let sync = "clusters/home/flux-system/gotk-sync.yaml";
    repository.edit(sync, "https://git.example.test/homelab.git", &repository.url());
    repository.edit(sync, "interval: 5m", &format!("interval: {}", server.poll_interval()));
    let first = repository.push();
    bootstrap(server, &homelab, &repository.url());

    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&server.kubeconfig(), "flux-system", home.path());
    daemon.wait_ready();
    wait_all(server, &first);

    everything_is_there(server);
    a_regular_look_writes_nothing(server);
    a_push_writes_the_touched_objects_only(server, &repository);
    a_deleted_file_prunes_its_object_only(server, &repository);
    drift_is_put_right(server);
    a_broken_commit_changes_nothing(server, &repository);

    let log = daemon.log();
    assert!(daemon.terminate().success(), "it stops when told to");
    no_secret_is_told(server, &log);
}

/// Values that were decrypted, as text and as a Secret holds them, stand in the Secrets and nowhere else.
fn no_secret_is_told(server: &Server, log: &str) {
    let all = |kinds: &[(&str, &str)]| {
        kinds.iter().map(|(api_version, kind)| json!(server.list(api_version, kind)).to_string()).collect::<String>()
    };
    let told = all(&[("v1", "Event"), (SOURCE, "GitRepository"), (KUSTOMIZE, "Kustomization")]);
    assert!(told.contains("ReconciliationSucceeded") && told.contains("NewArtifact"), "nothing was told");
    let secrets = all(&[("v1", "Secret")]);
    for (text, encoded) in [
        ("not-a-real-token-1b9f", "bm90LWEtcmVhbC10b2tlbi0xYjlm"),
        ("correct-horse-battery", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"),
    ] {
        assert!(secrets.contains(encoded), "the fixture no longer holds {text}");
        for secret in [text, encoded] {
            assert!(!log.contains(secret), "the log holds a secret");
            assert!(!told.contains(secret), "an event or a status holds a secret");
        }
    }
    assert!(!log.contains("AGE-SECRET-KEY") && !told.contains("AGE-SECRET-KEY"));
}

fn everything_is_there(server: &Server) {
    let ids = versioned_inventory(server);
    assert_eq!(ids.len(), 64, "{ids:#?}");
    for (id, version) in &ids {
        let (namespace, rest) = id.split_once('_').unwrap();
        let (rest, kind) = rest.rsplit_once('_').unwrap();
        let (name, group) = rest.rsplit_once('_').unwrap();
        let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
        let name = name.replace("__", ":");
        let found = server.get(&api_version, kind, namespace, &name);
        found.unwrap_or_else(|error| panic!("{id} is not there: {error}"));
    }
    let apps = kustomization(server, "flux-system", "infrastructure");
    assert_eq!(condition(&apps, "Healthy"), "True Succeeded Health check passed");
    assert_eq!(apps["metadata"]["finalizers"], json!(["finalizers.fluxcd.io"]));
    // Decrypted, and substituted from an encrypted Secret.
    let secret = server.get("v1", "Secret", "flux-system", "cluster-secrets").unwrap();
    assert!(secret["sops"].is_null() && secret["data"]["SECRET_ADMIN_EMAIL"].is_string());
}

fn a_regular_look_writes_nothing(server: &Server) {
    let statuses = |server: &Server| {
        KUSTOMIZATIONS.map(|name| {
            let mut object = kustomization(server, "flux-system", name);
            object["status"]["lastHandledReconcileAt"].take();
            object["status"]["history"].take();
            object["status"].clone()
        })
    };
    let (before, since) = (statuses(server), server.mark());
    for name in KUSTOMIZATIONS {
        request(server, KUSTOMIZE, "Kustomization", "flux-system", name);
    }
    assert_eq!(server.writes(since), [].into());
    assert_eq!(statuses(server), before);
}

fn a_push_writes_the_touched_objects_only(server: &Server, repository: &Repository) {
    let since = server.mark();
    repository.edit("policies/limits.yaml", "kind: LimitRange", "kind: LimitRange # touched\n");
    repository.edit("infrastructure/namespaces/namespaces.yaml", "kind: Namespace", "kind: Namespace\n");
    let quotas = repository.read("policies/quotas/media.yaml");
    assert!(quotas.contains("pods:") || quotas.contains("POD_LIMIT"), "{quotas}");
    repository.edit("clusters/home/policies.yaml", r#"POD_LIMIT: "40""#, r#"POD_LIMIT: "41""#);
    let revision = repository.push();
    wait_all(server, &revision);
    let written = server.writes(since);
    // The Kustomization itself, which carries the variable, and the quotas in which it ends up.
    assert_eq!(written.get("patch kustomizations/policies"), Some(&1), "{written:#?}");
    let others: Vec<_> = written.keys().filter(|key| !key.ends_with("kustomizations/policies")).collect();
    assert!(!others.is_empty() && others.iter().all(|key| key.starts_with("patch resourcequotas/")), "{written:#?}");
}

fn a_deleted_file_prunes_its_object_only(server: &Server, repository: &Repository) {
    let before = inventory(server);
    let since = server.mark();
    repository.remove("policies/quotas/media.yaml");
    let revision = repository.push();
    wait_all(server, &revision);
    let after = inventory(server);
    let gone: Vec<_> = before.iter().filter(|id| !after.contains(id)).collect();
    assert!(!gone.is_empty() && gone.iter().all(|id| id.ends_with("__ResourceQuota")), "{gone:?}");
    let written = server.writes(since);
    assert_eq!(written.len(), gone.len(), "{written:#?}");
    assert!(written.keys().all(|key| key.starts_with("delete resourcequotas/")), "{written:#?}");
}

fn drift_is_put_right(server: &Server) {
    let deployment = &server.list("apps/v1", "Deployment")[0];
    let part = |name: &str| deployment["metadata"][name].as_str().unwrap();
    let (namespace, name) = (part("namespace"), part("name"));
    let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    let patch = json!([
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil:latest"},
        {"op": "add", "path": "/metadata/labels/added-by-hand", "value": "yes"},
    ]);
    server.patch("kubectl-patch", "apps/v1", "Deployment", (namespace, name), &patch);
    request(server, KUSTOMIZE, "Kustomization", "flux-system", "apps");
    let now = server.get("apps/v1", "Deployment", namespace, name).unwrap();
    assert_eq!(now["spec"]["template"]["spec"]["containers"][0]["image"], image);
    assert!(now["metadata"]["labels"]["added-by-hand"].is_null(), "a field added by kubectl goes, as with Flux");
}

fn a_broken_commit_changes_nothing(server: &Server, repository: &Repository) {
    let (before, since) = (inventory(server), server.mark());
    let path = "apps/base/postgres/services.yaml";
    let good = repository.read(path);
    repository.write(path, &format!("{good}\n---\napiVersion: v1\nkind: Service\nkind: Service\n"));
    repository.push();
    let message = wait_condition(server, "flux-system", "apps", "BuildFailed");
    let line = good.lines().count() + 5;
    assert!(message.contains(&format!("{path}:{line}")), "{message}");
    assert_eq!(inventory(server), before);
    assert_eq!(server.writes(since), [].into());

    repository.write(path, &good);
    let revision = repository.push();
    wait_all(server, &revision);
    eventually("the condition is clean again", || {
        let object = kustomization(server, "flux-system", "apps");
        condition(&object, "Reconciling").is_empty().then_some(())
    });
}
