//! What a cluster makes by itself: a backup that holds it is bigger, and a restore of it does harm.

use serde_json::Value;

use crate::kinds::ObjectKind;
use crate::pattern::Pattern;

/// Kinds whose objects are made and kept by the cluster: by plural and group.
///
/// Nodes and Leases belong to machines, Pods and ReplicaSets to their workloads, the rest is what controllers note down.
const KINDS: [(&str, &str); 22] = [
    ("events", ""),
    ("events", "events.k8s.io"),
    ("leases", "coordination.k8s.io"),
    ("leasecandidates", "coordination.k8s.io"),
    ("nodes", ""),
    ("componentstatuses", ""),
    ("csinodes", "storage.k8s.io"),
    ("csistoragecapacities", "storage.k8s.io"),
    ("volumeattachments", "storage.k8s.io"),
    ("replicasets", "apps"),
    ("controllerrevisions", "apps"),
    ("certificatesigningrequests", "certificates.k8s.io"),
    ("ipaddresses", "networking.k8s.io"),
    ("storageversions", "internal.apiserver.k8s.io"),
    ("podtemplates", ""),
    ("resourceslices", "resource.k8s.io"),
    ("ciliumendpoints", "cilium.io"),
    ("ciliumidentities", "cilium.io"),
    ("ciliumnodes", "cilium.io"),
    ("ciliumendpointslices", "cilium.io"),
    ("ipamblocks", "crd.projectcalico.org"),
    ("blockaffinities", "crd.projectcalico.org"),
];

/// The namespaces of the cluster itself.
const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// What stands in the system namespaces without a mark that says whose it is: kubeadm's, k3s's, Talos' and the API
/// server's own objects, by kind and name. What people put there, such as the keys of sealed-secrets, is kept.
const SYSTEM_OBJECTS: [(&str, &str); 36] = [
    ("ConfigMap", "extension-apiserver-authentication"),
    ("ConfigMap", "kube-apiserver-legacy-service-account-token-tracking"),
    ("ConfigMap", "kubeadm-config"),
    ("ConfigMap", "kubelet-config*"),
    ("ConfigMap", "kube-proxy"),
    ("ConfigMap", "coredns"),
    ("ConfigMap", "cluster-info"),
    ("ConfigMap", "cluster-dns"),
    ("ConfigMap", "cluster-autoscaler-status"),
    ("ConfigMap", "chart-content-*"),
    ("ConfigMap", "kubeconfig-in-cluster"),
    ("Secret", "k3s-serving"),
    ("Secret", "*.node-password.k3s"),
    ("Secret", "chart-values-*"),
    ("Secret", "bootstrap-token-*"),
    ("Service", "kube-dns"),
    ("Service", "kubelet"),
    ("Deployment", "coredns"),
    ("DaemonSet", "kube-proxy"),
    ("DaemonSet", "kube-flannel"),
    ("DaemonSet", "svclb-*"),
    ("ServiceAccount", "coredns"),
    ("ServiceAccount", "kube-proxy"),
    ("ServiceAccount", "*-controller"),
    ("ServiceAccount", "generic-garbage-collector"),
    ("ServiceAccount", "cronjob-controller"),
    ("ServiceAccount", "bootstrap-signer"),
    ("ServiceAccount", "token-cleaner"),
    ("ServiceAccount", "clusterrole-aggregation-controller"),
    ("ServiceAccount", "legacy-service-account-token-cleaner"),
    ("ServiceAccount", "pod-garbage-collector"),
    ("ServiceAccount", "persistent-volume-binder"),
    ("ServiceAccount", "*-handler"),
    ("Role", "extension-apiserver-authentication-reader"),
    ("Role", "kube*:*"),
    ("RoleBinding", "kube*:*"),
];

/// Labels and annotations of objects that something inside the cluster puts back by itself.
const MARKS: [&str; 8] = [
    // RBAC and flow control of the API server.
    "kubernetes.io/bootstrapping",
    "rbac.authorization.kubernetes.io/autoupdate",
    "apf.kubernetes.io/autoupdate-spec",
    // APIServices of CRDs and of the API server itself.
    "kube-aggregator.kubernetes.io/automanaged",
    // Add-ons: of kubeadm and cloud clusters, and of k3s.
    "addonmanager.kubernetes.io/mode",
    "objectset.rio.cattle.io/hash",
    "objectset.rio.cattle.io/id",
    // Admission policies that the API server brings.
    "kubernetes.io/legacy-token-last-used",
];

/// Why an object is nothing to keep, or `None` where it is.
pub(crate) fn noise(kind: &ObjectKind, object: &Value) -> Option<&'static str> {
    if let Some(why) = noise_by_kind(kind) {
        return Some(why);
    }
    let metadata = &object["metadata"];
    if metadata["deletionTimestamp"].is_string() {
        return Some("being deleted");
    }
    if metadata["ownerReferences"].as_array().is_some_and(|owners| owners.iter().any(|one| one["controller"] == true)) {
        return Some("made by a controller");
    }
    if MARKS.iter().any(|mark| !metadata["labels"][*mark].is_null() || !metadata["annotations"][*mark].is_null()) {
        return Some("kept by the cluster itself");
    }
    let name = metadata["name"].as_str().unwrap_or_default();
    let namespace = metadata["namespace"].as_str().unwrap_or_default();
    noise_by_name(kind, namespace, name, object)
}

/// Why objects of a kind are nothing to keep: then they need not be asked for.
pub(crate) fn noise_by_kind(kind: &ObjectKind) -> Option<&'static str> {
    let known = KINDS.iter().any(|(plural, group)| kind.is(group, plural));
    // A metric is measured, not made.
    let measured = kind.resource.group.ends_with("metrics.k8s.io");
    (known || measured).then_some("kept by the cluster itself")
}

fn noise_by_name(kind: &ObjectKind, namespace: &str, name: &str, object: &Value) -> Option<&'static str> {
    const OWN: Option<&str> = Some("kept by the cluster itself");
    if SYSTEM_NAMESPACES.contains(&namespace) {
        let is = |(kind_name, pattern): &(&str, &str)| {
            kind.resource.kind == *kind_name && Pattern::new(*pattern).matches(name)
        };
        if SYSTEM_OBJECTS.iter().any(is) {
            return OWN;
        }
    }
    let is_own = match (kind.resource.group.as_str(), kind.resource.kind.as_str()) {
        ("", "Namespace") => name == "default" || SYSTEM_NAMESPACES.contains(&name),
        ("", "ServiceAccount") => name == "default" && is_plain_account(object),
        ("", "ConfigMap") => name == "kube-root-ca.crt" || name == "istio-ca-root-cert",
        ("", "Service") => namespace == "default" && name == "kubernetes",
        ("", "Secret") => matches!(
            object["type"].as_str(),
            Some("kubernetes.io/service-account-token" | "bootstrap.kubernetes.io/token" | crate::restore::HELD_POD)
        ),
        // Bare Pods are somebody's; those of the kubelet are the node's.
        ("", "Pod") => !object["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null(),
        ("", "Endpoints") => is_managed_endpoints(namespace, name, object),
        ("discovery.k8s.io", "EndpointSlice") => is_managed_slice(namespace, name, object),
        ("scheduling.k8s.io", "PriorityClass") => name.starts_with("system-"),
        ("networking.k8s.io", "ServiceCIDR") => name == "kubernetes",
        ("flowcontrol.apiserver.k8s.io", _) => matches!(name, "exempt" | "catch-all"),
        ("rbac.authorization.k8s.io", _) => name.starts_with("system:") || name.starts_with("kubeadm:"),
        _ => false,
    };
    if is_own { OWN } else { None }
}

/// Whether a default account is as the cluster makes it: who added pull secrets to it wants those back.
fn is_plain_account(object: &Value) -> bool {
    let is_empty = |field: &str| object[field].as_array().is_none_or(Vec::is_empty);
    is_empty("imagePullSecrets") && is_empty("secrets") && object["metadata"]["annotations"].is_null()
}

fn is_managed_endpoints(namespace: &str, name: &str, object: &Value) -> bool {
    let metadata = &object["metadata"];
    (namespace == "default" && name == "kubernetes")
        || !metadata["labels"]["endpoints.kubernetes.io/managed-by"].is_null()
        || !metadata["annotations"]["endpoints.kubernetes.io/last-change-trigger-time"].is_null()
}

/// Slices that are written by hand lead to machines outside of the cluster, and nobody else knows of them.
fn is_managed_slice(namespace: &str, name: &str, object: &Value) -> bool {
    let manager = object["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"].as_str();
    (namespace == "default" && name == "kubernetes") || manager.is_some_and(|manager| manager.ends_with(".k8s.io"))
}

#[cfg(test)]
mod tests {
    use kube::core::ApiResource;
    use serde_json::json;

    use super::*;

    fn kind(group: &str, kind: &str, plural: &str) -> ObjectKind {
        let resource = ApiResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            api_version: "v1".to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        };
        ObjectKind { resource, namespaced: true, served: vec!["v1".to_owned()] }
    }

    fn is_noise(of: &ObjectKind, namespace: &str, name: &str, more: Value) -> bool {
        let mut object = json!({"metadata": {"name": name, "namespace": namespace}});
        for (field, value) in more.as_object().into_iter().flatten() {
            match field.as_str() {
                "labels" | "annotations" | "ownerReferences" => object["metadata"][field] = value.clone(),
                _ => object[field] = value.clone(),
            }
        }
        noise(of, &object).is_some()
    }

    #[test]
    fn what_the_cluster_makes_is_left_out() {
        let (map, secret, account) = (
            kind("", "ConfigMap", "configmaps"),
            kind("", "Secret", "secrets"),
            kind("", "ServiceAccount", "serviceaccounts"),
        );
        assert!(is_noise(&map, "shop", "kube-root-ca.crt", json!({})));
        assert!(is_noise(&map, "kube-system", "coredns", json!({})));
        assert!(is_noise(&secret, "shop", "t", json!({"type": "kubernetes.io/service-account-token"})));
        assert!(is_noise(&account, "shop", "default", json!({})));
        let owned = json!({"ownerReferences": [{"kind": "Job", "controller": true}]});
        assert!(is_noise(&kind("", "Pod", "pods"), "shop", "web-1", owned));
        let bootstrapping = json!({"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}});
        assert!(is_noise(
            &kind("rbac.authorization.k8s.io", "ClusterRole", "clusterroles"),
            "",
            "admin",
            bootstrapping
        ));
        assert!(noise_by_kind(&kind("metrics.k8s.io", "PodMetrics", "pods")).is_some());
    }

    #[test]
    fn what_people_put_next_to_it_is_kept() {
        let (map, secret, account) = (
            kind("", "ConfigMap", "configmaps"),
            kind("", "Secret", "secrets"),
            kind("", "ServiceAccount", "serviceaccounts"),
        );
        assert!(!is_noise(&map, "shop", "coredns", json!({})));
        // The key of sealed-secrets, without which no sealed secret opens.
        assert!(!is_noise(&secret, "kube-system", "sealed-secrets-key9xk2p", json!({"type": "kubernetes.io/tls"})));
        assert!(!is_noise(&account, "shop", "default", json!({"imagePullSecrets": [{"name": "registry"}]})));
        let slices = kind("discovery.k8s.io", "EndpointSlice", "endpointslices");
        assert!(!is_noise(&slices, "shop", "nas", json!({})));
        let managed = json!({"labels": {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}});
        assert!(is_noise(&slices, "shop", "web-x", managed));
        // An owner that does not control is no maker.
        let owned = json!({"ownerReferences": [{"kind": "App", "controller": false}]});
        assert!(!is_noise(&map, "shop", "settings", owned));
    }
}
