//! Which volumes are backed up by whom, and how old the last backup is: ours, and that of the tools beside us.

use jiff::Timestamp;
use kube::api::{DynamicObject, ListParams};
use kube::{Api, Client};
use serde::Serialize;
use serde_json::Value;
use windlass_cluster::{Cluster, Options};
use windlass_manifest::Gvk;

use crate::Error;
use crate::facts::Fault;

/// The claims of a cluster, and who saves what is in them.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// The claims, by namespace and name.
    pub claims: Vec<Covered>,
    /// The tools that were asked and did not answer.
    pub faults: Vec<Fault>,
}

/// One claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Covered {
    /// `shop/data`.
    pub claim: String,
    /// Its size, as it asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Who saves it; nobody, where it is empty.
    pub by: Vec<Cover>,
}

/// Somebody who saves a claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cover {
    /// `windlass`, `VolSync`, `Velero` or `CloudNativePG`.
    pub tool: &'static str,
    /// The object that says so, `ReplicationSource/shop/data`.
    pub object: String,
    /// When it succeeded last; what was written since would be lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// What is wrong, in the tool's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl Covered {
    /// When the claim was saved last, by whomever.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.by.iter().filter_map(|cover| cover.last).max()
    }
}

/// The objects that are asked: group and version, kind.
const TOOLS: [(&str, &str); 4] = [
    ("backups.windlass.dev/v1alpha1", "BackupSchedule"),
    ("volsync.backube/v1alpha1", "ReplicationSource"),
    ("velero.io/v1", "Backup"),
    ("postgresql.cnpg.io/v1", "Cluster"),
];

/// Asks a cluster for its claims, and every tool that is there for what it saves: one list each.
///
/// # Errors
/// Where the claims cannot be listed.
pub async fn coverage(client: &Client) -> Result<Coverage, Error> {
    let cluster = Cluster::new(client.clone(), Options::default());
    let listed = objects(&cluster, "v1", "PersistentVolumeClaim").await;
    let claims = listed.map_err(Error::api("list the PersistentVolumeClaims"))?;
    let mut coverage = Coverage::default();
    let mut tools = Vec::new();
    for (api_version, kind) in TOOLS {
        match objects(&cluster, api_version, kind).await {
            Ok(found) => tools.extend(found.into_iter().map(|object| (kind, object))),
            Err(error) => {
                coverage.faults.push(Fault { what: kind.to_owned(), message: crate::error::chain(&error) });
            }
        }
    }
    coverage.claims = claims.iter().map(|claim| covered(claim, &tools)).collect();
    coverage.claims.sort_by(|a, b| a.claim.cmp(&b.claim));
    Ok(coverage)
}

/// All objects of a kind; none where the cluster does not have it.
async fn objects(cluster: &Cluster, api_version: &str, kind: &str) -> Result<Vec<Value>, kube::Error> {
    let gvk = Gvk::from_api_version(api_version, kind);
    let Ok(Some(kind)) = cluster.kind(&gvk).await else { return Ok(Vec::new()) };
    let api: Api<DynamicObject> = Api::all_with(cluster.client().clone(), &kind.resource);
    let list = api.list(&ListParams::default()).await?;
    list.items.into_iter().map(|object| serde_json::to_value(object).map_err(kube::Error::SerdeError)).collect()
}

fn covered(claim: &Value, tools: &[(&str, Value)]) -> Covered {
    let (namespace, name) = (text(claim, "/metadata/namespace"), text(claim, "/metadata/name"));
    let full = format!("{namespace}/{name}");
    let mut by: Vec<Cover> = tools
        .iter()
        .filter_map(|(kind, object)| match *kind {
            "BackupSchedule" => windlass(object, &full),
            "ReplicationSource" => volsync(object, &namespace, &name),
            "Cluster" => cloud_native_pg(object, claim),
            _ => None,
        })
        .collect();
    by.extend(velero(tools, &namespace));
    Covered { claim: full, size: optional(claim, "/spec/resources/requests/storage"), by }
}

fn windlass(schedule: &Value, claim: &str) -> Option<Cover> {
    let items = ["files", "sqlite"].iter().filter_map(|field| schedule["spec"][field].as_array()).flatten();
    items.into_iter().find(|item| item["claim"] == claim)?;
    Some(Cover {
        tool: "windlass",
        object: named("BackupSchedule", schedule),
        last: time(schedule, "/status/lastSuccessTime"),
        trouble: unready(schedule),
    })
}

fn volsync(source: &Value, namespace: &str, claim: &str) -> Option<Cover> {
    let is_of = text(source, "/metadata/namespace") == namespace && text(source, "/spec/sourcePVC") == claim;
    let result = text(source, "/status/latestMoverStatus/result");
    is_of.then(|| Cover {
        tool: "VolSync",
        object: named("ReplicationSource", source),
        last: time(source, "/status/lastSyncTime"),
        trouble: (result == "Failed").then(|| "the last synchronisation failed".to_owned()),
    })
}

fn cloud_native_pg(cluster: &Value, claim: &Value) -> Option<Cover> {
    let label = claim["metadata"]["labels"]["cnpg.io/cluster"].as_str()?;
    let is_of = label == text(cluster, "/metadata/name")
        && text(cluster, "/metadata/namespace") == text(claim, "/metadata/namespace");
    // The plug-in for backups says it by method, the built-in one once.
    let by_method = cluster.pointer("/status/lastSuccessfulBackupByMethod").and_then(Value::as_object);
    let by_method = by_method.into_iter().flat_map(|map| map.values()).filter_map(|value| value.as_str()?.parse().ok());
    let last: Option<Timestamp> = time(cluster, "/status/lastSuccessfulBackup").into_iter().chain(by_method).max();
    is_of.then(|| Cover {
        tool: "CloudNativePG",
        object: named("Cluster", cluster),
        trouble: last.is_none().then(|| "no base backup has succeeded".to_owned()),
        last,
    })
}

/// The newest finished Velero backup that includes a namespace. What it holds of volumes it does not say here.
fn velero(tools: &[(&str, Value)], namespace: &str) -> Option<Cover> {
    let lists = |backup: &Value, field: &str| {
        let names = backup["spec"][field].as_array().cloned().unwrap_or_default();
        (names.is_empty(), names.iter().any(|name| name == namespace || name == "*"))
    };
    let includes = |backup: &Value| {
        let (all, named) = lists(backup, "includedNamespaces");
        let (_, excluded) = lists(backup, "excludedNamespaces");
        (all || named) && !excluded
    };
    let finished = tools
        .iter()
        .filter(|(kind, backup)| *kind == "Backup" && text(backup, "/status/phase") == "Completed" && includes(backup));
    let newest = finished.max_by_key(|(_, backup)| time(backup, "/status/completionTimestamp"))?;
    Some(Cover {
        tool: "Velero",
        object: named("Backup", &newest.1),
        last: time(&newest.1, "/status/completionTimestamp"),
        trouble: None,
    })
}

fn unready(object: &Value) -> Option<String> {
    let conditions = object["status"]["conditions"].as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready")?;
    (ready["status"] == "False").then(|| text(ready, "/message"))
}

fn named(kind: &str, object: &Value) -> String {
    format!("{kind}/{}/{}", text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

fn text(object: &Value, pointer: &str) -> String {
    optional(object, pointer).unwrap_or_default()
}

fn optional(object: &Value, pointer: &str) -> Option<String> {
    object.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn time(object: &Value, pointer: &str) -> Option<Timestamp> {
    object.pointer(pointer)?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claim(labels: Value) -> Value {
        json!({
            "metadata": {"name": "data", "namespace": "shop", "labels": labels},
            "spec": {"resources": {"requests": {"storage": "10Gi"}}},
        })
    }

    /// Status fields as the tools' own documents show them.
    #[test]
    fn every_tool_is_understood() {
        let tools = [
            (
                "ReplicationSource",
                json!({"metadata": {"name": "data", "namespace": "shop"}, "spec": {"sourcePVC": "data"},
                    "status": {"lastSyncTime": "2026-11-20T02:00:00Z", "latestMoverStatus": {"result": "Successful"}}}),
            ),
            (
                "Backup",
                json!({"metadata": {"name": "daily-1", "namespace": "velero"}, "spec": {"includedNamespaces": ["*"]},
                    "status": {"phase": "Completed", "completionTimestamp": "2026-11-19T02:00:00Z"}}),
            ),
            (
                "Backup",
                json!({"metadata": {"name": "daily-2", "namespace": "velero"},
                    "spec": {"excludedNamespaces": ["shop"]},
                    "status": {"phase": "Completed", "completionTimestamp": "2026-11-20T02:00:00Z"}}),
            ),
            (
                "BackupSchedule",
                json!({"metadata": {"name": "nightly", "namespace": "windlass"},
                    "spec": {"sqlite": [{"name": "x", "path": "/x", "claim": "shop/data"}]},
                    "status": {"lastSuccessTime": "2026-11-20T03:00:00Z", "conditions": [{"type": "Ready", "status": "False",
                        "message": "no space"}]}}),
            ),
            (
                "Cluster",
                json!({"metadata": {"name": "db", "namespace": "shop"},
                    "status": {"lastSuccessfulBackupByMethod": {"plugin": "2026-11-20T04:00:00Z"}}}),
            ),
        ];
        let covered = covered(&claim(json!({"cnpg.io/cluster": "db"})), &tools);
        let shown: Vec<String> =
            covered.by.iter().map(|cover| format!("{} {} {:?}", cover.tool, cover.object, cover.trouble)).collect();
        assert_eq!(
            shown,
            [
                "VolSync ReplicationSource/shop/data None",
                r#"windlass BackupSchedule/windlass/nightly Some("no space")"#,
                "CloudNativePG Cluster/shop/db None",
                "Velero Backup/velero/daily-1 None",
            ]
        );
        assert_eq!(covered.last().unwrap().to_string(), "2026-11-20T04:00:00Z");
    }

    #[test]
    fn a_claim_that_nobody_saves_says_so() {
        let covered = covered(&claim(json!({})), &[]);
        assert!(covered.by.is_empty() && covered.last().is_none());
        assert_eq!(covered.size.as_deref(), Some("10Gi"));
    }
}
