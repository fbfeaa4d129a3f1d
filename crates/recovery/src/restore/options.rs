use std::time::Duration;

use windlass_cluster::{Cluster, Options};
use windlass_manifest::{Manifest, ObjectId};

use super::Mapping;
use crate::SavedCluster;
use crate::pattern::{Choice, Pattern};

/// What happens to objects that are in the cluster already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// They are left as they are.
    #[default]
    Skip,
    /// The fields that the backup has are put back; fields that were added since stay.
    Update,
    /// They become what the backup has; fields that were added since go.
    Replace,
}

/// Which of the saved objects are restored; all of them by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The namespaces, as they are named in the backup. Where some are picked, objects outside of namespaces are
    /// restored only as far as the others need them.
    pub namespaces: Choice,
    /// The kinds, as `Secret`, `secrets` or `issuers.cert-manager.io`.
    pub kinds: Choice,
    /// Single objects, as `Secret/shop/token`.
    pub objects: Choice,
}

/// How objects are restored.
#[derive(Debug, Clone)]
pub struct RestoreOptions {
    /// Which objects.
    pub wanted: Wanted,
    /// Into which namespaces and storage classes, and with which changes.
    pub mapping: Mapping,
    /// What happens to objects that are there already.
    pub mode: Mode,
    /// Whether an object whose version is no longer served is sent in the version that is; otherwise it fails.
    pub use_served_versions: bool,
    /// Whether workloads are made without replicas, to be [released](crate::Hold::release) when their data are in place.
    pub hold: bool,
    /// How long CRDs and Namespaces may take to become ready; a minute by default.
    pub wait: Duration,
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self {
            wanted: Wanted::default(),
            mapping: Mapping::default(),
            mode: Mode::Skip,
            use_served_versions: false,
            hold: false,
            wait: Duration::from_secs(60),
        }
    }
}

impl Wanted {
    /// Whether nothing was picked.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// The patterns of namespaces and objects that fit nothing in `saved`: typing errors, most of the time.
    pub(crate) fn unmatched(&self, saved: &SavedCluster) -> Vec<String> {
        let manifests = || saved.objects.values();
        let in_namespace = |pattern: &Pattern, manifest: &Manifest| {
            let own = (manifest.kind() == "Namespace").then(|| manifest.name());
            manifest.namespace().or(own).is_some_and(|namespace| pattern.matches(namespace))
        };
        let namespaces = self.namespaces.include.iter();
        let namespaces = namespaces.filter(|pattern| !manifests().any(|manifest| in_namespace(pattern, manifest)));
        let objects = self.objects.include.iter();
        let objects = objects.filter(|pattern| !manifests().any(|manifest| pattern.matches(&shown(&manifest.id()))));
        namespaces.map(|pattern| format!("namespace {pattern}")).chain(objects.map(ToString::to_string)).collect()
    }

    /// Whether an object is wanted; `resource` is the folder that it has in the archive.
    pub(crate) fn takes(&self, resource: &str, manifest: &Manifest) -> bool {
        let plural = resource.split('.').next().unwrap_or_default();
        self.kinds.takes_any(&[manifest.kind(), plural, resource])
            && match manifest.namespace() {
                Some(namespace) => self.namespaces.takes(namespace),
                None => !self.namespaces.is_picky() || self.objects.is_picky(),
            }
            && self.objects.takes(&shown(&manifest.id()))
    }
}

fn shown(id: &ObjectId) -> String {
    id.to_string()
}

/// The field manager of restored objects.
///
/// Flux takes over the fields of managers whose names begin with `kubectl` when it adopts an object, and Windlass does
/// too: an object that a restore made, and that comes into Git later, is Git's alone, and a field that leaves Git then
/// leaves the cluster.
pub const FIELD_MANAGER: &str = "kubectl-windlass-restore";

/// The cluster of `client`, as a restore writes to it.
#[must_use]
pub fn restoring(client: kube::Client) -> Cluster {
    Cluster::new(client, Options { field_manager: FIELD_MANAGER.to_owned(), ..Options::default() })
}
