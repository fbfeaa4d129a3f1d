//! Comparing a preview with a cluster, and carrying it out once, without a running reconciler.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{ObjectMeta, Patch, PatchParams};
use windlass_cluster::{Cluster, Inventory, Planned, Surroundings, WaitOptions, plan_among};
use windlass_flux::{
    Condition, ConditionStatus, Kustomization, READY, RECONCILING, ResourceInventory, STALLED, reason, well_known,
};

use crate::board::dependencies;
use crate::carry_out::{CarryOut, Written, read};
use crate::clock::now;
use crate::own_status::OwnStatus;
use crate::{Error, NamespacedName, Preview, Unit};

/// What a cluster would have to change to be as a preview wants it: every unit's objects, then what is pruned.
///
/// Units that could not be built take no part: neither are their objects compared, nor is anything of theirs pruned.
/// Objects that cannot be compared do not hide the others; nothing counts as pruned while there are any.
///
/// # Errors
/// Where the record of what was applied before cannot be read.
pub async fn plan(cluster: &Cluster, preview: &Preview, prune: bool) -> Result<Planned, Error> {
    let surroundings = Surroundings::of(preview.manifests());
    let mut whole = Planned::default();
    for unit in &preview.units {
        let Ok(desired) = &unit.desired else { continue };
        let options = CarryOut::new(cluster, &unit.kustomization).options();
        let planned = plan_among(cluster, &desired.manifests, &surroundings, &options).await;
        whole.plan.append(planned.plan);
        whole.failures.extend(planned.failures);
    }
    if prune && whole.failures.is_empty() {
        let wanted: HashSet<_> = whole.plan.actions.iter().map(|action| action.id.clone()).collect();
        for unit in preview.units.iter().filter(|unit| unit.desired.is_ok() && unit.kustomization.spec.prune) {
            let recorded = read(&inventory(cluster, unit).await?.unwrap_or_default());
            let stale: Inventory = recorded.iter().filter(|entry| !wanted.contains(&entry.id)).collect();
            let options = CarryOut::new(cluster, &unit.kustomization).options();
            let pruned = windlass_cluster::plan(cluster, &[], Some(&stale), &options).await;
            whole.plan.append(pruned.map_err(Error::Apply)?);
        }
    }
    Ok(whole)
}

/// How a preview is carried out.
#[derive(Debug, Clone)]
pub struct OneShotOptions {
    /// Whether objects that left the repository are deleted, where their Kustomization's `prune` allows it.
    pub prune: bool,
    /// Whether to wait for health where a Kustomization asks for it.
    pub wait: bool,
    /// What to record as the applied revision.
    pub revision: String,
}

/// What happens while a preview is carried out.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A unit begins.
    Unit(&'a NamespacedName),
    /// An object was written.
    Written(&'a Written),
    /// Something is odd without being an error.
    Warning(&'a str),
    /// The health of so many objects is waited for.
    Waiting(usize),
    /// A unit failed; those that depend on it are left out.
    Failed(&'a NamespacedName, &'a Error),
    /// A unit is left out because one that it depends on failed.
    LeftOut(&'a NamespacedName, &'a NamespacedName),
}

/// Carries a preview out, unit by unit in the order of dependencies, and records what was applied where a reconciler
/// finds it: in the status of the Kustomizations, or in the ConfigMap `windlass-inventory-<name>` for a root that the
/// repository does not hold.
///
/// Returns the names of the units that failed or were left out; their errors went to `progress`.
pub async fn apply_once(
    cluster: &Cluster,
    preview: Preview,
    options: &OneShotOptions,
    mut progress: impl FnMut(Progress<'_>),
) -> Vec<NamespacedName> {
    let mut failed: Vec<NamespacedName> = Vec::new();
    for unit in preview.units {
        let name = unit.name.clone();
        if let Some(missing) = dependencies(&unit.kustomization).iter().find(|name| failed.contains(name)) {
            progress(Progress::LeftOut(&name, missing));
            failed.push(name);
            continue;
        }
        progress(Progress::Unit(&name));
        if let Err(error) = apply_unit(cluster, unit, options, &mut progress).await {
            progress(Progress::Failed(&name, &error));
            failed.push(name);
        }
    }
    failed
}

async fn apply_unit(
    cluster: &Cluster,
    mut unit: Unit,
    options: &OneShotOptions,
    progress: &mut impl FnMut(Progress<'_>),
) -> Result<(), Error> {
    let desired = std::mem::replace(&mut unit.desired, Err(Error::Interrupted { doing: "applying" }))?;
    unit.kustomization.spec.prune &= options.prune;
    let carry_out = CarryOut::new(cluster, &unit.kustomization);
    let known = inventory(cluster, &unit).await?.unwrap_or_default();
    let known = carry_out.ahead(&desired.manifests, &known).await.unwrap_or(known);
    record(cluster, &unit, &known, None).await?;

    let outcome = carry_out.run(desired.manifests, &known).await;
    outcome.written.iter().for_each(|written| progress(Progress::Written(written)));
    outcome.warnings.iter().for_each(|warning| progress(Progress::Warning(warning)));
    let inventory = if options.prune { outcome.inventory } else { merged(&known, &outcome.inventory) };
    if let Some(failure) = outcome.failure {
        record(cluster, &unit, &inventory, None).await?;
        return Err(failure.error);
    }
    record(cluster, &unit, &inventory, Some(&options.revision)).await?;

    let targets = crate::health_targets::of(&unit.kustomization, outcome.applied, &unit.name);
    if options.wait && !targets.is_empty() {
        progress(Progress::Waiting(targets.len()));
        let wait = WaitOptions { timeout: unit.kustomization.spec.timeout().get(), ..WaitOptions::default() };
        windlass_cluster::wait(cluster, &targets, &wait).await.map_err(Error::Unhealthy)?;
    }
    Ok(())
}

/// What is not pruned this time stays on record, so that it can be pruned later.
fn merged(known: &ResourceInventory, applied: &ResourceInventory) -> ResourceInventory {
    let mut inventory = read(applied);
    inventory.merge(read(known));
    crate::carry_out::print(&inventory)
}

/// The objects on record for a unit; `None` where there is no record.
async fn inventory(cluster: &Cluster, unit: &Unit) -> Result<Option<ResourceInventory>, Error> {
    if unit.is_made_up {
        let found = records(cluster, unit).get_opt(&record_name(unit)).await;
        let Some(map) = found.map_err(Error::api("read the record of what was applied"))? else { return Ok(None) };
        let text = map.data.unwrap_or_default().remove(RECORD).unwrap_or_default();
        return serde_json::from_str(&text)
            .map(Some)
            .map_err(|source| Error::Record { name: record_name(unit), source });
    }
    let api: Api<Kustomization> = Api::namespaced(cluster.client().clone(), &unit.name.namespace);
    let doing = format!("read Kustomization/{}", unit.name);
    let found = api.get_opt(&unit.name.name).await.map_err(Error::api(doing))?;
    Ok(found.and_then(|kustomization| kustomization.status?.inventory))
}

/// Records what may exist because of a unit and, where it was all applied, at which revision.
async fn record(
    cluster: &Cluster,
    unit: &Unit,
    inventory: &ResourceInventory,
    applied: Option<&str>,
) -> Result<(), Error> {
    if unit.is_made_up {
        return record_in_map(cluster, unit, inventory).await;
    }
    let api: Api<Kustomization> = Api::namespaced(cluster.client().clone(), &unit.name.namespace);
    let doing = format!("read Kustomization/{}", unit.name);
    // A root that is about to make itself has no status yet; the record after the apply finds it.
    let Some(object) = api.get_opt(&unit.name.name).await.map_err(Error::api(doing))? else { return Ok(()) };
    let mut status = object.status.clone().unwrap_or_default();
    status.inventory = Some(inventory.clone());
    if let Some(revision) = applied {
        let generation = object.metadata.generation;
        let message = format!("Applied revision: {revision}");
        let holds = ConditionStatus::True;
        status.conditions.remove(RECONCILING);
        status.conditions.remove(STALLED);
        let ready = Condition::new(READY, holds, reason::RECONCILIATION_SUCCEEDED, &message, generation, now());
        status.conditions.set(ready);
        status.last_applied_revision = Some(revision.to_owned());
        status.last_attempted_revision = Some(revision.to_owned());
        status.observed_generation = generation;
    }
    let manager = well_known::KUSTOMIZATION_STATUS_MANAGER;
    OwnStatus::of(&object, object.status.clone()).write(&api, &object, manager, status).await
}

const RECORD: &str = "inventory.json";

fn record_name(unit: &Unit) -> String {
    format!("windlass-inventory-{}", unit.name.name)
}

fn records(cluster: &Cluster, unit: &Unit) -> Api<ConfigMap> {
    Api::namespaced(cluster.client().clone(), &unit.name.namespace)
}

async fn record_in_map(cluster: &Cluster, unit: &Unit, inventory: &ResourceInventory) -> Result<(), Error> {
    let name = record_name(unit);
    let text = serde_json::to_string(inventory).map_err(|source| Error::Record { name: name.clone(), source })?;
    let map = ConfigMap {
        metadata: ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() },
        data: Some([(RECORD.to_owned(), text)].into()),
        ..ConfigMap::default()
    };
    let params = PatchParams::apply("windlass").force();
    let written = records(cluster, unit).patch(&name, &params, &Patch::Apply(map)).await;
    written.map(drop).map_err(Error::api("write the record of what was applied"))
}
