//! Names that Flux and Windlass share on the wire: annotations, labels, finalizer, field managers.
//!
//! The one place that spells them. Sources: `apis/meta` of fluxcd/pkg, kustomize-controller's API and its
//! `internal/controller`.

/// The API group of sources.
pub const SOURCE_GROUP: &str = "source.toolkit.fluxcd.io";
/// The API group of Kustomizations.
pub const KUSTOMIZE_GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// Annotation on a Flux object: any new value asks for a reconcile now.
pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
/// Label on a ConfigMap or Secret with value [`WATCH_ENABLED`]: objects that reference it are reconciled when it changes.
pub const WATCH: &str = "reconcile.fluxcd.io/watch";
/// The value of [`WATCH`].
pub const WATCH_ENABLED: &str = "Enabled";
/// Label on a Flux object: which shard of controllers handles it.
pub const SHARDING_KEY: &str = "sharding.fluxcd.io/key";

/// The finalizer on every object that a Flux controller reconciles.
pub const FINALIZER: &str = "finalizers.fluxcd.io";

/// Label on every applied object: the name of its Kustomization.
pub const OWNER_NAME: &str = "kustomize.toolkit.fluxcd.io/name";
/// Label on every applied object: the namespace of its Kustomization.
pub const OWNER_NAMESPACE: &str = "kustomize.toolkit.fluxcd.io/namespace";

/// Annotation or label on an applied object: `disabled` leaves it alone, for good.
pub const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
/// Annotation or label on an applied object: `disabled` keeps it from being pruned.
pub const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
/// Annotation or label on an applied object: `Override`, `Merge`, `IfNotPresent` or `Ignore`.
pub const SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";
/// Annotation or label on an applied object: `enabled` recreates it when an immutable field changes.
pub const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";
/// Annotation or label on a built object: `disabled` keeps variables in it from being substituted.
pub const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";
/// Annotation or label on a built object: `disabled` keeps it from being decrypted.
pub const DECRYPT: &str = "kustomize.toolkit.fluxcd.io/decrypt";

/// Metadata key of events: the revision they are about.
pub const EVENT_REVISION: &str = "kustomize.toolkit.fluxcd.io/revision";
/// Metadata key of events: the revision at the origin of an OCI artifact.
pub const EVENT_ORIGIN_REVISION: &str = "kustomize.toolkit.fluxcd.io/originRevision";

/// The field manager that applies the objects of a Kustomization.
pub const FIELD_MANAGER: &str = "kustomize-controller";
/// The field manager that writes the status of Kustomizations.
pub const KUSTOMIZATION_STATUS_MANAGER: &str = "gotk-kustomize-controller";
/// The field manager that writes the status of sources.
pub const SOURCE_STATUS_MANAGER: &str = "gotk-source-controller";
