//! What admission makes of Pods.

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::state::State;
use crate::strategy::text;

const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Completes a new Pod.
///
/// # Errors
/// 403 where it names an account that does not exist. The account `default`, which controllers make, is not asked for.
pub(crate) fn admit(state: &mut State, namespace: &str, pod: &mut Value) -> Result<(), Failure> {
    let name = text(pod, "/metadata/name").to_owned();
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else { return Ok(()) };
    spec.entry("serviceAccountName").or_insert_with(|| "default".into());
    let account = spec.get("serviceAccountName").cloned().unwrap_or_default();
    spec.entry("serviceAccount").or_insert(account.clone());
    spec.entry("priority").or_insert_with(|| 0.into());
    spec.entry("preemptionPolicy").or_insert_with(|| "PreemptLowerPriority".into());
    tolerate(spec);
    let accounts = ("".into(), "serviceaccounts".into());
    let wanted = account.as_str().unwrap_or_default();
    let Some(account) = state.get(&accounts, namespace, wanted) else {
        if wanted == "default" {
            return Ok(());
        }
        let why = format!("error looking up service account {namespace}/{wanted}: serviceaccount {wanted:?} not found");
        return Err(Failure::forbidden("", "pods", &name, why));
    };
    let secrets = account.get("imagePullSecrets").cloned();
    if let Some(secrets) = secrets.filter(|_| spec.get("imagePullSecrets").is_none()) {
        spec.insert("imagePullSecrets".to_owned(), secrets);
    }
    let wanted = spec.get("automountServiceAccountToken").or_else(|| account.get("automountServiceAccountToken"));
    if wanted != Some(&Value::Bool(false)) {
        mount_token(spec, &format!("kube-api-access-{}", state.name_suffix()));
    }
    Ok(())
}

/// Gives the containers the token of the Pod's account.
fn mount_token(spec: &mut Map<String, Value>, name: &str) {
    let mut mounted = false;
    for list in ["initContainers", "containers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let mounts = container.get("volumeMounts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            if mounts.iter().any(|mount| text(mount, "/mountPath") == TOKEN_PATH) {
                continue;
            }
            mounted = true;
            let Some(container) = container.as_object_mut() else { continue };
            let mounts = container.entry("volumeMounts").or_insert_with(|| json!([]));
            if let Some(mounts) = mounts.as_array_mut() {
                mounts.push(json!({"name": name, "readOnly": true, "mountPath": TOKEN_PATH}));
            }
        }
    }
    if !mounted {
        return;
    }
    let volumes = spec.entry("volumes").or_insert_with(|| json!([]));
    if let Some(volumes) = volumes.as_array_mut() {
        let namespace =
            json!({"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}});
        volumes.push(json!({"name": name, "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3_607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [namespace]}},
            ],
            "defaultMode": 420,
        }}));
    }
}

/// Lets a Pod stay for a while on a node that fails.
pub(crate) fn tolerate(spec: &mut Map<String, Value>) {
    let list = spec.entry("tolerations").or_insert_with(|| json!([]));
    let Some(list) = list.as_array_mut() else { return };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = list.iter().any(|one| {
            let (own, effect) = (text(one, "/key"), text(one, "/effect"));
            (own.is_empty() || own == key) && matches!(effect, "" | "NoExecute")
        });
        if !tolerated {
            list.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
}

/// The class of a Pod by its requests and limits.
pub(crate) fn quality(spec: &Value) -> &'static str {
    let containers = ["containers", "initContainers"].into_iter().filter_map(|list| spec.get(list)?.as_array());
    let all: Vec<&Value> = containers.flatten().collect();
    let part = |one: &Value, list: &str, what: &str| one.pointer(&format!("/resources/{list}/{what}")).cloned();
    let any = all.iter().any(|one| {
        ["cpu", "memory"].iter().any(|what| part(one, "limits", what).or(part(one, "requests", what)).is_some())
    });
    if !any {
        return "BestEffort";
    }
    let guaranteed = all.iter().all(|one| {
        ["cpu", "memory"].iter().all(|what| {
            let limit = part(one, "limits", what);
            limit.is_some() && part(one, "requests", what).is_none_or(|request| Some(request) == limit)
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}
