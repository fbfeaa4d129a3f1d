//! How long a server takes to start, and how many server-side applies it takes in a second on one core.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use kube::client::Body;
use serde_json::json;
use tower::Service;
use windlass_apiserver::ApiServer;

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

fn applied(server: &mut ApiServer, number: usize, image: usize) {
    let path = format!("/apis/apps/v1/namespaces/default/deployments/d{number}?fieldManager=m");
    let request = Request::patch(path)
        .header("content-type", "application/apply-patch+yaml")
        .body(Body::from(deployment(number, image)))
        .expect("a request");
    let response = futures::executor::block_on(server.call(request)).expect("an answer");
    assert!(response.status().is_success(), "{}", response.status());
}

fn bench(criterion: &mut Criterion) {
    criterion.bench_function("start", |bench| bench.iter(|| black_box(ApiServer::new())));
    let mut server = ApiServer::new();
    let mut number = 0;
    criterion.bench_function("apply, created", |bench| {
        bench.iter(|| {
            number += 1;
            applied(&mut server, number, 1);
        });
    });
    let mut image = 0;
    criterion.bench_function("apply, changed", |bench| {
        bench.iter(|| {
            image += 1;
            applied(&mut server, 1, image);
        });
    });
    applied(&mut server, 1, 0);
    criterion.bench_function("apply, unchanged", |bench| bench.iter(|| applied(&mut server, 1, 0)));
}

criterion_group!(benches, bench);
criterion_main!(benches);
