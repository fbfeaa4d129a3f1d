//! The order in which objects come out.

use std::cmp::Ordering;
use std::collections::HashMap;

use windlass_manifest::Gvk;

use crate::kustomization::LegacyOrder;
use crate::resource::Resource;

const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts objects as kustomize's legacy order has them: by kind, then by type, then by namespace and name.
pub(crate) fn sort_legacy(resources: &mut [Resource], order: Option<&LegacyOrder>) {
    let ranks = match order {
        Some(order) => ranks(&order.first, &order.last),
        None => ranks(&FIRST, &LAST),
    };
    resources.sort_by_cached_key(|resource| Key::new(resource, &ranks));
}

fn ranks<'k>(first: &'k [impl AsRef<str>], last: &'k [impl AsRef<str>]) -> HashMap<&'k str, i64> {
    let rank = |index: usize| i64::try_from(index).unwrap_or(i64::MAX);
    let first_ranks = first.iter().enumerate().map(|(index, kind)| (kind.as_ref(), rank(index) - rank(first.len())));
    let last_ranks = last.iter().enumerate().map(|(index, kind)| (kind.as_ref(), rank(index) + 1));
    first_ranks.chain(last_ranks).collect()
}

#[derive(PartialEq, Eq)]
struct Key {
    rank: i64,
    core_namespace: bool,
    gvk: String,
    id: String,
}

impl Key {
    fn new(resource: &Resource, ranks: &HashMap<&str, i64>) -> Self {
        let Gvk { group, version, kind } = resource.gvk();
        let or = |text: &str, missing: &str| if text.is_empty() { missing.to_owned() } else { text.to_owned() };
        let namespace = resource.manifest.namespace().unwrap_or_default();
        Self {
            rank: ranks.get(kind.as_str()).copied().unwrap_or_default(),
            // Only where no other kind has the same rank: mixed with others this would be no order.
            core_namespace: kind == "Namespace" && group.is_empty() && ranks.contains_key("Namespace"),
            gvk: format!("{}_{}_{}", or(&group, "~G"), or(&version, "~V"), or(&kind, "~K")),
            id: format!(
                "{}.{}.{}|{}|{}",
                or(&kind, "[noKind]"),
                or(&version, "[noVer]"),
                or(&group, "[noGrp]"),
                or(namespace, "~X"),
                or(resource.manifest.name(), "~N")
            ),
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        // Namespaces of the core group come before those of others.
        self.rank
            .cmp(&other.rank)
            .then_with(|| other.core_namespace.cmp(&self.core_namespace))
            .then_with(|| self.gvk.cmp(&other.gvk))
            .then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
