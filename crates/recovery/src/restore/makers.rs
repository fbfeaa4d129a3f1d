//! The Flux objects that would set going again what is held.

use std::collections::VecDeque;

use serde_json::Value;
use windlass_cluster::Cluster;
use windlass_manifest::{Gvk, ObjectId};

use crate::Error;

/// The Flux objects that made the workloads, and those that made them in turn, by their labels: the innermost first.
pub(super) async fn makers(cluster: &Cluster, workloads: &[Value]) -> Result<Vec<Value>, Error> {
    let mut waiting: VecDeque<_> = workloads.iter().flat_map(makers_of).collect();
    let (mut seen, mut makers) = (Vec::new(), Vec::new());
    while let Some((gvk, id)) = waiting.pop_front() {
        if seen.contains(&id) {
            continue;
        }
        if let Some(object) = cluster.get(&gvk, id.namespace.as_deref(), &id.name).await? {
            waiting.extend(makers_of(&object));
            makers.push(object);
        }
        seen.push(id);
    }
    Ok(makers)
}

fn makers_of(object: &Value) -> impl Iterator<Item = (Gvk, ObjectId)> {
    let kinds =
        [("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"), ("helm.toolkit.fluxcd.io", "v2", "HelmRelease")];
    kinds.into_iter().filter_map(|(group, version, kind)| {
        let label = |key: &str| object["metadata"]["labels"][format!("{group}/{key}")].as_str().map(str::to_owned);
        let (name, namespace) = (label("name")?, label("namespace")?);
        let gvk = Gvk { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() };
        let (group, kind) = (group.to_owned(), kind.to_owned());
        Some((gvk, ObjectId { group, kind, namespace: Some(namespace), name }))
    })
}
