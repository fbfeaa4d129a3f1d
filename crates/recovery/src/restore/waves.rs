//! In which order objects are restored.

use windlass_manifest::Manifest;

/// Objects of one wave can be made side by side; the next needs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wave {
    /// CRDs: without them there are no custom resources. Waited for.
    Definitions,
    /// Namespaces. Waited for.
    Namespaces,
    /// Storage, ingress, priority and other classes, and ClusterRoles, which others refer to.
    Classes,
    /// Volumes that were made by hand.
    Volumes,
    /// Accounts, roles, Secrets, ConfigMaps, limits, claims: what workloads are made of.
    Config,
    /// Services, policies, custom resources, and all else.
    Objects,
    /// What runs.
    Workloads,
    /// Flux' objects, which set others in motion.
    Flux,
    /// Webhooks and APIServices: they can refuse everything that comes after them.
    Gates,
}

impl Wave {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let gvk = manifest.gvk();
        match (gvk.group.as_str(), gvk.kind.as_str()) {
            ("apiextensions.k8s.io", "CustomResourceDefinition") => Self::Definitions,
            ("", "Namespace") => Self::Namespaces,
            ("rbac.authorization.k8s.io", "ClusterRole") => Self::Classes,
            ("", "PersistentVolume") => Self::Volumes,
            (
                "",
                "ServiceAccount" | "Secret" | "ConfigMap" | "LimitRange" | "ResourceQuota" | "PersistentVolumeClaim",
            )
            | ("rbac.authorization.k8s.io", _) => Self::Config,
            ("", "Pod" | "ReplicationController")
            | ("apps" | "batch", _)
            | ("autoscaling", _)
            | ("policy", "PodDisruptionBudget") => Self::Workloads,
            ("admissionregistration.k8s.io" | "apiregistration.k8s.io", _) => Self::Gates,
            (group, _) if group.ends_with(".toolkit.fluxcd.io") => Self::Flux,
            (_, kind) if kind.ends_with("Class") => Self::Classes,
            _ => Self::Objects,
        }
    }

    /// Whether its objects must be ready before the next wave begins.
    pub(crate) fn is_awaited(self) -> bool {
        matches!(self, Self::Definitions | Self::Namespaces)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_manifest::Origin;

    use super::*;

    #[test]
    fn what_others_need_comes_first() {
        let wave = |api: &str, kind: &str| {
            let object = json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}});
            Wave::of(&Manifest::new(object, Origin::unknown()).unwrap())
        };
        let order = [
            wave("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            wave("v1", "Namespace"),
            wave("storage.k8s.io/v1", "StorageClass"),
            wave("v1", "PersistentVolume"),
            wave("v1", "PersistentVolumeClaim"),
            wave("example.com/v1", "Widget"),
            wave("apps/v1", "StatefulSet"),
            wave("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
            wave("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
        ];
        assert!(order.is_sorted() && order.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
