use std::time::Duration;

use serde_json::json;
use windlass_apiserver::ApiServer;
use windlass_recovery::{
    DataPlace, Error, HELD, RestoreOptions, Target, held, hold, plan_restore, refuse_in_use, restore, restoring,
};

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

/// A Pod that mounts a claim.
fn pod_with_claim(namespace: &str, name: &str, claim: &str) -> serde_json::Value {
    let mut pod = pod(namespace, name, name);
    pod["spec"]["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]);
    pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    pod
}

/// A Deployment and what the controllers made of it: its ReplicaSet `NAME-1`, and its Pod `NAME-1-x` that mounts a claim.
async fn make_running(server: &ApiServer, namespace: &str, name: &str, claim: &str) {
    make(server, deployment(namespace, name, 1)).await;
    let owned_by = async |kind: &str, owner: &str| {
        let live = get(server, "apps/v1", kind, namespace, owner).await.unwrap();
        json!([{"apiVersion": "apps/v1", "kind": kind, "name": owner, "uid": live["metadata"]["uid"], "controller": true}])
    };
    let set = format!("{name}-1");
    let mut replicas = deployment(namespace, &set, 1);
    replicas["kind"] = "ReplicaSet".into();
    replicas["metadata"]["ownerReferences"] = owned_by("Deployment", name).await;
    make(server, replicas).await;
    let mut pod = pod_with_claim(namespace, &format!("{set}-x"), claim);
    pod["metadata"]["ownerReferences"] = owned_by("ReplicaSet", &set).await;
    make(server, pod).await;
}

fn users(error: &Error) -> &[String] {
    match error {
        Error::InUse { users } => users,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn nothing_is_put_under_a_bare_pod_and_the_error_says_what_to_do() {
    let server = ApiServer::new();
    make_all(&server, [namespace("shop"), deployment("shop", "web", 2), pod_with_claim("shop", "shell", "data")]).await;
    let cluster = restoring(server.client());
    let limit = Duration::from_secs(60);
    let began = std::time::Instant::now();
    let error = hold(&cluster, &["shop".parse().unwrap()], limit).await.unwrap_err();
    assert!(began.elapsed() < limit / 4, "it waited for what nothing ends");
    let [user] = users(&error) else { panic!("{error}") };
    assert!(user.starts_with("Pod/shop/shell mounts the claim shop/data") && user.contains("--hold shop/Pod/shell"));
    // What was held by then runs again, and the Pod does too.
    assert_eq!(get(&server, "apps/v1", "Deployment", "shop", "web").await.unwrap()["spec"]["replicas"], 2);
    assert!(get(&server, "v1", "Pod", "shop", "shell").await.is_some());

    // Nobody said that it should be held, and it is where the data go.
    let place = |path: &str, claim: Option<&str>| DataPlace { path: path.into(), claim: claim.map(str::to_owned) };
    let error = refuse_in_use(&cluster, &[place("/nowhere", Some("shop/data"))]).await.unwrap_err();
    assert_eq!(users(&error).len(), 1);
    refuse_in_use(&cluster, &[place("/nowhere", Some("shop/other")), place("/elsewhere", None)]).await.unwrap();
}

#[tokio::test]
async fn a_bare_pod_that_is_asked_for_is_deleted_and_made_again_even_by_another_process() {
    let server = ApiServer::new();
    let mut shell = pod_with_claim("shop", "shell", "data");
    shell["spec"]["containers"][0]["env"] = json!([{"name": "PASSWORD", "value": "hunter2"}]);
    make_all(&server, [namespace("shop"), shell]).await;
    make_running(&server, "shop", "web", "others").await;
    let cluster = restoring(server.client());
    let before = get(&server, "v1", "Pod", "shop", "shell").await.unwrap();
    let limit = Duration::from_secs(5);
    let targets: Vec<Target> = vec!["shop/Pod/shell".parse().unwrap()];

    let holding = hold(&cluster, &targets, limit).await.unwrap();
    assert_eq!(holding.names(), ["Pod/shop/shell"]);
    assert!(get(&server, "v1", "Pod", "shop", "shell").await.is_none());
    // This process is killed; what the Pod was is in no backup, and comes back.
    drop(holding);
    let saved = crate::bed::saved(&server).await;
    assert!(crate::bed::paths(&saved).iter().all(|path| !path.contains("held")), "{:?}", crate::bed::paths(&saved));
    assert_eq!(held(&cluster).await.unwrap().release(&cluster).await, []);
    let after = get(&server, "v1", "Pod", "shop", "shell").await.unwrap();
    assert_eq!(after["spec"], before["spec"]);
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert!(held(&cluster).await.unwrap().is_empty());

    // One that would come back at once is not taken for one of these.
    let error = hold(&cluster, &["shop/pod/web-1-x".parse().unwrap()], limit).await.unwrap_err();
    assert!(error.to_string().contains("belongs to ReplicaSet/web-1"), "{error}");
}

#[tokio::test]
async fn who_shares_a_claim_with_what_is_held_has_to_end_too() {
    let server = ApiServer::new();
    let mut web = deployment("shop", "web", 1);
    web["spec"]["template"]["spec"]["volumes"] =
        json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    let other = pod_with_claim("shop", "other", "others");
    make_all(&server, [namespace("shop"), web, other]).await;
    make_running(&server, "shop", "index", "data").await;
    let cluster = restoring(server.client());
    let target = || vec!["shop/Deployment/web".parse::<Target>().unwrap()];
    let error = hold(&cluster, &target(), Duration::from_millis(300)).await.unwrap_err();
    let [user] = users(&error) else { panic!("{error}") };
    assert!(user.contains("Pod/shop/index-1-x") && user.contains("--hold shop/Deployment/index"), "{user}");

    // A volume of the node is known by its path.
    let volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"},
        "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/srv/volumes/pv"},
            "claimRef": {"namespace": "shop", "name": "others"},
        },
    });
    let mut watcher = pod("shop", "watcher", "watcher");
    watcher["spec"]["volumes"] =
        json!([{"name": "root", "hostPath": {"path": "/"}}, {"name": "logs", "hostPath": {"path": "/srv/logs"}}]);
    watcher["spec"]["containers"][0]["volumeMounts"] =
        json!([{"name": "root", "mountPath": "/host"}, {"name": "logs", "mountPath": "/logs"}]);
    make_all(&server, [volume, watcher]).await;
    let used = async |path: &str| {
        let place = DataPlace { path: path.into(), claim: None };
        refuse_in_use(&cluster, &[place]).await.err().map(|error| users(&error).join("; ")).unwrap_or_default()
    };
    assert!(used("/srv/volumes/pv/notes.db").await.contains("Pod/shop/other mounts the claim shop/others"));
    assert!(used("/srv/logs/app").await.contains("Pod/shop/watcher mounts /srv/logs of its node"));
    assert_eq!(used("/srv/volumes/pv-2/notes.db").await, "");
}
