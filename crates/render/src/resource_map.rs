//! The objects of a build, in order, found by any id they have or had.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};

use windlass_manifest::Origin;

use crate::Fault;
use crate::generator::absorb;
use crate::identity::{Behavior, ResId};
use crate::resource::Resource;

/// Objects in the order in which they were added.
///
/// Look-ups go by the hashes of ids, so that nothing takes time by the square of the number of objects, and no id is kept
/// beside its object.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResourceMap {
    items: Vec<Resource>,
    found: HashMap<u64, Found, BuildHasherDefault<AsItIs>>,
    hasher: RandomState,
    /// Ids may have changed since the map was made.
    stale: bool,
    /// Ids of today may have changed since they were compared.
    unchecked: bool,
}

/// The objects whose ids have one hash; mostly it is one.
#[derive(Debug, Clone)]
struct Found {
    first: usize,
    more: Vec<usize>,
}

/// A hasher for what is a hash.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl ResourceMap {
    pub(crate) fn items(&self) -> &[Resource] {
        &self.items
    }

    /// The objects, to be changed in any way.
    pub(crate) fn items_mut(&mut self) -> &mut [Resource] {
        self.ids_changed();
        &mut self.items
    }

    /// The objects, to be changed in a way that keeps their ids.
    pub(crate) fn items_keeping_ids(&mut self) -> &mut [Resource] {
        &mut self.items
    }

    /// One object, to be changed in a way that keeps its ids.
    pub(crate) fn item_mut(&mut self, index: usize) -> &mut Resource {
        &mut self.items[index]
    }

    /// Says that the ids of an object were changed.
    pub(crate) fn ids_changed(&mut self) {
        self.stale = true;
        self.unchecked = true;
    }

    /// Says that an object has more ids behind it, and the one of today still.
    pub(crate) fn history_changed(&mut self) {
        self.stale = true;
    }

    pub(crate) fn into_items(self) -> Vec<Resource> {
        self.items
    }

    /// Adds an object.
    ///
    /// # Errors
    /// Where there is one with its id.
    pub(crate) fn append(&mut self, resource: Resource) -> Result<(), Fault> {
        self.refresh();
        let parts = resource.id_parts();
        let same = |index: &usize| self.items[*index].id_parts() == parts;
        if let Some(other) = self.with_hash(self.hasher.hash_one(parts)).find(same) {
            return Err(conflict(&resource.id(), self.items[other].origin()));
        }
        self.index(self.items.len(), &resource);
        self.items.push(resource);
        Ok(())
    }

    /// Adds a generated object, or merges it into the one that has, or had, its id.
    ///
    /// # Errors
    /// Where the behavior it asks for does not go with what is there.
    pub(crate) fn absorb(&mut self, resource: Resource) -> Result<(), String> {
        let found = self.find(&resource.id());
        let behavior = resource.history.behavior;
        match (found.as_slice(), behavior) {
            ([], Behavior::Create) => self.append(resource).map_err(|fault| fault.to_string()),
            ([], Behavior::Merge | Behavior::Replace) => {
                Err("there is no such object to merge with or to replace: take away `behavior`".to_owned())
            }
            ([index], Behavior::Merge | Behavior::Replace) => {
                absorb::into_existing(&mut self.items[*index], resource);
                self.ids_changed();
                Ok(())
            }
            ([index], Behavior::Create) => Err(format!(
                "there is one of this name already, from {}: give `behavior: merge` or `behavior: replace`, or another name",
                self.items[*index].origin()
            )),
            _ => Err("several objects have, or had, this name: it is not clear which one is meant".to_owned()),
        }
    }

    /// The objects that have, or had, this id.
    pub(crate) fn find(&mut self, id: &ResId) -> Vec<usize> {
        self.refresh();
        let wanted = id.parts();
        let has = |resource: &Resource| {
            resource.id_parts() == wanted || resource.previous_id_parts().any(|parts| parts == wanted)
        };
        let found = self.with_hash(self.hasher.hash_one(wanted));
        found.filter(|index| !self.items[*index].deleted && has(&self.items[*index])).collect()
    }

    fn with_hash(&self, hash: u64) -> impl Iterator<Item = usize> + '_ {
        self.found.get(&hash).into_iter().flat_map(|found| [found.first].into_iter().chain(found.more.iter().copied()))
    }

    /// Takes out what was deleted.
    pub(crate) fn drop_deleted(&mut self) {
        if self.items.iter().any(|resource| resource.deleted) {
            self.retain(|resource| !resource.deleted);
        }
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Resource) -> bool) {
        self.items.retain(keep);
        self.stale = true;
    }

    /// The objects that have the id of one before them.
    pub(crate) fn conflicts(&mut self) -> Vec<(usize, Fault)> {
        if !self.unchecked {
            return Vec::new();
        }
        self.unchecked = false;
        self.refresh();
        let mut conflicts = Vec::new();
        for found in self.found.values().filter(|found| !found.more.is_empty()) {
            let all = [found.first].into_iter().chain(found.more.iter().copied());
            let all: Vec<usize> = all.filter(|index| !self.items[*index].deleted).collect();
            for (position, index) in all.iter().enumerate() {
                let parts = self.items[*index].id_parts();
                let first = all[..position].iter().find(|other| self.items[**other].id_parts() == parts);
                if let Some(first) = first {
                    conflicts.push((*index, conflict(&self.items[*index].id(), self.items[*first].origin())));
                }
            }
        }
        conflicts.sort_by_key(|(index, _)| *index);
        conflicts.dedup_by_key(|(index, _)| *index);
        conflicts
    }

    fn refresh(&mut self) {
        if !self.stale {
            return;
        }
        self.found.clear();
        let items = std::mem::take(&mut self.items);
        for (index, resource) in items.iter().enumerate() {
            self.index(index, resource);
        }
        self.items = items;
        self.stale = false;
    }

    fn index(&mut self, index: usize, resource: &Resource) {
        for parts in resource.previous_id_parts().chain([resource.id_parts()]) {
            let hash = self.hasher.hash_one(parts);
            match self.found.get_mut(&hash) {
                None => drop(self.found.insert(hash, Found { first: index, more: Vec::new() })),
                Some(found) if found.first == index || found.more.last() == Some(&index) => {}
                Some(found) => found.more.push(index),
            }
        }
    }
}

fn conflict(id: &ResId, other: &Origin) -> Fault {
    Fault::Conflict { id: id.to_string(), other: other.clone() }
}
