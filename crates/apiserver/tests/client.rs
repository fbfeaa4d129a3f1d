//! What a user of the kube crate sees: watches, garbage collection, definitions.

use futures::StreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, ObjectList, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::{Value, json};
use windlass_apiserver::ApiServer;

fn map(name: &str, data: Value) -> ConfigMap {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data});
    serde_json::from_value(map).expect("a ConfigMap")
}

#[tokio::test]
async fn a_watcher_follows_through_dropped_watches_and_compaction() {
    let server = ApiServer::new();
    let maps: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    maps.create(&PostParams::default(), &map("a", json!({}))).await.unwrap();
    let mut seen = watcher(maps.clone(), watcher::Config::default()).default_backoff().applied_objects().boxed();
    let name = |found: Option<Result<ConfigMap, watcher::Error>>| found.unwrap().unwrap().metadata.name.unwrap();
    assert_eq!(name(seen.next().await), "a");
    server.drop_watches();
    maps.create(&PostParams::default(), &map("b", json!({}))).await.unwrap();
    assert_eq!(name(seen.next().await), "b");
}

#[tokio::test]
async fn a_watch_says_what_happens_and_410_when_the_past_is_gone() {
    let server = ApiServer::new();
    let maps: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    maps.create(&PostParams::default(), &map("a", json!({"k": "1"}))).await.unwrap();
    let list: ObjectList<ConfigMap> = maps.list(&ListParams::default()).await.unwrap();
    let from = list.metadata.resource_version.unwrap();
    let mut events = maps.watch(&WatchParams::default(), &from).await.unwrap().boxed();
    maps.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"k": "2"}}))).await.unwrap();
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    assert!(matches!(events.next().await, Some(Ok(WatchEvent::Modified(_)))));
    assert!(matches!(events.next().await, Some(Ok(WatchEvent::Deleted(_)))));
    server.compact();
    let mut late = maps.watch(&WatchParams::default(), "1").await.unwrap().boxed();
    assert!(matches!(late.next().await, Some(Ok(WatchEvent::Error(status))) if status.code == 410));
}

#[tokio::test]
async fn every_answer_has_owners_as_maps() {
    let server = ApiServer::new();
    let maps: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    let fields = |map: &ConfigMap| {
        let owners = serde_json::to_value(map.metadata.managed_fields.as_ref().expect("owners")).expect("JSON");
        owners[0]["fieldsV1"].clone()
    };
    let owned = json!({"f:data": {".": {}, "f:k": {}}});
    let created = maps.create(&PostParams::default(), &map("a", json!({"k": "1"}))).await.unwrap();
    let listed = maps.list(&ListParams::default()).await.unwrap();
    let got = maps.get("a").await.unwrap();
    let metadata = maps.get_metadata("a").await.unwrap();
    let Some(Ok(WatchEvent::Added(watched))) =
        maps.watch(&WatchParams::default(), "0").await.unwrap().boxed().next().await
    else {
        panic!("no event");
    };
    let changed = maps.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"k": "2"}}))).await.unwrap();
    for map in [&created, &listed.items[0], &got, &watched, &changed] {
        assert_eq!(fields(map), owned);
    }
    let only = serde_json::to_value(&metadata).unwrap();
    assert_eq!(only["metadata"]["managedFields"][0]["fieldsV1"], owned);
    let behind = server.objects().get("v1", "ConfigMap", "default", "a").expect("it is stored");
    assert_eq!(behind["metadata"]["managedFields"][0]["fieldsV1"], owned);
    let gone = maps.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
    assert_eq!(fields(&gone.left().expect("what was deleted").items[0]), owned);
    let from = changed.metadata.resource_version.expect("a revision");
    let Some(Ok(WatchEvent::Deleted(last))) =
        maps.watch(&WatchParams::default(), &from).await.unwrap().boxed().next().await
    else {
        panic!("no event");
    };
    assert_eq!(fields(&last), owned);
}

#[tokio::test]
async fn dependents_go_with_their_owner_and_objects_with_their_namespace() {
    let server = ApiServer::new();
    let client = server.client();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}});
    server.objects().create(&space).unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client, "apps");
    let owner = maps.create(&PostParams::default(), &map("owner", json!({}))).await.unwrap();
    let mut dependent = map("dependent", json!({}));
    let reference = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata.uid}]);
    dependent.metadata.owner_references = serde_json::from_value(reference).unwrap();
    maps.create(&PostParams::default(), &dependent).await.unwrap();
    maps.create(&PostParams::default(), &map("other", json!({}))).await.unwrap();
    maps.delete("owner", &DeleteParams::default()).await.unwrap();
    let left: Vec<_> = server.objects().list("v1", "ConfigMap");
    assert_eq!(left.len(), 1, "{left:?}");
    namespaces.delete("apps", &DeleteParams::default()).await.unwrap();
    assert!(server.objects().list("v1", "ConfigMap").is_empty());
    assert!(namespaces.get_opt("apps").await.unwrap().is_none());
}

#[tokio::test]
async fn a_definition_is_served_and_discovered_at_once() {
    let server = ApiServer::new();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.test"},
        "spec": {
            "group": "example.test", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}},
            }}}],
        },
    });
    server.objects().create(&definition).unwrap();
    let client = server.client();
    let kind = GroupVersionKind::gvk("example.test", "v1", "Widget");
    let (resource, _) = kube::discovery::pinned_kind(&client, &kind).await.unwrap();
    assert_eq!(resource, ApiResource::from_gvk_with_plural(&kind, "widgets"));
    let widgets: Api<DynamicObject> = Api::namespaced_with(client, "default", &resource);
    let widget = json!({"apiVersion": "example.test/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {}});
    let made = widgets.patch("w", &PatchParams::apply("m"), &Patch::Apply(&widget)).await.unwrap();
    assert_eq!(made.data["spec"]["size"], 3);
    let definitions: Api<DynamicObject> = Api::all_with(
        server.client(),
        &ApiResource::from_gvk(&GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition")),
    );
    definitions.delete("widgets.example.test", &DeleteParams::default()).await.unwrap();
    assert!(widgets.get("w").await.is_err());
}

#[tokio::test]
async fn events_are_seen_in_both_groups() {
    use k8s_openapi::api::core::v1::{Event as CoreEvent, ObjectReference};
    use k8s_openapi::api::events::v1::Event;
    use kube::runtime::events::{Event as Told, EventType, Recorder, Reporter};

    let server = ApiServer::new();
    let client = server.client();
    let recorder = Recorder::new(client.clone(), Reporter { controller: "tester".to_owned(), instance: None });
    let about = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("ConfigMap".to_owned()),
        name: Some("a".to_owned()),
        namespace: Some("default".to_owned()),
        uid: Some("1".to_owned()),
        ..ObjectReference::default()
    };
    let told = Told {
        type_: EventType::Normal,
        reason: "Tested".to_owned(),
        note: Some("it was".to_owned()),
        action: "Test".to_owned(),
        secondary: None,
    };
    let views: Api<Event> = Api::namespaced(client.clone(), "default");
    let mut watched = views.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    recorder.publish(&told, &about).await.unwrap();
    // The second time the first is patched.
    recorder.publish(&told, &about).await.unwrap();
    let seen = views.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(
        (seen.len(), seen[0].note.as_deref(), seen[0].series.as_ref().map(|series| series.count)),
        (1, Some("it was"), Some(2))
    );
    assert_eq!(seen[0].reporting_controller.as_deref(), Some("tester"));
    assert!(
        matches!(watched.next().await, Some(Ok(WatchEvent::Added(event))) if event.note.as_deref() == Some("it was"))
    );
    let core: Api<CoreEvent> = Api::namespaced(client, "default");
    let seen = core.list(&ListParams::default()).await.unwrap().items;
    assert_eq!((seen[0].message.as_deref(), seen[0].involved_object.name.as_deref()), (Some("it was"), Some("a")));
}

#[tokio::test]
async fn namespaces_are_furnished_on_request() {
    let server = ApiServer::builder().with_default_objects().build();
    server.objects().create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}})).unwrap();
    let named = |kind: &str, namespace: &str, name: &str| server.objects().get("v1", kind, namespace, name);
    assert!(named("ServiceAccount", "apps", "default").is_some());
    assert!(named("ConfigMap", "apps", "kube-root-ca.crt").is_some());
    assert_eq!(named("Service", "default", "kubernetes").unwrap()["spec"]["clusterIP"], "10.96.0.1");
    // A Pod gets the token of its account, as in a cluster.
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "apps"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let made = server.objects().create(&pod).unwrap();
    let path = &made["spec"]["containers"][0]["volumeMounts"][0]["mountPath"];
    assert_eq!(path, "/var/run/secrets/kubernetes.io/serviceaccount");
    // The namespace goes with all of it.
    let namespaces: Api<Namespace> = Api::all(server.client());
    namespaces.delete("apps", &DeleteParams::default()).await.unwrap();
    assert!(named("ServiceAccount", "apps", "default").is_none());
}

#[tokio::test]
async fn a_reflector_keeps_up() {
    let server = ApiServer::new();
    let maps: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    maps.create(&PostParams::default(), &map("a", json!({"k": "1"}))).await.unwrap();
    let (reader, writer) = kube::runtime::reflector::store();
    let config = watcher::Config::default().streaming_lists();
    let mut seen = kube::runtime::reflector(writer, watcher(maps.clone(), config)).applied_objects().boxed();
    seen.next().await.unwrap().unwrap();
    maps.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"k": "2"}}))).await.unwrap();
    let changed = seen.next().await.unwrap().unwrap();
    assert_eq!(changed.data.unwrap()["k"], "2");
    assert_eq!(reader.len(), 1);
}
