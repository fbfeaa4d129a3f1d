//! What Git defines of a cluster: the objects that stand in an inventory, and those of Helm releases that do.

use std::collections::HashSet;

use serde_json::Value;
use windlass_cluster::Inventory;
use windlass_manifest::ObjectId;

/// The objects that the repositories of a cluster bring back by themselves.
///
/// An object counts only if a Kustomization has it in its inventory. A label alone proves nothing: people copy objects
/// with their labels, and an object that was orphaned keeps them.
#[derive(Debug, Default)]
pub(crate) struct Defined {
    objects: HashSet<ObjectId>,
    /// Namespace and name of each HelmRelease, and of each Helm release that one of them made.
    helm_releases: HashSet<(String, String)>,
    releases: HashSet<(String, String)>,
}

impl Defined {
    /// Adds what a Kustomization, a HelmRelease or a record of `windlass apply` says is its.
    pub(crate) fn add(&mut self, object: &Value) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let group = text("/apiVersion").split('/').next().unwrap_or_default().to_owned();
        match (group.as_str(), object["kind"].as_str().unwrap_or_default()) {
            ("kustomize.toolkit.fluxcd.io", "Kustomization") => self.add_inventory(&object["status"]["inventory"]),
            ("helm.toolkit.fluxcd.io", "HelmRelease") => {
                self.add_inventory(&object["status"]["inventory"]);
                self.helm_releases.insert((text("/metadata/namespace"), text("/metadata/name")));
                for release in object["status"]["history"].as_array().into_iter().flatten() {
                    let of = |field: &str| release[field].as_str().unwrap_or_default().to_owned();
                    let namespace = text("/spec/storageNamespace");
                    let namespace = if namespace.is_empty() { of("namespace") } else { namespace };
                    self.releases.insert((namespace, of("name")));
                }
            }
            (_, "ConfigMap") if text("/metadata/name").starts_with("windlass-inventory-") => {
                if let Ok(inventory) = serde_json::from_str(&text("/data/inventory.json")) {
                    self.add_inventory(&inventory);
                }
            }
            _ => {}
        }
    }

    fn add_inventory(&mut self, inventory: &Value) {
        let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        for entry in inventory["entries"].as_array().into_iter().flatten() {
            // An entry that cannot be read names nothing.
            if let Ok(read) = Inventory::read([(text(entry, "id").as_str(), text(entry, "v").as_str())]) {
                self.objects.extend(read.iter().map(|entry| entry.id));
            }
        }
    }

    /// Whether the object comes back by itself.
    pub(crate) fn holds(&self, id: &ObjectId, object: &Value) -> bool {
        if self.objects.contains(id) {
            return true;
        }
        let label = |key: &str| object["metadata"]["labels"][key].as_str().unwrap_or_default().to_owned();
        let namespace = || id.namespace.clone().unwrap_or_default();
        let of_helm = (label("helm.toolkit.fluxcd.io/namespace"), label("helm.toolkit.fluxcd.io/name"));
        if self.helm_releases.contains(&of_helm) {
            return true;
        }
        let is_release = object["type"] == "helm.sh/release.v1" && label("owner") == "helm";
        is_release && self.releases.contains(&(namespace(), label("name")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(name: &str, labels: Value) -> (ObjectId, Value) {
        let id = ObjectId {
            group: String::new(),
            kind: "ConfigMap".to_owned(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        };
        (id, json!({"metadata": {"name": name, "namespace": "shop", "labels": labels}}))
    }

    #[test]
    fn an_inventory_counts_and_a_label_does_not() {
        let mut defined = Defined::default();
        defined.add(&json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "apps", "namespace": "flux-system"},
            "status": {"inventory": {"entries": [{"id": "shop_a__ConfigMap", "v": "v1"}]}},
        }));
        let labels = json!({"kustomize.toolkit.fluxcd.io/name": "apps"});
        let (id, object) = map("a", labels.clone());
        assert!(defined.holds(&id, &object));
        let (id, copy) = map("copy", labels);
        assert!(!defined.holds(&id, &copy));
    }

    #[test]
    fn what_a_helm_release_made_comes_back_with_it() {
        let mut defined = Defined::default();
        defined.add(&json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "redis", "namespace": "shop"},
            "status": {"history": [{"name": "redis", "namespace": "shop"}]},
        }));
        let labels = json!({"helm.toolkit.fluxcd.io/name": "redis", "helm.toolkit.fluxcd.io/namespace": "shop"});
        let (id, object) = map("redis", labels);
        assert!(defined.holds(&id, &object));
        let (id, mut release) = map("sh.helm.release.v1.redis.v1", json!({"owner": "helm", "name": "redis"}));
        release["type"] = "helm.sh/release.v1".into();
        assert!(defined.holds(&id, &release));
        let (id, mut release) = map("sh.helm.release.v1.other.v1", json!({"owner": "helm", "name": "other"}));
        release["type"] = "helm.sh/release.v1".into();
        assert!(!defined.holds(&id, &release));
    }
}
