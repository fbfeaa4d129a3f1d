//! `kill -9` at any moment: it starts again and converges.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::daemon::Daemon;
use crate::repository::Repository;
use crate::server::{Server, on_both_servers};
use crate::waiting::{config_map, flux_objects, wait_ready};

on_both_servers!(on_shared_real: killed_at_any_moment_it_converges_and_leaves_no_orphan);

fn killed_at_any_moment_it_converges_and_leaves_no_orphan(server: &Server) {
    let namespace = "kills";
    server.make_namespace(namespace);
    let repository = Repository::new();
    repository.write("keep.yaml", &config_map(namespace, "keep", "always"));
    repository.push();
    server.apply(&flux_objects(server, namespace, &repository.url(), json!({})));
    let uid =
        |name: &str| server.get("v1", "ConfigMap", namespace, name).ok().map(|map| map["metadata"]["uid"].clone());

    let home = tempfile::tempdir().unwrap();
    let mut kept = None;
    let mut last: Vec<String> = Vec::new();
    for round in 0..8_u32 {
        // Every round's objects leave with the next one.
        for old in last.drain(..) {
            repository.remove(&old);
        }
        for index in 0..12 {
            let path = format!("round-{round}-{index}.yaml");
            repository.write(&path, &config_map(namespace, &format!("r{round}-{index}"), "x"));
            last.push(path);
        }
        repository.push();
        let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
        // From before the first request to after the last one, in steps that fall anywhere.
        std::thread::sleep(Duration::from_millis(u64::from((150 + round * 230) / server.haste())));
        daemon.kill();
        kept = kept.or_else(|| uid("keep"));
    }

    let revision = repository.push();
    let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
    wait_ready(server, namespace, "apps", &revision);
    let maps = server.list("v1", "ConfigMap");
    let found: BTreeSet<&str> = maps
        .iter()
        .filter(|map| map["metadata"]["namespace"] == namespace)
        .filter_map(|map| map["metadata"]["name"].as_str())
        .filter(|name| !name.contains("kube-root"))
        .collect();
    let wanted: Vec<String> = (0..12).map(|index| format!("r7-{index}")).chain(["keep".to_owned()]).collect();
    assert_eq!(found, wanted.iter().map(String::as_str).collect(), "what was made in earlier rounds must be gone");
    assert!(kept.is_none() || kept == uid("keep"), "what stays in Git is never made anew");
    drop(daemon);
}
