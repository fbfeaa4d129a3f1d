//! The reasons that Flux writes into conditions and events.
//!
//! From `apis/meta` of fluxcd/pkg and the API packages of source-controller and kustomize-controller; which step of a
//! reconcile gives which reason is the engine's business.

/// Work has started or goes on.
pub const PROGRESSING: &str = "Progressing";
/// Work goes on after a failure that will be tried again.
pub const PROGRESSING_WITH_RETRY: &str = "ProgressingWithRetry";
/// Something succeeded, in general.
pub const SUCCEEDED: &str = "Succeeded";
/// Something failed, in general.
pub const FAILED: &str = "Failed";
/// A dependency is not ready.
pub const DEPENDENCY_NOT_READY: &str = "DependencyNotReady";
/// A reference into another namespace is not allowed.
pub const ACCESS_DENIED: &str = "AccessDenied";
/// The object is suspended.
pub const SUSPENDED: &str = "Suspended";
/// A CEL expression does not compile.
pub const INVALID_CEL_EXPRESSION: &str = "InvalidCELExpression";
/// The object uses something that is switched off.
pub const FEATURE_GATE_DISABLED: &str = "FeatureGateDisabled";

/// Everything was applied, and is healthy where that was asked for (Kustomization).
pub const RECONCILIATION_SUCCEEDED: &str = "ReconciliationSucceeded";
/// Applying failed (Kustomization).
pub const RECONCILIATION_FAILED: &str = "ReconciliationFailed";
/// The source, or the path in it, is missing (Kustomization).
pub const ARTIFACT_FAILED: &str = "ArtifactFailed";
/// Generating, decrypting, building or substituting failed (Kustomization).
pub const BUILD_FAILED: &str = "BuildFailed";
/// Deleting what left the inventory failed (Kustomization).
pub const PRUNE_FAILED: &str = "PruneFailed";
/// An object did not become healthy (Kustomization).
pub const HEALTH_CHECK_FAILED: &str = "HealthCheckFailed";
/// Waiting for health was given up because something newer came (Kustomization).
pub const HEALTH_CHECK_CANCELED: &str = "HealthCheckCanceled";

/// Fetching failed (GitRepository).
pub const GIT_OPERATION_FAILED: &str = "GitOperationFailed";
/// An unchanged poll (GitRepository; an event, not a condition).
pub const GIT_OPERATION_SUCCEEDED: &str = "GitOperationSucceeded";
/// The credentials are missing, malformed or refused (sources).
pub const AUTHENTICATION_FAILED: &str = "AuthenticationFailed";
/// The URL is malformed (sources).
pub const URL_INVALID: &str = "URLInvalid";
/// The commit or tag carries no signature that a given key made (GitRepository).
pub const INVALID_COMMIT_SIGNATURE: &str = "InvalidCommitSignature";
/// A new revision was stored (sources; an event, and the reason of `ArtifactInStorage`).
pub const NEW_ARTIFACT: &str = "NewArtifact";
/// The artifact could not be packed (sources).
pub const ARCHIVE_OPERATION_FAILED: &str = "ArchiveOperationFailed";
/// Included artifacts could not be had (GitRepository).
pub const INCLUDE_OPERATION_FAILED: &str = "IncludeOperationFailed";
