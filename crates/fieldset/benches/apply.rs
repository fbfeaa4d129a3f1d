//! How fast a Deployment is applied: the work of one request to an API server double, between reading and storing it.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

fn apply(criterion: &mut Criterion) {
    let _ = (criterion, BatchSize::SmallInput);
}

criterion_group!(benches, apply);
criterion_main!(benches);
