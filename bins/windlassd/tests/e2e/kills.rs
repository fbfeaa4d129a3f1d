//! `kill -9` at any moment: it starts again and converges.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use windlass_testbed::require_peers;

use crate::cluster::{config_map, flux_objects, make_namespace, needs, shared, wait_ready};
use crate::daemon::Daemon;
use crate::repository::Repository;

#[test]
fn killed_at_any_moment_it_converges_and_leaves_no_orphan() {
    let testbed = require_peers!(needs());
    let kube = shared(&testbed);
    let namespace = "kills";
    make_namespace(kube, namespace);
    let repository = Repository::new(&testbed);
    repository.write("keep.yaml", &config_map(namespace, "keep", "always"));
    repository.push();
    kube.apply(&flux_objects(namespace, &repository.url(), json!({}))).unwrap();
    let uid = |name: &str| kube.get("configmap", namespace, name).ok().map(|map| map["metadata"]["uid"].clone());

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
        let daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
        // From before the first request to after the last one, in steps that fall anywhere.
        std::thread::sleep(Duration::from_millis(u64::from(150 + round * 230)));
        daemon.kill();
        kept = kept.or_else(|| uid("keep"));
    }

    let revision = repository.push();
    let daemon = Daemon::start(&kube.kubeconfig(), namespace, home.path());
    wait_ready(kube, namespace, "apps", &revision);
    let maps = kube.kubectl(["get", "configmaps", "-n", namespace, "-o", "name"]).unwrap();
    let found: BTreeSet<&str> = maps
        .lines()
        .map(|line| line.trim_start_matches("configmap/"))
        .filter(|name| !name.contains("kube-root"))
        .collect();
    let wanted: Vec<String> = (0..12).map(|index| format!("r7-{index}")).chain(["keep".to_owned()]).collect();
    assert_eq!(found, wanted.iter().map(String::as_str).collect(), "what was made in earlier rounds must be gone");
    assert!(kept.is_none() || kept == uid("keep"), "what stays in Git is never made anew");
    drop(daemon);
}
