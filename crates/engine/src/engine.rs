//! Starting the loops, and ending them.

use std::future::Future;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::{Api, Client};
use tokio::sync::watch;
use windlass_flux::{GitRepository, Kustomization};

use crate::board::{SourceState, Standing};
use crate::context::{Context, Listed, Options};
use crate::supervisor::{Seen, Supervisor};
use crate::{ConfigKind, Metrics, NamespacedName, Readiness, config_watch, git_repository, kustomization};

/// The reconciler: it follows the GitRepository and Kustomization objects of a cluster for as long as it runs.
pub struct Engine {
    client: Client,
    options: Options,
    metrics: Metrics,
    readiness: Readiness,
}

impl Engine {
    /// An engine for the cluster that `client` speaks to. Nothing happens before [`run`](Self::run).
    #[must_use]
    pub fn new(client: Client, options: Options) -> Self {
        Self { client, options, metrics: Metrics::default(), readiness: Readiness::default() }
    }

    /// The numbers that the engine keeps while it runs.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Whether the engine has seen all its objects.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Runs until `shutdown` is ready. What is being applied then is finished first; what is waited for is given up.
    ///
    /// Trouble with the cluster, the sources or the objects never ends it: it is reported in their status and in the
    /// log, and tried again.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let (stop, stopped) = watch::channel(false);
        let namespace = self.options.namespace.clone();
        let context = Arc::new(Context::new(self.client.clone(), self.options, self.metrics, stopped.clone()));

        let sources = {
            let context = Arc::clone(&context);
            // What exists is on the board before anybody asks for it.
            Supervisor::new(move |name: NamespacedName, seen| {
                context.board.publish_source(&name, SourceState::Pending);
                git_repository::run(Arc::clone(&context), name, seen)
            })
        };
        let kustomizations = {
            let context = Arc::clone(&context);
            Supervisor::new(move |name: NamespacedName, seen: Seen<Kustomization>| {
                let standing = seen.borrow().as_deref().map(Standing::of);
                context.board.publish_standing(&name, standing);
                kustomization::run(Arc::clone(&context), name, seen)
            })
        };
        let sources_api: Api<DeserializeGuard<GitRepository>> = api(&self.client, namespace.as_deref());
        let kustomizations_api: Api<DeserializeGuard<Kustomization>> = api(&self.client, namespace.as_deref());
        let config_maps: Api<PartialObjectMeta<ConfigMap>> = api(&self.client, namespace.as_deref());
        let secrets: Api<PartialObjectMeta<Secret>> = api(&self.client, namespace.as_deref());
        let listed = |kind: fn(&mut Listed) -> &mut bool| {
            let (context, readiness) = (Arc::clone(&context), self.readiness.clone());
            move || {
                context.listed.send_modify(|listed| *kind(listed) = true);
                readiness.set(context.listed.borrow().all());
            }
        };
        let loops = async {
            tokio::join!(
                sources.run(sources_api, stopped.clone(), listed(|listed| &mut listed.sources)),
                kustomizations.run(kustomizations_api, stopped.clone(), listed(|listed| &mut listed.kustomizations)),
                config_watch::run(Arc::clone(&context), ConfigKind::ConfigMap, config_maps, stopped.clone()),
                config_watch::run(Arc::clone(&context), ConfigKind::Secret, secrets, stopped.clone()),
            )
        };
        tokio::pin!(loops);
        tokio::select! {
            () = shutdown => {}
            _ = &mut loops => return,
        }
        self.readiness.set(false);
        let _ = stop.send(true);
        loops.await;
    }
}

fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}
