//! What the loops know of each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use windlass_flux::{Conditions, Kustomization, READY};
use windlass_source::Snapshot;

use crate::NamespacedName;

/// What is known of a source.
#[derive(Clone, Default)]
pub(crate) enum SourceState {
    /// No such object has been seen.
    #[default]
    Missing,
    /// It exists, and nothing has been fetched yet.
    Pending,
    /// Its latest snapshot.
    Ready(Arc<Snapshot>),
}

/// What other Kustomizations may ask about one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    /// The source it is built from, as `kind/namespace/name`.
    pub(crate) source: String,
    /// The revision that was applied last.
    pub(crate) applied: Option<String>,
    /// Whether it is ready at its present generation.
    pub(crate) ready: bool,
    /// What it depends on.
    pub(crate) depends_on: Vec<NamespacedName>,
}

/// The place where loops leave what others wait for. Whoever waits is woken; nobody polls.
#[derive(Default)]
pub(crate) struct Board {
    sources: Mutex<HashMap<NamespacedName, watch::Sender<SourceState>>>,
    standings: Mutex<HashMap<NamespacedName, Standing>>,
    changed: watch::Sender<u64>,
}

impl Board {
    /// A view of a source, also of one that does not exist yet.
    pub(crate) fn source(&self, name: &NamespacedName) -> watch::Receiver<SourceState> {
        lock(&self.sources).entry(name.clone()).or_default().subscribe()
    }

    /// Says what became of a source. Equal snapshots wake nobody.
    pub(crate) fn publish_source(&self, name: &NamespacedName, state: SourceState) {
        let mut sources = lock(&self.sources);
        let sender = sources.entry(name.clone()).or_default();
        sender.send_if_modified(|known| {
            let same = match (&*known, &state) {
                (SourceState::Missing, SourceState::Missing) | (SourceState::Pending, SourceState::Pending) => true,
                (SourceState::Ready(old), SourceState::Ready(new)) => {
                    old.revision == new.revision && old.digest == new.digest
                }
                _ => false,
            };
            *known = state;
            !same
        });
    }

    /// A view that changes whenever the standing of any Kustomization does.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Says how a Kustomization stands; `None` when it is gone.
    pub(crate) fn publish_standing(&self, name: &NamespacedName, standing: Option<Standing>) {
        let mut standings = lock(&self.standings);
        let changed = match standing {
            Some(standing) => standings.insert(name.clone(), standing.clone()).as_ref() != Some(&standing),
            None => standings.remove(name).is_some(),
        };
        drop(standings);
        if changed {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    /// How a Kustomization stands; `None` where none of that name has been seen.
    pub(crate) fn standing(&self, name: &NamespacedName) -> Option<Standing> {
        lock(&self.standings).get(name).cloned()
    }

    /// The circle of dependencies that `name` is on, if it is on one.
    pub(crate) fn circle(&self, name: &NamespacedName) -> Option<Vec<NamespacedName>> {
        let standings = lock(&self.standings);
        let mut path = vec![name.clone()];
        search(&standings, &mut path, &mut Vec::new()).then_some(path)
    }
}

/// Follows dependencies depth first from the end of `path` until they come back to its beginning.
fn search(
    standings: &HashMap<NamespacedName, Standing>,
    path: &mut Vec<NamespacedName>,
    dead_ends: &mut Vec<NamespacedName>,
) -> bool {
    let Some(standing) = path.last().and_then(|last| standings.get(last)) else { return false };
    for dependency in &standing.depends_on {
        if path.first() == Some(dependency) {
            return true;
        }
        if path.contains(dependency) || dead_ends.contains(dependency) {
            continue;
        }
        path.push(dependency.clone());
        if search(standings, path, dead_ends) {
            return true;
        }
        dead_ends.extend(path.pop());
    }
    false
}

impl Standing {
    /// How a Kustomization stands by what its status says.
    pub(crate) fn of(kustomization: &Kustomization) -> Self {
        let name = NamespacedName::of(kustomization);
        let spec = &kustomization.spec;
        let reference = &spec.source_ref;
        let namespace = reference.namespace.as_deref().unwrap_or(&name.namespace);
        let status = kustomization.status.as_ref();
        let is_ready = |conditions: &Conditions| conditions.is_true(READY);
        Self {
            source: format!("{}/{namespace}/{}", reference.kind, reference.name),
            applied: status.and_then(|status| status.last_applied_revision.clone()),
            ready: status.is_some_and(|status| {
                status.observed_generation == kustomization.metadata.generation && is_ready(&status.conditions)
            }),
            depends_on: dependencies(kustomization),
        }
    }
}

/// The names in `dependsOn`, in the Kustomization's own namespace unless they say another.
pub(crate) fn dependencies(kustomization: &Kustomization) -> Vec<NamespacedName> {
    let own = NamespacedName::of(kustomization).namespace;
    let of = |reference: &windlass_flux::DependencyReference| {
        NamespacedName::new(reference.namespace.as_deref().unwrap_or(&own), &reference.name)
    };
    kustomization.spec.depends_on.iter().map(of).collect()
}

/// A panic elsewhere does not make a map of plain data unusable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> NamespacedName {
        NamespacedName::new("flux-system", name)
    }

    fn standing(depends_on: &[&str]) -> Option<Standing> {
        let depends_on = depends_on.iter().map(|dependency| name(dependency)).collect();
        Some(Standing { source: String::new(), applied: None, ready: true, depends_on })
    }

    #[test]
    fn circles_are_found_and_only_circles() {
        let board = Board::default();
        board.publish_standing(&name("a"), standing(&["b", "c"]));
        board.publish_standing(&name("b"), standing(&["d"]));
        board.publish_standing(&name("c"), standing(&["d"]));
        board.publish_standing(&name("d"), standing(&[]));
        assert_eq!(board.circle(&name("a")), None);
        board.publish_standing(&name("d"), standing(&["c"]));
        assert_eq!(board.circle(&name("a")), None, "it only leads to a circle");
        assert_eq!(board.circle(&name("c")), Some(vec![name("c"), name("d")]));
    }

    #[test]
    fn only_a_change_wakes_others() {
        let board = Board::default();
        let mut changes = board.changes();
        board.publish_standing(&name("a"), standing(&[]));
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        board.publish_standing(&name("a"), standing(&[]));
        assert!(!changes.has_changed().unwrap());
        board.publish_standing(&name("a"), None);
        assert!(changes.has_changed().unwrap());
    }
}
