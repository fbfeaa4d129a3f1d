use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;
use crate::{
    DependencyReference, GoDuration, KubeConfig, KustomizationStatus, LocalObjectReference, ObjectReference, Selector,
};

pub(crate) mod status;

/// What to build from a source, and how to keep the cluster equal to it.
#[derive(CustomResource, Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "kustomize.toolkit.fluxcd.io",
    version = "v1",
    kind = "Kustomization",
    plural = "kustomizations",
    shortname = "ks",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-appliers",
    doc = "A directory of a source that is built, applied and kept so.",
    namespaced,
    status = "KustomizationStatus",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].message"}"#
)]
pub struct KustomizationSpec {
    /// The source to build from.
    pub source_ref: SourceRef,
    /// The directory in the source; the root by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How often to reconcile when all is well.
    #[schemars(extend("pattern" = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"))]
    pub interval: GoDuration,
    /// How long to wait after a failure; as `interval` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"))]
    pub retry_interval: Option<GoDuration>,
    /// The limit for building, applying and waiting; a little less than `interval` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"))]
    pub timeout: Option<GoDuration>,
    /// Whether to delete what left the build.
    pub prune: bool,
    /// What happens to the objects when the Kustomization is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Whether to wait for the health of every applied object; `healthChecks` do not count then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait: bool,
    /// Objects whose health is waited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub health_checks: Vec<ObjectReference>,
    /// What health means for custom kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub health_check_exprs: Vec<HealthCheckExpr>,
    /// Kustomizations that must be ready first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<DependencyReference>,
    /// Whether to delete and create again the objects whose change the server refuses because a field is immutable.
    #[serde(default)]
    pub force: bool,
    /// The namespace that all namespaced objects get.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 1, "maxLength" = 63))]
    pub target_namespace: Option<String>,
    /// What is put before all names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 1, "maxLength" = 200))]
    pub name_prefix: Option<String>,
    /// What is put behind all names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 1, "maxLength" = 200))]
    pub name_suffix: Option<String>,
    /// Patches beyond those of the kustomization file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,
    /// Images to replace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// Components beyond those of the kustomization file, relative to `path`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
    /// Whether components that do not exist are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_missing_components: bool,
    /// Labels and annotations that all objects get after the build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common_metadata: Option<CommonMetadata>,
    /// What kustomize notes on each object about where it came from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub build_metadata: Vec<BuildMetadata>,
    /// What is done to the built objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_build: Option<PostBuild>,
    /// How encrypted files are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decryption: Option<Decryption>,
    /// Fields whose drift is left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<IgnoreRule>,
    /// The ServiceAccount in whose name objects are applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// The cluster to apply to; the one that this object is in by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kube_config: Option<KubeConfig>,
    /// Whether to reconcile no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

impl KustomizationSpec {
    /// A spec with what every Kustomization must say, and nothing else.
    #[must_use]
    pub fn new(source_ref: SourceRef, interval: GoDuration, prune: bool) -> Self {
        Self {
            source_ref,
            path: None,
            interval,
            retry_interval: None,
            timeout: None,
            prune,
            deletion_policy: None,
            wait: false,
            health_checks: Vec::new(),
            health_check_exprs: Vec::new(),
            depends_on: Vec::new(),
            force: false,
            target_namespace: None,
            name_prefix: None,
            name_suffix: None,
            patches: Vec::new(),
            images: Vec::new(),
            components: Vec::new(),
            ignore_missing_components: false,
            common_metadata: None,
            build_metadata: Vec::new(),
            post_build: None,
            decryption: None,
            ignore: Vec::new(),
            service_account_name: None,
            kube_config: None,
            suspend: false,
        }
    }

    /// How long to wait after a failure, with the default filled in.
    #[must_use]
    pub fn retry_interval(&self) -> GoDuration {
        self.retry_interval.unwrap_or(self.interval)
    }

    /// The limit for one reconcile, with the default filled in: half a minute less than the interval, and at least half
    /// a minute.
    #[must_use]
    pub fn timeout(&self) -> GoDuration {
        const SLACK: GoDuration = GoDuration::from_secs(30);
        let default = || self.interval.get().saturating_sub(SLACK.get()).max(SLACK.get());
        self.timeout.unwrap_or_else(|| default().into())
    }

    /// What happens to the objects when the Kustomization is deleted, with the default filled in.
    #[must_use]
    pub fn deletion_policy(&self) -> DeletionPolicy {
        self.deletion_policy.clone().unwrap_or(DeletionPolicy::MirrorPrune)
    }
}

/// The source of a Kustomization.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceRef {
    /// The API version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The kind.
    pub kind: SourceKind,
    /// The name.
    pub name: String,
    /// The namespace; that of the Kustomization by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

open_enum! {
    /// The kinds that give artifacts.
    SourceKind {
        /// An artifact in an OCI registry.
        OciRepository = "OCIRepository",
        /// A Git repository.
        GitRepository = "GitRepository",
        /// A bucket of an object store.
        Bucket = "Bucket",
        /// An artifact that somebody else made.
        ExternalArtifact = "ExternalArtifact",
    }
}

open_enum! {
    /// What happens to the objects when their Kustomization is deleted.
    DeletionPolicy {
        /// They are deleted where `prune` is set, and kept otherwise.
        MirrorPrune = "MirrorPrune",
        /// They are deleted.
        Delete = "Delete",
        /// They are deleted, and the Kustomization stays until they are gone.
        WaitForTermination = "WaitForTermination",
        /// They are kept.
        Orphan = "Orphan",
    }
}

/// What health means for a kind, as CEL expressions over the object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheckExpr {
    /// The API version.
    pub api_version: String,
    /// The kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When the object is as it should be.
    pub current: String,
    /// When it is on its way there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_progress: Option<String>,
    /// When it has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A patch, and the objects it is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Patch {
    /// A strategic merge patch or a list of JSON 6902 operations, as YAML.
    pub patch: String,
    /// The objects; those that the patch names by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Selector>,
}

/// An image to replace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// The image without its tag.
    pub name: String,
    /// The name that takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_name: Option<String>,
    /// The tag that takes the place of the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_tag: Option<String>,
    /// The digest that takes the place of the tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Labels and annotations for all objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct CommonMetadata {
    /// The labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

open_enum! {
    /// What kustomize notes on each object about where it came from.
    BuildMetadata {
        /// The file.
        OriginAnnotations = "originAnnotations",
        /// The transformers that changed it.
        TransformerAnnotations = "transformerAnnotations",
    }
}

/// What is done to the built objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostBuild {
    /// Variables and their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub substitute: BTreeMap<String, String>,
    /// ConfigMaps and Secrets with more of them; later ones win, and `substitute` wins over all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substitute_from: Vec<SubstituteReference>,
    /// When variables are substituted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substitute_strategy: Option<SubstituteStrategy>,
}

/// A ConfigMap or Secret with variables, in the namespace of the Kustomization.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SubstituteReference {
    /// The kind.
    pub kind: SubstituteKind,
    /// The name.
    #[schemars(extend("minLength" = 1, "maxLength" = 253))]
    pub name: String,
    /// Whether it may be missing.
    #[serde(default)]
    pub optional: bool,
}

open_enum! {
    /// The kinds that hold variables.
    SubstituteKind {
        /// A Secret.
        Secret = "Secret",
        /// A ConfigMap.
        ConfigMap = "ConfigMap",
    }
}

open_enum! {
    /// When variables are substituted.
    SubstituteStrategy {
        /// When there is at least one; the default.
        WithVariables = "WithVariables",
        /// Always.
        Always = "Always",
    }
}

/// How encrypted files are read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decryption {
    /// What they were encrypted with.
    pub provider: DecryptionProvider,
    /// The Secret with the keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// The ServiceAccount whose identity a key service accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
}

open_enum! {
    /// What files were encrypted with.
    DecryptionProvider {
        /// SOPS.
        Sops = "sops",
    }
}

/// Fields whose drift is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct IgnoreRule {
    /// The fields, as JSON pointers.
    pub paths: Vec<String>,
    /// The objects; all of them by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Selector>,
}
