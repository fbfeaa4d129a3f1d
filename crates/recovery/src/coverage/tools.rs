use kube::api::{DynamicObject, ListParams};
use kube::{Api, Client};
use serde_json::Value;
use windlass_cluster::{Cluster, Options};
use windlass_manifest::Gvk;

use crate::Error;
use crate::facts::Fault;

/// The objects that are asked: group and version, kind.
const KINDS: [(&str, &str); 10] = [
    ("backups.windlass.dev/v1alpha1", "BackupSchedule"),
    ("volsync.backube/v1alpha1", "ReplicationSource"),
    ("volsync.backube/v1alpha1", "ReplicationDestination"),
    ("velero.io/v1", "Backup"),
    ("velero.io/v1", "Schedule"),
    ("velero.io/v1", "PodVolumeBackup"),
    ("velero.io/v2alpha1", "DataUpload"),
    ("postgresql.cnpg.io/v1", "Cluster"),
    ("postgresql.cnpg.io/v1", "ScheduledBackup"),
    ("barmancloud.cnpg.io/v1", "ObjectStore"),
];

/// The claims of a cluster, and what the tools in it say.
#[derive(Debug, Default)]
pub(super) struct Tools {
    objects: Vec<(&'static str, Value)>,
    pub(super) faults: Vec<Fault>,
}

impl Tools {
    pub(super) async fn ask(client: &Client) -> Result<Self, Error> {
        let cluster = Cluster::new(client.clone(), Options::default());
        const CLAIM: &str = "PersistentVolumeClaim";
        let listed = list(&cluster, "v1", CLAIM).await;
        let claims = listed.map_err(Error::api("list the PersistentVolumeClaims"))?;
        let mut tools = Self::default();
        tools.objects.extend(claims.into_iter().map(|claim| (CLAIM, claim)));
        for (api_version, kind) in KINDS {
            match list(&cluster, api_version, kind).await {
                Ok(found) => tools.objects.extend(found.into_iter().map(|object| (kind, object))),
                Err(error) => {
                    tools.faults.push(Fault { what: kind.to_owned(), message: crate::error::chain(&error) });
                }
            }
        }
        Ok(tools)
    }

    /// The objects of a kind.
    pub(super) fn of(&self, kind: &'static str) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(move |(of, _)| *of == kind).map(|(_, object)| object)
    }
}

/// All objects of a kind; none where the cluster does not have it.
async fn list(cluster: &Cluster, api_version: &str, kind: &str) -> Result<Vec<Value>, kube::Error> {
    let gvk = Gvk::from_api_version(api_version, kind);
    let Ok(Some(kind)) = cluster.kind(&gvk).await else { return Ok(Vec::new()) };
    let api: Api<DynamicObject> = Api::all_with(cluster.client().clone(), &kind.resource);
    let list = api.list(&ListParams::default()).await?;
    list.items.into_iter().map(|object| serde_json::to_value(object).map_err(kube::Error::SerdeError)).collect()
}
