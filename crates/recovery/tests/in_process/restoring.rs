use std::collections::BTreeMap;

use serde_json::{Value, json};
use windlass_apiserver::{ApiServer, Fault};
use windlass_manifest::ObjectId;
use windlass_recovery::{
    Choice, Mapping, Mode, RestoreOptions, Restored, SavedCluster, Wanted, plan_restore, restore, restoring, survey,
};

use crate::bed::{deployment, get, make, make_all, map, namespace, paths, saved, secret, widget, widget_definition};

async fn restored(server: &ApiServer, saved: &SavedCluster, options: RestoreOptions) -> Restored {
    let cluster = restoring(server.client());
    let plan = plan_restore(&cluster, saved, &options).await.unwrap();
    restore(&cluster, plan, |_: &ObjectId, _| {}).await
}

fn told(notes: &[windlass_recovery::Note]) -> String {
    notes.iter().map(|note| format!("{}: {}\n", note.object, note.message)).collect()
}

/// A cluster with something of everything that depends on something else.
async fn full() -> ApiServer {
    let server = ApiServer::new();
    make_all(
        &server,
        [
            namespace("shop"),
            map("shop", "settings", "old"),
            secret("shop", "token"),
            widget_definition(&["v1"]),
            widget("v1", "shop", "w"),
            deployment("shop", "web", 2),
            json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "slow"},
                "provisioner": "example.com/slow"}),
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "shop"},
                "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "slow", "volumeName": "pvc-1",
                    "resources": {"requests": {"storage": "1Gi"}}}}),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app", "namespace": "shop"}}),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": {"name": "app", "namespace": "shop"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
                "subjects": [{"kind": "ServiceAccount", "name": "app", "namespace": "shop"}]}),
        ],
    )
    .await;
    server
}

#[tokio::test]
async fn an_empty_cluster_becomes_what_was_saved() {
    let before = saved(&full().await).await;
    let server = ApiServer::new();
    let done = restored(&server, &before, RestoreOptions::default()).await;
    assert!(done.is_complete(), "{}", told(&done.failures));
    assert_eq!(done.written.len(), before.objects.len());
    // The definition came before its widget, and the namespace before all that is in it.
    let position = |kind: &str| done.written.iter().position(|(id, _)| id.kind == kind).unwrap();
    assert!(position("CustomResourceDefinition") < position("Widget"));
    assert!(position("Namespace") < position("ConfigMap"));
    assert!(position("PersistentVolumeClaim") < position("Deployment"));

    let after = saved(&server).await;
    assert_eq!(paths(&after), paths(&before));
    for (path, object) in &before.objects {
        let mut expected = object.value().clone();
        // The volume of the claim is not part of the backup: the new cluster finds another.
        if object.kind() == "PersistentVolumeClaim" {
            expected["spec"].as_object_mut().unwrap().remove("volumeName");
        }
        assert_eq!(after.objects[path].value(), &expected, "{path}");
    }
    // Nothing says that it was restored, and the next owner can have all fields.
    let live = get(&server, "v1", "ConfigMap", "shop", "settings").await.unwrap();
    assert!(live["metadata"].get("labels").is_none() && live["metadata"].get("annotations").is_none());
    let managers: Vec<&str> = live["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["manager"].as_str().unwrap())
        .collect();
    assert_eq!(managers, [windlass_recovery::FIELD_MANAGER]);
    // Once more does nothing.
    let again = restored(&server, &before, RestoreOptions { mode: Mode::Replace, ..RestoreOptions::default() }).await;
    assert!(again.is_complete(), "{}", told(&again.failures));
    assert_eq!(again.written, []);
}

#[tokio::test]
async fn a_plan_writes_nothing_and_shows_the_fields() {
    let server = full().await;
    let before = saved(&server).await;
    change(&server, json!({"data": {"value": "new"}})).await;
    let options = RestoreOptions { mode: Mode::Update, ..RestoreOptions::default() };
    let plan = plan_restore(&restoring(server.client()), &before, &options).await.unwrap();
    let changed: Vec<String> = plan
        .plan
        .actions
        .iter()
        .flat_map(|action| action.verb.changes().iter().map(|change| format!("{}: {change}", action.id)))
        .collect();
    assert_eq!(changed, [r#"ConfigMap/shop/settings: data.value: "new" → "old""#]);
    assert_eq!(get(&server, "v1", "ConfigMap", "shop", "settings").await.unwrap()["data"]["value"], "new");
}

async fn change(server: &ApiServer, patch: Value) {
    let request = http::Request::patch("/api/v1/namespaces/shop/configmaps/settings?fieldManager=somebody")
        .header("content-type", "application/merge-patch+json")
        .body(patch.to_string().into_bytes())
        .unwrap();
    server.client().request_text(request).await.unwrap();
}

#[tokio::test]
async fn what_is_there_is_left_updated_or_replaced() {
    for (mode, value, added) in
        [(Mode::Skip, "new", Some("x")), (Mode::Update, "old", Some("x")), (Mode::Replace, "old", None)]
    {
        let server = full().await;
        let before = saved(&server).await;
        change(&server, json!({"data": {"value": "new", "added": "x"}})).await;
        make(&server, map("shop", "since", "untouched")).await;
        let done = restored(&server, &before, RestoreOptions { mode, ..RestoreOptions::default() }).await;
        assert!(done.is_complete(), "{mode:?}: {}", told(&done.failures));
        let live = get(&server, "v1", "ConfigMap", "shop", "settings").await.unwrap();
        assert_eq!(live["data"]["value"], value, "{mode:?}");
        assert_eq!(live["data"].get("added").and_then(Value::as_str), added, "{mode:?}");
        // What was made since is nobody's business.
        assert!(get(&server, "v1", "ConfigMap", "shop", "since").await.is_some());
        assert_eq!(done.written.len(), usize::from(mode != Mode::Skip), "{:?}", done.written);
    }
}

#[tokio::test]
async fn only_what_is_wanted_is_touched_and_what_it_needs() {
    let before = saved(&full().await).await;
    let server = ApiServer::new();
    let wanted = Wanted { kinds: Choice::only(["widgets.example.com"]), ..Wanted::default() };
    let done = restored(&server, &before, RestoreOptions { wanted, ..RestoreOptions::default() }).await;
    let written: Vec<String> = done.written.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(written, ["CustomResourceDefinition/widgets.example.com", "Namespace/shop", "Widget/shop/w"]);
    let wanted = Wanted { objects: Choice::only(["Secret/shop/*"]), ..Wanted::default() };
    let done = restored(&server, &before, RestoreOptions { wanted, ..RestoreOptions::default() }).await;
    let written: Vec<String> = done.written.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(written, ["Secret/shop/token"]);
}

#[tokio::test]
async fn objects_move_to_other_namespaces_and_classes_and_are_patched() {
    let before = saved(&full().await).await;
    let server = ApiServer::new();
    let pair = |from: &str, to: &str| BTreeMap::from([(from.to_owned(), to.to_owned())]);
    let mapping = Mapping {
        namespaces: pair("shop", "shop-copy"),
        storage_classes: pair("slow", "fast"),
        patches: vec![
            json!({"target": {"kind": "Deployment"}, "patch": "- {op: replace, path: /spec/replicas, value: 7}"}),
        ],
    };
    let done = restored(&server, &before, RestoreOptions { mapping, ..RestoreOptions::default() }).await;
    assert!(done.is_complete(), "{}", told(&done.failures));
    assert!(get(&server, "v1", "Namespace", "", "shop").await.is_none());
    let claim = get(&server, "v1", "PersistentVolumeClaim", "shop-copy", "data").await.unwrap();
    assert_eq!(claim["spec"]["storageClassName"], "fast");
    let binding = get(&server, "rbac.authorization.k8s.io/v1", "RoleBinding", "shop-copy", "app").await.unwrap();
    assert_eq!(binding["subjects"][0]["namespace"], "shop-copy");
    assert_eq!(get(&server, "apps/v1", "Deployment", "shop-copy", "web").await.unwrap()["spec"]["replicas"], 7);
}

#[tokio::test]
async fn two_namespaces_cannot_become_one_where_names_meet() {
    let server = ApiServer::new();
    make_all(&server, [namespace("a"), namespace("b"), map("a", "same", "1"), map("b", "same", "2")]).await;
    let before = saved(&server).await;
    let namespaces = BTreeMap::from([("b".to_owned(), "a".to_owned())]);
    let mapping = Mapping { namespaces, ..Mapping::default() };
    let options = RestoreOptions { mapping, ..RestoreOptions::default() };
    let error = plan_restore(&restoring(server.client()), &before, &options).await.unwrap_err();
    assert!(error.to_string().contains("ConfigMap/a/same would be restored twice"), "{error}");
}

#[tokio::test]
async fn a_version_that_is_gone_is_told_and_can_be_sent_in_another() {
    let old = ApiServer::new();
    make_all(&old, [namespace("shop"), widget_definition(&["v1beta1"]), widget("v1beta1", "shop", "w")]).await;
    let before = saved(&old).await;
    let server = ApiServer::new();
    make_all(&server, [namespace("shop"), widget_definition(&["v1"])]).await;
    let done = restored(&server, &before, RestoreOptions::default()).await;
    assert!(told(&done.failures).contains("no longer serves example.com/v1beta1: it serves example.com/v1"));
    assert!(get(&server, "example.com/v1", "Widget", "shop", "w").await.is_none());
    let options = RestoreOptions { use_served_versions: true, ..RestoreOptions::default() };
    let done = restored(&server, &before, options).await;
    assert!(done.is_complete() && told(&done.notes).contains("sent as example.com/v1"), "{}", told(&done.failures));
    assert!(get(&server, "example.com/v1", "Widget", "shop", "w").await.is_some());
}

#[tokio::test]
async fn owners_are_found_by_name_and_missing_ones_are_told() {
    let old = ApiServer::new();
    make_all(&old, [namespace("shop"), map("shop", "owner", "1")]).await;
    let uid = get(&old, "v1", "ConfigMap", "shop", "owner").await.unwrap()["metadata"]["uid"].clone();
    let mut owned = secret("shop", "owned");
    owned["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}]);
    make(&old, owned).await;
    let before = saved(&old).await;

    let server = ApiServer::new();
    let done = restored(&server, &before, RestoreOptions::default()).await;
    assert!(done.is_complete() && done.notes.is_empty(), "{}", told(&done.failures));
    let owner = get(&server, "v1", "ConfigMap", "shop", "owner").await.unwrap();
    let owned = get(&server, "v1", "Secret", "shop", "owned").await.unwrap();
    assert_eq!(owned["metadata"]["ownerReferences"][0]["uid"], owner["metadata"]["uid"]);

    let server = ApiServer::new();
    let wanted = Wanted { kinds: Choice::only(["Secret"]), ..Wanted::default() };
    let done = restored(&server, &before, RestoreOptions { wanted, ..RestoreOptions::default() }).await;
    assert!(told(&done.notes).contains("its owner ConfigMap/owner is not there"));
    // The garbage collector did not take it.
    assert!(get(&server, "v1", "Secret", "shop", "owned").await.is_some());
}

#[tokio::test]
async fn one_that_is_refused_does_not_keep_the_others() {
    let before = saved(&full().await).await;
    let server = ApiServer::new();
    server.faults().add(Fault::status(500).verb("create").resource("secrets"));
    let done = restored(&server, &before, RestoreOptions::default()).await;
    assert_eq!(done.failures.len(), 1, "{}", told(&done.failures));
    assert_eq!(done.failures[0].object, "Secret/shop/token");
    assert!(!told(&done.failures).contains("aHVudGVyMg"));
    assert!(get(&server, "apps/v1", "Deployment", "shop", "web").await.is_some());
    // Doing it again brings what was missing.
    server.faults().clear();
    let done = restored(&server, &before, RestoreOptions::default()).await;
    assert_eq!(done.written.len(), 1);
}

#[tokio::test]
async fn everything_of_a_cluster_can_be_compared_with_itself() {
    let server = full().await;
    let before = survey(&server.client(), &windlass_recovery::Selection::everything()).await.unwrap();
    let options = RestoreOptions { mode: Mode::Update, ..RestoreOptions::default() };
    let plan = plan_restore(&restoring(server.client()), &before, &options).await.unwrap();
    assert!(!plan.plan.has_changes(), "{}", windlass_drift::Report::new(&plan.plan, windlass_drift::Detail::Changes));
}
