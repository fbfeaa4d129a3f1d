//! The API server of a test: a real kube-apiserver, or the one in this process. Both are spoken to by the same client.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::discovery::Scope;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use windlass_apiserver::{ApiServer, Serving};
use windlass_testbed::{KubeApi, KubeApiOptions, Tool, peers_or_skip};

use crate::waiting::eventually;

pub(crate) const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";
pub(crate) const SOURCE: &str = "source.toolkit.fluxcd.io/v1";

/// An API server with Flux's CRDs.
pub(crate) struct Server {
    runtime: Runtime,
    client: kube::Client,
    kinds: Mutex<HashMap<(String, String), (ApiResource, Scope)>>,
    kubeconfig: PathBuf,
    flavour: Flavour,
    _directory: TempDir,
}

enum Flavour {
    Real(Box<KubeApi>),
    Embedded { api: ApiServer, address: SocketAddr, serving: Mutex<Option<Serving>> },
}

/// Gives a test the real server that all tests share; skips it where there is none. It ends with the test process.
pub(crate) fn on_shared_real(test: fn(&Server)) {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    if let Some(server) = SHARED.get_or_init(Server::real) {
        test(server);
    }
}

/// Gives a test a real server of its own; skips it where there is none.
pub(crate) fn on_own_real(test: fn(&Server)) {
    if let Some(server) = Server::real() {
        test(&server);
    }
}

/// Gives a test a server in this process. Only the Git repository needs a program then.
pub(crate) fn on_embedded(test: fn(&Server)) {
    if peers_or_skip(&[Tool::Git]).is_some() {
        test(&Server::embedded());
    }
}

/// Makes two tests of each function: one at the real server, which they share or have alone, and one at the embedded one.
macro_rules! on_both_servers {
    ($real:ident: $($test:ident),+ $(,)?) => {
        mod real {
            $(#[test]
            fn $test() {
                crate::server::$real(super::$test);
            })+
        }
        mod embedded {
            $(#[test]
            fn $test() {
                crate::server::on_embedded(super::$test);
            })+
        }
    };
}
pub(crate) use on_both_servers;

impl Server {
    fn real() -> Option<Self> {
        let testbed = peers_or_skip(KubeApi::NEEDS)?;
        peers_or_skip(&[Tool::Git])?;
        let options = KubeApiOptions::default().with_controllers().with_audit();
        let kube = KubeApi::start_with(&testbed, options).unwrap();
        let kubeconfig = kube.kubeconfig();
        Some(Self::with(runtime(), kubeconfig, Flavour::Real(Box::new(kube)), tempfile::tempdir().unwrap()))
    }

    pub(crate) fn embedded() -> Self {
        let runtime = runtime();
        let api = ApiServer::new();
        let serving = runtime.block_on(api.serve(([127, 0, 0, 1], 0).into())).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let kubeconfig = directory.path().join("kubeconfig");
        std::fs::write(&kubeconfig, serving.kubeconfig()).unwrap();
        let flavour = Flavour::Embedded { api, address: serving.address(), serving: Mutex::new(Some(serving)) };
        Self::with(runtime, kubeconfig, flavour, directory)
    }

    fn with(runtime: Runtime, kubeconfig: PathBuf, flavour: Flavour, directory: TempDir) -> Self {
        let client = runtime.block_on(async {
            let options = KubeConfigOptions::default();
            let config =
                kube::Config::from_custom_kubeconfig(Kubeconfig::read_from(&kubeconfig).unwrap(), &options).await;
            kube::Client::try_from(config.unwrap()).unwrap()
        });
        let server = Self { runtime, client, kinds: Mutex::default(), kubeconfig, flavour, _directory: directory };
        for definition in windlass_flux::crds() {
            server.apply_object("testbed", &definition).unwrap();
        }
        for (api_version, kind) in [(SOURCE, "GitRepository"), (KUSTOMIZE, "Kustomization")] {
            eventually("the definitions are served", || server.try_list(api_version, kind).ok());
        }
        server
    }

    /// The embedded server, for its faults and its request log.
    pub(crate) fn api(&self) -> &ApiServer {
        match &self.flavour {
            Flavour::Embedded { api, .. } => api,
            Flavour::Real(_) => panic!("the real server cannot do that"),
        }
    }

    /// The real server, for what only that has.
    pub(crate) fn real_api(&self) -> &KubeApi {
        match &self.flavour {
            Flavour::Real(kube) => kube,
            Flavour::Embedded { .. } => panic!("the embedded server cannot do that"),
        }
    }

    /// How often the GitRepositories of tests are polled: what takes no time here is not waited for.
    pub(crate) fn poll_interval(&self) -> &'static str {
        match self.flavour {
            Flavour::Real(_) => "1s",
            Flavour::Embedded { .. } => "200ms",
        }
    }

    /// How much faster things go than on the real server: what tests wait without looking is divided by it.
    pub(crate) fn haste(&self) -> u32 {
        match self.flavour {
            Flavour::Real(_) => 1,
            Flavour::Embedded { .. } => 4,
        }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig.clone()
    }

    /// Takes the server down, as a power cut does; what it stores stays.
    pub(crate) fn go_down(&self) {
        match &self.flavour {
            Flavour::Real(kube) => kube.kill_api(),
            Flavour::Embedded { serving, .. } => {
                let serving = serving.lock().unwrap().take();
                self.runtime.block_on(serving.unwrap().stop());
            }
        }
    }

    /// Brings it back, at the same address.
    pub(crate) fn come_back(&self) {
        match &self.flavour {
            Flavour::Real(kube) => kube.start_api().unwrap(),
            Flavour::Embedded { api, address, serving } => {
                let again = self.runtime.block_on(api.serve(*address)).unwrap();
                *serving.lock().unwrap() = Some(again);
            }
        }
    }

    /// Applies manifests server-side, as the field manager `testbed`.
    pub(crate) fn apply(&self, manifests: &str) {
        for document in windlass_yaml::read_documents(manifests, &windlass_yaml::ReadOptions::resource()).unwrap() {
            self.apply_object("testbed", &document.value).unwrap();
        }
    }

    /// Applies one object server-side, by force.
    pub(crate) fn apply_object(&self, manager: &str, object: &Value) -> Result<Value, kube::Error> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let api = self.objects(text("/apiVersion"), text("/kind"), text("/metadata/namespace"))?;
        let params = PatchParams::apply(manager).force();
        self.answer(api.patch(text("/metadata/name"), &params, &Patch::Apply(object)))
    }

    pub(crate) fn make_namespace(&self, name: &str) {
        self.apply(&format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"));
    }

    pub(crate) fn get(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, kube::Error> {
        let api = self.objects(api_version, kind, namespace)?;
        self.answer(api.get(name))
    }

    /// All objects of a kind, in all namespaces.
    pub(crate) fn list(&self, api_version: &str, kind: &str) -> Vec<Value> {
        self.try_list(api_version, kind).unwrap()
    }

    fn try_list(&self, api_version: &str, kind: &str) -> Result<Vec<Value>, kube::Error> {
        let (resource, _) = self.kind(api_version, kind)?;
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let list = self.runtime.block_on(api.list(&ListParams::default()))?;
        Ok(list.items.into_iter().map(|item| json!(item)).collect())
    }

    /// Changes an object as `manager`: a JSON patch if `patch` is a list, else a merge patch.
    pub(crate) fn patch(
        &self,
        manager: &str,
        api_version: &str,
        kind: &str,
        (namespace, name): (&str, &str),
        patch: &Value,
    ) {
        let api = self.objects(api_version, kind, namespace).unwrap();
        let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        let patched = match patch {
            Value::Array(_) => {
                let operations = serde_json::from_value(patch.clone()).unwrap();
                self.answer(api.patch(name, &params, &Patch::<DynamicObject>::Json(operations)))
            }
            _ => self.answer(api.patch(name, &params, &Patch::Merge(patch))),
        };
        patched.unwrap();
    }

    pub(crate) fn patch_status(&self, api_version: &str, kind: &str, (namespace, name): (&str, &str), patch: &Value) {
        let api = self.objects(api_version, kind, namespace).unwrap();
        self.answer(api.patch_status(name, &PatchParams::default(), &Patch::Merge(patch))).unwrap();
    }

    /// Deletes an object and waits until it is gone.
    pub(crate) fn delete(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        let api = self.objects(api_version, kind, namespace).unwrap();
        self.runtime.block_on(api.delete(name, &DeleteParams::default())).unwrap();
        eventually(&format!("{kind}/{name} is gone"), || {
            self.get(api_version, kind, namespace, name).is_err().then_some(())
        });
    }

    /// How many requests are on record.
    pub(crate) fn mark(&self) -> usize {
        match &self.flavour {
            Flavour::Real(kube) => kube.audit().unwrap().len(),
            Flavour::Embedded { api, .. } => api.requests().total(),
        }
    }

    /// How many objects `windlassd` has really written since a mark, by verb and resource: dry runs, status and events left
    /// out.
    pub(crate) fn writes(&self, since: usize) -> BTreeMap<String, usize> {
        let written: Vec<String> = match &self.flavour {
            Flavour::Real(kube) => kube.audit().unwrap().iter().skip(since).filter_map(audited).collect(),
            Flavour::Embedded { api, .. } => api.requests().all().iter().skip(since).filter_map(logged).collect(),
        };
        let mut counts = BTreeMap::new();
        for name in written {
            *counts.entry(name).or_default() += 1;
        }
        counts
    }

    fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> Result<Api<DynamicObject>, kube::Error> {
        let (resource, scope) = self.kind(api_version, kind)?;
        Ok(match scope {
            Scope::Namespaced => Api::namespaced_with(self.client.clone(), namespace, &resource),
            Scope::Cluster => Api::all_with(self.client.clone(), &resource),
        })
    }

    fn kind(&self, api_version: &str, kind: &str) -> Result<(ApiResource, Scope), kube::Error> {
        let key = (api_version.to_owned(), kind.to_owned());
        if let Some(known) = self.kinds.lock().unwrap().get(&key) {
            return Ok(known.clone());
        }
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = GroupVersionKind::gvk(group, version, kind);
        let (resource, capabilities) = self.runtime.block_on(kube::discovery::pinned_kind(&self.client, &kind))?;
        let found = (resource, capabilities.scope);
        self.kinds.lock().unwrap().insert(key, found.clone());
        Ok(found)
    }

    fn answer(&self, request: impl Future<Output = Result<DynamicObject, kube::Error>>) -> Result<Value, kube::Error> {
        // A server that was down a moment ago is not a fault of the test.
        self.runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(30), request).await.unwrap() })
            .map(|object| json!(object))
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

const WRITES: [&str; 4] = ["create", "update", "patch", "delete"];

fn audited(event: &Value) -> Option<String> {
    let verb = event["verb"].as_str().unwrap_or_default();
    let reference = &event["objectRef"];
    let is_dry = event["requestURI"].as_str().is_some_and(|uri| uri.contains("dryRun"));
    let is_ours = event["userAgent"].as_str().is_some_and(|agent| agent.starts_with("windlassd/"));
    let resource = reference["resource"].as_str().unwrap_or_default();
    let counts =
        WRITES.contains(&verb) && is_ours && !is_dry && reference["subresource"].is_null() && resource != "events";
    counts.then(|| format!("{verb} {resource}/{}", reference["name"].as_str().unwrap_or_default()))
}

fn logged(request: &windlass_apiserver::LoggedRequest) -> Option<String> {
    let resource = request.resource.split('.').next().unwrap_or_default();
    let counts = WRITES.contains(&request.verb)
        && request.agent == "windlassd"
        && !request.dry_run
        && request.subresource.is_empty()
        && resource != "events";
    counts.then(|| format!("{} {resource}/{}", request.verb, request.name))
}
