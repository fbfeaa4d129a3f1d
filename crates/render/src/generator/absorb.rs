//! `behavior: merge` and `behavior: replace`.

use serde_json::{Map, Value};

use crate::identity::Behavior;
use crate::resource::Resource;

/// Puts a generated object in the place of the one it merges with or replaces.
///
/// It takes over name, namespace and history. Labels and annotations are united; merging unites the data as well. A
/// hash suffix is added only if both wanted one.
pub(crate) fn into_existing(existing: &mut Resource, mut generated: Resource) {
    let behavior = generated.history.behavior;
    let old = existing.manifest.value();
    let fields: &[&str] = if behavior == Behavior::Merge { &["data", "binaryData"] } else { &[] };
    let united: Vec<_> = fields.iter().map(|field| (field, unite(&[field], old, generated.manifest.value()))).collect();
    let labels = unite(&["metadata", "labels"], old, generated.manifest.value());
    let annotations = unite(&["metadata", "annotations"], old, generated.manifest.value());
    let (name, namespace) = (old["metadata"]["name"].clone(), old["metadata"].get("namespace").cloned());

    let object = generated.manifest.value_mut();
    for (field, value) in united {
        match (value, object.as_object_mut()) {
            (Some(value), _) => object[*field] = value,
            (None, Some(fields)) => drop(fields.shift_remove(*field)),
            (None, None) => {}
        }
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.insert("name".to_owned(), name);
        for (field, value) in [("namespace", namespace), ("labels", labels), ("annotations", annotations)] {
            match value {
                Some(value) => {
                    metadata.insert(field.to_owned(), value);
                }
                None => {
                    metadata.shift_remove(field);
                }
            }
        }
    }
    let needs_hash = existing.history.needs_hash && generated.history.needs_hash;
    let origin = match behavior {
        Behavior::Merge => existing.history.origin.take().or(generated.history.origin),
        _ => generated.history.origin,
    };
    generated.history = std::mem::take(&mut existing.history);
    generated.history.needs_hash = needs_hash;
    generated.history.aliases.clear();
    generated.history.origin = origin;
    if existing.manifest.is_sensitive() {
        generated.manifest.mark_sensitive();
    }
    *existing = generated;
}

/// The mapping at a path in both objects, new entries over old ones; `None` where neither has any.
fn unite(path: &[&str], old: &Value, new: &Value) -> Option<Value> {
    let at = |value: &Value| {
        let found = path.iter().try_fold(value, |value, key| value.get(*key)).and_then(Value::as_object);
        found.cloned().unwrap_or_default()
    };
    let mut united: Map<String, Value> = at(old);
    united.extend(at(new));
    (!united.is_empty()).then_some(Value::Object(united))
}
