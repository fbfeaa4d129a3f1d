//! Labels and annotations that change together.
//!
//! When one rule sets a label in several places of an object, kustomize puts one and the same node there. Whoever
//! changes it in one of the places later on, in an overlay or by a patch, changes it in all of them, also where the
//! change was meant for the metadata alone. Values of ours are no nodes, so the places are noted here.

use serde_json::Value;

use crate::transform::field_spec::push_name;

/// The places, as JSON pointers, that one node stands in.
#[derive(Debug, Clone)]
pub(crate) struct Aliases {
    places: Vec<String>,
    value: Value,
}

/// The pointer of an entry of a mapping.
pub(crate) fn entry(mapping: &str, key: &str) -> String {
    let mut pointer = mapping.to_owned();
    push_name(&mut pointer, key);
    pointer
}

impl Aliases {
    /// Notes places that were given a value together; a single one needs no note.
    pub(crate) fn new(places: Vec<String>, text: &str) -> Option<Self> {
        (places.len() > 1).then(|| Self { places, value: Value::from(text) })
    }

    /// Takes the change of one place over to the others.
    pub(crate) fn changed(&mut self, place: &str, object: &mut Value) {
        if let (true, Some(value)) = (self.places.iter().any(|known| known == place), object.pointer(place)) {
            let value = value.clone();
            self.set_all(value, object);
        }
    }

    /// Takes over what a patch changed. Places that it took away are no longer noted.
    pub(crate) fn patched(&mut self, object: &mut Value) {
        self.places.retain(|place| object.pointer(place).is_some());
        let mut places: Vec<_> = self.places.iter().collect();
        places.sort();
        let mut values = places.into_iter().filter_map(|place| object.pointer(place));
        if let Some(value) = values.rfind(|value| **value != self.value).cloned() {
            self.set_all(value, object);
        }
    }

    /// The annotations of the object were written anew, which makes nodes of their own of them. kustomize does so
    /// whenever it notes anything in an annotation.
    pub(crate) fn annotations_written(&mut self) {
        self.places.retain(|place| !place.starts_with("/metadata/annotations/"));
    }

    fn set_all(&mut self, value: Value, object: &mut Value) {
        for place in &self.places {
            if let Some(other) = object.pointer_mut(place) {
                other.clone_from(&value);
            }
        }
        self.value = value;
    }
}
