//! What kustomize knows of the built-in kinds: the part of its own Kubernetes 1.21 schema that changes a build.
//!
//! kustomize does not ask a cluster. Which kinds are cluster-scoped and which lists a strategic merge patch merges
//! comes from the 1.21 OpenAPI document inside it, and whatever is newer or unknown counts as namespaced and has its
//! lists replaced. A newer table would change results, so this one stays what it is; see `windlass-schema` for the
//! kinds as they are today.

/// Whether objects of a built-in kind live in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Cluster,
    Namespaced,
}

/// One API version with its cluster-scoped and its namespaced kinds.
type Kinds = (&'static str, &'static [&'static str], &'static [&'static str]);

const WEBHOOKS: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
const CLUSTER_RBAC: &[&str] = &["ClusterRole", "ClusterRoleBinding"];
const RBAC: &[&str] = &["Role", "RoleBinding"];

const BUILT_IN: &[Kinds] = &[
    (
        "v1",
        &["ComponentStatus", "Namespace", "Node", "NodeProxyOptions", "PersistentVolume"],
        &[
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "PersistentVolumeClaim",
            "Pod",
            "PodAttachOptions",
            "PodExecOptions",
            "PodPortForwardOptions",
            "PodProxyOptions",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
            "ServiceProxyOptions",
        ],
    ),
    ("admissionregistration.k8s.io/v1", WEBHOOKS, &[]),
    ("admissionregistration.k8s.io/v1beta1", WEBHOOKS, &[]),
    ("apiextensions.k8s.io/v1", &["CustomResourceDefinition"], &[]),
    ("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], &[]),
    ("apiregistration.k8s.io/v1", &["APIService"], &[]),
    ("apiregistration.k8s.io/v1beta1", &["APIService"], &[]),
    ("apps/v1", &[], &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("autoscaling/v1", &[], &["HorizontalPodAutoscaler", "Scale"]),
    ("autoscaling/v2beta1", &[], &["HorizontalPodAutoscaler"]),
    ("autoscaling/v2beta2", &[], &["HorizontalPodAutoscaler"]),
    ("batch/v1", &[], &["CronJob", "Job"]),
    ("batch/v1beta1", &[], &["CronJob"]),
    ("certificates.k8s.io/v1", &["CertificateSigningRequest"], &[]),
    ("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], &[]),
    ("coordination.k8s.io/v1", &[], &["Lease"]),
    ("coordination.k8s.io/v1beta1", &[], &["Lease"]),
    ("discovery.k8s.io/v1", &[], &["EndpointSlice"]),
    ("discovery.k8s.io/v1beta1", &[], &["EndpointSlice"]),
    ("events.k8s.io/v1", &[], &["Event"]),
    ("events.k8s.io/v1beta1", &[], &["Event"]),
    ("extensions/v1beta1", &[], &["Ingress"]),
    ("flowcontrol.apiserver.k8s.io/v1beta1", &["FlowSchema", "PriorityLevelConfiguration"], &[]),
    ("networking.k8s.io/v1", &["IngressClass"], &["Ingress", "NetworkPolicy"]),
    ("networking.k8s.io/v1beta1", &["IngressClass"], &["Ingress"]),
    ("node.k8s.io/v1", &["RuntimeClass"], &[]),
    ("node.k8s.io/v1beta1", &["RuntimeClass"], &[]),
    ("policy/v1", &[], &["PodDisruptionBudget"]),
    ("policy/v1beta1", &["PodSecurityPolicy"], &["PodDisruptionBudget"]),
    ("rbac.authorization.k8s.io/v1", CLUSTER_RBAC, RBAC),
    ("rbac.authorization.k8s.io/v1beta1", CLUSTER_RBAC, RBAC),
    ("scheduling.k8s.io/v1", &["PriorityClass"], &[]),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"], &[]),
    ("storage.k8s.io/v1", &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"], &[]),
    ("storage.k8s.io/v1beta1", &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"], &["CSIStorageCapacity"]),
];

/// The scope of a kind; `None` where the schema does not know it.
pub(crate) fn scope(group: &str, version: &str, kind: &str) -> Option<Scope> {
    let same = |api: &str| match api.split_once('/') {
        Some((its_group, its_version)) => its_group == group && its_version == version,
        None => group.is_empty() && api == version,
    };
    let (_, cluster, namespaced) = BUILT_IN.iter().find(|(api, ..)| same(api))?;
    if cluster.contains(&kind) { Some(Scope::Cluster) } else { namespaced.contains(&kind).then_some(Scope::Namespaced) }
}

/// What a value is, as far as lists that are merged can lie below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A built-in object of which only the metadata matters.
    Plain,
    /// Deployment, ReplicaSet, DaemonSet, StatefulSet, Job, ReplicationController.
    Workload,
    CronJob,
    Pod,
    PodTemplate,
    Service,
    ServiceAccount,
    WebhookConfiguration,
    Node,
    CsiNode,
    ComponentStatus,
    /// A kind with nothing but `status.conditions`.
    WithConditions,
    Metadata,
    WorkloadSpec,
    CronJobSpec,
    JobTemplate,
    PodTemplateSpec,
    PodSpec,
    Container,
    EphemeralContainer,
    Volume,
    VolumeClaim,
    VolumeClaimTemplate,
    ServiceSpec,
    NodeSpec,
    CsiNodeSpec,
    Status,
    /// Nothing below it is merged.
    Leaf,
}

/// How a field is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// A mapping.
    Map(Shape),
    /// A list whose items are told apart by these keys.
    Keyed(&'static [&'static str], Shape),
    /// A list of plain values that is united.
    Set,
}

impl Shape {
    /// The shape of an object; `None` where the schema does not know its kind.
    pub(crate) fn of(group: &str, version: &str, kind: &str) -> Option<Self> {
        scope(group, version, kind)?;
        Some(match kind {
            "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" | "Job" | "ReplicationController" => {
                Self::Workload
            }
            "CronJob" => Self::CronJob,
            "Pod" => Self::Pod,
            "PodTemplate" => Self::PodTemplate,
            "Service" => Self::Service,
            "ServiceAccount" => Self::ServiceAccount,
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => Self::WebhookConfiguration,
            "Node" => Self::Node,
            "CSINode" => Self::CsiNode,
            "ComponentStatus" => Self::ComponentStatus,
            "Namespace" | "PersistentVolumeClaim" | "PodDisruptionBudget" | "APIService" => Self::WithConditions,
            _ => Self::Plain,
        })
    }

    /// The field `name` of a value of this shape.
    pub(crate) fn field(self, name: &str) -> Option<Field> {
        use Field::{Keyed, Map, Set};
        const NAME: &[&str] = &["name"];
        const TYPE: &[&str] = &["type"];
        Some(match (self, name) {
            (Self::Metadata, "finalizers") => Set,
            (Self::Metadata, "ownerReferences") => Keyed(&["uid"], Self::Leaf),
            (Self::Workload, "spec") => Map(Self::WorkloadSpec),
            (Self::CronJob, "spec") => Map(Self::CronJobSpec),
            (Self::Pod, "spec") => Map(Self::PodSpec),
            (Self::Service, "spec") => Map(Self::ServiceSpec),
            (Self::Node, "spec") => Map(Self::NodeSpec),
            (Self::CsiNode, "spec") => Map(Self::CsiNodeSpec),
            (Self::Workload | Self::Pod | Self::Service | Self::Node | Self::WithConditions, "status") => {
                Map(Self::Status)
            }
            (Self::ServiceAccount, "secrets") => Keyed(NAME, Self::Leaf),
            (Self::WebhookConfiguration, "webhooks") => Keyed(NAME, Self::Leaf),
            (Self::WorkloadSpec | Self::PodTemplate, "template") => Map(Self::PodTemplateSpec),
            (Self::PodTemplateSpec, "spec") => Map(Self::PodSpec),
            (Self::CronJobSpec, "jobTemplate") => Map(Self::JobTemplate),
            (Self::JobTemplate, "spec") => Map(Self::WorkloadSpec),
            (Self::PodSpec, "containers" | "initContainers") => Keyed(NAME, Self::Container),
            (Self::PodSpec, "ephemeralContainers") => Keyed(NAME, Self::EphemeralContainer),
            (Self::PodSpec, "volumes") => Keyed(NAME, Self::Volume),
            (Self::PodSpec, "imagePullSecrets") => Keyed(NAME, Self::Leaf),
            (Self::PodSpec, "hostAliases") => Keyed(&["ip"], Self::Leaf),
            (Self::PodSpec, "topologySpreadConstraints") => Keyed(&["topologyKey", "whenUnsatisfiable"], Self::Leaf),
            (Self::Container | Self::EphemeralContainer, "env") => Keyed(NAME, Self::Leaf),
            (Self::Container | Self::EphemeralContainer, "volumeMounts") => Keyed(&["mountPath"], Self::Leaf),
            (Self::Container | Self::EphemeralContainer, "volumeDevices") => Keyed(&["devicePath"], Self::Leaf),
            (Self::Container, "ports") => Keyed(&["containerPort", "protocol"], Self::Leaf),
            (Self::Volume, "ephemeral") => Map(Self::VolumeClaim),
            (Self::VolumeClaim, "volumeClaimTemplate") => Map(Self::VolumeClaimTemplate),
            (Self::ServiceSpec, "ports") => Keyed(&["port", "protocol"], Self::Leaf),
            (Self::NodeSpec, "podCIDRs") => Set,
            (Self::CsiNodeSpec, "drivers") => Keyed(NAME, Self::Leaf),
            (Self::ComponentStatus, "conditions") | (Self::Status, "conditions" | "addresses") => {
                Keyed(TYPE, Self::Leaf)
            }
            (Self::Status, "podIPs") => Keyed(&["ip"], Self::Leaf),
            (shape, "metadata") if shape.has_metadata() => Map(Self::Metadata),
            _ => return None,
        })
    }

    fn has_metadata(self) -> bool {
        matches!(
            self,
            Self::Plain
                | Self::Workload
                | Self::CronJob
                | Self::Pod
                | Self::PodTemplate
                | Self::Service
                | Self::ServiceAccount
                | Self::WebhookConfiguration
                | Self::Node
                | Self::CsiNode
                | Self::ComponentStatus
                | Self::WithConditions
                | Self::JobTemplate
                | Self::PodTemplateSpec
                | Self::VolumeClaimTemplate
        )
    }
}
