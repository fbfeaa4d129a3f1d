use jiff::Timestamp;
use serde_json::{Value, json};

use crate::registry::Resource;
use crate::table::{Include, Tables};

/// In which form objects are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// As they are.
    Whole,
    /// Only their metadata (`PartialObjectMetadata`).
    Metadata,
    /// As rows of a table.
    Table,
}

impl View {
    /// Reads an `Accept` header: the first form that is known counts.
    pub(crate) fn of(accept: &str) -> Self {
        for one in accept.split(',').map(str::trim).filter(|one| one.starts_with("application/json")) {
            let form = one.split(';').find_map(|part| part.trim().strip_prefix("as="));
            match form {
                None => return Self::Whole,
                Some("Table") if one.contains("v=v1") && !one.contains("v=v1beta1") => return Self::Table,
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => return Self::Metadata,
                Some(_) => {}
            }
        }
        Self::Whole
    }
}

/// Shows the objects of one resource in the form that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) view: View,
    pub(crate) include: Include,
    pub(crate) now: Timestamp,
}

impl Shown {
    /// Everything as it is.
    pub(crate) fn is_whole(self) -> bool {
        self.view == View::Whole
    }

    pub(crate) fn of_object(self, resource: &Resource, object: Value) -> Value {
        match self.view {
            View::Whole => object,
            View::Metadata => metadata(&object),
            View::Table => self.tables(resource).of_object(&object),
        }
    }

    pub(crate) fn of_event(self, resource: &Resource, object: Value, first: bool) -> Value {
        match self.view {
            View::Table => self.tables(resource).of_event(&object, first),
            _ => self.of_object(resource, object),
        }
    }

    pub(crate) fn of_list(self, resource: &Resource, list: Value) -> Value {
        match self.view {
            View::Whole => list,
            View::Table => self.tables(resource).of_list(&list),
            View::Metadata => {
                let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
                let items: Vec<Value> = items.map(metadata).collect();
                json!({
                    "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                    "metadata": list.get("metadata").cloned().unwrap_or_default(), "items": items,
                })
            }
        }
    }

    fn tables(self, resource: &Resource) -> Tables<'_> {
        Tables { resource, include: self.include, now: self.now }
    }
}

/// Only the metadata of an object.
pub(crate) fn metadata(object: &Value) -> Value {
    const COUNT: &str = "deprecated.daemonset.template.generation";
    let mut metadata = object.get("metadata").cloned().unwrap_or_default();
    // The count of a DaemonSet's templates is no annotation inside the real server.
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut)
        && annotations.shift_remove(COUNT).is_some()
        && annotations.is_empty()
    {
        metadata.as_object_mut().map(|metadata| metadata.shift_remove("annotations"));
    }
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
}
