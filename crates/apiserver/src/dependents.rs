use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::registry::GroupResource;
use crate::state::Key;
use crate::strategy::text;

/// Where an object is stored.
pub(crate) type Place = (GroupResource, Key);

/// Who is owned by whom, kept with each write so that the garbage collector need not look through all objects.
#[derive(Debug, Default)]
pub(crate) struct Dependents {
    alive: HashSet<String>,
    by_owner: HashMap<String, BTreeSet<Place>>,
    /// Objects that may have lost an owner since they were last looked at.
    doubtful: BTreeSet<Place>,
}

impl Dependents {
    pub(crate) fn written(&mut self, place: &Place, before: Option<&Value>, after: &Value) {
        if before.is_none() {
            self.alive.insert(text(after, "/metadata/uid").to_owned());
        }
        let had = before.is_some_and(|before| owners(before).next().is_some());
        let has = owners(after).next().is_some();
        if had {
            self.forget(place, before.unwrap_or(&Value::Null));
        }
        if !has {
            return;
        }
        for uid in owners(after).map(|owner| text(owner, "/uid")) {
            if !self.alive.contains(uid) {
                self.doubtful.insert(place.clone());
            }
            self.by_owner.entry(uid.to_owned()).or_default().insert(place.clone());
        }
    }

    pub(crate) fn removed(&mut self, place: &Place, before: &Value) {
        let uid = text(before, "/metadata/uid");
        self.alive.remove(uid);
        self.doubtful.extend(self.by_owner.get(uid).into_iter().flatten().cloned());
        self.forget(place, before);
    }

    /// The places of what an object owns.
    pub(crate) fn of(&self, uid: &str) -> Vec<Place> {
        self.by_owner.get(uid).into_iter().flatten().cloned().collect()
    }

    pub(crate) fn is_alive(&self, uid: &str) -> bool {
        self.alive.contains(uid)
    }

    /// Gives out what may have lost an owner.
    pub(crate) fn take_doubtful(&mut self) -> BTreeSet<Place> {
        std::mem::take(&mut self.doubtful)
    }

    fn forget(&mut self, place: &Place, object: &Value) {
        for uid in owners(object).map(|owner| text(owner, "/uid")) {
            let Some(places) = self.by_owner.get_mut(uid) else { continue };
            places.remove(place);
            if places.is_empty() {
                self.by_owner.remove(uid);
            }
        }
    }
}

/// The owner references of an object.
pub(crate) fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    let metadata = object.get("metadata");
    metadata.and_then(|one| one.get("ownerReferences")).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(name: &str) -> Place {
        (("".into(), "configmaps".into()), ("default".to_owned(), name.to_owned()))
    }

    #[test]
    fn what_loses_its_owner_is_doubtful_once() {
        let mut known = Dependents::default();
        known.written(&place("owner"), None, &json!({"metadata": {"uid": "1"}}));
        let owned = json!({"metadata": {"uid": "2", "ownerReferences": [{"uid": "1"}]}});
        known.written(&place("owned"), None, &owned);
        assert_eq!((known.of("1"), known.take_doubtful().len()), (vec![place("owned")], 0));
        known.removed(&place("owner"), &json!({"metadata": {"uid": "1"}}));
        assert!(!known.is_alive("1"));
        assert_eq!(known.take_doubtful().into_iter().collect::<Vec<_>>(), [place("owned")]);
        known.removed(&place("owned"), &owned);
        assert!(known.of("1").is_empty() && known.take_doubtful().is_empty());
    }
}
