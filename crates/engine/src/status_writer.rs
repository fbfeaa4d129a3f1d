//! Writing the status of our own objects, and only when it says something new.

use std::fmt::Debug;

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Error;

/// Brings the status of `object` from `before` to `after` with one patch; with none where they are equal.
///
/// The patch carries only the fields that differ, so that a field that somebody else knows of stays.
pub(crate) async fn write_status<K, S>(
    api: &Api<K>,
    object: &K,
    manager: &str,
    before: Option<&S>,
    after: &S,
) -> Result<(), Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
    S: Serialize,
{
    let doing = || format!("write the status of {}", object.name_any());
    let json = |status: Option<&S>| serde_json::to_value(status).unwrap_or_default();
    let Some(patch) = merge_patch(&json(before), &json(Some(after))) else { return Ok(()) };
    let patch = Patch::Merge(serde_json::json!({ "status": patch }));
    let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
    match api.patch_status(&object.name_any(), &params, &patch).await {
        Ok(_) => Ok(()),
        // The object is gone, and its status with it.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(Error::api(doing())(error)),
    }
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
}
