//! The Flux objects as Rust types: what a `GitRepository` and a `Kustomization` say, and what their controllers write
//! back into them.
//!
//! The types follow the CRDs of Flux 2.9 (source-controller 1.9, kustomize-controller 1.9) field by field, those that
//! Windlass does not act on included, so that an object can be read and written back without losing anything. Names on
//! the wire are Flux's: API groups, conditions, reasons, annotations, labels, the finalizer and the field managers (see
//! [`well_known`]), so that a cluster can move from Flux to Windlass and back.
//!
//! No behaviour lives here: nothing is fetched, rendered or applied, and no clock is read. [`crds`] gives the CRDs
//! themselves, made from the types.
//!
//! ```
//! use windlass_flux::{DeletionPolicy, Kustomization};
//!
//! let apps: Kustomization = serde_json::from_value(serde_json::json!({
//!     "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
//!     "kind": "Kustomization",
//!     "metadata": {"name": "apps", "namespace": "flux-system"},
//!     "spec": {
//!         "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
//!         "path": "./apps",
//!         "interval": "1h",
//!         "prune": true,
//!     },
//! }))?;
//!
//! assert_eq!(apps.spec.interval.to_string(), "1h0m0s");
//! assert_eq!(apps.spec.timeout().to_string(), "59m30s");
//! assert_eq!(apps.spec.deletion_policy(), DeletionPolicy::MirrorPrune);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Invariants
//! * A value that this version does not know (a provider, a policy) is kept as it was written: see the `Other` variants.
//! * A field of the CRDs that is absent stays absent when the object is written back.
//! * [`Conditions`] are in Flux's order, and a transition time changes only when the condition does.

mod artifact;
mod condition;
mod crd;
mod duration;
mod git_repository;
mod history;
mod inventory;
mod kustomization;
mod open_enum;
pub mod reason;
mod reference;
pub mod well_known;

pub use artifact::Artifact;
pub use condition::{Condition, ConditionStatus, Conditions, HEALTHY, READY, RECONCILING, STALLED};
pub use crd::crds;
pub use duration::{GoDuration, GoDurationError};
pub use git_repository::{
    GitInclude, GitProvider, GitRef, GitRepository, GitRepositorySpec, GitRepositoryStatus, GitVerification, VerifyMode,
};
pub use history::{History, Snapshot};
pub use inventory::{ResourceInventory, ResourceRef};
/// The timestamps of status fields, as the Kubernetes types have them: whole seconds, UTC.
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
pub use kustomization::status::KustomizationStatus;
pub use kustomization::{
    BuildMetadata, CommonMetadata, Decryption, DecryptionProvider, DeletionPolicy, HealthCheckExpr, IgnoreRule, Image,
    Kustomization, KustomizationSpec, Patch, PostBuild, SourceKind, SourceRef, SubstituteKind, SubstituteReference,
    SubstituteStrategy,
};
pub use reference::{
    DependencyReference, KubeConfig, LocalObjectReference, ObjectReference, SecretKeyReference, Selector,
};
