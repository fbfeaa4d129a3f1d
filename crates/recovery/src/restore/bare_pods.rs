//! Pods that no controller made: they cannot be told to have no replicas. Who asks for it by name has them deleted, and made
//! again at the release, from what is kept of them in a Secret meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::Api;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams, Preconditions};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use windlass_cluster::Cluster;
use windlass_manifest::{Gvk, Manifest, Origin};

use super::hold_patch::HELD;
use super::plan::message;
use crate::Error;
use crate::clean::clean;

/// The type of the Secrets that keep them: a Pod may name passwords.
pub(crate) const SECRET_TYPE: &str = "restore.windlass.dev/held-pod";
const KEY: &str = "pod.json";
/// How long a Pod that is ending may take until it can be made again.
const ENDING: Duration = Duration::from_secs(60);

/// A Pod that was deleted, and what makes it again.
#[derive(Debug)]
pub(crate) struct HeldPod {
    pub(super) manifest: Manifest,
    /// The name of the Secret, in the namespace of the Pod.
    secret: String,
}

/// The Pod, if it can be held.
pub(super) async fn found(cluster: &Cluster, namespace: &str, name: &str) -> Result<Value, Error> {
    let what = || format!("Pod/{namespace}/{name}");
    let pod = cluster.get(&Gvk::from_api_version("v1", "Pod"), Some(namespace), name).await?;
    let pod = pod.ok_or_else(|| Error::NothingToHold { what: what() })?;
    let owners = pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    if let Some(owner) = owners.into_iter().find(|owner| owner["controller"] == true) {
        let text = |field: &str| owner[field].as_str().unwrap_or_default().to_owned();
        let reason =
            format!("it belongs to {}/{}, which would make it again: hold what made that", text("kind"), text("name"));
        return Err(Error::PodNotHoldable { what: what(), reason });
    }
    if !pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null() {
        let reason = "it is a static Pod: move its file out of the manifests of its node meanwhile".to_owned();
        return Err(Error::PodNotHoldable { what: what(), reason });
    }
    Ok(pod)
}

/// Keeps what makes the Pod again; only then may it be [deleted](delete).
pub(super) async fn keep(cluster: &Cluster, pod: &Value) -> Result<HeldPod, Error> {
    let (namespace, uid) = (text(pod, "/metadata/namespace"), text(pod, "/metadata/uid"));
    let mut kept = pod.clone();
    clean(&mut kept);
    let manifest = Manifest::new(kept, Origin::unknown());
    let manifest = manifest.map_err(|_| Error::Interrupted { doing: "read a Pod" })?;
    let secret = format!("windlass-held-pod-{uid}");
    let object = Secret {
        metadata: ObjectMeta {
            name: Some(secret.clone()),
            namespace: Some(namespace.clone()),
            labels: Some(BTreeMap::from([(HELD.to_owned(), "pod".to_owned())])),
            ..ObjectMeta::default()
        },
        type_: Some(SECRET_TYPE.to_owned()),
        string_data: Some(BTreeMap::from([(KEY.to_owned(), manifest.value().to_string())])),
        ..Secret::default()
    };
    let secrets: Api<Secret> = Api::namespaced(cluster.client().clone(), &namespace);
    match secrets.create(&PostParams::default(), &object).await {
        Ok(_) => {}
        // Killed between this and the deletion.
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        Err(error) => return Err(Error::api(format!("keep what makes {} again", manifest.id()))(error)),
    }
    Ok(HeldPod { manifest, secret })
}

/// Tells the Pod to end: this one, and none that got its name since.
pub(super) async fn delete(cluster: &Cluster, pod: &Value) -> Result<(), Error> {
    let (namespace, name) = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
    let preconditions = Preconditions { uid: Some(text(pod, "/metadata/uid")), resource_version: None };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    match pods(cluster, &namespace).delete(&name, &params).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(Error::api(format!("delete the Pod {name} of {namespace}"))(error)),
    }
}

/// Waits until the Pod is gone.
pub(super) async fn wait_gone(cluster: &Cluster, pod: &Value, end: Instant) -> Result<(), Error> {
    let (namespace, name) = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
    loop {
        let live = pods(cluster, &namespace).get_opt(&name).await;
        let live = live.map_err(Error::api(format!("look for the Pod {name} of {namespace}")))?;
        if live.is_none_or(|live| live.metadata.uid.as_deref() != pod["metadata"]["uid"].as_str()) {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(Error::PodsRemain { namespace, pods: vec![name] });
        }
        sleep(Duration::from_millis(250)).await;
    }
}

/// All Pods that an earlier process deleted.
pub(super) async fn kept(cluster: &Cluster) -> Result<Vec<HeldPod>, Error> {
    let secrets: Api<Secret> = Api::all(cluster.client().clone());
    let list = match secrets.list(&ListParams::default().labels(&format!("{HELD}=pod"))).await {
        Ok(list) => list,
        // Who may not read Secrets cannot have deleted Pods in this way.
        Err(kube::Error::Api(status)) if status.code == 403 => return Ok(Vec::new()),
        Err(error) => return Err(Error::api("list the Pods that are held")(error)),
    };
    let held =
        list.items.into_iter().filter(|secret| secret.type_.as_deref() == Some(SECRET_TYPE)).filter_map(|secret| {
            let pod = serde_json::from_slice(&secret.data?.get(KEY)?.0).ok()?;
            Some(HeldPod { manifest: Manifest::new(pod, Origin::unknown()).ok()?, secret: secret.metadata.name? })
        });
    Ok(held.collect())
}

impl HeldPod {
    /// Makes the Pod again. What it was is forgotten only when it is there.
    pub(super) async fn release(self, cluster: &Cluster) -> Result<(), String> {
        let namespace = self.manifest.namespace().unwrap_or_default().to_owned();
        let end = Instant::now() + ENDING;
        loop {
            let made = cluster.create(&self.manifest, false).await.map_err(|error| message(&error))?;
            let live =
                pods(cluster, &namespace).get_opt(self.manifest.name()).await.map_err(|error| error.to_string())?;
            if made.is_some() || live.is_some_and(|live| live.metadata.deletion_timestamp.is_none()) {
                break;
            }
            if Instant::now() > end {
                return Err("it is ending still: release it once more".to_owned());
            }
            sleep(Duration::from_millis(250)).await;
        }
        let secrets: Api<Secret> = Api::namespaced(cluster.client().clone(), &namespace);
        match secrets.delete(&self.secret, &DeleteParams::default()).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(format!("runs again, and the Secret {} can be deleted: {error}", self.secret)),
        }
    }
}

fn pods(cluster: &Cluster, namespace: &str) -> Api<Pod> {
    Api::namespaced(cluster.client().clone(), namespace)
}

fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
