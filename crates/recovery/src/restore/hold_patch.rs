//! What is changed in an object so that nothing of it runs, and what takes that back.

use serde_json::{Value, json};

/// What a held object says about itself, so that it can be released even if this process is killed: the merge patch
/// that releases it. It goes with the release.
pub const HELD: &str = "restore.windlass.dev/held";

/// The merge patches that hold an object and release it; `None` where it is nothing that runs.
fn patches(object: &Value) -> Option<(Value, Value)> {
    let spec = &object["spec"];
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    match (api_version, object["kind"].as_str().unwrap_or_default()) {
        ("apps/v1", "Deployment" | "StatefulSet" | "ReplicaSet") | ("v1", "ReplicationController") => {
            let replicas = spec["replicas"].as_i64().unwrap_or(1);
            Some((json!({"spec": {"replicas": 0}}), json!({"spec": {"replicas": replicas}})))
        }
        ("batch/v1", "CronJob" | "Job") => {
            let suspended = spec["suspend"] == true;
            Some((json!({"spec": {"suspend": true}}), json!({"spec": {"suspend": suspended}})))
        }
        ("apps/v1", "DaemonSet") => {
            let select = |value: Value| json!({"spec": {"template": {"spec": {"nodeSelector": {HELD: value}}}}});
            Some((select("true".into()), select(Value::Null)))
        }
        (api, _) if api.starts_with("kustomize.toolkit.fluxcd.io/") || api.starts_with("helm.toolkit.fluxcd.io/") => {
            let suspended = if spec["suspend"] == true { Value::Bool(true) } else { Value::Null };
            Some((json!({"spec": {"suspend": true}}), json!({"spec": {"suspend": suspended}})))
        }
        _ => None,
    }
}

/// The patches with the note of how to release in them.
pub(super) fn noted_patches(object: &Value) -> Option<(Value, Value)> {
    let (mut hold, mut release) = patches(object)?;
    // One that is held already knows how it was before.
    if let Some(before) = object["metadata"]["annotations"][HELD].as_str()
        && let Ok(before) = serde_json::from_str(before)
    {
        release = before;
    }
    hold["metadata"] = json!({"annotations": {HELD: release.to_string()}});
    release["metadata"] = json!({"annotations": {HELD: null}});
    Some((hold, release))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_on_every_node_and_what_runs_by_the_clock_is_held_too() {
        let round = |mut object: Value| {
            let before = object.clone();
            let (hold, release) = patches(&object).unwrap();
            json_patch::merge(&mut object, &hold);
            assert_ne!(object, before);
            json_patch::merge(&mut object, &release);
            object
        };
        let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"suspend": false}});
        assert_eq!(round(cron.clone()), cron);
        let set = json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
            "spec": {"template": {"spec": {"nodeSelector": {"disk": "ssd"}}}}});
        assert_eq!(round(set.clone()), set);
        let flux =
            json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "spec": {"path": "x"}});
        assert_eq!(round(flux.clone()), flux);
        assert_eq!(patches(&json!({"apiVersion": "v1", "kind": "ConfigMap"})), None);
    }
}
