use std::collections::BTreeSet;
use std::io::Read as _;

use serde_json::json;
use windlass_apiserver::{ApiServer, Fault};
use windlass_capture::Source as _;
use windlass_recovery::{Choice, ClusterObjects, SavedCluster, Scope, Selection, survey};

use crate::bed::{deployment, make, make_all, map, namespace, paths, saved, secret, widget, widget_definition};

fn flux_definitions() -> Vec<serde_json::Value> {
    windlass_flux::crds()
}

/// A root Kustomization that makes a ConfigMap and a namespace, and the repository that it is built from.
async fn make_flux(server: &ApiServer) {
    make_all(server, flux_definitions()).await;
    make(server, namespace("flux-system")).await;
    make(
        server,
        json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "home", "namespace": "flux-system"},
            "spec": {"url": "https://git.example.test/home.git", "interval": "5m"},
        }),
    )
    .await;
    make(
        server,
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "home", "namespace": "flux-system"},
            "spec": {"interval": "1h", "path": "./clusters/home", "prune": true,
                "sourceRef": {"kind": "GitRepository", "name": "home"}},
        }),
    )
    .await;
    set_status(
        server,
        "gitrepositories",
        "source.toolkit.fluxcd.io",
        json!({"artifact": {"revision": "main@sha1:0123", "path": "x", "url": "http://x", "digest": "sha256:0",
            "lastUpdateTime": "2026-01-01T00:00:00Z"}}),
    )
    .await;
    set_status(
        server,
        "kustomizations",
        "kustomize.toolkit.fluxcd.io",
        json!({"inventory": {"entries": [
            {"id": "shop_from-git__ConfigMap", "v": "v1"},
            {"id": "_shop__Namespace", "v": "v1"},
            {"id": "flux-system_home_kustomize.toolkit.fluxcd.io_Kustomization", "v": "v1"},
        ]}}),
    )
    .await;
}

async fn set_status(server: &ApiServer, plural: &str, group: &str, status: serde_json::Value) {
    let body = json!({"status": status}).to_string().into_bytes();
    let request = http::Request::patch(format!("/apis/{group}/v1/namespaces/flux-system/{plural}/home/status"))
        .header("content-type", "application/merge-patch+json")
        .body(body)
        .unwrap();
    server.client().request_text(request).await.unwrap();
}

#[tokio::test]
async fn what_git_does_not_bring_back_is_saved_and_what_that_needs() {
    let server = ApiServer::new();
    make_flux(&server).await;
    make(&server, namespace("shop")).await;
    make(&server, map("shop", "from-git", "1")).await;
    make(&server, map("shop", "by-hand", "2")).await;
    make(&server, secret("flux-system", "sops-age")).await;
    make(&server, widget_definition(&["v1"])).await;
    make(&server, widget("v1", "shop", "w")).await;
    make(
        &server,
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l", "namespace": "shop"}}),
    )
    .await;

    let saved = saved(&server).await;
    let expected = [
        "configmaps/namespaces/shop/by-hand.yaml",
        "customresourcedefinitions.apiextensions.k8s.io/cluster/gitrepositories.source.toolkit.fluxcd.io.yaml",
        "customresourcedefinitions.apiextensions.k8s.io/cluster/kustomizations.kustomize.toolkit.fluxcd.io.yaml",
        "customresourcedefinitions.apiextensions.k8s.io/cluster/widgets.example.com.yaml",
        "gitrepositories.source.toolkit.fluxcd.io/namespaces/flux-system/home.yaml",
        "kustomizations.kustomize.toolkit.fluxcd.io/namespaces/flux-system/home.yaml",
        "namespaces/cluster/flux-system.yaml",
        "namespaces/cluster/shop.yaml",
        "secrets/namespaces/flux-system/sops-age.yaml",
        "widgets.example.com/namespaces/shop/w.yaml",
    ];
    assert_eq!(paths(&saved), expected);
    // What Git defines and others need comes along, marked.
    assert_eq!(
        saved.facts.prerequisites,
        [
            "resources/kustomizations.kustomize.toolkit.fluxcd.io/namespaces/flux-system/home.yaml",
            "resources/namespaces/cluster/shop.yaml",
        ]
    );
    assert_eq!(saved.facts.left_out["defined by Git"], 1);
    assert_eq!(saved.facts.sources[0].revision, "main@sha1:0123");
    assert!(saved.facts.kustomizations[0].is_root);
    assert!(saved.facts.faults.is_empty());
    let kustomization =
        &saved.objects["resources/kustomizations.kustomize.toolkit.fluxcd.io/namespaces/flux-system/home.yaml"];
    assert!(kustomization.get(&["status"]).is_none() && kustomization.get(&["metadata", "uid"]).is_none());
}

#[tokio::test]
async fn everything_is_everything() {
    let server = ApiServer::new();
    make_flux(&server).await;
    make(&server, namespace("shop")).await;
    make(&server, map("shop", "from-git", "1")).await;
    make(&server, deployment("shop", "web", 1)).await;
    make(
        &server,
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l", "namespace": "shop"}}),
    )
    .await;
    let saved = survey(&server.client(), &Selection::everything()).await.unwrap();
    for path in [
        "configmaps/namespaces/shop/from-git.yaml",
        "leases.coordination.k8s.io/namespaces/shop/l.yaml",
        "deployments.apps/namespaces/shop/web.yaml",
        "namespaces/cluster/kube-system.yaml",
    ] {
        assert!(paths(&saved).contains(&path), "{path} is missing");
    }
    assert!(saved.facts.left_out.is_empty() && saved.facts.prerequisites.is_empty());
}

#[tokio::test]
async fn filters_pick_namespaces_kinds_and_labels() {
    let server = ApiServer::new();
    for name in ["shop", "media", "lab"] {
        make(&server, namespace(name)).await;
        make(&server, map(name, "a", "1")).await;
        make(&server, secret(name, "s")).await;
    }
    let mut labelled = map("shop", "labelled", "1");
    labelled["metadata"]["labels"] = json!({"backup": "yes"});
    make(&server, labelled).await;
    let of = async |selection: Selection| {
        let saved = survey(&server.client(), &selection).await.unwrap();
        paths(&saved).into_iter().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let set = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>();

    let shops = Selection { namespaces: Choice::only(["sh*"]), ..Selection::default() };
    assert_eq!(
        of(shops).await,
        set(&[
            "configmaps/namespaces/shop/a.yaml",
            "configmaps/namespaces/shop/labelled.yaml",
            "namespaces/cluster/shop.yaml",
            "secrets/namespaces/shop/s.yaml",
        ])
    );
    let kinds = Choice { include: vec![], exclude: vec!["Secret".parse().unwrap(), "namespaces".parse().unwrap()] };
    let without_secrets = of(Selection { kinds, ..Selection::default() }).await;
    assert!(without_secrets.iter().all(|path| !path.starts_with("secrets/")), "{without_secrets:?}");
    // Their namespaces come along all the same: nothing could be restored without.
    assert!(without_secrets.contains("namespaces/cluster/lab.yaml"));
    let labels = Selection { labels: Some("backup=yes".to_owned()), scope: Scope::Undefined, ..Selection::default() };
    assert_eq!(of(labels).await, set(&["configmaps/namespaces/shop/labelled.yaml", "namespaces/cluster/shop.yaml"]));
}

#[tokio::test]
async fn an_unchanged_cluster_gives_the_same_bytes_and_they_read_back() {
    let server = ApiServer::new();
    make(&server, namespace("shop")).await;
    for at in 0..20 {
        make(&server, map("shop", &format!("m{at}"), "line one\nline two: \u{1f980}\n\ttab\n")).await;
    }
    make(&server, secret("shop", "s")).await;
    let mut first = ClusterObjects::read(&server.client(), &Selection::default()).await.unwrap();
    // What the server notes for itself changes nothing.
    let touch = http::Request::patch("/api/v1/namespaces/shop/configmaps/m1?fieldManager=other")
        .header("content-type", "application/merge-patch+json")
        .body(br#"{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":"now"}}}"#.to_vec())
        .unwrap();
    server.client().request_text(touch).await.unwrap();
    let second = ClusterObjects::read(&server.client(), &Selection::default()).await.unwrap();
    assert_eq!(first.bytes(), second.bytes());
    assert_eq!(first.facts()["secrets"], 1);

    let mut bytes = Vec::new();
    first.open().unwrap().read_to_end(&mut bytes).unwrap();
    let read = SavedCluster::read(bytes.as_slice()).unwrap();
    assert_eq!(read.objects.len(), first.len());
    assert_eq!(read.objects["resources/configmaps/namespaces/shop/m3.yaml"].value(), &{
        let mut object = map("shop", "m3", "line one\nline two: \u{1f980}\n\ttab\n");
        object.sort_all_objects();
        object
    });
}

#[tokio::test]
async fn what_cannot_be_read_is_told_and_does_not_hide_the_rest() {
    let server = ApiServer::new();
    make(&server, namespace("shop")).await;
    make(&server, map("shop", "a", "1")).await;
    make(&server, secret("shop", "s")).await;
    server.faults().add(Fault::status(403).verb("list").resource("secrets"));
    let saved = saved(&server).await;
    assert_eq!(paths(&saved), ["configmaps/namespaces/shop/a.yaml", "namespaces/cluster/shop.yaml"]);
    assert_eq!(saved.facts.faults.len(), 1);
    assert_eq!(saved.facts.faults[0].what, "secrets");
}

#[tokio::test]
async fn long_lists_are_read_page_by_page_and_begun_anew_when_they_expire() {
    let server = ApiServer::new();
    make(&server, namespace("shop")).await;
    for at in 0..1_100 {
        make(&server, map("shop", &format!("m{at:04}"), "x")).await;
    }
    let before = server.requests().count("list", "configmaps");
    let whole = saved(&server).await;
    assert_eq!(whole.objects.len(), 1_101);
    assert_eq!(server.requests().count("list", "configmaps") - before, 3);
    // A revision that is too old: the list is begun again, and nothing is there twice or missing.
    server.faults().add(Fault::status(410).verb("list").resource("configmaps").times(1));
    assert_eq!(paths(&saved(&server).await), paths(&whole));
}
