use std::collections::HashSet;

use windlass_drift::{Action, Plan, SkipReason, Verb};
use windlass_manifest::{Gvk, Manifest, Origin};

use crate::cluster::Cluster;
use crate::error::{Error, Failures};
use crate::inventory::{Inventory, InventoryEntry};
use crate::prepare::{ApplyOptions, Defined, Prepared};
use crate::prune::Fate;
use crate::stage::{Position, staged};

/// What [`apply`](crate::apply()) and [`prune`](crate::prune()) would do, without doing it.
///
/// `previous` is what was applied before; what it holds beyond `manifests` would be pruned. Objects whose Namespace or
/// CRD is itself still to be made count as created, unseen by the server.
///
/// # Errors
/// All that would go wrong, over all stages.
pub async fn plan(
    cluster: &Cluster,
    manifests: &[Manifest],
    previous: Option<&Inventory>,
    options: &ApplyOptions,
) -> Result<Plan, Failures> {
    let Planned { plan: Plan { mut actions }, mut failures } =
        plan_among(cluster, manifests, &Surroundings::default(), options).await;
    // With failures the desired objects are not all known, and what is missing would be called stale.
    if let (Some(previous), true, true) = (previous, options.prune, failures.is_empty()) {
        let entry = |a: &Action| InventoryEntry { id: a.id.clone(), version: a.gvk.version.clone() };
        let stale = previous.without(&actions.iter().map(entry).collect());
        let planning = Planning { cluster, options, defined: Defined::by(&[]), new_namespaces: HashSet::new() };
        match planning.pruned(&stale).await {
            Ok(pruned) => actions.extend(pruned),
            Err(errors) => failures.extend(errors),
        }
    }
    Failures::check(failures)?;
    Ok(Plan { actions })
}

/// The Namespaces and CRDs that others will have applied by the time an object is: what a repository holds around the
/// objects of one Kustomization.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    defined: Defined,
    namespaces: HashSet<String>,
}

impl Surroundings {
    /// Those among `manifests`.
    pub fn of<'m>(manifests: impl IntoIterator<Item = &'m Manifest>) -> Self {
        let mut surroundings = Self::default();
        for manifest in manifests {
            if manifest.kind() == "Namespace" && manifest.api_version() == "v1" {
                surroundings.namespaces.insert(manifest.name().to_owned());
            }
            surroundings.defined.add(manifest);
        }
        surroundings
    }
}

/// A plan as far as it goes, and what went wrong beyond.
#[derive(Debug, Default)]
pub struct Planned {
    /// The actions for all objects that could be compared.
    pub plan: Plan,
    /// Why the others could not.
    pub failures: Vec<Error>,
}

/// What an apply of `manifests` would do in a cluster where `surroundings` were applied before.
///
/// One object that cannot be compared does not hide the others. Nothing is said about pruning.
pub async fn plan_among(
    cluster: &Cluster,
    manifests: &[Manifest],
    surroundings: &Surroundings,
    options: &ApplyOptions,
) -> Planned {
    let mut planned = Planned::default();
    let mut defined = surroundings.defined.clone();
    manifests.iter().for_each(|manifest| defined.add(manifest));
    let missing = match missing_namespaces(cluster, manifests, surroundings).await {
        Ok(missing) => missing,
        Err(error) => {
            planned.failures.push(error);
            HashSet::new()
        }
    };
    let mut planning = Planning { cluster, options, defined, new_namespaces: missing.clone() };
    for (_, manifests) in staged(manifests.to_vec()) {
        let checks = manifests.into_iter().map(|manifest| planning.action(manifest));
        let (actions, failures) = cluster.try_all(checks.collect()).await;
        planned.plan.actions.extend(actions);
        planned.failures.extend(failures);
        planning.new_namespaces = new_namespaces(&planned.plan.actions);
        planning.new_namespaces.extend(missing.iter().cloned());
    }
    planned
}

/// The namespaces that `manifests` use, that the surroundings will make, and that the cluster does not have.
async fn missing_namespaces(
    cluster: &Cluster,
    manifests: &[Manifest],
    surroundings: &Surroundings,
) -> Result<HashSet<String>, Error> {
    let gvk = Gvk::from_api_version("v1", "Namespace");
    let used: HashSet<&str> = manifests.iter().filter_map(Manifest::namespace).collect();
    let mut missing = HashSet::new();
    for namespace in used.into_iter().filter(|name| surroundings.namespaces.contains(*name)) {
        if cluster.get(&gvk, None, namespace).await?.is_none() {
            missing.insert(namespace.to_owned());
        }
    }
    Ok(missing)
}

struct Planning<'a> {
    cluster: &'a Cluster,
    options: &'a ApplyOptions,
    defined: Defined,
    new_namespaces: HashSet<String>,
}

impl Planning<'_> {
    async fn action(&self, manifest: Manifest) -> Result<Action, Error> {
        let (kind, served) = match self.cluster.kind_of(&manifest).await {
            Ok(kind) => (kind, true),
            Err(error @ Error::UnknownKind { .. }) => match self.defined.kind(&manifest.gvk()) {
                Some(kind) => (kind.clone(), false),
                None => return Err(error),
            },
            Err(error) => return Err(error),
        };
        let mut prepared = Prepared::prepare(manifest, kind, self.options)?;
        let in_new_namespace = prepared.id.namespace.as_ref().is_some_and(|name| self.new_namespaces.contains(name));
        let verb = if !served || in_new_namespace {
            Verb::Create
        } else {
            self.cluster.check(&mut prepared, self.options.force).await?.verb
        };
        Ok(Action {
            sensitive: prepared.manifest.is_sensitive(),
            origin: prepared.manifest.origin().clone(),
            id: prepared.id,
            gvk: prepared.gvk,
            verb,
        })
    }

    async fn pruned(&self, stale: &Inventory) -> Result<Vec<Action>, Vec<Error>> {
        let mut entries: Vec<InventoryEntry> = stale.iter().collect();
        entries.sort_by_cached_key(|entry| std::cmp::Reverse(Position(entry.id.clone())));
        let fates = entries.into_iter().map(|entry| self.fate(entry));
        let (actions, failures) = self.cluster.try_all(fates.collect()).await;
        if failures.is_empty() { Ok(actions) } else { Err(failures) }
    }

    async fn fate(&self, entry: InventoryEntry) -> Result<Action, Error> {
        let verb = match self.cluster.fate(&entry, self.options.owner.as_ref()).await? {
            Fate::Delete(_) => Verb::Prune,
            Fate::Keep(reason) => Verb::Skip(reason),
            Fate::Gone => Verb::Skip(SkipReason::Gone),
        };
        let sensitive = crate::cluster::is_secret(&entry.id);
        Ok(Action { gvk: entry.gvk(), id: entry.id, origin: Origin::unknown(), sensitive, verb })
    }
}

fn new_namespaces(actions: &[Action]) -> HashSet<String> {
    let namespaces = actions.iter().filter(|action| action.id.group.is_empty() && action.id.kind == "Namespace");
    namespaces.filter(|action| action.verb == Verb::Create).map(|action| action.id.name.clone()).collect()
}
