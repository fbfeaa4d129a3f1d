use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroup, APIResourceList};
use kube::Client;
use kube::core::ApiResource;
use tokio::time::Instant;
use windlass_manifest::Gvk;

use crate::cluster::in_time;

/// A kind that the cluster serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Group, version, kind, and the name that stands in paths.
    pub resource: ApiResource,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

/// Which kinds the cluster serves, asked for one group and version at a time and remembered.
///
/// So an aggregated API that is down fails the objects of its own group and no others, and a small cluster is asked for
/// the dozen groups that its repository uses, not for all that there are.
pub(crate) struct Discovery {
    client: Client,
    request_timeout: Duration,
    versions: Mutex<HashMap<(String, String), Arc<Slot>>>,
}

/// One group and version. The lock is held while the server is asked, so that many objects ask once.
type Slot = tokio::sync::Mutex<Option<Listing>>;

/// What the server said last, and when.
struct Listing {
    kinds: Result<HashMap<String, Kind>, Arc<kube::Error>>,
    read: Instant,
}

/// A kind that is missing, or a group that does not answer, is asked for again, but not for each of a hundred objects.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);

impl Listing {
    fn kind(&self, name: &str) -> Result<Option<Kind>, Arc<kube::Error>> {
        self.kinds.as_ref().map(|kinds| kinds.get(name).cloned()).map_err(Arc::clone)
    }
}

impl Discovery {
    pub(crate) fn new(client: Client, request_timeout: Duration) -> Self {
        Self { client, request_timeout, versions: Mutex::default() }
    }

    /// The kind of `gvk`; `None` where the cluster does not serve it.
    pub(crate) async fn kind(&self, gvk: &Gvk) -> Result<Option<Kind>, Arc<kube::Error>> {
        let slot = self.slot(&gvk.group, &gvk.version);
        let mut listing = slot.lock().await;
        if let Some(known) = &*listing {
            let found = known.kind(&gvk.kind);
            if matches!(found, Ok(Some(_))) || known.read.elapsed() < ASK_AGAIN_AFTER {
                return found;
            }
        }
        let kinds = self.ask(gvk).await.map_err(Arc::new);
        listing.insert(Listing { kinds, read: Instant::now() }).kind(&gvk.kind)
    }

    /// The kind of `gvk`, or else the same kind in the version that the cluster prefers: for objects that were applied
    /// with a version which is no longer served.
    pub(crate) async fn kind_in_any_version(&self, gvk: &Gvk) -> Result<Option<Kind>, Arc<kube::Error>> {
        if let Some(kind) = self.kind(gvk).await? {
            return Ok(Some(kind));
        }
        for version in self.served_versions(&gvk.group).await.map_err(Arc::new)? {
            if version != gvk.version
                && let Some(kind) = self.kind(&Gvk { version, ..gvk.clone() }).await?
            {
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }

    /// Forgets what was asked about a group: its CRDs have changed.
    pub(crate) fn forget(&self, group: &str) {
        self.lock().retain(|(known, _), _| known != group);
    }

    fn slot(&self, group: &str, version: &str) -> Arc<Slot> {
        Arc::clone(self.lock().entry((group.to_owned(), version.to_owned())).or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Arc<Slot>>> {
        // The map is whole even if a thread panicked while it held the lock.
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, gvk: &Gvk) -> Result<HashMap<String, Kind>, kube::Error> {
        let path = if gvk.group.is_empty() {
            format!("/api/{}", gvk.version)
        } else {
            format!("/apis/{}/{}", gvk.group, gvk.version)
        };
        let list: Option<APIResourceList> = self.get(&path).await?;
        let resources = list.map(|list| list.resources).unwrap_or_default();
        // Subresources are listed with a slash in their name.
        let resources = resources.into_iter().filter(|resource| !resource.name.contains('/'));
        Ok(resources
            .map(|resource| {
                let api = ApiResource {
                    group: gvk.group.clone(),
                    version: gvk.version.clone(),
                    api_version: gvk.api_version(),
                    kind: resource.kind.clone(),
                    plural: resource.name,
                };
                (resource.kind, Kind { resource: api, namespaced: resource.namespaced })
            })
            .collect())
    }

    async fn served_versions(&self, group: &str) -> Result<Vec<String>, kube::Error> {
        if group.is_empty() {
            return Ok(vec!["v1".to_owned()]);
        }
        let group: Option<APIGroup> = self.get(&format!("/apis/{group}")).await?;
        Ok(group.into_iter().flat_map(|group| group.versions).map(|version| version.version).collect())
    }

    /// What is at a path; `None` where nothing is.
    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<Option<T>, kube::Error> {
        let request = http::Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
        match in_time(self.request_timeout, self.client.request(request)).await {
            Ok(found) => Ok(Some(found)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }
}
