//! How many requests things cost, counted by the embedded server.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use windlass_apiserver::LoggedRequest;

use crate::daemon::Daemon;
use crate::repository::Repository;
use crate::server::{KUSTOMIZE, Server, on_embedded};
use crate::waiting::{config_map, flux_objects, request, wait_ready};

const OBJECTS: usize = 20;

/// The requests of `windlassd` since a mark, counted by verb, resource and, where there is one, subresource.
fn requests(server: &Server, since: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let all = server.api().requests().all();
    for one in all.iter().skip(since).filter(|one| one.agent == "windlassd") {
        *counts.entry(name(one)).or_default() += 1;
    }
    counts
}

fn name(one: &LoggedRequest) -> String {
    let dry = if one.dry_run { " (dry run)" } else { "" };
    let slash = if one.subresource.is_empty() { "" } else { "/" };
    format!("{} {}{slash}{}{dry}", one.verb, one.resource, one.subresource)
}

/// A namespace with many objects, and a `windlassd` that has applied them.
fn at_rest(server: &Server, namespace: &str, home: &std::path::Path) -> (Repository, Daemon) {
    server.make_namespace(namespace);
    let repository = Repository::new();
    for index in 0..OBJECTS {
        repository.write(&format!("{index}.yaml"), &config_map(namespace, &format!("m{index}"), "1"));
    }
    let revision = repository.push();
    server.apply(&flux_objects(server, namespace, &repository.url(), json!({})));
    let daemon = Daemon::start(&server.kubeconfig(), namespace, home);
    wait_ready(server, namespace, "apps", &revision);
    (repository, daemon)
}

#[test]
fn idling_costs_no_request_though_the_source_is_polled() {
    on_embedded(|server| {
        let home = tempfile::tempdir().unwrap();
        let (_repository, daemon) = at_rest(server, "idle", home.path());
        let metric = |daemon: &Daemon| {
            let text = daemon.get("/metrics").unwrap();
            let line = text.lines().find(|line| line.contains("polls_total{outcome=\"unchanged\"}"));
            line.and_then(|line| line.rsplit(' ').next()?.trim().parse::<u32>().ok()).unwrap_or(0)
        };
        let (since, polls) = (server.mark(), metric(&daemon));
        std::thread::sleep(Duration::from_secs(2));
        assert!(metric(&daemon) >= polls + 3, "the source is polled all the while");
        assert_eq!(requests(server, since), BTreeMap::new());
    });
}

#[test]
fn a_look_costs_two_requests_for_each_object_and_one_write_of_its_own_status() {
    on_embedded(|server| {
        let home = tempfile::tempdir().unwrap();
        let (_repository, _daemon) = at_rest(server, "look", home.path());
        let since = server.mark();
        request(server, KUSTOMIZE, "Kustomization", "look", "apps");
        let wanted = [
            ("get configmaps".to_owned(), OBJECTS),
            ("patch configmaps (dry run)".to_owned(), OBJECTS),
            // That the request was handled.
            ("patch kustomizations.kustomize.toolkit.fluxcd.io/status".to_owned(), 1),
        ];
        assert_eq!(requests(server, since), wanted.into());
    });
}

#[test]
fn a_push_writes_the_changed_object_only() {
    on_embedded(|server| {
        let home = tempfile::tempdir().unwrap();
        let (repository, _daemon) = at_rest(server, "push", home.path());
        let since = server.mark();
        repository.write("7.yaml", &config_map("push", "m7", "2"));
        let revision = repository.push();
        wait_ready(server, "push", "apps", &revision);
        let counts = requests(server, since);
        assert_eq!(counts.get("patch configmaps"), Some(&1), "{counts:#?}");
        assert_eq!(server.writes(since), [("patch configmaps/m7".to_owned(), 1)].into());
        // Looked at: each object once; told: the new revision, that it is worked on, and that it is done.
        assert_eq!(counts.get("get configmaps"), Some(&OBJECTS), "{counts:#?}");
        let statuses: usize = counts.iter().filter(|(name, _)| name.ends_with("/status")).map(|(_, count)| count).sum();
        assert!((3..=4).contains(&statuses), "{counts:#?}");
    });
}
