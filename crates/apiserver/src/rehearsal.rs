//! Playing what controllers, schedulers and nodes do elsewhere.

mod endpoints;
mod pods;
mod statuses;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::behaviours::Behaviours;
use crate::registry::GroupResource;
use crate::state::{Key, State};
use crate::strategy::{has_finalizers, text};

/// Plays the behaviours of one server.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    behaviours: Behaviours,
    /// The revision up to which objects were looked at.
    seen: u64,
    /// The revisions that were written here, which need no second look.
    own: BTreeSet<u64>,
    due: Vec<Due>,
}

/// Something that happens to an object in time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Due {
    at: Timestamp,
    of: GroupResource,
    key: Key,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It gets where it is going.
    Arrive,
    /// It has taken longer than it may.
    TimeOut,
}

const ACTORS: &[(&str, &str)] = &[
    ("", "persistentvolumeclaims"),
    ("", "pods"),
    ("", "services"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("batch", "jobs"),
];

/// What is done may give rise to more; it never does so this often.
const ROUNDS: usize = 16;

impl Rehearsal {
    pub(crate) fn new(behaviours: Behaviours) -> Self {
        Self { behaviours, seen: 0, own: BTreeSet::new(), due: Vec::new() }
    }

    /// Goes on with other behaviours: everything is looked at again.
    pub(crate) fn replace(&mut self, behaviours: Behaviours, state: &State) {
        *self = Self::new(behaviours);
        let now = state.clock.now();
        for of in actors() {
            let keys = state.collection(&of).into_iter().flat_map(|all| all.objects.keys().cloned());
            self.due.extend(keys.map(|key| Due { at: now, of: of.clone(), key, step: Step::Arrive }));
        }
        self.seen = state.revision();
    }

    /// When the next thing happens, by the server's clock.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due.iter().map(|due| due.at).min()
    }

    /// Does what is due.
    pub(crate) fn play(&mut self, state: &mut State) {
        if !self.behaviours.ready {
            return;
        }
        for _ in 0..ROUNDS {
            if state.revision() != self.seen {
                self.notice(state);
            }
            let now = state.clock.now();
            let (now_due, later): (Vec<Due>, Vec<Due>) =
                std::mem::take(&mut self.due).into_iter().partition(|due| due.at <= now);
            self.due = later;
            if now_due.is_empty() {
                break;
            }
            let before = state.revision();
            let mut namespaces = BTreeSet::new();
            for due in now_due {
                namespaces.insert(due.key.0.clone());
                self.act(state, &due);
            }
            if self.behaviours.pods {
                namespaces.iter().for_each(|namespace| endpoints::sync(state, namespace));
            }
            self.own.extend(before + 1..=state.revision());
        }
    }

    /// Looks at what others have changed.
    fn notice(&mut self, state: &mut State) {
        let mut changed: Vec<(GroupResource, Key)> = Vec::new();
        let mut ending: Vec<Key> = Vec::new();
        for of in actors() {
            let Some(collection) = state.collection(&of) else { continue };
            let start = collection.log.partition_point(|change| change.revision <= self.seen);
            for change in collection.log.range(start..).filter(|change| !self.own.contains(&change.revision)) {
                let is_ending = change.object.pointer("/metadata/deletionTimestamp").is_some();
                if is_ending && !change.deleted && &*of.1 == "pods" && !has_finalizers(&change.object) {
                    ending.push(change.key.clone());
                }
                let owner = if self.behaviours.pods { pods::controller(&change.key.0, &change.object) } else { None };
                let subject = match owner {
                    // What became of it is its owner's business.
                    Some(owner) => owner,
                    None if change.deleted => continue,
                    None => (of.clone(), change.key.clone()),
                };
                if !changed.contains(&subject) {
                    changed.push(subject);
                }
            }
        }
        let before = state.revision();
        // Their node has stopped them.
        for key in ending {
            state.remove(&("".into(), "pods".into()), &key);
        }
        for (of, key) in changed {
            let Some(object) = state.get(&of, &key.0, &key.1) else { continue };
            if self.behaviours.pods {
                let failing = self.behaviours.failure(text(&object, "/kind"), &key.0, &key.1);
                for claim in pods::spawn(state, &of, &object, failing) {
                    self.expect(state, ("".into(), "persistentvolumeclaims".into()), claim, self.behaviours.delay);
                }
            }
            self.expect(state, of, key, self.behaviours.delay);
        }
        self.own.clear();
        self.own.extend(before + 1..=state.revision());
        self.seen = before;
    }

    fn expect(&mut self, state: &State, of: GroupResource, key: Key, delay: Duration) {
        let at = after(state.clock.now(), delay);
        // A deadline starts anew with every change.
        self.due.retain(|due| (&due.of, &due.key, due.step) != (&of, &key, Step::TimeOut));
        if !self.due.iter().any(|due| due.of == of && due.key == key) {
            self.due.push(Due { at, of, key, step: Step::Arrive });
        }
    }

    fn act(&mut self, state: &mut State, due: &Due) {
        let Some(object) = state.get(&due.of, &due.key.0, &due.key.1) else { return };
        if object.pointer("/metadata/deletionTimestamp").is_some() {
            return;
        }
        let failing = self.behaviours.failure(text(&object, "/kind"), &due.key.0, &due.key.1);
        if self.behaviours.pods {
            pods::run(state, &due.of, &object, failing);
        }
        let now = state.clock.now();
        let time = state.clock.text();
        let scene = statuses::Scene { failing, timed_out: due.step == Step::TimeOut, now: &time };
        let taken = if &*due.of.1 == "services" { endpoints::addresses(state, &due.key) } else { BTreeSet::new() };
        if let Some(changed) = statuses::played(&due.of.1, &object, &scene, &taken) {
            state.put(&due.of, due.key.clone(), changed);
        }
        let deadline = object.pointer("/spec/progressDeadlineSeconds").and_then(Value::as_u64);
        if let (Some(seconds), Some(_), Step::Arrive) = (deadline, failing, due.step) {
            let at = after(now, Duration::from_secs(seconds));
            self.due.push(Due { at, step: Step::TimeOut, ..due.clone() });
        }
    }
}

fn actors() -> impl Iterator<Item = GroupResource> {
    ACTORS.iter().map(|(group, plural)| ((*group).into(), (*plural).into()))
}

fn after(now: Timestamp, delay: Duration) -> Timestamp {
    let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::ZERO);
    now.checked_add(delay).unwrap_or(now)
}
