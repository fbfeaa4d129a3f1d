//! The status of an object of ours: what it says now, and writing it only when there is something new to say.

use std::fmt::Debug;

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Error;

/// The status as it stands in the cluster, as far as this loop can know.
///
/// After a write of our own the watch may still show the state before it; from others' writes (`windlass apply`, a Flux
/// that ran meanwhile) the watch is where we learn. The newer of both counts.
pub(crate) struct OwnStatus<S> {
    status: Option<S>,
    version: Option<u64>,
}

impl<S: Serialize + Clone> OwnStatus<S> {
    /// The status that `object` shows.
    pub(crate) fn of<K: Resource>(object: &K, status: Option<S>) -> Self {
        Self { status, version: version(object) }
    }

    /// The status.
    pub(crate) fn get(&self) -> Option<&S> {
        self.status.as_ref()
    }

    /// Takes over what the watch shows, unless our own last write is newer.
    pub(crate) fn see<K: Resource>(&mut self, object: &K, status: Option<S>) {
        if version(object) >= self.version {
            *self = Self::of(object, status);
        }
    }

    /// Makes `after` the status of `object` with one patch; with none where it is so already.
    ///
    /// The patch carries only the fields that differ, so that a field that somebody else knows of stays.
    pub(crate) async fn write<K>(&mut self, api: &Api<K>, object: &K, manager: &str, after: S) -> Result<(), Error>
    where
        K: Resource + Clone + DeserializeOwned + Debug,
    {
        let json = |status: Option<&S>| serde_json::to_value(status).unwrap_or_default();
        let Some(patch) = merge_patch(&json(self.get()), &json(Some(&after))) else { return Ok(()) };
        let patch = Patch::Merge(serde_json::json!({ "status": patch }));
        let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        match api.patch_status(&object.name_any(), &params, &patch).await {
            Ok(written) => {
                *self = Self::of(&written, Some(after));
                Ok(())
            }
            // The object is gone, and its status with it.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(Error::api(format!("write the status of {}", object.name_any()))(error)),
        }
    }
}

/// The resource version as a number, which Kubernetes promises it is (KEP-5504).
fn version<K: Resource>(object: &K) -> Option<u64> {
    object.meta().resource_version.as_ref()?.parse().ok()
}

/// The JSON merge patch (RFC 7386) that makes `after` of `before`; `None` where they are equal.
fn merge_patch(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else { return Some(after.clone()) };
    let mut patch: Map<String, Value> =
        old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null)).collect();
    for (key, value) in new {
        match old.get(key) {
            Some(known) => patch.extend(merge_patch(known, value).map(|patch| (key.clone(), patch))),
            None => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use kube::api::ObjectMeta;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_holds_what_differs_and_nothing_else() {
        let before = json!({"a": 1, "gone": 1, "list": [1], "map": {"same": 1, "b": 1}});
        let after = json!({"a": 1, "list": [2], "map": {"same": 1, "b": 2}, "new": {}});
        assert_eq!(merge_patch(&before, &after), Some(json!({"gone": null, "list": [2], "map": {"b": 2}, "new": {}})));
        assert_eq!(merge_patch(&after, &after), None);
        assert_eq!(merge_patch(&Value::Null, &after), Some(after));
    }

    #[test]
    fn the_newer_state_counts() {
        let at = |version: &str| k8s_openapi::api::core::v1::ConfigMap {
            metadata: ObjectMeta { resource_version: Some(version.to_owned()), ..ObjectMeta::default() },
            ..Default::default()
        };
        let mut status = OwnStatus::of(&at("10"), Some("ours"));
        status.see(&at("9"), Some("before"));
        assert_eq!(status.get(), Some(&"ours"));
        status.see(&at("11"), Some("theirs"));
        assert_eq!(status.get(), Some(&"theirs"));
    }
}
