//! `windlass backup job`: manifests for a Job beside a volume, that saves it or puts its data back.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::outcome::Outcome;
use crate::output::{self, Console};
use crate::trouble::Trouble;

/// Print manifests for a Job beside a volume: one that backs it up, or one that puts its data back
///
/// It runs with the volume mounted at /volumes/CLAIM. To back up it has to run on the node of the volume's Pod, since
/// databases can be read safely only there (--beside); to put data back nobody else may use the volume: stop its workload
/// first. The configuration comes from a ConfigMap, keys come from a Secret.
///
/// Dumps by command run in the image that has the command (--with-image): windlass is put into it when the Pod starts. That
/// image needs a glibc as new as that of --image (Debian 12 and later), or windlass has to be a static build.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup job home-assistant --namespace home --claim config --schedule '0 3 * * *' \\
      --beside app=home-assistant --image registry.lan/windlass:0.1.0 | kubectl apply -f -
  windlass backup job keycloak --namespace auth --schedule '@daily' --config keycloak.yaml \\
      --image registry.lan/windlass:0.1.0 --with-image postgres:17 --env-from keycloak-db | kubectl apply -f -

  windlass restore --only-hold --hold home/StatefulSet/home-assistant
  windlass backup job home-assistant --namespace home --claim config --image registry.lan/windlass:0.1 \\
      --put-back sqlite/hass=/volumes/config/home-assistant_v2.db | kubectl apply -f -
  kubectl wait -n home --for=condition=complete job/windlass-restore-home-assistant
  windlass restore --release

What has to be there in the namespace:
  ConfigMap windlass-backup-NAME   windlass-backup.yaml, with paths below /volumes/CLAIM (--config)
  Secret    windlass-backup-NAME   at /etc/windlass/keys: writer.key, and a credentials file for S3
  Secret    windlass-restore-NAME  with --put-back, as well: identity.key, the private key; delete it after")]
pub(super) struct JobArgs {
    /// What is backed up
    #[arg(value_name = "NAME")]
    name: String,

    /// The namespace of the volume
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: String,

    /// The claim of the volume; may be given more than once
    #[arg(long, value_name = "CLAIM", required_unless_present = "with_image")]
    claim: Vec<String>,

    /// Run in this image, which has the commands of `save.dumps` in it (pg_dump, mariadb-dump)
    #[arg(long, value_name = "IMAGE", conflicts_with = "put_back")]
    with_image: Option<String>,

    /// Environment variables from this Secret, such as PGHOST, PGUSER and PGPASSWORD; may be given more than once
    #[arg(long, value_name = "SECRET")]
    env_from: Vec<String>,

    /// The image with windlass in it
    #[arg(long, value_name = "IMAGE")]
    image: String,

    /// When, as cron writes it; without it a Job that runs once
    #[arg(long, value_name = "CRON")]
    schedule: Option<String>,

    /// Put this item back at this path below /volumes, instead of backing up; may be given more than once. What is there is
    /// moved aside
    #[arg(long, value_name = "ITEM=PATH", value_parser = put_back, conflicts_with = "schedule")]
    put_back: Vec<(String, String)>,

    /// With --put-back: of this snapshot
    #[arg(long, value_name = "SNAPSHOT", default_value = "latest")]
    snapshot: String,

    /// Run on the node of the Pods with this label; needed where a claim may be mounted on one node only
    #[arg(long, value_name = "LABEL=VALUE", value_parser = label)]
    beside: Option<(String, String)>,

    /// Run as this user and group: those of the files
    #[arg(long, value_name = "UID:GID", value_parser = owner, default_value = "0:0")]
    user: (i64, i64),

    /// The ConfigMap is made from this configuration
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn put_back(text: &str) -> Result<(String, String), String> {
    let (item, path) = text.split_once('=').ok_or("expected ITEM=PATH")?;
    let steps = path.strip_prefix("/volumes/").ok_or_else(|| format!("{path} is not below /volumes/CLAIM"))?;
    if item.is_empty() || steps.split('/').any(|step| matches!(step, "" | "." | "..")) {
        return Err("expected ITEM=/volumes/CLAIM/PATH".to_owned());
    }
    Ok((item.to_owned(), path.to_owned()))
}

fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a label is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn owner(text: &str) -> Result<(i64, i64), String> {
    let (user, group) = text.split_once(':').unwrap_or((text, text));
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number of a user or group"));
    Ok((number(user)?, number(group)?))
}

pub(super) fn run(args: &JobArgs, console: &Console) -> anyhow::Result<Outcome> {
    let mut text = String::new();
    for manifest in manifests(args)? {
        text.push_str("---\n");
        text.push_str(&output::yaml(&manifest)?);
    }
    console.data(text.as_bytes())?;
    Ok(Outcome::Done)
}

/// Put this program into a file, for a container that has other programs than its own image
#[derive(Debug, clap::Args)]
pub(super) struct PutProgramArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// An image without a shell has nothing else that copies a file.
pub(super) fn put_program(args: &PutProgramArgs) -> anyhow::Result<Outcome> {
    let own = std::env::current_exe().context("cannot find this program")?;
    // The mode comes along.
    std::fs::copy(&own, &args.file).with_context(|| format!("cannot write {}", args.file.display()))?;
    Ok(Outcome::Done)
}

fn manifests(args: &JobArgs) -> anyhow::Result<Vec<Value>> {
    let full_name = format!("windlass-backup-{}", args.name);
    let mut manifests = Vec::new();
    for (item, path) in &args.put_back {
        let is_mounted = |claim: &String| path.split('/').nth(2) == Some(claim);
        if !args.claim.iter().any(is_mounted) {
            let trouble = Trouble::new(format!("{item} would go to {path}, which is on no claim that is mounted"));
            return Err(trouble.help(format!("--claim mounts: {}", args.claim.join(", "))).into());
        }
    }
    if let Some(path) = &args.config {
        // What cannot be read here cannot be read there.
        let text = super::config::ConfigFile::read(path)?.into_text();
        manifests.push(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata(&full_name, args),
            "data": { "windlass-backup.yaml": text },
        }));
    }
    if !args.put_back.is_empty() {
        let name = format!("windlass-restore-{}", args.name);
        manifests.push(json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata(&name, args),
            "spec": {
                // What went wrong is looked at, and not done again on what is there by then.
                "backoffLimit": 0,
                "template": { "metadata": { "labels": labels(args) }, "spec": pod(&full_name, args) },
            },
        }));
        return Ok(manifests);
    }
    let job = json!({
        // A run that failed is told by its exit code; the next one is tried at its own time.
        "backoffLimit": 1,
        "activeDeadlineSeconds": 6 * 3600,
        "template": { "metadata": { "labels": labels(args) }, "spec": pod(&full_name, args) },
    });
    manifests.push(match &args.schedule {
        None => json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(&full_name, args), "spec": job }),
        Some(schedule) => json!({
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": metadata(&full_name, args),
            "spec": {
                "schedule": schedule,
                "concurrencyPolicy": "Forbid",
                // Late rather than never, after a night without power.
                "startingDeadlineSeconds": 12 * 3600,
                "successfulJobsHistoryLimit": 1,
                "failedJobsHistoryLimit": 3,
                "jobTemplate": { "spec": job },
            },
        }),
    });
    Ok(manifests)
}

fn metadata(name: &str, args: &JobArgs) -> Value {
    json!({ "name": name, "namespace": args.namespace, "labels": labels(args) })
}

fn labels(args: &JobArgs) -> Value {
    json!({ "app.kubernetes.io/name": "windlass-backup", "app.kubernetes.io/instance": args.name })
}

fn pod(full_name: &str, args: &JobArgs) -> Value {
    let claims = || args.claim.iter().enumerate().map(|(index, claim)| (format!("volume-{index}"), claim));
    let mut mounts: Vec<Value> = claims()
        // Not read-only: a reader of a database in WAL mode writes to the file that says who reads.
        .map(|(name, claim)| json!({ "name": name, "mountPath": format!("/volumes/{claim}") }))
        .collect();
    mounts.extend([
        json!({ "name": "config", "mountPath": "/etc/windlass/config", "readOnly": true }),
        json!({ "name": "keys", "mountPath": "/etc/windlass/keys", "readOnly": true }),
        json!({ "name": "scratch", "mountPath": "/tmp" }),
    ]);
    let mut volumes: Vec<Value> = claims()
        .map(|(name, claim)| json!({ "name": name, "persistentVolumeClaim": { "claimName": claim } }))
        .collect();
    volumes.extend([
        json!({ "name": "config", "configMap": { "name": full_name } }),
        json!({ "name": "keys", "secret": { "secretName": full_name, "defaultMode": 0o440 } }),
        json!({ "name": "scratch", "emptyDir": {} }),
    ]);
    if !args.put_back.is_empty() {
        let name = format!("windlass-restore-{}", args.name);
        mounts.push(json!({ "name": "identity", "mountPath": "/etc/windlass/identity", "readOnly": true }));
        volumes.push(json!({ "name": "identity", "secret": { "secretName": name, "defaultMode": 0o440 } }));
    }
    let (user, group) = args.user;
    // Root without capabilities can neither read what is others' nor give it to them.
    let capabilities = match (user, args.put_back.is_empty()) {
        (0, true) => json!({ "drop": ["ALL"], "add": ["DAC_OVERRIDE"] }),
        (0, false) => json!({ "drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE", "FOWNER"] }),
        _ => json!({ "drop": ["ALL"] }),
    };
    let container = |name: String, arguments: Vec<&str>| {
        json!({
            "name": name,
            "image": args.image,
            "args": arguments,
            "env": [{ "name": "XDG_CACHE_HOME", "value": "/tmp" }],
            "resources": { "requests": { "cpu": "50m", "memory": "64Mi" }, "limits": { "memory": "256Mi" } },
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": capabilities,
            },
            "volumeMounts": mounts,
        })
    };
    const CONFIG: &str = "/etc/windlass/config/windlass-backup.yaml";
    let back = args.put_back.iter().enumerate().map(|(index, (item, path))| {
        let from =
            ["--snapshot", &args.snapshot, "--identity", "/etc/windlass/identity/identity.key", "--config", CONFIG];
        let arguments = ["backup", "extract", item, "--to", path, "--replace"].into_iter().chain(from);
        container(format!("put-back-{index}"), arguments.collect())
    });
    // One after the other; the last is the Pod's own.
    let mut containers: Vec<Value> = back.collect();
    let last = containers.pop();
    let mut last = last.unwrap_or_else(|| container("backup".to_owned(), vec!["backup", "run", "--config", CONFIG]));
    if !args.env_from.is_empty() {
        let secrets: Vec<Value> = args.env_from.iter().map(|name| json!({ "secretRef": { "name": name } })).collect();
        last["envFrom"] = json!(secrets);
    }
    let mut pod = json!({
        "restartPolicy": "Never",
        "automountServiceAccountToken": false,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsUser": user,
            "runAsGroup": group,
            "runAsNonRoot": user != 0,
            "fsGroup": group,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": { "type": "RuntimeDefault" },
        },
        "containers": [last],
        "volumes": volumes,
    });
    if !containers.is_empty() {
        pod["initContainers"] = containers.into();
    }
    if let Some(image) = &args.with_image {
        bring_windlass_into(&mut pod, image, &args.image);
    }
    if let Some((name, value)) = &args.beside {
        pod["affinity"] = json!({ "podAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [{
            "labelSelector": { "matchLabels": { name.as_str(): value } },
            "topologyKey": "kubernetes.io/hostname",
        }] } });
    }
    pod
}

/// The program is put into an empty folder by its own image, and run from there in the image that has the commands.
fn bring_windlass_into(pod: &mut Value, image: &str, own: &str) {
    const FOLDER: &str = "/windlass";
    let program = json!({ "name": "program", "mountPath": FOLDER });
    let container = &mut pod["containers"][0];
    let confined = container["securityContext"].clone();
    container["image"] = json!(image);
    container["command"] = json!([format!("{FOLDER}/windlass")]);
    if let Some(mounts) = container["volumeMounts"].as_array_mut() {
        mounts.push(program.clone());
    }
    pod["initContainers"] = json!([{
        "name": "windlass",
        "image": own,
        "args": ["backup", "put-program", format!("{FOLDER}/windlass")],
        "resources": { "requests": { "cpu": "10m", "memory": "16Mi" }, "limits": { "memory": "64Mi" } },
        "securityContext": confined,
        "volumeMounts": [program],
    }]);
    if let Some(volumes) = pod["volumes"].as_array_mut() {
        volumes.push(json!({ "name": "program", "emptyDir": {} }));
    }
}
