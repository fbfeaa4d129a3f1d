//! Which Pods use the data that are to be put into place: nothing is written under them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, Pod, PodSpec, Volume};
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use windlass_cluster::Cluster;
use windlass_manifest::Gvk;

use super::hold::WORKLOADS;
use super::target::Target;
use crate::Error;

/// Where an item of data goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataPlace {
    /// The path on this machine.
    pub path: PathBuf,
    /// The claim that the data were saved from, as `shop/data`, where that is known.
    pub claim: Option<String>,
}

/// Refuses to put data into place under Pods that run: those that mount the claim of the data, a volume of the nodes that
/// the path lies in, or the path itself. A Pod that this process runs in is not meant.
///
/// # Errors
/// [`Error::InUse`] with each Pod and what to do about it.
pub async fn refuse_in_use(cluster: &Cluster, places: &[DataPlace]) -> Result<(), Error> {
    let mut claims: BTreeSet<String> = places.iter().filter_map(|place| place.claim.clone()).collect();
    let paths: Vec<PathBuf> = places.iter().filter_map(|place| std::path::absolute(&place.path).ok()).collect();
    let volumes: Api<PersistentVolume> = Api::all(cluster.client().clone());
    let volumes = volumes.list(&ListParams::default()).await.map_err(Error::api("list the volumes"))?;
    for spec in volumes.items.into_iter().filter_map(|volume| volume.spec) {
        let at = spec.host_path.map(|host| host.path).or_else(|| spec.local.map(|local| local.path));
        let is_meant = at.is_some_and(|at| paths.iter().any(|path| path.starts_with(&at)));
        if let Some(claim) = spec.claim_ref.filter(|_| is_meant) {
            claims.insert(format!("{}/{}", claim.namespace.unwrap_or_default(), claim.name.unwrap_or_default()));
        }
    }
    let pods: Api<Pod> = Api::all(cluster.client().clone());
    let pods = pods.list(&ListParams::default()).await.map_err(Error::api("list the Pods"))?;
    let mut users = Vec::new();
    for pod in pods.items.iter().filter(|pod| is_running(pod)) {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let is_meant = |claim: &str| claims.contains(&format!("{namespace}/{claim}"));
        if let Some(how) = mounts(pod, &is_meant, &paths) {
            users.push(told(cluster, pod, &how).await?);
        }
    }
    if users.is_empty() { Ok(()) } else { Err(Error::InUse { users }) }
}

/// Waits until no Pod is left that could write to the data of what is held: in a namespace that is held as a whole none that
/// mounts anything that outlives it, elsewhere none that mounts a claim of a held workload. What no controller made is not
/// waited for: nothing would end it.
pub(super) async fn wait_for_users(
    cluster: &Cluster,
    targets: &[Target],
    workloads: &[Value],
    end: Instant,
) -> Result<(), Error> {
    let namespaces: BTreeSet<&str> = targets.iter().map(|target| target.namespace.as_str()).collect();
    for namespace in namespaces {
        let is_whole = targets.iter().any(|target| target.namespace == namespace && target.workload.is_none());
        let own = workloads.iter().filter(|workload| workload["metadata"]["namespace"] == namespace);
        let claims: Vec<Claims> = own.flat_map(Claims::of).collect();
        let is_meant = |claim: &str| is_whole || claims.iter().any(|claims| claims.hold(claim));
        let pods: Api<Pod> = Api::namespaced(cluster.client().clone(), namespace);
        loop {
            let list = pods.list(&ListParams::default()).await;
            let list = list.map_err(Error::api(format!("list the Pods of {namespace}")))?;
            let (mut users, mut is_hopeless) = (Vec::new(), false);
            for pod in list.items.iter().filter(|pod| is_running(pod)) {
                let lasting = || is_whole.then(|| lasting_volume(pod)).flatten();
                if let Some(how) = mounts(pod, &is_meant, &[]).or_else(lasting) {
                    is_hopeless |= controller(pod).is_none() && pod.metadata.deletion_timestamp.is_none();
                    users.push((pod, how));
                }
            }
            if users.is_empty() {
                break;
            }
            if is_hopeless || Instant::now() > end {
                let mut told_users = Vec::new();
                for (pod, how) in users {
                    told_users.push(told(cluster, pod, &how).await?);
                }
                return Err(Error::InUse { users: told_users });
            }
            sleep(Duration::from_millis(250)).await;
        }
    }
    Ok(())
}

/// Whether a Pod may write, or will: it is not at its end, and not the one that this process is in.
fn is_running(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    !matches!(phase, Some("Succeeded" | "Failed")) && !is_own(pod)
}

/// Whether this process runs in the Pod: the volume is mounted there so that data can be put back.
fn is_own(pod: &Pod) -> bool {
    const NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_none() {
        return false;
    }
    let read = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    read("/proc/sys/kernel/hostname") == pod.metadata.name
        && read(NAMESPACE).is_none_or(|namespace| Some(namespace) == pod.metadata.namespace)
}

/// How a Pod uses a claim that is meant or one of the paths, in words; `None` where it does not.
fn mounts(pod: &Pod, is_meant: &impl Fn(&str) -> bool, paths: &[PathBuf]) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    spec.volumes.iter().flatten().find_map(|volume| {
        let claim = volume.persistent_volume_claim.as_ref().map(|claim| claim.claim_name.as_str());
        if let Some(claim) = claim.filter(|claim| is_meant(claim)) {
            return Some(format!("mounts the claim {namespace}/{claim}"));
        }
        let host = volume.host_path.as_ref().map(|host| host.path.as_str())?;
        // Who watches over a node mounts all of it.
        let is_used =
            host != "/" && paths.iter().any(|path| path.starts_with(host) || Path::new(host).starts_with(path));
        (is_used && is_written(spec, &volume.name)).then(|| format!("mounts {host} of its node"))
    })
}

/// A volume that is there after the Pod.
fn lasting_volume(pod: &Pod) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let is_lasting = |volume: &&Volume| {
        let passing = volume.empty_dir.is_some()
            || volume.config_map.is_some()
            || volume.secret.is_some()
            || volume.projected.is_some()
            || volume.downward_api.is_some()
            || volume.ephemeral.is_some()
            || volume.image.is_some();
        !passing && is_written(spec, &volume.name)
    };
    let volume = spec.volumes.iter().flatten().find(is_lasting)?;
    let host = volume.host_path.as_ref().map(|host| format!("mounts {} of its node", host.path));
    Some(host.unwrap_or_else(|| format!("mounts the volume {}", volume.name)))
}

/// Whether a container may write to a volume.
fn is_written(spec: &PodSpec, volume: &str) -> bool {
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let mut mounts = containers.flat_map(|container| container.volume_mounts.iter().flatten());
    mounts.any(|mount| mount.name == volume && mount.read_only != Some(true))
}

/// Kind and name of what made a Pod and would make it again.
fn controller(pod: &Pod) -> Option<(String, String, String)> {
    let owner = pod.metadata.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))?;
    Some((owner.api_version.clone(), owner.kind.clone(), owner.name.clone()))
}

/// A Pod, what it uses, and what to do about it.
async fn told(cluster: &Cluster, pod: &Pod, how: &str) -> Result<String, Error> {
    let namespace = pod.metadata.namespace.clone().unwrap_or_default();
    let name = pod.metadata.name.clone().unwrap_or_default();
    let is_static = pod.metadata.annotations.iter().flatten().any(|(key, _)| key == "kubernetes.io/config.mirror");
    let what = match controller(pod) {
        _ if pod.metadata.deletion_timestamp.is_some() => "it is ending: give it more time (--timeout)".to_owned(),
        _ if is_static => "it is a static Pod: move its file out of the manifests of its node meanwhile".to_owned(),
        None => format!(
            "no controller made it, so nothing but its deletion stops it: hold it by name, with --hold \
             {namespace}/Pod/{name} (before a rebuild: `windlass restore --only-hold --hold {namespace}/Pod/{name}`), and it is \
             deleted, and made again at the release"
        ),
        Some(made_by) => {
            let (kind, owner) = outermost(cluster, &namespace, made_by).await?;
            if WORKLOADS.iter().any(|(_, known)| *known == kind) {
                format!("stop it with --hold {namespace}/{kind}/{owner}")
            } else {
                format!("it belongs to {kind}/{owner}: stop that meanwhile")
            }
        }
    };
    Ok(format!("Pod/{namespace}/{name} {how}; {what}"))
}

/// What made the Pod's maker, where that is one for which it is made: a Deployment for a ReplicaSet, a CronJob for a Job.
async fn outermost(
    cluster: &Cluster,
    namespace: &str,
    (api_version, kind, name): (String, String, String),
) -> Result<(String, String), Error> {
    if !matches!(kind.as_str(), "ReplicaSet" | "Job") {
        return Ok((kind, name));
    }
    let live = cluster.get(&Gvk::from_api_version(&api_version, &kind), Some(namespace), &name).await?;
    let owners = live.as_ref().and_then(|live| live["metadata"]["ownerReferences"].as_array());
    let owner = owners.into_iter().flatten().find(|owner| owner["controller"] == true);
    let text = |field: &str| owner.and_then(|owner| owner[field].as_str()).map(str::to_owned);
    // A Job that a CronJob started can be suspended by itself; the CronJob is what would start the next.
    Ok(text("kind").zip(text("name")).filter(|_| kind == "ReplicaSet").unwrap_or((kind, name)))
}

/// Claims that a workload's Pods mount.
#[derive(Debug, PartialEq, Eq)]
enum Claims {
    One(String),
    /// One for each Pod of a StatefulSet: this and a number.
    Numbered(String),
}

impl Claims {
    fn of(workload: &Value) -> Vec<Self> {
        let spec = &workload["spec"];
        let template = match workload["kind"].as_str() {
            Some("Pod") => workload,
            Some("CronJob") => &spec["jobTemplate"]["spec"]["template"],
            _ => &spec["template"],
        };
        let volumes = template["spec"]["volumes"].as_array().into_iter().flatten();
        let name = |volume: &Value| volume["persistentVolumeClaim"]["claimName"].as_str().map(str::to_owned);
        let mut claims: Vec<Self> = volumes.filter_map(name).map(Self::One).collect();
        let own = workload["metadata"]["name"].as_str().unwrap_or_default();
        let templates = spec["volumeClaimTemplates"].as_array().into_iter().flatten();
        let names = templates.filter_map(|template| template["metadata"]["name"].as_str());
        claims.extend(names.map(|name| Self::Numbered(format!("{name}-{own}-"))));
        claims
    }

    fn hold(&self, claim: &str) -> bool {
        match self {
            Self::One(name) => name == claim,
            Self::Numbered(prefix) => claim.strip_prefix(prefix).is_some_and(|number| number.parse::<u32>().is_ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_claims_of_a_workload_are_named_and_numbered() {
        let set = json!({
            "kind": "StatefulSet", "metadata": {"name": "db"},
            "spec": {
                "template": {"spec": {"volumes": [{"name": "c", "persistentVolumeClaim": {"claimName": "config"}}]}},
                "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
            },
        });
        let claims = Claims::of(&set);
        let holds = |claim: &str| claims.iter().any(|claims| claims.hold(claim));
        assert!(holds("config") && holds("data-db-0") && holds("data-db-12"));
        assert!(!holds("data") && !holds("data-db-") && !holds("data-db-copy") && !holds("data-dbs-0"));
    }
}
