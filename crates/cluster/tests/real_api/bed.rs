use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use windlass_cluster::{Applied, ApplyFailure, ApplyOptions, Cluster, Inventory, Options, Owner, apply};
use windlass_manifest::{Manifest, read_manifests};
use windlass_testbed::{KubeApi, KubeApiOptions, Testbed};

/// A namespace of the one API server that the tests of this binary share.
pub(crate) struct Bed {
    pub(crate) kube: &'static KubeApi,
    pub(crate) namespace: String,
    pub(crate) cluster: Cluster,
}

/// Gives a bed, or returns from the test where peers are missing.
macro_rules! bed {
    ($name:literal) => {{
        let testbed = windlass_testbed::require_peers!(windlass_testbed::KubeApi::NEEDS);
        crate::bed::Bed::new(&testbed, $name).await
    }};
}
pub(crate) use bed;

fn kube(testbed: &Testbed) -> &'static KubeApi {
    static KUBE: OnceLock<KubeApi> = OnceLock::new();
    KUBE.get_or_init(|| {
        KubeApi::start_with(testbed, KubeApiOptions::default().with_controllers().with_audit()).unwrap()
    })
}

impl Bed {
    pub(crate) async fn new(testbed: &Testbed, namespace: &str) -> Self {
        let kube = kube(testbed);
        kube.kubectl(["create", "namespace", namespace]).unwrap();
        let cluster = cluster(&kube.kubeconfig()).await;
        Self { kube, namespace: namespace.to_owned(), cluster }
    }

    pub(crate) fn options(&self) -> ApplyOptions {
        ApplyOptions::default().owned_by(self.owner())
    }

    pub(crate) fn owner(&self) -> Owner {
        Owner::flux("apps", &self.namespace)
    }

    /// The manifests of a text in which `NS` stands for the namespace.
    pub(crate) fn manifests(&self, text: &str) -> Vec<Manifest> {
        read_manifests(&text.replace("NS", &self.namespace), "apps/all.yaml").unwrap()
    }

    pub(crate) async fn apply(&self, text: &str) -> Applied {
        self.try_apply(text, &self.options()).await.unwrap()
    }

    pub(crate) async fn try_apply(&self, text: &str, options: &ApplyOptions) -> Result<Applied, ApplyFailure> {
        apply(&self.cluster, self.manifests(text), options).await
    }

    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        self.kube.kubectl(args.iter().copied().chain(["-n", &self.namespace])).unwrap()
    }

    pub(crate) fn get(&self, resource: &str, name: &str) -> Value {
        self.kube.get(resource, &self.namespace, name).unwrap()
    }

    /// `verb resource` of each request about objects of the namespace since `from`, the tests' own kubectl left out.
    pub(crate) fn requests_since(&self, from: usize) -> Vec<String> {
        self.own_audit()[from..]
            .iter()
            .map(|event| {
                let dry = event["requestURI"].as_str().unwrap_or_default().contains("dryRun=All");
                let (verb, resource) =
                    (event["verb"].as_str().unwrap(), event["objectRef"]["resource"].as_str().unwrap());
                format!("{}{verb} {resource}", if dry { "dry-run " } else { "" })
            })
            .collect()
    }

    pub(crate) fn request_count(&self) -> usize {
        self.own_audit().len()
    }

    fn own_audit(&self) -> Vec<Value> {
        let ours = |event: &Value| {
            event["objectRef"]["namespace"] == *self.namespace
                && event["user"]["username"] != "system:kube-controller-manager"
                && !event["user"]["username"].as_str().unwrap_or_default().starts_with("system:serviceaccount:")
                && !event["userAgent"].as_str().unwrap_or_default().starts_with("kubectl")
                && !event["userAgent"].as_str().unwrap_or_default().starts_with("kube-")
        };
        self.kube.audit().unwrap().into_iter().filter(ours).collect()
    }
}

pub(crate) async fn cluster(kubeconfig: &Path) -> Cluster {
    let kubeconfig = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.unwrap();
    Cluster::new(kube::Client::try_from(config).unwrap(), Options::default())
}

/// `created Deployment/shop/web`, one for each action.
pub(crate) fn words(applied: &Applied) -> Vec<String> {
    applied.actions.iter().map(|action| format!("{} {}", action.verb.past(), action.id)).collect()
}

pub(crate) fn changes(applied: &Applied) -> Vec<String> {
    applied.actions.iter().flat_map(|action| action.verb.changes()).map(ToString::to_string).collect()
}

pub(crate) fn ids(inventory: &Inventory) -> Vec<String> {
    inventory.texts().map(|(id, version)| format!("{id} {version}")).collect()
}
