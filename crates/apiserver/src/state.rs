use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use serde_json::Value;
use windlass_schema::Schema;

use crate::clock::Clock;
use crate::dependents::{Dependents, Place};
use crate::merge_types::MergeTypes;
use crate::packed::{pack, unpack, unpacked};
use crate::registry::{GroupResource, Registry};

/// So many changes of a resource are remembered for watches and lists in the past.
const REMEMBERED: usize = 2_000;

/// Everything the server knows. One lock guards it: requests are handled one after another, as quickly as memory allows.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) registry: Registry,
    pub(crate) schema: Schema,
    pub(crate) types: MergeTypes,
    pub(crate) clock: Arc<Clock>,
    /// Whether the garbage collector and the namespace controller are at work.
    pub(crate) controllers: bool,
    /// Whether namespaces get what every namespace of a cluster has.
    pub(crate) furnished: bool,
    collections: BTreeMap<GroupResource, Collection>,
    /// What is being deleted and waits: without any, controllers have nothing to look for.
    ending: BTreeSet<Place>,
    /// What was not written since it was created, of a few kinds: see [`State::is_fresh`].
    fresh: BTreeSet<Place>,
    /// Kept up only where the garbage collector is at work.
    pub(crate) dependents: Dependents,
    revision: u64,
    random: u64,
}

/// The objects of one resource, and what happened to them lately; all of them [packed](crate::packed).
#[derive(Debug, Default)]
pub(crate) struct Collection {
    pub(crate) objects: BTreeMap<Key, Arc<Value>>,
    pub(crate) log: VecDeque<Change>,
    /// The revision up to which changes are forgotten.
    pub(crate) floor: u64,
}

/// Namespace (empty for cluster-wide kinds) and name.
pub(crate) type Key = (String, String);

/// One change of one object.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) key: Key,
    /// `None` where it was created.
    pub(crate) before: Option<Arc<Value>>,
    /// As it is now; where it was deleted, as it was last, with the revision of the deletion.
    pub(crate) object: Arc<Value>,
    pub(crate) deleted: bool,
}

impl State {
    pub(crate) fn new(clock: Arc<Clock>, controllers: bool) -> Self {
        Self {
            registry: Registry::default(),
            schema: Schema::builtin(),
            types: MergeTypes::default(),
            clock,
            controllers,
            furnished: false,
            collections: BTreeMap::new(),
            ending: BTreeSet::new(),
            fresh: BTreeSet::new(),
            dependents: Dependents::default(),
            revision: 0,
            random: RandomState::new().build_hasher().finish(),
        }
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn collection(&self, of: &GroupResource) -> Option<&Collection> {
        self.collections.get(of)
    }

    pub(crate) fn collections(&self) -> impl Iterator<Item = (&GroupResource, &Collection)> {
        self.collections.iter()
    }

    pub(crate) fn get(&self, of: &GroupResource, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.collections.get(of)?.objects.get(&(namespace.to_owned(), name.to_owned())).map(unpacked)
    }

    /// Stores an object under a new revision; gives it back with that.
    pub(crate) fn put(&mut self, of: &GroupResource, key: Key, mut object: Value) -> Arc<Value> {
        let revision = self.next_revision(&mut object);
        if object.pointer("/metadata/deletionTimestamp").is_some() {
            self.ending.insert((of.clone(), key.clone()));
        }
        if !self.fresh.is_empty() {
            self.fresh.remove(&(of.clone(), key.clone()));
        }
        unpack(&mut object);
        let stored = Arc::new(pack(&object));
        let collection = self.collections.entry(of.clone()).or_default();
        let before = collection.objects.insert(key.clone(), stored.clone());
        if self.controllers {
            self.dependents.written(&(of.clone(), key.clone()), before.as_deref(), &stored);
        }
        collection.remember(Change { revision, key, before, object: stored, deleted: false });
        Arc::new(object)
    }

    /// Whether the next write gets a new revision even if it changes nothing. So it is on the real server with claims, and
    /// with Jobs that got their labels from their Pods, which are stored in one form when they are created and in another
    /// ever after.
    pub(crate) fn is_fresh(&self, of: &GroupResource, key: &Key) -> bool {
        !self.fresh.is_empty() && self.fresh.contains(&(of.clone(), key.clone()))
    }

    pub(crate) fn mark_fresh(&mut self, of: GroupResource, key: Key) {
        self.fresh.insert((of, key));
    }

    /// Whether anything is being deleted and not gone yet.
    pub(crate) fn is_ending(&self) -> bool {
        !self.ending.is_empty()
    }

    /// What is being deleted and not gone yet.
    pub(crate) fn ending(&self) -> Vec<(GroupResource, Key, Arc<Value>)> {
        self.ending.iter().filter_map(|place| self.at(place)).collect()
    }

    /// What stands at a place.
    pub(crate) fn at(&self, (of, key): &Place) -> Option<(GroupResource, Key, Arc<Value>)> {
        let object = self.collections.get(of)?.objects.get(key)?;
        Some((of.clone(), key.clone(), unpacked(object)))
    }

    /// Everything in a namespace.
    pub(crate) fn in_namespace(&self, namespace: &str) -> Vec<(GroupResource, Key, Arc<Value>)> {
        let inside = self.collections.iter().flat_map(|(of, all)| {
            all.within(namespace).map(move |(key, object)| (of.clone(), key.clone(), unpacked(object)))
        });
        inside.collect()
    }

    /// Removes an object; gives back what it was, with the revision of its end.
    pub(crate) fn remove(&mut self, of: &GroupResource, key: &Key) -> Option<Arc<Value>> {
        let before = self.collections.get_mut(of)?.objects.remove(key)?;
        let place = (of.clone(), key.clone());
        self.ending.remove(&place);
        self.fresh.remove(&place);
        if self.controllers {
            self.dependents.removed(&place, &before);
        }
        let mut last = (*before).clone();
        let revision = self.next_revision(&mut last);
        let object = Arc::new(pack(&last));
        let change = Change { revision, key: key.clone(), before: Some(before), object, deleted: true };
        self.collections.entry(of.clone()).or_default().remember(change);
        unpack(&mut last);
        Some(Arc::new(last))
    }

    /// Removes every object of a resource.
    pub(crate) fn clear(&mut self, of: &GroupResource) {
        let keys: Vec<Key> =
            self.collections.get(of).map(|all| all.objects.keys().cloned().collect()).unwrap_or_default();
        for key in keys {
            self.remove(of, &key);
        }
    }

    /// Forgets the past, as the real server does after some minutes: older watches and lists answer 410.
    pub(crate) fn compact(&mut self) {
        let revision = self.revision;
        for collection in self.collections.values_mut() {
            collection.log.clear();
            collection.floor = revision;
        }
    }

    fn next_revision(&mut self, object: &mut Value) -> u64 {
        self.revision += 1;
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), self.revision.to_string().into());
        }
        self.revision
    }

    /// A number that is different each time; nothing secret hangs on it.
    pub(crate) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn uid(&mut self) -> String {
        let (high, low) = (self.random(), self.random());
        let text = format!("{high:016x}{low:016x}");
        format!("{}-{}-4{}-a{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..])
    }

    /// The end of a generated name, in the letters that Kubernetes uses.
    pub(crate) fn name_suffix(&mut self) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let mut random = self.random();
        let letters = std::iter::repeat_with(|| {
            let letter = LETTERS[usize::try_from(random % LETTERS.len() as u64).unwrap_or(0)];
            random /= LETTERS.len() as u64;
            char::from(letter)
        });
        letters.take(5).collect()
    }
}

impl Collection {
    fn remember(&mut self, change: Change) {
        self.log.push_back(change);
        while self.log.len() > REMEMBERED {
            if let Some(forgotten) = self.log.pop_front() {
                self.floor = forgotten.revision;
            }
        }
    }

    /// The objects of a namespace; of all namespaces where none is named.
    pub(crate) fn within<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> {
        within(&self.objects, namespace)
    }

    /// The objects as they were at a revision; `None` where that is forgotten.
    pub(crate) fn at(&self, revision: u64) -> Option<Cow<'_, BTreeMap<Key, Arc<Value>>>> {
        if revision < self.floor {
            return None;
        }
        let mut objects = Cow::Borrowed(&self.objects);
        for change in self.log.iter().rev().take_while(|change| change.revision > revision) {
            match &change.before {
                Some(before) => objects.to_mut().insert(change.key.clone(), before.clone()),
                None => objects.to_mut().remove(&change.key),
            };
        }
        Some(objects)
    }
}

/// The entries of a namespace, which stand together since keys begin with it; all of them where none is named.
pub(crate) fn within<'a>(
    objects: &'a BTreeMap<Key, Arc<Value>>,
    namespace: &'a str,
) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> {
    let start = (namespace.to_owned(), String::new());
    objects.range(start..).take_while(move |(key, _)| namespace.is_empty() || key.0 == namespace)
}
