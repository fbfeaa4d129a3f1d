//! The API server of a test: a real kube-apiserver, or the one in this process.

use std::path::PathBuf;

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use windlass_apiserver::{ApiServer, Serving};
use windlass_testbed::{KubeApi, peers_or_skip};

pub(crate) enum Api {
    Real(Box<KubeApi>),
    Embedded(Embedded),
}

pub(crate) struct Embedded {
    api: ApiServer,
    runtime: Runtime,
    kubeconfig: PathBuf,
    _serving: Serving,
    _directory: TempDir,
}

/// Makes two tests of each function: one at a real server, one at an embedded one. Both have the same snapshots.
macro_rules! on_both_servers {
    ($($test:ident),+ $(,)?) => {
        mod real {
            $(#[test]
            fn $test() {
                if let Some(api) = crate::api::Api::real() {
                    super::$test(&api);
                }
            })+
        }
        mod embedded {
            $(#[test]
            fn $test() {
                super::$test(&crate::api::Api::embedded());
            })+
        }
    };
}
pub(crate) use on_both_servers;

impl Api {
    /// `None` where it is not installed.
    pub(crate) fn real() -> Option<Self> {
        let testbed = peers_or_skip(KubeApi::NEEDS)?;
        Some(Self::Real(Box::new(KubeApi::start(&testbed).unwrap())))
    }

    pub(crate) fn embedded() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let api = ApiServer::new();
        let serving = runtime.block_on(api.serve(([127, 0, 0, 1], 0).into())).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let kubeconfig = directory.path().join("kubeconfig");
        std::fs::write(&kubeconfig, serving.kubeconfig()).unwrap();
        Self::Embedded(Embedded { api, runtime, kubeconfig, _serving: serving, _directory: directory })
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        match self {
            Self::Real(kube) => kube.kubeconfig(),
            Self::Embedded(embedded) => embedded.kubeconfig.clone(),
        }
    }

    /// Makes objects that are not there yet.
    pub(crate) fn make(&self, manifests: &str) {
        match self {
            Self::Real(kube) => drop(kube.apply(manifests).unwrap()),
            Self::Embedded(embedded) => {
                let options = windlass_yaml::ReadOptions::resource();
                for document in windlass_yaml::read_documents(manifests, &options).unwrap() {
                    embedded.api.objects().create(&document.value).unwrap();
                }
            }
        }
    }

    pub(crate) fn get(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        match self {
            Self::Real(kube) => kube.get(&resource(api_version, kind), namespace, name).ok(),
            Self::Embedded(embedded) => embedded.api.objects().get(api_version, kind, namespace, name),
        }
    }

    pub(crate) fn delete(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        match self {
            Self::Real(kube) => {
                kube.kubectl(["delete", &resource(api_version, kind), name, "-n", namespace]).unwrap();
            }
            Self::Embedded(embedded) => {
                let objects = embedded.objects(api_version, kind, namespace);
                embedded.runtime.block_on(objects.delete(name, &DeleteParams::default())).unwrap();
            }
        }
    }

    pub(crate) fn patch_status(&self, api_version: &str, kind: &str, namespace: &str, name: &str, patch: &Value) {
        match self {
            Self::Real(kube) => {
                let (resource, patch) = (resource(api_version, kind), patch.to_string());
                let arguments =
                    ["patch", &resource, name, "-n", namespace, "--subresource=status", "--type=merge", "-p", &patch];
                kube.kubectl(arguments).unwrap();
            }
            Self::Embedded(embedded) => {
                let objects = embedded.objects(api_version, kind, namespace);
                let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
                embedded.runtime.block_on(objects.patch_status(name, &params, &patch)).unwrap();
            }
        }
    }
}

impl Embedded {
    fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> kube::Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = GroupVersionKind::gvk(group, version, kind);
        self.runtime.block_on(async {
            let client = self.api.client();
            let (resource, _) = kube::discovery::pinned_kind(&client, &kind).await.unwrap();
            kube::Api::namespaced_with(client, namespace, &resource)
        })
    }
}

/// A kind as kubectl takes it.
fn resource(api_version: &str, kind: &str) -> String {
    match api_version.split_once('/') {
        Some((group, version)) => format!("{kind}.{version}.{group}"),
        None => kind.to_owned(),
    }
}
