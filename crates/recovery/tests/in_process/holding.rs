use std::time::Duration;

use serde_json::json;
use windlass_apiserver::ApiServer;
use windlass_recovery::{HELD, RestoreOptions, Target, hold, plan_restore, restore, restoring};

use crate::bed::{deployment, get, make, make_all, namespace, saved};

fn pod(namespace: &str, name: &str, app: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": app}},
        "spec": {"containers": [{"name": "app", "image": "registry.example/app:1"}]},
    })
}

#[tokio::test]
async fn restored_workloads_wait_for_their_data() {
    let old = ApiServer::new();
    make_all(&old, [namespace("shop"), deployment("shop", "web", 2), pod("shop", "bare", "bare")]).await;
    let before = saved(&old).await;
    let server = ApiServer::new();
    let cluster = restoring(server.client());
    let options = RestoreOptions { hold: true, ..RestoreOptions::default() };
    let plan = plan_restore(&cluster, &before, &options).await.unwrap();
    let done = restore(&cluster, plan, |_, _| {}).await;
    assert!(done.is_complete());
    assert_eq!(done.hold.len(), 2);
    let held = get(&server, "apps/v1", "Deployment", "shop", "web").await.unwrap();
    assert_eq!(held["spec"]["replicas"], 0);
    assert!(get(&server, "v1", "Pod", "shop", "bare").await.is_none());

    assert_eq!(done.hold.release(&cluster).await, []);
    let released = get(&server, "apps/v1", "Deployment", "shop", "web").await.unwrap();
    assert_eq!(released["spec"]["replicas"], 2);
    assert!(released["metadata"]["annotations"][HELD].is_null());
    assert!(get(&server, "v1", "Pod", "shop", "bare").await.is_some());
}

#[tokio::test]
async fn a_running_namespace_is_held_with_what_made_it_and_let_go() {
    let server = ApiServer::new();
    make_all(&server, windlass_flux::crds()).await;
    let mut web = deployment("shop", "web", 2);
    web["metadata"]["labels"] = json!({
        "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    });
    let kustomization = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "apps", "namespace": "flux-system"},
        "spec": {"interval": "1h", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "home"}},
    });
    make_all(&server, [namespace("shop"), namespace("flux-system"), kustomization, web]).await;
    let cluster = restoring(server.client());
    let targets: Vec<Target> = vec!["shop".parse().unwrap()];

    let held = hold(&cluster, &targets, Duration::from_secs(5)).await.unwrap();
    let flux = || get(&server, "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "apps");
    let replicas =
        async || get(&server, "apps/v1", "Deployment", "shop", "web").await.unwrap()["spec"]["replicas"].clone();
    assert_eq!((flux().await.unwrap()["spec"]["suspend"].clone(), replicas().await), (json!(true), json!(0)));
    assert_eq!(held.release(&cluster).await, []);
    let after = flux().await.unwrap();
    assert!(after["spec"].get("suspend").is_none() && after["metadata"]["annotations"][HELD].is_null());
    assert_eq!(replicas().await, 2);
}

/// A root that made the Kustomization that made the workload would set both going again.
#[tokio::test]
async fn what_made_the_maker_is_held_first_and_let_go_last() {
    let server = ApiServer::new();
    make_all(&server, windlass_flux::crds()).await;
    let made_by = |name: &str| json!({"kustomize.toolkit.fluxcd.io/name": name, "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
    let kustomization = |name: &str| {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": "flux-system", "labels": made_by("flux-system")},
            "spec": {"interval": "1h", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "home"}},
        })
    };
    let mut web = deployment("shop", "web", 2);
    web["metadata"]["labels"] = made_by("apps");
    let (root, apps) = (kustomization("flux-system"), kustomization("apps"));
    make_all(&server, [namespace("shop"), namespace("flux-system"), root, apps, web]).await;
    let cluster = restoring(server.client());
    let held = hold(&cluster, &["shop".parse().unwrap()], Duration::from_secs(5)).await.unwrap();
    let names = ["Kustomization/flux-system/flux-system", "Kustomization/flux-system/apps", "Deployment/shop/web"];
    assert_eq!(held.names(), names);
    // By another process, after a power cut: what it finds is let go in the same order.
    drop(held);
    let before = server.requests().all().len();
    assert_eq!(windlass_recovery::held(&cluster).await.unwrap().release(&cluster).await, []);
    let patches = server.requests().all().into_iter().skip(before).filter(|request| request.verb == "patch");
    let order: Vec<String> = patches.map(|request| request.name).collect();
    assert_eq!((order.len(), order[0].as_str()), (3, "web"));
    assert!(windlass_recovery::held(&cluster).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_does_not_stop_is_not_written_under() {
    let server = ApiServer::new();
    make_all(&server, [namespace("shop"), deployment("shop", "web", 1), pod("shop", "web-1", "web")]).await;
    let cluster = restoring(server.client());
    let targets: Vec<Target> = vec!["shop/Deployment/web".parse().unwrap()];
    let error = hold(&cluster, &targets, Duration::from_millis(300)).await.unwrap_err();
    assert!(error.to_string().contains("web-1"), "{error}");
    // What was held by then runs again.
    assert_eq!(get(&server, "apps/v1", "Deployment", "shop", "web").await.unwrap()["spec"]["replicas"], 1);
}

#[tokio::test]
async fn a_target_that_is_not_there_is_an_error() {
    let server = ApiServer::new();
    make(&server, namespace("shop")).await;
    let cluster = restoring(server.client());
    for (target, words) in [("shop/Deployment/none", "is not there"), ("shop/Widget/w", "cannot be held")] {
        let error = hold(&cluster, &[target.parse().unwrap()], Duration::from_secs(1)).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}
