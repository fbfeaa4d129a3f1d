//! Noticing changes of the ConfigMaps and Secrets that Kustomizations refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use futures::StreamExt as _;
use kube::core::{NamespaceResourceScope, PartialObjectMeta};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use windlass_flux::{Kustomization, SubstituteKind, well_known};

use crate::context::Context;
use crate::{ConfigKind, NamespacedName};

/// The version of each ConfigMap and Secret that is watched. Only metadata is read; nothing of the content is kept.
pub(crate) type ConfigVersions = BTreeMap<(ConfigKind, NamespacedName), String>;

/// Follows the objects of one kind that carry the label `reconcile.fluxcd.io/watch: Enabled`, as Flux does.
pub(crate) async fn run<K>(
    context: Arc<Context>,
    kind: ConfigKind,
    api: Api<PartialObjectMeta<K>>,
    mut stop: watch::Receiver<bool>,
) where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let labelled = watcher::Config::default().labels(&format!("{}={}", well_known::WATCH, well_known::WATCH_ENABLED));
    let mut events = watcher(api, labelled).default_backoff().boxed();
    let mut in_list = BTreeSet::new();
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match event {
            Some(Ok(watcher::Event::Init)) => in_list.clear(),
            Some(Ok(watcher::Event::InitApply(object))) => {
                in_list.insert(NamespacedName::of(&object));
                note(&context, kind, NamespacedName::of(&object), object.resource_version());
            }
            Some(Ok(watcher::Event::InitDone)) => context.configs.send_modify(|versions| {
                versions.retain(|(of, name), _| *of != kind || in_list.contains(name));
            }),
            Some(Ok(watcher::Event::Apply(object))) => {
                note(&context, kind, NamespacedName::of(&object), object.resource_version());
            }
            Some(Ok(watcher::Event::Delete(object))) => note(&context, kind, NamespacedName::of(&object), None),
            // Without the right to list them their changes are seen at the next interval.
            Some(Err(error)) => tracing::debug!("watching {kind}s: {}", crate::error::chain(&error)),
            None => return,
        }
    }
}

fn note(context: &Context, kind: ConfigKind, name: NamespacedName, version: Option<String>) {
    context.configs.send_if_modified(|versions| {
        let key = (kind, name);
        let before = versions.get(&key).cloned();
        match &version {
            Some(version) => versions.insert(key, version.clone()),
            None => versions.remove(&key),
        };
        before != version
    });
}

/// The ConfigMaps and Secrets that decide what a Kustomization builds.
pub(crate) fn references(kustomization: &Kustomization) -> Vec<(ConfigKind, NamespacedName)> {
    let namespace = NamespacedName::of(kustomization).namespace;
    let spec = &kustomization.spec;
    let variables = spec.post_build.iter().flat_map(|post_build| &post_build.substitute_from).map(|reference| {
        let kind = match reference.kind {
            SubstituteKind::Secret => ConfigKind::Secret,
            _ => ConfigKind::ConfigMap,
        };
        (kind, NamespacedName::new(&namespace, &reference.name))
    });
    let keys = spec.decryption.iter().filter_map(|decryption| decryption.secret_ref.as_ref());
    let keys = keys.map(|secret| (ConfigKind::Secret, NamespacedName::new(&namespace, &secret.name)));
    variables.chain(keys).collect()
}
