//! A cluster with what a home cluster has: objects from Git, objects by hand, and what the cluster made itself.

use serde_json::{Map, Value, json};
use windlass_apiserver::ApiServer;
use windlass_backup::RunOptions;
use windlass_capture::Source;
use windlass_cluster::{Cluster, Options};
use windlass_manifest::{Gvk, Manifest, Origin};
use windlass_recovery::{SavedCluster, Selection, survey};

use crate::vault::Vault;

/// Makes an object, as a person does.
pub(crate) async fn make(server: &ApiServer, object: Value) {
    let cluster = Cluster::new(server.client(), Options::default());
    let manifest = Manifest::new(object, Origin::unknown()).unwrap();
    cluster.create(&manifest, false).await.unwrap().unwrap_or_else(|| panic!("{} is there twice", manifest.id()));
}

pub(crate) async fn make_all(server: &ApiServer, objects: impl IntoIterator<Item = Value>) {
    for object in objects {
        make(server, object).await;
    }
}

/// The object as it is now.
pub(crate) async fn get(
    server: &ApiServer,
    api_version: &str,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Option<Value> {
    let cluster = Cluster::new(server.client(), Options::default());
    let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
    cluster.get(&Gvk::from_api_version(api_version, kind), namespace, name).await.unwrap()
}

pub(crate) fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

pub(crate) fn map(namespace: &str, name: &str, value: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace},
        "data": {"value": value},
    })
}

pub(crate) fn secret(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque", "data": {"token": "aHVudGVyMg=="},
    })
}

pub(crate) fn deployment(namespace: &str, name: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": "registry.example/app:1"}]},
            },
        },
    })
}

/// A kind of one's own: `Widget` in the group `example.com`, in these versions, of which the first is stored.
pub(crate) fn widget_definition(versions: &[&str]) -> Value {
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let versions: Vec<Value> = versions
        .iter()
        .enumerate()
        .map(|(at, name)| json!({"name": name, "served": true, "storage": at == 0, "schema": schema}))
        .collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "versions": versions,
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
        },
    })
}

pub(crate) fn widget(version: &str, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": format!("example.com/{version}"), "kind": "Widget",
        "metadata": {"name": name, "namespace": namespace}, "spec": {"size": 3},
    })
}

/// What a backup of the cluster holds.
pub(crate) async fn saved(server: &ApiServer) -> SavedCluster {
    survey(&server.client(), &Selection::default()).await.unwrap()
}

/// The paths of the saved objects, without the folder that all have.
pub(crate) fn paths(saved: &SavedCluster) -> Vec<&str> {
    saved.objects.keys().map(|path| path.strip_prefix("resources/").unwrap()).collect()
}

/// Saves items in one snapshot.
pub(crate) async fn save(vault: &Vault, items: Vec<(&str, Box<dyn Source>)>) {
    let mut run = vault.repository.begin(&vault.writer, RunOptions::new("home")).await.unwrap();
    for (name, source) in items {
        run.add(name, source, Map::new()).await.unwrap();
    }
    run.commit().await.unwrap();
}

/// A kind of another tool, of which nothing is checked.
pub(crate) fn foreign_definition(group: &str, version: &str, kind: &str) -> Value {
    let singular = kind.to_lowercase();
    let plural = format!("{singular}s");
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "versions": [{"name": version, "served": true, "storage": true, "schema": schema}],
            "names": {"kind": kind, "plural": plural, "singular": singular, "listKind": format!("{kind}List")},
        },
    })
}
