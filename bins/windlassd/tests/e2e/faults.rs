//! What goes wrong, and what the status says about it.

use serde_json::json;
use windlass_testbed::{GitHttpOptions, require_peers};

use crate::cluster::{
    condition, config_map, eventually, flux_objects, make_namespace, needs, shared, start, wait_condition, wait_ready,
};
use crate::daemon::Daemon;
use crate::repository::Repository;

fn source_condition(kube: &windlass_testbed::KubeApi, namespace: &str) -> String {
    let object = kube.get("gitrepositories.v1.source.toolkit.fluxcd.io", namespace, "repo").unwrap();
    condition(&object, "Ready")
}

#[test]
fn a_git_host_that_is_down_says_so_and_stops_nothing() {
    let testbed = require_peers!(needs());
    let kube = shared(&testbed);
    let namespace = "git-down";
    make_namespace(kube, namespace);
    let repository = Repository::new(&testbed);
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    let revision = repository.push();
    kube.apply(&flux_objects(namespace, &repository.url(), json!({}))).unwrap();
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
    wait_ready(kube, namespace, "apps", &revision);
    daemon.kill();

    let url = repository.url();
    drop(repository);
    kube.kubectl(["delete", "configmap", "a", "-n", namespace]).unwrap();
    let daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
    eventually("the source says that its host is down", || {
        let said = source_condition(kube, namespace);
        let host = url.trim_start_matches("http://").split('/').next().unwrap();
        said.starts_with(&format!("False GitOperationFailed cannot reach {host} for {url}")).then_some(())
    });
    // The last snapshot is on disk, so what was deleted comes back all the same.
    eventually("the object is back", || kube.get("configmap", namespace, "a").ok());
    drop(daemon);
}

#[test]
fn wrong_credentials_are_told_from_a_missing_repository() {
    let testbed = require_peers!(needs());
    let kube = shared(&testbed);
    let namespace = "credentials";
    make_namespace(kube, namespace);
    let basic = Some(("alice".to_owned(), "right".to_owned()));
    let repository = Repository::with(&testbed, &GitHttpOptions { basic, ..GitHttpOptions::default() });
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    let revision = repository.push();
    let password = |password: &str| {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "git", "namespace": namespace},
            "stringData": {"username": "alice", "password": password}});
        kube.apply(&secret.to_string()).unwrap();
    };
    password("wrong-and-secret");
    kube.apply(&flux_objects(namespace, &repository.url(), json!({}))).unwrap();
    let patch = r#"{"spec":{"secretRef":{"name":"git"}}}"#;
    let source = "gitrepositories.source.toolkit.fluxcd.io";
    kube.kubectl(["patch", source, "repo", "-n", namespace, "--type=merge", "-p", patch]).unwrap();
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
    eventually("the credentials are refused", || {
        source_condition(kube, namespace).starts_with("False AuthenticationFailed").then_some(())
    });
    let said = source_condition(kube, namespace);
    assert!(said.contains("refused access") && !said.contains("wrong-and-secret"), "{said}");
    assert!(!daemon.log().contains("wrong-and-secret"));
    password("right");
    wait_ready(kube, namespace, "apps", &revision);
}

#[test]
fn a_wrong_key_and_a_tampered_secret_name_the_file() {
    let testbed = require_peers!(needs());
    let kube = shared(&testbed);
    let namespace = "sops";
    make_namespace(kube, namespace);
    let repository = Repository::new(&testbed);
    let homelab = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/homelab");
    let encrypted = std::fs::read_to_string(homelab.join("clusters/home/cluster-secrets.sops.yaml")).unwrap();
    let key = std::fs::read_to_string(homelab.join("age.agekey")).unwrap();
    repository.write("secret.sops.yaml", &encrypted.replace("flux-system", namespace));
    repository.push();
    let secret = |text: &str| {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "age", "namespace": namespace},
            "stringData": {"x.agekey": text}});
        kube.apply(&secret.to_string()).unwrap();
    };
    // A valid key that opens nothing here.
    secret("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n");
    let spec = json!({"decryption": {"provider": "sops", "secretRef": {"name": "age"}}});
    kube.apply(&flux_objects(namespace, &repository.url(), spec)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
    let said = wait_condition(kube, namespace, "apps", "no identity opens this document");
    assert!(said.starts_with("False BuildFailed secret.sops.yaml: the file cannot be decrypted: "), "{said}");
    assert!(said.contains("age1h6vae9979yxet5v27ez8e9tvw8zne0c43ms7d48uwvxa97fpress444crk"), "{said}");

    secret(&key);
    let tampered = encrypted.replace("flux-system", namespace).replace("data:7rGB", "data:8rGB");
    assert!(tampered.contains("data:8rGB"));
    repository.write("secret.sops.yaml", &tampered);
    repository.push();
    let said = wait_condition(kube, namespace, "apps", "SECRET_ADMIN_EMAIL");
    assert!(said.starts_with("False BuildFailed secret.sops.yaml: the file cannot be decrypted: "), "{said}");

    repository.write("secret.sops.yaml", &encrypted.replace("flux-system", namespace));
    let revision = repository.push();
    wait_ready(kube, namespace, "apps", &revision);
    drop(daemon);
}

#[test]
fn an_object_without_its_crd_is_named_and_the_rest_waits() {
    let testbed = require_peers!(needs());
    let kube = shared(&testbed);
    let namespace = "no-crd";
    make_namespace(kube, namespace);
    let repository = Repository::new(&testbed);
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    repository.write(
        "b.yaml",
        &format!("\napiVersion: shop.example.test/v1\nkind: Till\nmetadata: {{name: t, namespace: {namespace}}}\n"),
    );
    repository.push();
    kube.apply(&flux_objects(namespace, &repository.url(), json!({}))).unwrap();
    let home = tempfile::tempdir().unwrap();
    let _daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
    let said = wait_condition(kube, namespace, "apps", "no CRD for");
    assert_eq!(
        said,
        "False ReconciliationFailed b.yaml:2: Till/no-crd/t: no CRD for shop.example.test/v1 Till is installed or part of \
         this build"
    );
    assert!(kube.get("configmap", namespace, "a").is_err(), "a set is applied as a whole");
}

#[test]
fn what_rbac_denies_is_named_with_verb_and_resource() {
    let testbed = require_peers!(needs());
    let kube = shared(&testbed);
    let namespace = "rbac";
    make_namespace(kube, namespace);
    let repository = Repository::new(&testbed);
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    repository.push();
    kube.apply(&flux_objects(namespace, &repository.url(), json!({}))).unwrap();
    let kubeconfig = kube.user("carol", &[]).unwrap();
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "flux", "namespace": namespace},
        "rules": [{"apiGroups": ["source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io"], "resources": ["*"], "verbs": ["*"]}]});
    kube.apply(&role.to_string()).unwrap();
    kube.kubectl(["create", "rolebinding", "flux", "-n", namespace, "--role=flux", "--user=carol"]).unwrap();
    let home = tempfile::tempdir().unwrap();
    let _daemon = Daemon::start(&kubeconfig, namespace, home.path());
    let said = wait_condition(kube, namespace, "apps", "not allowed to");
    assert!(said.starts_with("False ReconciliationFailed a.yaml:1: ConfigMap/rbac/a: not allowed to"), "{said}");
    assert!(said.contains(r#"User "carol" cannot"#) && said.contains(r#"resource "configmaps""#), "{said}");
}

#[test]
fn an_api_server_that_goes_down_and_comes_back_is_followed_again() {
    let testbed = require_peers!(needs());
    let kube = start(&testbed);
    let namespace = "api-down";
    make_namespace(&kube, namespace);
    let repository = Repository::new(&testbed);
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    let first = repository.push();
    kube.apply(&flux_objects(namespace, &repository.url(), json!({}))).unwrap();
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
    wait_ready(&kube, namespace, "apps", &first);
    kube.kill_api();
    repository.write("b.yaml", &config_map(namespace, "b", "1"));
    let second = repository.push();
    std::thread::sleep(std::time::Duration::from_secs(3));
    kube.start_api().unwrap();
    wait_ready(&kube, namespace, "apps", &second);
    assert!(kube.get("configmap", namespace, "b").is_ok());
    assert!(daemon.get("/healthz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")));
}

#[test]
fn a_deleted_kustomization_takes_its_objects_along() {
    let testbed = require_peers!(needs());
    let kube = shared(&testbed);
    let namespace = "deleted";
    make_namespace(kube, namespace);
    let repository = Repository::new(&testbed);
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    let kept = config_map(namespace, "kept", "1");
    repository.write(
        "kept.yaml",
        &kept.replace(
            "  name: kept\n",
            "  name: kept\n  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n",
        ),
    );
    let revision = repository.push();
    kube.apply(&flux_objects(namespace, &repository.url(), json!({}))).unwrap();
    let home = tempfile::tempdir().unwrap();
    let _daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
    wait_ready(kube, namespace, "apps", &revision);
    kube.kubectl(["delete", "kustomizations.kustomize.toolkit.fluxcd.io", "apps", "-n", namespace, "--timeout=60s"])
        .unwrap();
    assert!(kube.get("configmap", namespace, "a").is_err());
    assert!(kube.get("configmap", namespace, "kept").is_ok(), "prune: disabled is honoured");
    kube.kubectl(["delete", "gitrepositories.source.toolkit.fluxcd.io", "repo", "-n", namespace, "--timeout=60s"])
        .unwrap();
    eventually("the store of the source is gone", || {
        (!home.path().join("store/gitrepository").join(namespace).join("repo").exists()).then_some(())
    });
}

#[test]
fn one_unreadable_flux_object_stops_no_other() {
    let testbed = require_peers!(needs());
    let kube = shared(&testbed);
    let namespace = "unreadable";
    make_namespace(kube, namespace);
    let repository = Repository::new(&testbed);
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    let revision = repository.push();
    let objects = flux_objects(namespace, &repository.url(), json!({}));
    // The CRD takes any number of hours; Go, and so Flux, takes 292 years.
    let unreadable = objects.replace("name: apps", "name: unreadable").replace("interval: 1h", "interval: 9999999h");
    kube.apply(&unreadable).unwrap();
    kube.apply(&objects).unwrap();
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
    wait_ready(kube, namespace, "apps", &revision);
    assert!(daemon.log().contains("Kustomization/unreadable/unreadable cannot be read and is left alone"));
}

#[test]
fn a_changed_config_map_that_is_watched_is_substituted_at_once() {
    let testbed = require_peers!(needs());
    let kube = shared(&testbed);
    let namespace = "watched";
    make_namespace(kube, namespace);
    let repository = Repository::new(&testbed);
    repository.write("a.yaml", &config_map(namespace, "a", "${COLOUR}"));
    let revision = repository.push();
    let settings = |colour: &str| {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": namespace,
            "labels": {"reconcile.fluxcd.io/watch": "Enabled"}}, "data": {"COLOUR": colour}});
        kube.apply(&map.to_string()).unwrap();
    };
    settings("green");
    let spec = json!({"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "settings"}]}});
    kube.apply(&flux_objects(namespace, &repository.url(), spec)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let _daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
    wait_ready(kube, namespace, "apps", &revision);
    assert_eq!(kube.get("configmap", namespace, "a").unwrap()["data"]["value"], "green");
    settings("blue");
    eventually("the new value is applied", || {
        (kube.get("configmap", namespace, "a").ok()?["data"]["value"] == "blue").then_some(())
    });
}
