use serde_json::{Value, json};

use crate::registry::Resource;

/// The columns of each kind: a name and, where it is not a string, a type; `+` marks those that only `-o wide` shows.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("", "pods", "Name|Ready|Status|Restarts|Age|+IP|+Node|+Nominated Node|+Readiness Gates"),
    ("", "podtemplates", "Name|Containers|Images|Pod Labels"),
    (
        "",
        "replicationcontrollers",
        "Name|Desired:integer|Current:integer|Ready:integer|Age|+Containers|+Images|+Selector",
    ),
    ("apps", "replicasets", "Name|Desired:integer|Current:integer|Ready:integer|Age|+Containers|+Images|+Selector"),
    ("apps", "deployments", "Name|Ready|Up-to-date|Available|Age|+Containers|+Images|+Selector"),
    ("apps", "statefulsets", "Name|Ready|Age|+Containers|+Images"),
    (
        "apps",
        "daemonsets",
        "Name|Desired:integer|Current:integer|Ready:integer|Up-to-date:integer|Available:integer|Node Selector|Age|\
         +Containers|+Images|+Selector",
    ),
    ("apps", "controllerrevisions", "Name|Controller|Revision|Age"),
    ("batch", "jobs", "Name|Status|Completions|Duration|Age|+Containers|+Images|+Selector"),
    (
        "batch",
        "cronjobs",
        "Name|Schedule|Timezone|Suspend:boolean|Active:integer|Last Schedule|Age|+Containers|+Images|+Selector",
    ),
    ("autoscaling", "horizontalpodautoscalers", "Name|Reference|Targets|MinPods|MaxPods|Replicas|Age"),
    ("", "services", "Name|Type|Cluster-IP|External-IP|Port(s)|Age|+Selector"),
    ("", "endpoints", "Name|Endpoints|Age"),
    ("discovery.k8s.io", "endpointslices", "Name|AddressType|Ports|Endpoints|Age"),
    ("networking.k8s.io", "ingresses", "Name|Class|Hosts|Address|Ports|Age"),
    ("networking.k8s.io", "ingressclasses", "Name|Controller|Parameters|Age"),
    ("networking.k8s.io", "networkpolicies", "Name|Pod-Selector|Age"),
    (
        "",
        "nodes",
        "Name|Status|Roles|Age|Version|+Internal-IP|+External-IP|+OS-Image|+Kernel-Version|+Container-Runtime",
    ),
    ("", "namespaces", "Name|Status|Age"),
    ("", "configmaps", "Name|Data|Age"),
    ("", "secrets", "Name|Type|Data|Age"),
    ("", "serviceaccounts", "Name|Age"),
    (
        "",
        "persistentvolumes",
        "Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|VolumeAttributesClass|Reason|Age|+VolumeMode",
    ),
    (
        "",
        "persistentvolumeclaims",
        "Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|+VolumeMode",
    ),
    ("", "resourcequotas", "Name|Request|Limit|Age"),
    ("storage.k8s.io", "storageclasses", "Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age"),
    ("policy", "poddisruptionbudgets", "Name|Min Available|Max Unavailable|Allowed Disruptions:integer|Age"),
    ("rbac.authorization.k8s.io", "rolebindings", "Name|Role|Age|+Users|+Groups|+ServiceAccounts"),
    ("rbac.authorization.k8s.io", "clusterrolebindings", "Name|Role|Age|+Users|+Groups|+ServiceAccounts"),
    ("coordination.k8s.io", "leases", "Name|Holder|Age"),
    ("scheduling.k8s.io", "priorityclasses", "Name|Value:integer|Global-Default:boolean|Age|PreemptionPolicy"),
    ("node.k8s.io", "runtimeclasses", "Name|Handler|Age"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", "Name|Webhooks:integer|Age"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations", "Name|Webhooks:integer|Age"),
    ("", "events", "Last Seen|Type|Reason|Object|+Subobject|+Source|Message|+First Seen|+Count|+Name:name"),
];

/// Whether the real server has columns for the kind.
pub(super) fn has_own(resource: &Resource) -> bool {
    resource.custom.is_some() || COLUMNS.iter().any(|(group, plural, _)| resource.is(group, plural))
}

/// The columns of a built-in kind; name and date of creation where it has none of its own.
pub(super) fn of(resource: &Resource) -> Vec<Value> {
    let found = COLUMNS.iter().find(|(group, plural, _)| resource.is(group, plural));
    let Some((_, _, columns)) = found else {
        return vec![column("Name", "string", "name", 0), column("Created At", "date", "", 0)];
    };
    let each = columns.split('|').enumerate().map(|(index, one)| {
        let (one, priority) = one.strip_prefix('+').map_or((one, 0), |one| (one, 1));
        let (name, kind) = one.split_once(':').unwrap_or((one, "string"));
        let named = (index == 0 && name == "Name") || kind == "name";
        let kind = if kind == "name" { "string" } else { kind };
        column(name, kind, if named { "name" } else { "" }, priority)
    });
    each.collect()
}

pub(super) fn column(name: &str, kind: &str, format: &str, priority: i64) -> Value {
    json!({"name": name, "type": kind, "format": format, "description": "", "priority": priority})
}
