//! What goes wrong, and what the status says about it.

use serde_json::json;

use crate::daemon::Daemon;
use crate::repository::Repository;
use crate::server::{KUSTOMIZE, SOURCE, Server, on_both_servers, on_shared_real};
use crate::waiting::{condition, config_map, eventually, flux_objects, wait_condition, wait_ready};

on_both_servers!(on_shared_real:
    a_git_host_that_is_down_says_so_and_stops_nothing,
    wrong_credentials_are_told_from_a_missing_repository,
    a_wrong_key_and_a_tampered_secret_name_the_file,
    an_object_without_its_crd_is_named_and_the_rest_waits,
    a_deleted_kustomization_takes_its_objects_along,
    one_unreadable_flux_object_stops_no_other,
    a_changed_config_map_that_is_watched_is_substituted_at_once,
);

/// Tests that take the server down have one of their own.
mod alone {
    use crate::server::on_both_servers;

    on_both_servers!(on_own_real: an_api_server_that_goes_down_and_comes_back_is_followed_again);

    use super::an_api_server_that_goes_down_and_comes_back_is_followed_again;
}

fn source_condition(server: &Server, namespace: &str) -> String {
    let object = server.get(SOURCE, "GitRepository", namespace, "repo").unwrap();
    condition(&object, "Ready")
}

fn a_git_host_that_is_down_says_so_and_stops_nothing(server: &Server) {
    let namespace = "git-down";
    server.make_namespace(namespace);
    let repository = Repository::new();
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    let revision = repository.push();
    server.apply(&flux_objects(server, namespace, &repository.url(), json!({})));
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    wait_ready(server, namespace, "apps", &revision);
    daemon.kill();

    let url = repository.url();
    drop(repository);
    server.delete("v1", "ConfigMap", namespace, "a");
    let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    eventually("the source says that its host is down", || {
        let said = source_condition(server, namespace);
        let host = url.trim_start_matches("http://").split('/').next().unwrap();
        said.starts_with(&format!("False GitOperationFailed cannot reach {host} for {url}")).then_some(())
    });
    // The last snapshot is on disk, so what was deleted comes back all the same.
    eventually("the object is back", || server.get("v1", "ConfigMap", namespace, "a").ok());
    drop(daemon);
}

fn wrong_credentials_are_told_from_a_missing_repository(server: &Server) {
    let namespace = "credentials";
    server.make_namespace(namespace);
    let repository = Repository::guarded("alice", "right");
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    let revision = repository.push();
    let password = |password: &str| {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "git", "namespace": namespace},
            "stringData": {"username": "alice", "password": password}});
        server.apply(&secret.to_string());
    };
    password("wrong-and-secret");
    server.apply(&flux_objects(server, namespace, &repository.url(), json!({})));
    let patch = json!({"spec": {"secretRef": {"name": "git"}}});
    server.patch("testbed", SOURCE, "GitRepository", (namespace, "repo"), &patch);
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    eventually("the credentials are refused", || {
        source_condition(server, namespace).starts_with("False AuthenticationFailed").then_some(())
    });
    let said = source_condition(server, namespace);
    assert!(said.contains("refused access") && !said.contains("wrong-and-secret"), "{said}");
    assert!(!daemon.log().contains("wrong-and-secret"));
    password("right");
    wait_ready(server, namespace, "apps", &revision);
}

fn a_wrong_key_and_a_tampered_secret_name_the_file(server: &Server) {
    let namespace = "sops";
    server.make_namespace(namespace);
    let repository = Repository::new();
    let homelab = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/homelab");
    let encrypted = std::fs::read_to_string(homelab.join("clusters/home/cluster-secrets.sops.yaml")).unwrap();
    let key = std::fs::read_to_string(homelab.join("age.agekey")).unwrap();
    repository.write("secret.sops.yaml", &encrypted.replace("flux-system", namespace));
    repository.push();
    let secret = |text: &str| {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "age", "namespace": namespace},
            "stringData": {"x.agekey": text}});
        server.apply(&secret.to_string());
    };
    // A valid key that opens nothing here.
    secret("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n");
    let spec = json!({"decryption": {"provider": "sops", "secretRef": {"name": "age"}}});
    server.apply(&flux_objects(server, namespace, &repository.url(), spec));
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    let said = wait_condition(server, namespace, "apps", "no identity opens this document");
    assert!(said.starts_with("False BuildFailed secret.sops.yaml: the file cannot be decrypted: "), "{said}");
    assert!(said.contains("age1h6vae9979yxet5v27ez8e9tvw8zne0c43ms7d48uwvxa97fpress444crk"), "{said}");

    secret(&key);
    let tampered = encrypted.replace("flux-system", namespace).replace("data:7rGB", "data:8rGB");
    assert!(tampered.contains("data:8rGB"));
    repository.write("secret.sops.yaml", &tampered);
    repository.push();
    let said = wait_condition(server, namespace, "apps", "SECRET_ADMIN_EMAIL");
    assert!(said.starts_with("False BuildFailed secret.sops.yaml: the file cannot be decrypted: "), "{said}");

    repository.write("secret.sops.yaml", &encrypted.replace("flux-system", namespace));
    let revision = repository.push();
    wait_ready(server, namespace, "apps", &revision);
    drop(daemon);
}

fn an_object_without_its_crd_is_named_and_the_rest_waits(server: &Server) {
    let namespace = "no-crd";
    server.make_namespace(namespace);
    let repository = Repository::new();
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    repository.write(
        "b.yaml",
        &format!("\napiVersion: shop.example.test/v1\nkind: Till\nmetadata: {{name: t, namespace: {namespace}}}\n"),
    );
    repository.push();
    server.apply(&flux_objects(server, namespace, &repository.url(), json!({})));
    let home = tempfile::tempdir().unwrap();
    let _daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    let said = wait_condition(server, namespace, "apps", "no CRD for");
    assert_eq!(
        said,
        "False ReconciliationFailed b.yaml:2: Till/no-crd/t: no CRD for shop.example.test/v1 Till is installed or part of \
         this build"
    );
    assert!(server.get("v1", "ConfigMap", namespace, "a").is_err(), "a set is applied as a whole");
}

/// The embedded server lets everybody do everything.
#[test]
fn what_rbac_denies_is_named_with_verb_and_resource() {
    on_shared_real(what_rbac_denies);
}

fn what_rbac_denies(server: &Server) {
    let namespace = "rbac";
    server.make_namespace(namespace);
    let repository = Repository::new();
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    repository.push();
    server.apply(&flux_objects(server, namespace, &repository.url(), json!({})));
    let kube = server.real_api();
    let kubeconfig = kube.user("carol", &[]).unwrap();
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "flux", "namespace": namespace},
        "rules": [{"apiGroups": ["source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io"], "resources": ["*"], "verbs": ["*"]}]});
    server.apply(&role.to_string());
    kube.kubectl(["create", "rolebinding", "flux", "-n", namespace, "--role=flux", "--user=carol"]).unwrap();
    let home = tempfile::tempdir().unwrap();
    let _daemon = Daemon::start(&kubeconfig, namespace, home.path());
    let said = wait_condition(server, namespace, "apps", "not allowed to");
    assert!(said.starts_with("False ReconciliationFailed a.yaml:1: ConfigMap/rbac/a: not allowed to"), "{said}");
    assert!(said.contains(r#"User "carol" cannot"#) && said.contains(r#"resource "configmaps""#), "{said}");
}

fn an_api_server_that_goes_down_and_comes_back_is_followed_again(server: &Server) {
    let namespace = "api-down";
    server.make_namespace(namespace);
    let repository = Repository::new();
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    let first = repository.push();
    server.apply(&flux_objects(server, namespace, &repository.url(), json!({})));
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    wait_ready(server, namespace, "apps", &first);
    server.go_down();
    repository.write("b.yaml", &config_map(namespace, "b", "1"));
    let second = repository.push();
    // Long enough to be noticed, and for a try that fails.
    std::thread::sleep(std::time::Duration::from_secs(3) / server.haste());
    server.come_back();
    wait_ready(server, namespace, "apps", &second);
    assert!(server.get("v1", "ConfigMap", namespace, "b").is_ok());
    assert!(daemon.get("/healthz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")));
}

fn a_deleted_kustomization_takes_its_objects_along(server: &Server) {
    let namespace = "deleted";
    server.make_namespace(namespace);
    let repository = Repository::new();
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
    server.apply(&flux_objects(server, namespace, &repository.url(), json!({})));
    let home = tempfile::tempdir().unwrap();
    let _daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    wait_ready(server, namespace, "apps", &revision);
    server.delete(KUSTOMIZE, "Kustomization", namespace, "apps");
    assert!(server.get("v1", "ConfigMap", namespace, "a").is_err());
    assert!(server.get("v1", "ConfigMap", namespace, "kept").is_ok(), "prune: disabled is honoured");
    server.delete(SOURCE, "GitRepository", namespace, "repo");
    eventually("the store of the source is gone", || {
        (!home.path().join("store/gitrepository").join(namespace).join("repo").exists()).then_some(())
    });
}

fn one_unreadable_flux_object_stops_no_other(server: &Server) {
    let namespace = "unreadable";
    server.make_namespace(namespace);
    let repository = Repository::new();
    repository.write("a.yaml", &config_map(namespace, "a", "1"));
    let revision = repository.push();
    let objects = flux_objects(server, namespace, &repository.url(), json!({}));
    // The CRD takes any number of hours; Go, and so Flux, takes 292 years.
    let unreadable = objects.replace("name: apps", "name: unreadable").replace("interval: 1h", "interval: 9999999h");
    server.apply(&unreadable);
    server.apply(&objects);
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    wait_ready(server, namespace, "apps", &revision);
    assert!(daemon.log().contains("Kustomization/unreadable/unreadable cannot be read and is left alone"));
}

fn a_changed_config_map_that_is_watched_is_substituted_at_once(server: &Server) {
    let namespace = "watched";
    server.make_namespace(namespace);
    let repository = Repository::new();
    repository.write("a.yaml", &config_map(namespace, "a", "${COLOUR}"));
    let revision = repository.push();
    let settings = |colour: &str| {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": namespace,
            "labels": {"reconcile.fluxcd.io/watch": "Enabled"}}, "data": {"COLOUR": colour}});
        server.apply(&map.to_string());
    };
    settings("green");
    let spec = json!({"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "settings"}]}});
    server.apply(&flux_objects(server, namespace, &repository.url(), spec));
    let home = tempfile::tempdir().unwrap();
    let _daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    wait_ready(server, namespace, "apps", &revision);
    assert_eq!(server.get("v1", "ConfigMap", namespace, "a").unwrap()["data"]["value"], "green");
    settings("blue");
    eventually("the new value is applied", || {
        (server.get("v1", "ConfigMap", namespace, "a").ok()?["data"]["value"] == "blue").then_some(())
    });
}
