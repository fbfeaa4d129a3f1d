use serde_json::{Value, json};

/// In which form objects are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// As they are.
    Whole,
    /// Only their metadata (`PartialObjectMetadata`).
    Metadata,
}

impl View {
    /// Reads an `Accept` header. Tables are not made here; who asks for them takes plain JSON too.
    pub(crate) fn of(accept: &str) -> Self {
        let first = accept.split(',').map(str::trim).find(|one| !one.contains("as=Table"));
        match first {
            Some(one) if one.contains("as=PartialObjectMetadata") => Self::Metadata,
            _ => Self::Whole,
        }
    }

    pub(crate) fn of_object(self, object: Value) -> Value {
        match self {
            Self::Whole => object,
            Self::Metadata => json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": object.get("metadata").cloned().unwrap_or_default(),
            }),
        }
    }

    pub(crate) fn of_list(self, list: Value) -> Value {
        if self == Self::Whole {
            return list;
        }
        let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
        let items: Vec<Value> = items.map(|one| self.of_object(one.clone())).collect();
        json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
            "metadata": list.get("metadata").cloned().unwrap_or_default(), "items": items,
        })
    }
}
