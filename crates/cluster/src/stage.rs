//! Which objects are applied together, and in which order: Flux's `ApplyAllStaged` and `ReconcileOrder`.

use std::cmp::Ordering;

use windlass_manifest::{Manifest, ObjectId};

/// The objects that are applied together. Each stage is ready before the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    /// CustomResourceDefinitions, Namespaces, ClusterRoles: what others cannot be made without.
    Definitions,
    /// Kinds that end in `Class`: what others refer to.
    Classes,
    /// Everything else.
    Objects,
}

impl Stage {
    pub(crate) const ALL: [Self; 3] = [Self::Definitions, Self::Classes, Self::Objects];

    pub(crate) fn of(id: &ObjectId) -> Self {
        match (id.group.as_str(), id.kind.as_str()) {
            ("apiextensions.k8s.io", "CustomResourceDefinition")
            | ("", "Namespace")
            | ("rbac.authorization.k8s.io", "ClusterRole") => Self::Definitions,
            (_, kind) if kind.ends_with("Class") => Self::Classes,
            _ => Self::Objects,
        }
    }
}

/// Splits `manifests` into stages, each in the order of its objects.
pub(crate) fn staged(manifests: Vec<Manifest>) -> Vec<(Stage, Vec<Manifest>)> {
    let mut stages = Stage::ALL.map(|stage| (stage, Vec::new()));
    for manifest in manifests {
        stages[Stage::of(&manifest.id()) as usize].1.push(manifest);
    }
    stages
        .into_iter()
        .map(|(stage, mut manifests)| {
            manifests.sort_by_cached_key(|manifest| Position(manifest.id()));
            (stage, manifests)
        })
        .collect()
}

/// Kinds that come before all others, in this order.
const FIRST: [&str; 23] = [
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that come behind all others: they can refuse everything that comes after them.
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// An object by its place in the order of applying; deletion goes the other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position(pub(crate) ObjectId);

impl Position {
    fn rank(&self) -> usize {
        let kind = self.0.kind.as_str();
        let first = FIRST.iter().position(|known| *known == kind);
        let last = LAST.iter().position(|known| *known == kind);
        first.or(last.map(|at| FIRST.len() + 1 + at)).unwrap_or(FIRST.len())
    }
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |id: &ObjectId| (id.group.clone(), id.kind.clone(), id.namespace.clone(), id.name.clone());
        self.rank().cmp(&other.rank()).then_with(|| key(&self.0).cmp(&key(&other.0)))
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_manifest::Origin;

    use super::*;

    fn manifest(api: &str, kind: &str, name: &str) -> Manifest {
        let object = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
        Manifest::new(object, Origin::unknown()).unwrap()
    }

    #[test]
    fn stages_and_their_order_are_those_of_flux() {
        let manifests = vec![
            manifest("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "v"),
            manifest("example.com/v1", "Widget", "w"),
            manifest("apps/v1", "Deployment", "b"),
            manifest("apps/v1", "Deployment", "a"),
            manifest("v1", "ConfigMap", "c"),
            manifest("networking.k8s.io/v1", "IngressClass", "i"),
            manifest("example.com/v1", "Namespace", "not-the-real-one"),
            manifest("v1", "Namespace", "n"),
            manifest("rbac.authorization.k8s.io/v1", "ClusterRole", "r"),
            manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "d"),
        ];
        let staged: Vec<(Stage, Vec<String>)> = staged(manifests)
            .into_iter()
            .map(|(stage, manifests)| (stage, manifests.iter().map(|m| m.name().to_owned()).collect()))
            .collect();
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            staged,
            [
                (Stage::Definitions, names(&["d", "n", "r"])),
                (Stage::Classes, names(&["i"])),
                (Stage::Objects, names(&["not-the-real-one", "c", "a", "b", "w", "v"])),
            ]
        );
    }

    /// The order of Flux itself, as its library sorts.
    #[test]
    fn the_order_is_that_of_the_flux_library() {
        let testbed = windlass_testbed::require_peers!(&[windlass_testbed::Tool::FluxOracle]);
        let oracle = windlass_testbed::Oracle::start(&testbed, windlass_testbed::Tool::FluxOracle).unwrap();
        let kinds = FIRST.iter().chain(&LAST).chain(&["Widget", "Job", "DaemonSet", "Ingress", "APIService"]);
        let mut manifests: Vec<Manifest> = Vec::new();
        for kind in kinds {
            for (api, namespace, name) in
                [("v1", "b", "x"), ("b.io/v1", "a", "y"), ("a.io/v1", "a", "x"), ("v1", "a", "z")]
            {
                let object = json!({
                    "apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace},
                });
                // Anywhere but in order.
                let at = manifests.len() * 7 % (manifests.len() + 1);
                manifests.insert(at, Manifest::new(object, Origin::unknown()).unwrap());
            }
        }
        let stream: Vec<String> = manifests.iter().map(|manifest| manifest.value().to_string()).collect();
        let answer = oracle.ask("apply-order", &stream.join("\n---\n")).unwrap().unwrap();
        let answer: Vec<serde_json::Value> = serde_json::from_str(&answer).unwrap();
        manifests.sort_by_cached_key(|manifest| Position(manifest.id()));
        let ours: crate::Inventory = manifests
            .iter()
            .map(|manifest| crate::InventoryEntry { id: manifest.id(), version: manifest.gvk().version })
            .collect();
        let ours: Vec<_> = ours.texts().map(|(id, version)| json!({"id": id, "v": version})).collect();
        assert_eq!(ours, answer);
    }
}
