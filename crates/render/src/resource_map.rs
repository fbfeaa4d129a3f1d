//! The objects of a build, in order, found by any id they have or had.

use std::collections::HashMap;

use windlass_manifest::Origin;

use crate::Fault;
use crate::generator::absorb;
use crate::identity::{Behavior, ResId};
use crate::resource::Resource;

/// Objects in the order in which they were added.
///
/// Look-ups go through maps, so that nothing takes time by the square of the number of objects.
#[derive(Debug, Default)]
pub(crate) struct ResourceMap {
    items: Vec<Resource>,
    current: HashMap<ResId, Vec<usize>>,
    any: HashMap<ResId, Vec<usize>>,
    /// Ids may have changed since the maps were made.
    stale: bool,
}

impl ResourceMap {
    pub(crate) fn items(&self) -> &[Resource] {
        &self.items
    }

    /// The objects, to be changed in any way.
    pub(crate) fn items_mut(&mut self) -> &mut [Resource] {
        self.stale = true;
        &mut self.items
    }

    /// One object, to be changed in a way that keeps its ids.
    pub(crate) fn item_mut(&mut self, index: usize) -> &mut Resource {
        &mut self.items[index]
    }

    /// Says that the ids of an object were changed.
    pub(crate) fn ids_changed(&mut self) {
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
        let id = resource.id();
        if let Some(other) = self.current.get(&id).and_then(|found| found.first()) {
            return Err(conflict(&id, self.items[*other].origin()));
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
                self.stale = true;
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
        let found = self.any.get(id).into_iter().flatten().copied();
        found.filter(|index| !self.items[*index].deleted).collect()
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
        self.refresh();
        let mut conflicts: Vec<_> = self
            .current
            .iter()
            .filter(|(_, found)| found.len() > 1)
            .map(|(id, found)| (found[1], conflict(id, self.items[found[0]].origin())))
            .collect();
        conflicts.sort_by_key(|(index, _)| *index);
        conflicts
    }

    fn refresh(&mut self) {
        if !self.stale {
            return;
        }
        self.current.clear();
        self.any.clear();
        let items = std::mem::take(&mut self.items);
        for (index, resource) in items.iter().enumerate() {
            self.index(index, resource);
        }
        self.items = items;
        self.stale = false;
    }

    fn index(&mut self, index: usize, resource: &Resource) {
        let id = resource.id();
        for previous in resource.previous_ids().chain([id.clone()]) {
            let found = self.any.entry(previous).or_default();
            if found.last() != Some(&index) {
                found.push(index);
            }
        }
        self.current.entry(id).or_default().push(index);
    }
}

fn conflict(id: &ResId, other: &Origin) -> Fault {
    Fault::Conflict { id: id.to_string(), other: other.clone() }
}
