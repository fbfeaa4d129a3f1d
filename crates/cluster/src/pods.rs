//! Pods that have failed behind a StatefulSet or a ReplicaSet which is still on its way: why waiting longer is no use.
//!
//! Flux looks behind these two kinds and no others (`pod_controller.go` of fluxcd/cli-utils).

use std::time::SystemTime;

use kube::api::{Api, DynamicObject, ListParams};
use kube::core::ApiResource;
use serde_json::Value;
use windlass_manifest::{Gvk, ObjectId};

use crate::cluster::Cluster;
use crate::health::{Health, is_unschedulable, status};

impl Cluster {
    /// The failure of the Pods behind `object`, if they have failed. Without the right to list Pods nothing is known.
    pub(crate) async fn failed_pods(&self, gvk: &Gvk, id: &ObjectId, object: &Value) -> Option<Health> {
        if gvk.group != "apps" || !matches!(gvk.kind.as_str(), "StatefulSet" | "ReplicaSet") {
            return None;
        }
        let selector = label_selector(object)?;
        let pod = ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&());
        let pods: Api<DynamicObject> = Api::namespaced_with(self.client().clone(), id.namespace.as_deref()?, &pod);
        let list = pods.list(&ListParams::default().labels(&selector)).await.ok()?;
        let failures = list.items.iter().filter_map(failure).collect::<Vec<_>>();
        if failures.is_empty() {
            return None;
        }
        Some(Health::Failed(format!("{} pods have failed: {}", failures.len(), failures.join("; "))))
    }
}

/// `web-0: Containers in CrashLoop state: web`. Pods that are going, or that wait for a node, may yet be replaced.
fn failure(pod: &DynamicObject) -> Option<String> {
    let mut object = serde_json::to_value(pod).ok()?;
    // Items of a list do not repeat their type.
    object["apiVersion"] = "v1".into();
    object["kind"] = "Pod".into();
    match status(&object, SystemTime::now()) {
        Health::Failed(why) if !is_unschedulable(&object) => {
            Some(format!("{}: {why}", pod.metadata.name.as_deref().unwrap_or_default()))
        }
        _ => None,
    }
}

/// `spec.selector.matchLabels` as a query; expressions are rare here, and without them the query only finds more.
fn label_selector(object: &Value) -> Option<String> {
    let labels = object.pointer("/spec/selector/matchLabels")?.as_object()?;
    let pairs: Vec<String> =
        labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}
