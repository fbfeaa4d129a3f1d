//! The figures that the README of the benches quotes: `cargo bench -p windlass-apiserver --bench figures`.
//!
//! Time is the processor's, of one thread, so that what else the machine does hardly matters. Linux only.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::fs;
use std::hint::black_box;

use http::Request;
use kube::client::Body;
use serde_json::json;
use tower::Service;
use windlass_apiserver::ApiServer;

const OBJECTS: usize = 10_000;
const APPLIES: usize = 20_000;
const STARTS: usize = 200;

fn deployment(number: usize, image: usize) -> Vec<u8> {
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": format!("d{number}")},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{
                "name": "c", "image": format!("i:{image}"), "ports": [{"containerPort": 80}],
                "resources": {"limits": {"cpu": "1000m", "memory": "64Mi"}},
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            }]}},
        },
    });
    object.to_string().into_bytes()
}

fn applied(server: &mut ApiServer, number: usize, body: Vec<u8>) {
    let path = format!("/apis/apps/v1/namespaces/default/deployments/d{number}?fieldManager=m");
    let request = Request::patch(path)
        .header("content-type", "application/apply-patch+yaml")
        .body(Body::from(body))
        .expect("a request");
    let response = futures::executor::block_on(server.call(request)).expect("an answer");
    assert!(response.status().is_success(), "{}", response.status());
    black_box(response);
}

/// The processor's time that this process took so far, in seconds.
fn processor() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|one| one.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// Resident memory in megabytes.
fn memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|one| one.parse::<f64>().ok()).unwrap_or(0.0) / 1_000.0
}

/// The processor's seconds of some work.
fn taken(work: impl FnOnce()) -> f64 {
    let start = processor();
    work();
    processor() - start
}

fn main() {
    // The tables are read with the first server.
    black_box(ApiServer::new());
    let start = taken(|| (0..STARTS).for_each(|_| drop(black_box(ApiServer::new()))));
    println!("start:                 {:>8.2} ms", start * 1_000.0 / STARTS as f64);
    let mut server = ApiServer::new();
    let bodies: Vec<Vec<u8>> = (0..OBJECTS).map(|number| deployment(number, 1)).collect();
    let before = memory();
    let created =
        taken(|| bodies.into_iter().enumerate().for_each(|(number, body)| applied(&mut server, number, body)));
    println!("applies that create:   {:>8.0} a second", OBJECTS as f64 / created);
    println!("{OBJECTS} Deployments:     {:>8.0} MB", memory() - before);
    let changed = taken(|| (0..APPLIES).for_each(|image| applied(&mut server, 1, deployment(1, image + 2))));
    println!("applies that change:   {:>8.0} a second", APPLIES as f64 / changed);
    let body = deployment(2, 1);
    let unchanged = taken(|| (0..APPLIES).for_each(|_| applied(&mut server, 2, body.clone())));
    println!("applies that do not:   {:>8.0} a second", APPLIES as f64 / unchanged);
}
