//! Taking over from Flux, and handing back.

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::repository::Repository;
use crate::server::{KUSTOMIZE, Server, on_both_servers};
use crate::waiting::{config_map, flux_objects, kustomization, request, wait_ready};

on_both_servers!(on_shared_real: what_flux_left_in_order_is_taken_over_without_a_write);

const FILES: [(&str, &str); 3] = [
    (
        "deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: adoption}\nspec:\n  replicas: 2\n  \
         selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      \
         containers:\n      - name: web\n        image: web:1\n        ports: [{containerPort: 80}]\n        resources: \
         {limits: {memory: 1024Mi, cpu: 1000m}}\n",
    ),
    (
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: adoption}\nstringData: {password: hunter2}\n",
    ),
    (
        "role.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: 'app:reader', namespace: adoption}\n\
         rules:\n- {apiGroups: [''], resources: [configmaps], verbs: [get]}\n",
    ),
];

/// Applies an object as kustomize-controller does: its manager, its labels, its normalised form.
fn apply_as_flux(server: &Server, manifest: &str) {
    let documents = windlass_yaml::read_documents(manifest, &windlass_yaml::ReadOptions::resource()).unwrap();
    let mut object = documents[0].value.clone();
    object["metadata"]["labels"] = json!({
        "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "adoption",
    });
    if object["kind"] == "Secret" {
        object["data"] = json!({"password": "aHVudGVyMg=="});
        object.as_object_mut().unwrap().remove("stringData");
    }
    if object["kind"] == "Deployment" {
        object["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = "TCP".into();
    }
    server.apply_object("kustomize-controller", &object).unwrap();
}

fn versions(server: &Server) -> Vec<Value> {
    let of = |api_version: &str, kind: &str, name: &str| {
        let object = server.get(api_version, kind, "adoption", name).unwrap();
        json!([object["metadata"]["uid"], object["metadata"]["resourceVersion"]])
    };
    vec![
        of("apps/v1", "Deployment", "web"),
        of("v1", "Secret", "s"),
        of("rbac.authorization.k8s.io/v1", "Role", "app:reader"),
        of("v1", "ConfigMap", "settings"),
    ]
}

fn what_flux_left_in_order_is_taken_over_without_a_write(server: &Server) {
    let namespace = "adoption";
    server.make_namespace(namespace);
    let repository = Repository::new();
    let settings = config_map(namespace, "settings", "1");
    for (path, text) in FILES.into_iter().chain([("settings.yaml", settings.as_str())]) {
        repository.write(path, text);
        apply_as_flux(server, text);
    }
    let revision = repository.push();
    server.apply(&flux_objects(server, namespace, &repository.url(), json!({})));
    let status = json!({"status": {
        "observedGeneration": 1,
        "lastAppliedRevision": format!("main@sha1:{revision}"),
        "lastAttemptedRevision": format!("main@sha1:{revision}"),
        "conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "observedGeneration": 1,
            "message": format!("Applied revision: main@sha1:{revision}"), "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        "inventory": {"entries": [
            {"id": "adoption_app__reader_rbac.authorization.k8s.io_Role", "v": "v1"},
            {"id": "adoption_s__Secret", "v": "v1"},
            {"id": "adoption_settings__ConfigMap", "v": "v1"},
            {"id": "adoption_web_apps_Deployment", "v": "v1"},
        ]},
    }});
    server.patch_status(KUSTOMIZE, "Kustomization", (namespace, "apps"), &status);
    let before = versions(server);

    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    daemon.wait_ready();
    wait_ready(server, namespace, "apps", &revision);
    request(server, KUSTOMIZE, "Kustomization", namespace, "apps");
    assert_eq!(versions(server), before, "neither made anew nor written");
    // And back: the inventory is Flux's, entry for entry.
    let kustomization = kustomization(server, namespace, "apps");
    let mut ids: Vec<_> = kustomization["status"]["inventory"]["entries"].as_array().unwrap().clone();
    ids.sort_by_key(|entry| entry["id"].as_str().unwrap().to_owned());
    assert_eq!(
        ids,
        [
            json!({"id": "adoption_app__reader_rbac.authorization.k8s.io_Role", "v": "v1"}),
            json!({"id": "adoption_s__Secret", "v": "v1"}),
            json!({"id": "adoption_settings__ConfigMap", "v": "v1"}),
            json!({"id": "adoption_web_apps_Deployment", "v": "v1"}),
        ]
    );
    drop(daemon);
}
