//! `validators`: transformers that look and must not touch.

use serde_json::Value;

use crate::Fault;
use crate::decode::At;
use crate::place::Place;
use crate::resource_map::ResourceMap;
use crate::session::Session;

/// The one label that a validator may set.
const VALIDATED_BY: &str = "validated-by";

impl Session<'_> {
    /// Runs validators, and refuses those that change an object.
    pub(crate) fn validate(&mut self, place: &Place, entries: &[At<String>], resources: &mut ResourceMap) {
        for entry in entries {
            let before: Vec<Value> = values(resources);
            self.plugin_transformers(place, std::slice::from_ref(entry), resources);
            if values(resources) != before {
                let problem = "a validator must not change anything: list it under `transformers`".to_owned();
                let fault = Fault::InvalidValue { field: entry.at.to_string(), problem };
                self.fail(place.error(&entry.at, fault));
            }
        }
    }
}

fn values(resources: &ResourceMap) -> Vec<Value> {
    let without_label = |mut value: Value| {
        if let Some(labels) = value.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.shift_remove(VALIDATED_BY);
            if labels.is_empty()
                && let Some(metadata) = value.pointer_mut("/metadata").and_then(Value::as_object_mut)
            {
                metadata.shift_remove("labels");
            }
        }
        value
    };
    resources.items().iter().map(|resource| without_label(resource.manifest.value().clone())).collect()
}
