use std::collections::HashSet;

use futures::{StreamExt, stream};
use windlass_drift::{Action, Plan, SkipReason, Verb};
use windlass_manifest::{Manifest, Origin};

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
    let mut planning = Planning {
        cluster,
        options,
        defined: Defined::by(manifests),
        new_namespaces: HashSet::new(),
    };
    let (mut actions, mut failures) = (Vec::new(), Vec::new());
    for (_, manifests) in staged(manifests.to_vec()) {
        let checks = manifests
            .into_iter()
            .map(|manifest| planning.action(manifest));
        let results: Vec<_> = stream::iter(checks)
            .buffered(cluster.options().concurrency.max(1))
            .collect()
            .await;
        for result in results {
            match result {
                Ok(action) => actions.push(action),
                Err(error) => failures.push(error),
            }
        }
        planning.new_namespaces = new_namespaces(&actions);
    }
    let current = actions
        .iter()
        .map(|a| InventoryEntry {
            id: a.id.clone(),
            version: a.gvk.version.clone(),
        })
        .collect();
    // With failures the desired objects are not all known, and what is missing would be called stale.
    if let (Some(previous), true, true) = (previous, options.prune, failures.is_empty()) {
        let stale = previous.without(&current);
        match planning.pruned(&stale).await {
            Ok(pruned) => actions.extend(pruned),
            Err(errors) => failures.extend(errors),
        }
    }
    Failures::check(failures)?;
    Ok(Plan { actions })
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
        let prepared = Prepared::prepare(manifest, kind, self.options)?;
        let in_new_namespace = prepared
            .id
            .namespace
            .as_ref()
            .is_some_and(|name| self.new_namespaces.contains(name));
        let verb = if !served || in_new_namespace {
            Verb::Create
        } else {
            self.cluster
                .check(&prepared, self.options.force)
                .await?
                .verb
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
        let results: Vec<_> = stream::iter(fates)
            .buffered(self.cluster.options().concurrency.max(1))
            .collect()
            .await;
        let (mut actions, mut failures) = (Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok(action) => actions.push(action),
                Err(error) => failures.push(error),
            }
        }
        if failures.is_empty() {
            Ok(actions)
        } else {
            Err(failures)
        }
    }

    async fn fate(&self, entry: InventoryEntry) -> Result<Action, Error> {
        let verb = match self
            .cluster
            .fate(&entry, self.options.owner.as_ref())
            .await?
        {
            Fate::Delete { .. } => Verb::Prune,
            Fate::Keep(reason) => Verb::Skip(reason),
            Fate::Gone => Verb::Skip(SkipReason::Gone),
        };
        let sensitive = crate::cluster::is_secret(&entry.id);
        Ok(Action {
            gvk: entry.gvk(),
            id: entry.id,
            origin: Origin::unknown(),
            sensitive,
            verb,
        })
    }
}

fn new_namespaces(actions: &[Action]) -> HashSet<String> {
    let namespaces = actions
        .iter()
        .filter(|action| action.id.group.is_empty() && action.id.kind == "Namespace");
    namespaces
        .filter(|action| action.verb == Verb::Create)
        .map(|action| action.id.name.clone())
        .collect()
}
