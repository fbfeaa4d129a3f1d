//! Each fault that can be ordered, as a user of the kube crate meets it: in the process, and over loopback.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::{Duration, Instant};

use futures::StreamExt;
use http::Request;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::json;
use windlass_apiserver::{ApiServer, Fault};

/// Runs a test with a client in the process and with one over loopback, each at a server of its own.
async fn both(test: impl AsyncFn(ApiServer, kube::Client)) {
    let server = ApiServer::new();
    let client = server.client();
    test(server, client).await;

    let server = ApiServer::new();
    let serving = server.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let kubeconfig = Kubeconfig::from_yaml(&serving.kubeconfig()).unwrap();
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    config.headers.push((http::header::USER_AGENT, http::HeaderValue::from_static("tester/1.0")));
    test(server, kube::Client::try_from(config).unwrap()).await;
}

fn maps(client: &kube::Client) -> Api<ConfigMap> {
    Api::namespaced(client.clone(), "default")
}

fn map(name: &str) -> ConfigMap {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "v"}});
    serde_json::from_value(map).unwrap()
}

fn code(error: &kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        _ => 0,
    }
}

#[tokio::test]
async fn refusals_have_their_status_and_do_nothing() {
    both(async |server, client| {
        let maps = maps(&client);
        for wanted in [401, 403, 404, 409, 410, 422, 500, 502, 503, 504] {
            server.faults().add(Fault::status(wanted).verb("create").times(1));
            let error = maps.create(&PostParams::default(), &map("a")).await.unwrap_err();
            assert_eq!(code(&error), wanted, "{error}");
        }
        assert!(server.objects().get("v1", "ConfigMap", "default", "a").is_none());
        assert_eq!(server.requests().count("create", "configmaps"), 10);
        assert_eq!(server.requests().all().iter().filter(|one| one.status == 503).count(), 1);
        maps.create(&PostParams::default(), &map("a")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back() {
    both(async |server, client| {
        server.faults().add(Fault::too_many_requests(7).verb("list").times(1));
        let request = Request::get("/api/v1/namespaces/default/configmaps").body(kube::client::Body::empty()).unwrap();
        let response = client.send(request).await.unwrap();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "7");
        assert!(maps(&client).list(&ListParams::default()).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_storm_of_conflicts_ends() {
    both(async |server, client| {
        let maps = maps(&client);
        maps.create(&PostParams::default(), &map("a")).await.unwrap();
        server.faults().add(Fault::conflict().verb("update").times(3));
        let mut tries = 0;
        loop {
            tries += 1;
            let current = maps.get("a").await.unwrap();
            match maps.replace("a", &PostParams::default(), &current).await {
                Ok(_) => break,
                Err(error) => assert_eq!(code(&error), 409),
            }
        }
        assert_eq!(tries, 4);
    })
    .await;
}

#[tokio::test]
async fn latency_comes_on_top_of_other_faults() {
    both(async |server, client| {
        let by = Duration::from_millis(20);
        server.faults().add(Fault::latency(by).times(1));
        server.faults().add(Fault::latency(by).resource("configmaps"));
        server.faults().add(Fault::status(500).times(1));
        let start = Instant::now();
        assert_eq!(code(&maps(&client).get("a").await.unwrap_err()), 500);
        assert!(start.elapsed() >= 2 * by);
        assert_eq!(server.faults().pending(), 1);
        server.faults().clear();
        assert_eq!(code(&maps(&client).get("a").await.unwrap_err()), 404);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_is_gone_gives_no_answer_and_does_nothing() {
    both(async |server, client| {
        let maps = maps(&client);
        server.faults().add(Fault::disconnect().verb("create").times(1));
        let error = maps.create(&PostParams::default(), &map("a")).await.unwrap_err();
        assert!(!matches!(error, kube::Error::Api(_)), "{error}");
        assert!(server.objects().get("v1", "ConfigMap", "default", "a").is_none());
        assert_eq!(server.requests().all().last().map(|one| one.status), Some(0));
        // The client goes on with another connection.
        maps.create(&PostParams::default(), &map("a")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_cut_was_still_carried_out() {
    both(async |server, client| {
        let maps = maps(&client);
        server.faults().add(Fault::cut_body(12).verb("create").times(1));
        let error = maps.create(&PostParams::default(), &map("a")).await.unwrap_err();
        assert!(!matches!(error, kube::Error::Api(_)), "{error}");
        assert!(server.objects().get("v1", "ConfigMap", "default", "a").is_some());
        assert_eq!(maps.get("a").await.unwrap().data.unwrap()["k"], "v");
    })
    .await;
}

#[tokio::test]
async fn a_watch_is_cut_in_the_middle_of_an_event() {
    both(async |server, client| {
        let maps = maps(&client);
        maps.create(&PostParams::default(), &map("a")).await.unwrap();
        server.faults().add(Fault::cut_body(30).verb("watch").times(1));
        let mut events = maps.watch(&WatchParams::default(), "0").await.unwrap().boxed();
        assert!(!matches!(events.next().await, Some(Ok(_))));
        let mut again = maps.watch(&WatchParams::default(), "0").await.unwrap().boxed();
        assert!(matches!(again.next().await, Some(Ok(WatchEvent::Added(_)))));
    })
    .await;
}

#[tokio::test]
async fn a_watch_is_told_that_its_version_is_gone() {
    both(async |server, client| {
        let maps = maps(&client);
        maps.create(&PostParams::default(), &map("a")).await.unwrap();
        server.faults().add(Fault::gone().resource("secrets"));
        server.faults().add(Fault::gone().resource("configmaps"));
        let mut events = maps.watch(&WatchParams::default(), "0").await.unwrap().boxed();
        let told = events.next().await;
        assert!(matches!(&told, Some(Ok(WatchEvent::Error(status))) if status.code == 410), "{told:?}");
        assert!(events.next().await.is_none());
        assert_eq!(server.faults().pending(), 1, "the one for Secrets waits on");
    })
    .await;
}

#[tokio::test]
async fn a_watcher_follows_through_everything() {
    both(async |server, client| {
        let maps = maps(&client);
        let create = async |name: &str| drop(maps.create(&PostParams::default(), &map(name)).await.unwrap());
        create("a").await;
        let mut seen = watcher(maps.clone(), watcher::Config::default()).default_backoff().applied_objects().boxed();
        let mut sees = async |wanted: &str| {
            // After a new list everything is shown again.
            while seen.next().await.unwrap().is_ok_and(|map| map.metadata.name.as_deref() != Some(wanted)) {}
        };
        sees("a").await;
        server.drop_watches();
        create("b").await;
        sees("b").await;
        server.faults().add(Fault::gone());
        create("c").await;
        sees("c").await;
        server.compact();
        server.faults().add(Fault::status(503).verb("watch").times(1));
        server.drop_watches();
        create("d").await;
        sees("d").await;
    })
    .await;
}

#[tokio::test]
async fn faults_are_narrowed_down_and_used_in_their_order() {
    both(async |server, client| {
        let maps = maps(&client);
        maps.create(&PostParams::default(), &map("a")).await.unwrap();
        server.faults().add(Fault::status(500).named("b"));
        server.faults().add(Fault::status(500).agent("somebody-else"));
        server.faults().add(Fault::status(503).verb("get").named("a").times(1));
        server.faults().add(Fault::status(504).verb("get").named("a").times(1));
        assert_eq!(code(&maps.get("a").await.unwrap_err()), 503);
        assert_eq!(code(&maps.get("a").await.unwrap_err()), 504);
        assert!(maps.get("a").await.is_ok());
        assert_eq!(code(&maps.get("b").await.unwrap_err()), 500);
        assert_eq!(server.faults().pending(), 2);
    })
    .await;
}

#[tokio::test]
async fn the_log_tells_who_asked_what() {
    both(async |server, client| {
        let maps = maps(&client);
        server.requests().clear();
        let applied = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}});
        maps.patch("a", &PatchParams::apply("me").dry_run(), &Patch::Apply(&applied)).await.unwrap();
        maps.patch("a", &PatchParams::apply("me"), &Patch::Apply(&applied)).await.unwrap();
        client.apiserver_version().await.unwrap();
        let all = server.requests().all();
        let told: Vec<_> = all
            .iter()
            .map(|one| (one.verb, one.resource.as_str(), one.name.as_str(), one.dry_run, one.status))
            .collect();
        assert_eq!(
            told,
            [
                ("patch", "configmaps", "a", true, 201),
                ("patch", "configmaps", "a", false, 201),
                ("get", "/version", "", false, 200),
            ]
        );
        assert!(all.iter().all(|one| one.agent == all[0].agent && ["", "tester"].contains(&one.agent.as_str())));
        assert_eq!(server.requests().counts()[&("patch".to_owned(), "configmaps".to_owned())], 2);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_was_stopped_comes_back_at_its_address_with_what_it_stored() {
    let server = ApiServer::new();
    let serving = server.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = serving.address();
    let kubeconfig = Kubeconfig::from_yaml(&serving.kubeconfig()).unwrap();
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    let client = kube::Client::try_from(config).unwrap();
    maps(&client).create(&PostParams::default(), &map("a")).await.unwrap();
    let mut events = maps(&client).watch(&WatchParams::default(), "0").await.unwrap().boxed();
    assert!(events.next().await.is_some_and(|event| event.is_ok()));
    serving.stop().await;
    assert!(!matches!(events.next().await, Some(Ok(_))), "a watch ends with the server");
    assert!(maps(&client).get("a").await.is_err());
    let _again = server.serve(address).await.unwrap();
    assert!(maps(&client).get("a").await.is_ok());
}
