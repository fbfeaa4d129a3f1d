//! Holding workloads still while their data are put into place.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::Api;
use kube::api::ListParams;
use kube::core::{DynamicObject, Selector};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use windlass_cluster::Cluster;
use windlass_manifest::{Gvk, Manifest, ObjectId};

use super::bare_pods::{self, HeldPod};
use super::hold_patch::{HELD, noted_patches};
use super::makers::makers;
use super::plan::{Note, message};
use super::target::Target;
use super::users::wait_for_users;
use crate::Error;

/// Objects that are held.
#[derive(Debug, Default)]
pub struct Hold {
    held: Vec<Held>,
}

/// One object that is held.
#[derive(Debug)]
pub(crate) enum Held {
    /// It is there, and a patch releases it.
    There(Box<HeldObject>),
    /// It is not made before the release: a bare Pod that is restored.
    Later(Box<Manifest>),
    /// It is a bare Pod that was there, was deleted, and is made again at the release.
    Deleted(Box<HeldPod>),
}

/// An object that is held, and the merge patch that releases it.
#[derive(Debug)]
pub(crate) struct HeldObject {
    gvk: Gvk,
    id: ObjectId,
    release: Value,
}

/// The kinds that can be held: what runs, and what would put back the number of replicas.
pub(super) const WORKLOADS: [(&str, &str); 6] = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("v1", "ReplicationController"),
];

impl Hold {
    /// How many objects are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Their names, in the order in which they were held.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let name = |held: &Held| match held {
            Held::There(object) => object.id.to_string(),
            Held::Later(manifest) => manifest.id().to_string(),
            Held::Deleted(pod) => pod.manifest.id().to_string(),
        };
        self.held.iter().map(name).collect()
    }

    pub(crate) fn add(&mut self, held: Option<Held>) {
        self.held.extend(held);
    }

    /// Lets everything run again, the last held first: workloads before what watches over them. What fails is told, and
    /// does not keep the others.
    pub async fn release(self, cluster: &Cluster) -> Vec<Note> {
        let mut notes = Vec::new();
        for held in self.held.into_iter().rev() {
            let (id, result) = match held {
                Held::There(object) => {
                    let HeldObject { gvk, id, release } = *object;
                    let result = cluster.change(&gvk, &id, &release).await.map(drop);
                    (id, result.map_err(|error| message(&error)))
                }
                Held::Later(manifest) => {
                    let made = cluster.create(&manifest, false).await.map(drop);
                    (manifest.id(), made.map_err(|error| message(&error)))
                }
                Held::Deleted(pod) => (pod.manifest.id(), pod.release(cluster).await),
            };
            if let Err(error) = result {
                notes.push(Note::new(&id, format!("is still held: {error}")));
            }
        }
        notes
    }
}

/// Changes a manifest so that what it makes does not run yet.
pub(crate) fn hold_in_manifest(manifest: &mut Manifest) -> Option<Held> {
    if manifest.kind() == "Pod" && manifest.api_version() == "v1" {
        return Some(Held::Later(Box::new(manifest.clone())));
    }
    let (hold, release) = noted_patches(manifest.value())?;
    json_patch::merge(manifest.value_mut(), &hold);
    Some(Held::There(Box::new(HeldObject { gvk: manifest.gvk(), id: manifest.id(), release })))
}

/// Holds `targets` in a cluster: suspends the Flux objects that made them, scales them to nothing, and waits until their
/// Pods are gone, for at most `limit`, with all others that mount the same claims (in a namespace that is held as a whole:
/// anything that outlives them). A bare Pod is held only where it is named: it is deleted, and made again at the release.
///
/// # Errors
/// Where a target does not exist, something cannot be changed, or Pods remain: [`Error::InUse`] says what to do about each.
/// What was held by then is released.
pub async fn hold(cluster: &Cluster, targets: &[Target], limit: Duration) -> Result<Hold, Error> {
    let mut hold = Hold::default();
    match hold_all(cluster, targets, limit, &mut hold).await {
        Ok(()) => Ok(hold),
        Err(error) => {
            for note in hold.release(cluster).await {
                tracing::warn!(object = note.object, "{}", note.message);
            }
            Err(error)
        }
    }
}

/// Everything that is held in a cluster, by the note that it carries: what an earlier process held that was killed.
///
/// # Errors
/// Where the workloads cannot be listed.
pub async fn held(cluster: &Cluster) -> Result<Hold, Error> {
    const FLUX: [(&str, &str); 2] =
        [("kustomize.toolkit.fluxcd.io/v1", "Kustomization"), ("helm.toolkit.fluxcd.io/v2", "HelmRelease")];
    let mut hold = Hold::default();
    for (api_version, kind) in FLUX.into_iter().chain(WORKLOADS) {
        for object in objects(cluster, api_version, kind, None).await? {
            let Some(note) = object["metadata"]["annotations"][HELD].as_str() else { continue };
            let Ok(mut release) = serde_json::from_str::<Value>(note) else { continue };
            release["metadata"] = json!({"annotations": {HELD: null}});
            let (gvk, id) = identity(&object);
            hold.add(Some(Held::There(Box::new(HeldObject { gvk, id, release }))));
        }
    }
    for pod in bare_pods::kept(cluster).await? {
        hold.add(Some(Held::Deleted(Box::new(pod))));
    }
    Ok(hold)
}

/// Holds those of `saved` that are in the cluster and run: an earlier rebuild let them.
pub(crate) async fn hold_running(cluster: &Cluster, saved: impl Iterator<Item = &Manifest>) -> Result<Hold, Error> {
    let mut hold = Hold::default();
    for manifest in saved {
        let is_workload =
            WORKLOADS.iter().any(|(api, kind)| (manifest.api_version(), manifest.kind()) == (*api, *kind));
        if !is_workload {
            continue;
        }
        let live = cluster.get(&manifest.gvk(), manifest.namespace(), manifest.name()).await?;
        if let Some(live) = live.filter(|live| live["metadata"]["annotations"][HELD].is_null()) {
            hold_one(cluster, &live, &mut hold).await?;
        }
    }
    Ok(hold)
}

/// Waits until no Pod of a workload is left that is held, for at most `limit`: what was let run before it was held may still
/// write.
pub(crate) async fn wait_until_still(cluster: &Cluster, limit: Duration) -> Result<(), Error> {
    let end = Instant::now() + limit;
    for (api_version, kind) in WORKLOADS {
        for object in objects(cluster, api_version, kind, None).await? {
            if object["metadata"]["annotations"][HELD].is_string() {
                wait_for_pods(cluster, &object, end).await?;
            }
        }
    }
    Ok(())
}

/// All objects of a kind, in one namespace or in all; none where the cluster does not have the kind.
async fn objects(
    cluster: &Cluster,
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
) -> Result<Vec<Value>, Error> {
    let gvk = Gvk::from_api_version(api_version, kind);
    let Ok(Some(known)) = cluster.kind(&gvk).await else { return Ok(Vec::new()) };
    let client = cluster.client().clone();
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &known.resource),
        None => Api::all_with(client, &known.resource),
    };
    let list =
        api.list(&ListParams::default()).await.map_err(Error::api(format!("list the objects of kind {kind}")))?;
    let whole = |object| {
        let mut value = serde_json::to_value(object).map_err(|source| Error::Archive { source: source.into() })?;
        value["apiVersion"] = api_version.into();
        value["kind"] = kind.into();
        Ok(value)
    };
    list.items.into_iter().map(whole).collect()
}

fn identity(object: &Value) -> (Gvk, ObjectId) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let gvk = Gvk::from_api_version(text("/apiVersion"), text("/kind"));
    let id = ObjectId {
        group: gvk.group.clone(),
        kind: gvk.kind.clone(),
        namespace: Some(text("/metadata/namespace").to_owned()),
        name: text("/metadata/name").to_owned(),
    };
    (gvk, id)
}

async fn hold_all(cluster: &Cluster, targets: &[Target], limit: Duration, hold: &mut Hold) -> Result<(), Error> {
    let mut workloads = Vec::new();
    for target in targets {
        workloads.extend(found(cluster, target).await?);
    }
    // The outermost first, or it would set going again what it made.
    for maker in makers(cluster, &workloads).await?.iter().rev() {
        hold_one(cluster, maker, hold).await?;
    }
    for workload in &workloads {
        hold_one(cluster, workload, hold).await?;
    }
    let end = Instant::now() + limit;
    for workload in &workloads {
        wait_for_pods(cluster, workload, end).await?;
    }
    wait_for_users(cluster, targets, &workloads, end).await
}

async fn hold_one(cluster: &Cluster, object: &Value, hold: &mut Hold) -> Result<(), Error> {
    if object["kind"] == "Pod" {
        hold.add(Some(Held::Deleted(Box::new(bare_pods::keep(cluster, object).await?))));
        return bare_pods::delete(cluster, object).await;
    }
    let Some((patch, release)) = noted_patches(object) else { return Ok(()) };
    let (gvk, id) = identity(object);
    cluster.change(&gvk, &id, &patch).await?;
    hold.add(Some(Held::There(Box::new(HeldObject { gvk, id, release }))));
    Ok(())
}

/// The workloads that a target means.
async fn found(cluster: &Cluster, target: &Target) -> Result<Vec<Value>, Error> {
    if let Some((_, name)) = target.workload.as_ref().filter(|(kind, _)| kind.eq_ignore_ascii_case("Pod")) {
        return Ok(vec![bare_pods::found(cluster, &target.namespace, name).await?]);
    }
    if let Some((kind, name)) = &target.workload {
        let known = WORKLOADS.iter().find(|(_, known)| known.eq_ignore_ascii_case(kind));
        let Some((api_version, kind)) = known else {
            return Err(Error::NotHoldable { what: format!("{}/{kind}/{name}", target.namespace) });
        };
        let gvk = Gvk::from_api_version(api_version, kind);
        let object = cluster.get(&gvk, Some(&target.namespace), name).await?;
        let missing = || Error::NothingToHold { what: format!("{kind}/{}/{name}", target.namespace) };
        return Ok(vec![object.ok_or_else(missing)?]);
    }
    let mut found = Vec::new();
    for (api_version, kind) in WORKLOADS {
        // What a controller owns is held by holding the owner.
        let is_owned = |object: &Value| {
            let owners = object["metadata"]["ownerReferences"].as_array();
            owners.is_some_and(|owners| owners.iter().any(|owner| owner["controller"] == true))
        };
        let objects = objects(cluster, api_version, kind, Some(&target.namespace)).await?;
        found.extend(objects.into_iter().filter(|object| !is_owned(object)));
    }
    Ok(found)
}

/// Waits until no Pod of a workload is left.
async fn wait_for_pods(cluster: &Cluster, workload: &Value, end: Instant) -> Result<(), Error> {
    if workload["kind"] == "Pod" {
        return bare_pods::wait_gone(cluster, workload, end).await;
    }
    let namespace = workload["metadata"]["namespace"].as_str().unwrap_or_default();
    let Some(selector) = selector(workload) else { return Ok(()) };
    let pods: Api<Pod> = Api::namespaced(cluster.client().clone(), namespace);
    let params = ListParams::default().labels_from(&selector);
    loop {
        let list = pods.list(&params).await.map_err(Error::api(format!("list the Pods of {namespace}")))?;
        let names: Vec<String> = list.items.into_iter().filter_map(|pod| pod.metadata.name).collect();
        if names.is_empty() {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(Error::PodsRemain { namespace: namespace.to_owned(), pods: names });
        }
        sleep(Duration::from_millis(250)).await;
    }
}

fn selector(workload: &Value) -> Option<Selector> {
    let selector = &workload["spec"]["selector"];
    let selector: LabelSelector = match workload["kind"].as_str() {
        Some("ReplicationController") => {
            LabelSelector { match_labels: serde_json::from_value(selector.clone()).ok(), ..LabelSelector::default() }
        }
        Some("CronJob") => return None,
        _ => serde_json::from_value(selector.clone()).ok()?,
    };
    Selector::try_from(selector).ok()
}

#[cfg(test)]
mod tests {
    use windlass_manifest::Origin;

    use super::*;

    #[test]
    fn a_held_manifest_says_how_it_was() {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "shop"},
            "spec": {"replicas": 3},
        });
        let mut manifest = Manifest::new(object.clone(), Origin::unknown()).unwrap();
        let Some(Held::There(held)) = hold_in_manifest(&mut manifest) else { panic!("it is held") };
        assert_eq!(manifest.value()["spec"]["replicas"], 0);
        assert!(manifest.annotation(HELD).unwrap().contains("3"));
        // Held twice, it still knows.
        let Some(Held::There(again)) = hold_in_manifest(&mut manifest) else { panic!("it is held") };
        assert_eq!(again.release, held.release);
        let mut value = manifest.value().clone();
        json_patch::merge(&mut value, &held.release);
        value["metadata"].as_object_mut().unwrap().shift_remove("annotations");
        assert_eq!(value, object);
    }
}
