//! `commonAnnotations`, and what annotations look like in the end.

use serde_json::Value;

use crate::resource::Resource;
use crate::transform::scalar::text_of;

/// What kustomize uses while it builds and takes away at the end, also where a user wrote it.
const INTERNAL: [&str; 18] = [
    "internal.config.kubernetes.io/previousKinds",
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/suffixes",
    "internal.config.kubernetes.io/allowNameChange",
    "internal.config.kubernetes.io/allowKindChange",
    "internal.config.kubernetes.io/refBy",
    "internal.config.kubernetes.io/generatorBehavior",
    NEEDS_HASH,
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
];

/// The annotations in which kustomize keeps earlier names, namespaces and kinds.
pub(crate) const PREVIOUS: [&str; 3] = [
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/previousKinds",
];

/// The annotation that asks for a hash suffix.
pub(crate) const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";

/// Objects with it are used in the build and are no part of its result.
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// Whether an object is left out of the result.
pub(crate) fn is_local(resource: &Resource) -> bool {
    resource.manifest.get(&["metadata", "annotations", LOCAL_CONFIG]).is_some_and(|value| text_of(value) != "false")
}

/// Makes all annotations text, takes kustomize's own away, and leaves no empty mapping.
pub(crate) fn tidy(resource: &mut Resource, also: &[&str]) {
    let Some(metadata) = resource.metadata_mut() else { return };
    let empty = match metadata.get_mut("annotations") {
        Some(Value::Object(annotations)) => {
            annotations.retain(|key, _| !INTERNAL.contains(&key.as_str()) && !also.contains(&key.as_str()));
            for value in annotations.values_mut() {
                if !value.is_string() {
                    *value = Value::from(text_of(value));
                }
            }
            annotations.is_empty()
        }
        Some(Value::Null) => true,
        _ => false,
    };
    if empty {
        metadata.shift_remove("annotations");
    }
}
