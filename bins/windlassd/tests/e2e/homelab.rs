//! The main job, on the example homelab.

use std::path::Path;

use serde_json::json;
use windlass_testbed::{KubeApi, require_peers};

use crate::cluster::{
    condition, eventually, kustomization, make_namespace, mark, needs, request, start, wait_condition, wait_ready,
    writes,
};
use crate::daemon::Daemon;
use crate::repository::Repository;

const KUSTOMIZATIONS: [&str; 4] = ["flux-system", "infrastructure", "policies", "apps"];

/// What a person does to let a cluster follow a repository: the namespace, the key, the root objects.
fn bootstrap(kube: &KubeApi, homelab: &Path, url: &str) {
    make_namespace(kube, "flux-system");
    let key = format!("--from-file=age.agekey={}", homelab.join("age.agekey").display());
    kube.kubectl(["create", "secret", "generic", "sops-age", "-n", "flux-system", &key]).unwrap();
    let sync = std::fs::read_to_string(homelab.join("clusters/home/flux-system/gotk-sync.yaml")).unwrap();
    kube.apply(&sync.replace("https://git.example.test/homelab.git", url)).unwrap();
}

fn wait_all(kube: &KubeApi, revision: &str) {
    for name in KUSTOMIZATIONS {
        wait_ready(kube, "flux-system", name, revision);
    }
}

/// The objects that the inventories name, as `namespace_name_group_kind`.
fn inventory(kube: &KubeApi) -> Vec<String> {
    let mut ids: Vec<String> = KUSTOMIZATIONS
        .iter()
        .flat_map(|name| {
            let object = kustomization(kube, "flux-system", name);
            let entries = object["status"]["inventory"]["entries"].as_array().cloned().unwrap_or_default();
            entries.into_iter().map(|entry| entry["id"].as_str().unwrap().to_owned())
        })
        .collect();
    ids.sort();
    ids
}

#[test]
fn a_homelab_is_hauled_onto_a_cluster() {
    let testbed = require_peers!(needs());
    let kube = start(&testbed);
    let homelab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/homelab");
    let repository = Repository::new(&testbed);
    repository.copy(&homelab);
    // The repository holds its own address; tests cannot wait five minutes for a poll.
    let sync = "clusters/home/flux-system/gotk-sync.yaml";
    repository.edit(sync, "https://git.example.test/homelab.git", &repository.url());
    repository.edit(sync, "interval: 5m", "interval: 1s");
    let first = repository.push();
    bootstrap(&kube, &homelab, &repository.url());

    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&kube.kubeconfig(), "flux-system", home.path());
    daemon.wait_ready();
    wait_all(&kube, &first);

    everything_is_there(&kube);
    a_regular_look_writes_nothing(&kube);
    a_push_writes_the_touched_objects_only(&kube, &repository);
    a_deleted_file_prunes_its_object_only(&kube, &repository);
    drift_is_put_right(&kube);
    a_broken_commit_changes_nothing(&kube, &repository);

    let log = daemon.log();
    assert!(daemon.terminate().success(), "it stops when told to");
    no_secret_is_told(&kube, &log);
}

/// Values that were decrypted, as text and as a Secret holds them, stand in the Secrets and nowhere else.
fn no_secret_is_told(kube: &KubeApi, log: &str) {
    let told = kube.kubectl(["get", "events,gitrepositories,kustomizations", "-A", "-o", "json"]).unwrap();
    let secrets = kube.kubectl(["get", "secrets", "-A", "-o", "json"]).unwrap();
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

fn everything_is_there(kube: &KubeApi) {
    let ids = inventory(kube);
    assert_eq!(ids.len(), 64, "{ids:#?}");
    for id in &ids {
        let (namespace, rest) = id.split_once('_').unwrap();
        let (rest, kind) = rest.rsplit_once('_').unwrap();
        let (name, group) = rest.rsplit_once('_').unwrap();
        let resource = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let name = name.replace("__", ":");
        kube.get(&resource, namespace, &name).unwrap_or_else(|error| panic!("{id} is not there: {error}"));
    }
    let apps = kustomization(kube, "flux-system", "infrastructure");
    assert_eq!(condition(&apps, "Healthy"), "True Succeeded Health check passed");
    assert_eq!(apps["metadata"]["finalizers"], json!(["finalizers.fluxcd.io"]));
    // Decrypted, and substituted from an encrypted Secret.
    let secret = kube.get("secret", "flux-system", "cluster-secrets").unwrap();
    assert!(secret["sops"].is_null() && secret["data"]["SECRET_ADMIN_EMAIL"].is_string());
}

fn a_regular_look_writes_nothing(kube: &KubeApi) {
    let statuses = |kube: &KubeApi| {
        KUSTOMIZATIONS.map(|name| {
            let mut object = kustomization(kube, "flux-system", name);
            object["status"]["lastHandledReconcileAt"].take();
            object["status"]["history"].take();
            object["status"].clone()
        })
    };
    let (before, since) = (statuses(kube), mark(kube));
    for name in KUSTOMIZATIONS {
        request(kube, "kustomizations.v1.kustomize.toolkit.fluxcd.io", "flux-system", name);
    }
    assert_eq!(writes(kube, since), [].into());
    assert_eq!(statuses(kube), before);
}

fn a_push_writes_the_touched_objects_only(kube: &KubeApi, repository: &Repository) {
    let since = mark(kube);
    repository.edit("policies/limits.yaml", "kind: LimitRange", "kind: LimitRange # touched\n");
    repository.edit("infrastructure/namespaces/namespaces.yaml", "kind: Namespace", "kind: Namespace\n");
    let quotas = repository.read("policies/quotas/media.yaml");
    assert!(quotas.contains("pods:") || quotas.contains("POD_LIMIT"), "{quotas}");
    repository.edit("clusters/home/policies.yaml", r#"POD_LIMIT: "40""#, r#"POD_LIMIT: "41""#);
    let revision = repository.push();
    wait_all(kube, &revision);
    let written = writes(kube, since);
    // The Kustomization itself, which carries the variable, and the quotas in which it ends up.
    assert_eq!(written.get("patch kustomizations/policies"), Some(&1), "{written:#?}");
    let others: Vec<_> = written.keys().filter(|key| !key.ends_with("kustomizations/policies")).collect();
    assert!(!others.is_empty() && others.iter().all(|key| key.starts_with("patch resourcequotas/")), "{written:#?}");
}

fn a_deleted_file_prunes_its_object_only(kube: &KubeApi, repository: &Repository) {
    let before = inventory(kube);
    let since = mark(kube);
    repository.remove("policies/quotas/media.yaml");
    let revision = repository.push();
    wait_all(kube, &revision);
    let after = inventory(kube);
    let gone: Vec<_> = before.iter().filter(|id| !after.contains(id)).collect();
    assert!(!gone.is_empty() && gone.iter().all(|id| id.ends_with("__ResourceQuota")), "{gone:?}");
    let written = writes(kube, since);
    assert_eq!(written.len(), gone.len(), "{written:#?}");
    assert!(written.keys().all(|key| key.starts_with("delete resourcequotas/")), "{written:#?}");
}

fn drift_is_put_right(kube: &KubeApi) {
    let deployments = kube.kubectl(["get", "deployments", "-A", "-o", "json"]).unwrap();
    let deployments: serde_json::Value = serde_json::from_str(&deployments).unwrap();
    let deployment = &deployments["items"][0];
    let part = |name: &str| deployment["metadata"][name].as_str().unwrap();
    let (namespace, name) = (part("namespace"), part("name"));
    let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    let patch = json!([
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil:latest"},
        {"op": "add", "path": "/metadata/labels/added-by-hand", "value": "yes"},
    ]);
    kube.kubectl(["patch", "deployment", name, "-n", namespace, "--type=json", "-p", &patch.to_string()]).unwrap();
    request(kube, "kustomizations.v1.kustomize.toolkit.fluxcd.io", "flux-system", "apps");
    let now = kube.get("deployment", namespace, name).unwrap();
    assert_eq!(now["spec"]["template"]["spec"]["containers"][0]["image"], image);
    assert!(now["metadata"]["labels"]["added-by-hand"].is_null(), "a field added by kubectl goes, as with Flux");
}

fn a_broken_commit_changes_nothing(kube: &KubeApi, repository: &Repository) {
    let (before, since) = (inventory(kube), mark(kube));
    let path = "apps/base/postgres/services.yaml";
    let good = repository.read(path);
    repository.write(path, &format!("{good}\n---\napiVersion: v1\nkind: Service\nkind: Service\n"));
    repository.push();
    let message = wait_condition(kube, "flux-system", "apps", "BuildFailed");
    let line = good.lines().count() + 5;
    assert!(message.contains(&format!("{path}:{line}")), "{message}");
    assert_eq!(inventory(kube), before);
    assert_eq!(writes(kube, since), [].into());

    repository.write(path, &good);
    let revision = repository.push();
    wait_all(kube, &revision);
    eventually("the condition is clean again", || {
        let object = kustomization(kube, "flux-system", "apps");
        condition(&object, "Reconciling").is_empty().then_some(())
    });
}
