//! An API server that misbehaves: `windlassd` converges all the same, and does nothing twice to harm.

use std::time::Duration;

use serde_json::json;
use windlass_apiserver::Fault;

use crate::daemon::Daemon;
use crate::repository::Repository;
use crate::server::{Server, on_embedded};
use crate::waiting::{config_map, eventually, flux_objects, wait_ready};

const OBJECTS: usize = 8;

/// Lets a repository be applied while `faults` happen, then changed and pruned, and says what must hold in the end.
fn weathered(server: &Server, namespace: &str, faults: &[Fault]) {
    server.make_namespace(namespace);
    let repository = Repository::new();
    for index in 0..OBJECTS {
        repository.write(&format!("{index}.yaml"), &config_map(namespace, &format!("m{index}"), "1"));
    }
    let first = repository.push();
    server.apply(&flux_objects(server, namespace, &repository.url(), json!({"retryInterval": "500ms"})));
    let home = tempfile::tempdir().unwrap();
    order(server, faults);
    let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    wait_ready(server, namespace, "apps", &first);
    let left = server.api().faults().pending();
    assert!(left < faults.len(), "no fault was met");
    server.api().faults().clear();
    let uids = uids(server, namespace);
    assert_eq!(uids.len(), OBJECTS);

    let since = server.mark();
    order(server, faults);
    repository.write("1.yaml", &config_map(namespace, "m1", "2"));
    repository.remove("0.yaml");
    let second = repository.push();
    wait_ready(server, namespace, "apps", &second);
    server.api().faults().clear();
    let now = self::uids(server, namespace);
    assert_eq!(now, uids[1..], "what stays in Git is never made anew, and what left it is gone");
    let map = server.api().objects().get("v1", "ConfigMap", namespace, "m1").unwrap();
    assert_eq!(map["data"]["value"], "2");
    // Requests that failed are among them; nothing but the two objects was ever to be written.
    let written: Vec<String> = server.writes(since).into_keys().collect();
    let allowed = ["delete configmaps/m0", "patch configmaps/m1"];
    assert!(written.iter().all(|one| allowed.contains(&one.as_str())), "{written:?}");
    assert!(daemon.terminate().success());
}

/// Faults that only `windlassd` meets, not what the test asks itself.
fn order(server: &Server, faults: &[Fault]) {
    for fault in faults {
        server.api().faults().add(fault.clone().agent("windlassd"));
    }
}

fn uids(server: &Server, namespace: &str) -> Vec<(String, String)> {
    let text =
        |object: &serde_json::Value, pointer: &str| object.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let maps = server.api().objects().list("v1", "ConfigMap");
    let ours = maps.iter().filter(|map| map["metadata"]["namespace"] == namespace);
    ours.map(|map| (text(map, "/metadata/name"), text(map, "/metadata/uid"))).collect()
}

#[test]
fn too_many_requests_are_waited_out() {
    on_embedded(|server| {
        let writes = Fault::too_many_requests(1).verb("patch").resource("configmaps").times(3);
        weathered(server, "busy", &[writes, Fault::too_many_requests(1).verb("list").times(2)]);
    });
}

#[test]
fn errors_of_the_server_are_tried_again() {
    on_embedded(|server| {
        let faults = [(500, "get"), (503, "patch"), (504, "patch"), (500, "list")];
        weathered(server, "errors", &faults.map(|(code, verb)| Fault::status(code).verb(verb).times(4)));
    });
}

#[test]
fn a_storm_of_conflicts_is_outlived() {
    on_embedded(|server| weathered(server, "conflicts", &[Fault::conflict().verb("patch").times(6)]));
}

#[test]
fn connections_that_are_cut_lose_nothing() {
    on_embedded(|server| {
        let faults = [
            Fault::disconnect().verb("patch").times(3),
            // The request is carried out, and its answer is lost: it must do no harm to send it again.
            Fault::cut_body(20).verb("patch").times(4),
            Fault::cut_body(100).verb("list").times(2),
        ];
        weathered(server, "cut", &faults);
    });
}

#[test]
fn a_slow_server_is_waited_for() {
    on_embedded(|server| weathered(server, "slow", &[Fault::latency(Duration::from_millis(60)).times(40)]));
}

#[test]
fn watches_that_break_are_started_again_and_miss_nothing() {
    on_embedded(|server| {
        let namespace = "watches";
        server.make_namespace(namespace);
        let repository = Repository::new();
        repository.write("a.yaml", &config_map(namespace, "a", "${COLOUR}"));
        let revision = repository.push();
        let settings = |colour: &str| {
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings",
                "namespace": namespace, "labels": {"reconcile.fluxcd.io/watch": "Enabled"}}, "data": {"COLOUR": colour}});
            server.apply(&map.to_string());
        };
        settings("green");
        let spec = json!({"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "settings"}]}});
        server.apply(&flux_objects(server, namespace, &repository.url(), spec));
        let home = tempfile::tempdir().unwrap();
        let _daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
        wait_ready(server, namespace, "apps", &revision);
        let has = |colour: &str| {
            eventually(&format!("{colour} is applied"), || {
                let map = server.get("v1", "ConfigMap", namespace, "a").ok()?;
                (map["data"]["value"] == colour).then_some(())
            });
        };
        // Ended in the middle, with the past forgotten: a new list has to find what was missed.
        server.api().drop_watches();
        server.api().compact();
        settings("blue");
        has("blue");
        // Told that its version is gone.
        server.api().faults().add(Fault::gone());
        settings("red");
        has("red");
        // Refused when it comes back.
        let refusals = [410, 503].map(|code| Fault::status(code).verb("watch").times(1));
        order(server, &refusals);
        server.api().drop_watches();
        settings("white");
        has("white");
    });
}
