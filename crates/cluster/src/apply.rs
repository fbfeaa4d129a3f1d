use std::fmt;

use tokio::time::{Instant, sleep};
use windlass_drift::{Action, Verb};
use windlass_manifest::Manifest;

use crate::check::Preview;
use crate::cluster::Cluster;
use crate::error::{Doing, Error, Failures, Subject};
use crate::health::{Health, status};
use crate::inventory::{Inventory, InventoryEntry};
use crate::prepare::{ApplyOptions, Defined, Prepared};
use crate::stage::{Stage, staged};
use crate::wait::{POLL, Target, WaitOptions, wait};
use crate::{rejection, takeover};

/// What was done, object by object, in the order in which it was done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Applied {
    /// The actions; [`Verb::past`] has the words for them.
    pub actions: Vec<Action>,
    /// Fields that their kinds do not have, in the server's spelling. They were left out, as Flux does without a word.
    pub unknown_fields: Vec<(Subject, String)>,
}

impl Applied {
    /// The objects, for the inventory; those that were skipped are in it, as Flux has it.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        let entry = |action: &Action| InventoryEntry { id: action.id.clone(), version: action.gvk.version.clone() };
        self.actions.iter().map(entry).collect()
    }

    /// The actions that changed the cluster.
    pub fn changed(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(|action| action.verb.is_change())
    }
}

/// Why an apply ended early, and what it had done by then.
#[derive(Debug)]
pub struct ApplyFailure {
    /// What had been done: whole stages, and of the last one what was applied before something went wrong.
    pub applied: Applied,
    /// What went wrong.
    pub failures: Failures,
}

impl fmt::Display for ApplyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failures.fmt(f)
    }
}

impl std::error::Error for ApplyFailure {}

/// Makes the cluster's objects equal to `manifests`.
///
/// In three stages, as Flux does it: CRDs, Namespaces and ClusterRoles; then kinds that end in `Class`; then the rest. A
/// stage begins when the one before is ready. Of each stage all dry runs come first; only when all of them have passed
/// are the objects that would change applied, one after another in Flux's order.
///
/// Doing it again does nothing. What was applied but is no longer in `manifests` stays: see [`prune`](crate::prune()).
/// Dropping the future stops between two requests.
///
/// # Errors
/// All that went wrong in the first stage in which something did. Before anything is applied: all objects of kinds that
/// neither the cluster nor a CRD among `manifests` defines.
pub async fn apply(
    cluster: &Cluster,
    manifests: Vec<Manifest>,
    options: &ApplyOptions,
) -> Result<Applied, ApplyFailure> {
    let mut applied = Applied::default();
    match run(cluster, manifests, options, &mut applied).await {
        Ok(()) => Ok(applied),
        Err(failures) => Err(ApplyFailure { applied, failures }),
    }
}

async fn run(
    cluster: &Cluster,
    manifests: Vec<Manifest>,
    options: &ApplyOptions,
    applied: &mut Applied,
) -> Result<(), Failures> {
    let defined = Defined::by(&manifests);
    refuse_unknown_kinds(cluster, &manifests, &defined).await?;
    for (stage, manifests) in staged(manifests) {
        if manifests.is_empty() {
            continue;
        }
        let checked = check_stage(cluster, manifests, &defined, options).await?;
        let waits = if stage == Stage::Objects { Vec::new() } else { unready(&checked) };
        for object in &checked {
            let subject = object.prepared.handle().subject();
            applied
                .unknown_fields
                .extend(object.unknown_fields.iter().map(|field| ((*subject).clone(), field.clone())));
        }
        apply_stage(cluster, checked, options, applied).await?;
        if stage == Stage::Definitions {
            defined.groups().for_each(|group| cluster.discovery().forget(group));
        }
        wait_for_stage(cluster, &waits, options).await?;
    }
    Ok(())
}

/// Finds what cannot work before anything is written.
async fn refuse_unknown_kinds(cluster: &Cluster, manifests: &[Manifest], defined: &Defined) -> Result<(), Failures> {
    let mut failures = Vec::new();
    for manifest in manifests.iter().filter(|manifest| defined.kind(&manifest.gvk()).is_none()) {
        if let Err(error) = cluster.kind_of(manifest).await {
            failures.push(error);
        }
    }
    Failures::check(failures)
}

/// An object of a stage, and what is to be done to it.
struct Checked {
    prepared: Prepared,
    verb: Verb,
    takes_over: bool,
    unknown_fields: Vec<String>,
    ready: bool,
}

async fn check_stage(
    cluster: &Cluster,
    manifests: Vec<Manifest>,
    defined: &Defined,
    options: &ApplyOptions,
) -> Result<Vec<Checked>, Failures> {
    let checks = manifests.into_iter().map(|manifest| check_object(cluster, manifest, defined, options));
    let (checked, failures) = cluster.try_all(checks.collect()).await;
    Failures::check(failures)?;
    Ok(checked)
}

async fn check_object(
    cluster: &Cluster,
    manifest: Manifest,
    defined: &Defined,
    options: &ApplyOptions,
) -> Result<Checked, Error> {
    let kind = served_soon(cluster, &manifest, defined, options).await?;
    let mut prepared = Prepared::prepare(manifest, kind, options)?;
    let preview = cluster.check(&mut prepared, options.force).await?;
    // What the server had is dropped here: a build of CRDs would otherwise be in memory three times.
    let ready = match (&preview.verb, &preview.live) {
        (Verb::Skip(_), _) => true,
        (Verb::Unchanged, Some(live)) => status(live.value(), std::time::SystemTime::now()) == Health::Current,
        _ => false,
    };
    let Preview { verb, takes_over, unknown_fields, .. } = preview;
    Ok(Checked { prepared, verb, takes_over, unknown_fields, ready })
}

/// The kind of a manifest. One that a CRD of this very apply defines is waited for: the server establishes a CRD a
/// moment before it serves it.
async fn served_soon(
    cluster: &Cluster,
    manifest: &Manifest,
    defined: &Defined,
    options: &ApplyOptions,
) -> Result<crate::Kind, Error> {
    let gvk = manifest.gvk();
    let end = Instant::now() + options.wait;
    loop {
        match cluster.kind_of(manifest).await {
            Err(Error::UnknownKind { .. }) if defined.kind(&gvk).is_some() && Instant::now() + POLL < end => {
                sleep(POLL).await;
                cluster.discovery().forget(&gvk.group);
            }
            result => return result,
        }
    }
}

/// The objects that are not ready yet, or will not be once they are applied.
fn unready(checked: &[Checked]) -> Vec<Target> {
    let objects = checked.iter().filter(|object| !object.ready);
    objects.map(|object| Target::new(object.prepared.gvk.clone(), object.prepared.id.clone())).collect()
}

async fn apply_stage(
    cluster: &Cluster,
    checked: Vec<Checked>,
    options: &ApplyOptions,
    applied: &mut Applied,
) -> Result<(), Failures> {
    let mut failures = Vec::new();
    for object in checked {
        match cluster.carry_out(&object, options).await {
            Ok(()) => applied.actions.push(Action {
                sensitive: object.prepared.manifest.is_sensitive(),
                origin: object.prepared.manifest.origin().clone(),
                id: object.prepared.id,
                gvk: object.prepared.gvk,
                verb: object.verb,
            }),
            Err(error) => {
                let is_transient = error.is_transient();
                failures.push(error);
                if is_transient {
                    // The others would each run into the same wall.
                    break;
                }
            }
        }
    }
    Failures::check(failures)
}

impl Cluster {
    async fn carry_out(&self, object: &Checked, options: &ApplyOptions) -> Result<(), Error> {
        let handle = object.prepared.handle();
        match &object.verb {
            Verb::Create | Verb::Configure(_) => {}
            Verb::Recreate { .. } => self.delete_and_wait(&handle, options.wait).await?,
            _ => return Ok(()),
        }
        if object.takes_over {
            self.take_over(&object.prepared).await?;
        }
        let applied = self.server_side_apply(&handle, object.prepared.manifest.value(), false).await;
        applied.map(drop).map_err(|error| rejection::error(error, &handle, Doing::Apply))
    }

    /// Makes the fields of others ours. Where somebody writes at the same time, looks again.
    async fn take_over(&self, prepared: &Prepared) -> Result<(), Error> {
        const ATTEMPTS: usize = 4;
        let handle = prepared.handle();
        let mut refusal = None;
        for _ in 0..ATTEMPTS {
            let Some(live) = self.live(&handle).await? else {
                return Ok(());
            };
            let Some(patch) = takeover::patch(&live, self.options()) else {
                return Ok(());
            };
            match self.json_patch(&handle, &patch, false).await {
                Ok(_) => return Ok(()),
                // 422 is what the failed test of the version gives, 409 a write between test and storage.
                Err(kube::Error::Api(status)) if matches!(status.code, 409 | 422) => refusal = Some(status),
                Err(error) => return Err(rejection::error(error, &handle, Doing::TakeOver)),
            }
        }
        match refusal {
            Some(status) => Err(rejection::error(kube::Error::Api(status), &handle, Doing::TakeOver)),
            None => Ok(()),
        }
    }
}

async fn wait_for_stage(cluster: &Cluster, targets: &[Target], options: &ApplyOptions) -> Result<(), Failures> {
    let wait_options = WaitOptions { timeout: options.wait, ..WaitOptions::default() };
    let Err(unhealthy) = wait(cluster, targets, &wait_options).await else {
        return Ok(());
    };
    let not_ready = |(id, health): (windlass_manifest::ObjectId, Health)| Error::NotReady {
        subject: Box::new(Subject { id, origin: windlass_manifest::Origin::unknown() }),
        seconds: options.wait.as_secs(),
        health: health.to_string(),
    };
    Failures::check(unhealthy.objects.into_iter().map(not_ready).collect())
}
