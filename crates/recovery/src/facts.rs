//! What is known of a saved cluster besides its objects: `cluster.json` of the archive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the archive's layout. A reader refuses a higher one.
pub(crate) const FORMAT: u32 = 1;

/// What a cluster was when it was saved. Holds no times and no revisions of objects, so that an unchanged cluster gives
/// the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterFacts {
    /// The version of the layout.
    pub format: u32,
    /// The server's version, `v1.36.2`.
    pub server_version: String,
    /// The kinds of which objects were saved.
    pub kinds: Vec<KindFacts>,
    /// How many objects were left out, by reason.
    pub left_out: BTreeMap<String, usize>,
    /// The Git repositories that the cluster follows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceFacts>,
    /// The Kustomizations of the cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kustomizations: Vec<KustomizationFacts>,
    /// The volumes of the cluster. Their content is not in this archive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeFacts>,
    /// Paths in the archive of objects that Git defines and that are here because others need them: a restore makes
    /// them where they are missing, and leaves them alone where they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prerequisites: Vec<String>,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// A kind of which objects were saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KindFacts {
    /// `deployments.apps`: the folder in the archive.
    pub resource: String,
    /// The kind.
    pub kind: String,
    /// The `apiVersion` in which its objects were saved.
    pub api_version: String,
    /// All versions that the cluster served.
    pub served: Vec<String>,
    /// How many objects were saved.
    pub count: usize,
}

/// A Git repository that the cluster followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceFacts {
    /// `flux-system/homelab`.
    pub name: String,
    /// Its address.
    pub url: String,
    /// The revision that had been fetched last; empty where none had.
    pub revision: String,
}

/// A Kustomization of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KustomizationFacts {
    /// `flux-system/apps`.
    pub name: String,
    /// The directory it is built from.
    pub path: String,
    /// The Git repository, as `namespace/name`; the kind in front where it is another source.
    pub source: String,
    /// The revision that had been applied last; empty where none had.
    pub revision: String,
    /// Whether no other Kustomization makes it: reconciliation starts from it.
    pub is_root: bool,
}

/// A claim and the volume behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeFacts {
    /// `shop/data`: the claim.
    pub claim: String,
    /// Its storage class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// What it asks for, `10Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// The volume that it was bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// Where the volume's data were: `nfs nas.home:/export/photos`, `csi driver.longhorn.io pvc-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Something that could not be read, so that the backup lacks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// What: a kind, or an object.
    pub what: String,
    /// Why not.
    pub message: String,
}

impl VolumeFacts {
    /// The facts of a claim, and of the volume that it is bound to.
    pub(crate) fn of(claim: &Value, volume: Option<&Value>) -> Self {
        let text = |object: &Value, pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let of = |pointer: &str| text(claim, pointer);
        let name = |pointer: &str| of(pointer).unwrap_or_default();
        Self {
            claim: format!("{}/{}", name("/metadata/namespace"), name("/metadata/name")),
            storage_class: of("/spec/storageClassName"),
            size: of("/spec/resources/requests/storage"),
            volume: of("/spec/volumeName"),
            place: volume.and_then(place),
        }
    }
}

/// Where the data of a volume are.
fn place(volume: &Value) -> Option<String> {
    let spec = &volume["spec"];
    let text = |pointer: &str| spec.pointer(pointer).and_then(Value::as_str);
    if let Some(path) = text("/nfs/path") {
        return Some(format!("nfs {}:{path}", text("/nfs/server").unwrap_or_default()));
    }
    if let Some(driver) = text("/csi/driver") {
        return Some(format!("csi {driver} {}", text("/csi/volumeHandle").unwrap_or_default()));
    }
    let path = text("/hostPath/path").or_else(|| text("/local/path"))?;
    let node = "/nodeAffinity/required/nodeSelectorTerms/0/matchExpressions/0/values/0";
    Some(match text(node) {
        Some(node) => format!("folder {path} of the node {node}"),
        None => format!("folder {path}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_volume_says_where_its_data_are() {
        let place = |spec: Value| place(&json!({"spec": spec}));
        assert_eq!(place(json!({"nfs": {"server": "nas", "path": "/x"}})).unwrap(), "nfs nas:/x");
        let local = json!({"local": {"path": "/var/x"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["pi4"]}]}]}}});
        assert_eq!(place(local).unwrap(), "folder /var/x of the node pi4");
        assert_eq!(place(json!({"csi": {"driver": "d", "volumeHandle": "h"}})).unwrap(), "csi d h");
        assert_eq!(place(json!({"awsElasticBlockStore": {}})), None);
    }
}
