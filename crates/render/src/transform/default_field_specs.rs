//! The field specs that kustomize has built in. Names and paths are facts of the format.

use crate::transform::field_spec::FieldSpec;

const fn on(group: &'static str, kind: &'static str, path: &'static str, create: bool) -> FieldSpec {
    FieldSpec::new([group, "", kind], path, create)
}

const TEMPLATE_LABELS: &str = "spec/template/metadata/labels";
const TEMPLATE_ANNOTATIONS: &str = "spec/template/metadata/annotations";
const MATCH_LABELS: &str = "spec/selector/matchLabels";

/// `namePrefix` and `nameSuffix`.
pub(crate) static NAME: [FieldSpec; 1] = [FieldSpec::anywhere("metadata/name", false)];

/// `namespace`, apart from `metadata/namespace`, which is wired into the transformer.
pub(crate) static NAMESPACE: [FieldSpec; 3] = [
    on("", "Namespace", "metadata/name", true),
    on("apiregistration.k8s.io", "APIService", "spec/service/namespace", true),
    on(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "spec/conversion/webhook/clientConfig/service/namespace",
        false,
    ),
];

/// The labels of objects and of the objects they make: `templateLabels`.
pub(crate) static TEMPLATE: [FieldSpec; 10] = [
    FieldSpec::anywhere("metadata/labels", true),
    FieldSpec::new(["", "v1", "ReplicationController"], TEMPLATE_LABELS, true),
    on("", "Deployment", TEMPLATE_LABELS, true),
    on("", "ReplicaSet", TEMPLATE_LABELS, true),
    on("", "DaemonSet", TEMPLATE_LABELS, true),
    on("apps", "StatefulSet", TEMPLATE_LABELS, true),
    on("apps", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true),
    on("batch", "Job", TEMPLATE_LABELS, true),
    on("batch", "CronJob", "spec/jobTemplate/metadata/labels", true),
    on("batch", "CronJob", "spec/jobTemplate/spec/template/metadata/labels", true),
];

/// `metadata/labels` alone.
pub(crate) static METADATA_LABELS: FieldSpec = FieldSpec::anywhere("metadata/labels", true);

/// What `commonLabels` has beyond [`TEMPLATE`]: selectors.
pub(crate) static SELECTORS: [FieldSpec; 22] = [
    FieldSpec::new(["", "v1", "Service"], "spec/selector", true),
    FieldSpec::new(["", "v1", "ReplicationController"], "spec/selector", true),
    on("", "Deployment", MATCH_LABELS, true),
    affinity("Deployment", PREFERRED_AFFINITY),
    affinity("Deployment", REQUIRED_AFFINITY),
    affinity("Deployment", PREFERRED_ANTI_AFFINITY),
    affinity("Deployment", REQUIRED_ANTI_AFFINITY),
    affinity("Deployment", SPREAD),
    on("", "ReplicaSet", MATCH_LABELS, true),
    on("", "DaemonSet", MATCH_LABELS, true),
    on("apps", "StatefulSet", MATCH_LABELS, true),
    affinity("StatefulSet", PREFERRED_AFFINITY),
    affinity("StatefulSet", REQUIRED_AFFINITY),
    affinity("StatefulSet", PREFERRED_ANTI_AFFINITY),
    affinity("StatefulSet", REQUIRED_ANTI_AFFINITY),
    affinity("StatefulSet", SPREAD),
    on("batch", "Job", MATCH_LABELS, false),
    on("batch", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
    on("policy", "PodDisruptionBudget", MATCH_LABELS, false),
    on("networking.k8s.io", "NetworkPolicy", "spec/podSelector/matchLabels", false),
    on("networking.k8s.io", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels", false),
    on("networking.k8s.io", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels", false),
];

const PREFERRED_AFFINITY: &str = "spec/template/spec/affinity/podAffinity/\
    preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels";
const REQUIRED_AFFINITY: &str = "spec/template/spec/affinity/podAffinity/\
    requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels";
const PREFERRED_ANTI_AFFINITY: &str = "spec/template/spec/affinity/podAntiAffinity/\
    preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels";
const REQUIRED_ANTI_AFFINITY: &str = "spec/template/spec/affinity/podAntiAffinity/\
    requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels";
const SPREAD: &str = "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels";

const fn affinity(kind: &'static str, path: &'static str) -> FieldSpec {
    on("apps", kind, path, false)
}

/// `commonAnnotations`.
pub(crate) static ANNOTATIONS: [FieldSpec; 9] = [
    FieldSpec::anywhere("metadata/annotations", true),
    FieldSpec::new(["", "v1", "ReplicationController"], TEMPLATE_ANNOTATIONS, true),
    on("", "Deployment", TEMPLATE_ANNOTATIONS, true),
    on("", "ReplicaSet", TEMPLATE_ANNOTATIONS, true),
    on("", "DaemonSet", TEMPLATE_ANNOTATIONS, true),
    on("", "StatefulSet", TEMPLATE_ANNOTATIONS, true),
    on("batch", "Job", TEMPLATE_ANNOTATIONS, true),
    on("batch", "CronJob", "spec/jobTemplate/metadata/annotations", true),
    on("batch", "CronJob", "spec/jobTemplate/spec/template/metadata/annotations", true),
];

/// `images`.
pub(crate) static IMAGES: [FieldSpec; 6] = [
    FieldSpec::anywhere("spec/containers[]/image", true),
    FieldSpec::anywhere("spec/initContainers[]/image", true),
    FieldSpec::anywhere("spec/volumes[]/image/reference", true),
    FieldSpec::anywhere("spec/template/spec/containers[]/image", true),
    FieldSpec::anywhere("spec/template/spec/initContainers[]/image", true),
    FieldSpec::anywhere("spec/template/spec/volumes[]/image/reference", true),
];

/// `replicas`.
pub(crate) static REPLICAS: [FieldSpec; 4] = [
    on("", "Deployment", "spec/replicas", true),
    on("", "ReplicationController", "spec/replicas", true),
    on("", "ReplicaSet", "spec/replicas", true),
    on("", "StatefulSet", "spec/replicas", true),
];
