use std::fmt;

use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::{Error, Gvk, ObjectId, Origin};

/// One Kubernetes object and where it came from.
///
/// The object is kept as `serde_json` values with the order of its keys, the form that `kube` and `json-patch`
/// speak. Its `Debug` output names the object and never shows its content.
#[derive(Clone, PartialEq)]
pub struct Manifest {
    object: Value,
    origin: Origin,
    sensitive: bool,
}

impl Manifest {
    /// Takes `object` as a manifest.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] and [`Error::MissingField`] where it is no mapping, has no `kind`, or has no
    /// `metadata.name` (which kinds ending in `List` may lack). A missing `apiVersion` is accepted, as kustomize does.
    pub fn new(object: Value, origin: Origin) -> Result<Self, Error> {
        let Value::Object(fields) = &object else {
            return Err(Error::NotAnObject { found: type_name(&object), origin });
        };
        let Some(kind) = fields.get("kind").and_then(Value::as_str).filter(|kind| !kind.is_empty()) else {
            return Err(Error::MissingField { field: "kind", origin });
        };
        let name = fields.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
        if name.is_none_or(str::is_empty) && !kind.ends_with("List") {
            return Err(Error::MissingField { field: "metadata.name", origin });
        }
        Ok(Self { object, origin, sensitive: false })
    }

    /// What makes this object the same as another in a cluster.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        let Gvk { group, kind, .. } = self.gvk();
        ObjectId { group, kind, namespace: self.namespace().map(str::to_owned), name: self.name().to_owned() }
    }

    /// Group, version and kind.
    #[must_use]
    pub fn gvk(&self) -> Gvk {
        Gvk::from_api_version(self.api_version(), self.kind())
    }

    /// The `apiVersion`; empty where there is none.
    #[must_use]
    pub fn api_version(&self) -> &str {
        self.text(&["apiVersion"]).unwrap_or_default()
    }

    /// The `kind`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text(&["kind"]).unwrap_or_default()
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"]).unwrap_or_default()
    }

    /// `metadata.namespace`; `None` where it is absent or empty.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.text(&["metadata", "namespace"]).filter(|namespace| !namespace.is_empty())
    }

    /// The label `key`.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.text(&["metadata", "labels", key])
    }

    /// The annotation `key`.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.text(&["metadata", "annotations", key])
    }

    /// Sets the label `key`, making the maps on the way.
    pub fn set_label(&mut self, key: &str, value: &str) {
        self.set_metadata("labels", key, value);
    }

    /// Sets the annotation `key`, making the maps on the way.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        self.set_metadata("annotations", key, value);
    }

    /// Sets `metadata.namespace`.
    pub fn set_namespace(&mut self, namespace: &str) {
        if let Some(metadata) = ensure_map(&mut self.object, "metadata") {
            metadata.insert("namespace".to_owned(), Value::from(namespace));
        }
    }

    /// The value at `path` below the root, through mappings only.
    #[must_use]
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.object, |value, key| value.get(*key))
    }

    /// The object.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.object
    }

    /// The object, to be changed. Whoever takes away its `kind` or name breaks what [`Manifest::new`] checked.
    pub fn value_mut(&mut self) -> &mut Value {
        &mut self.object
    }

    /// The object, taken out; from here on nobody wipes it.
    #[must_use]
    pub fn into_value(mut self) -> Value {
        std::mem::take(&mut self.object)
    }

    /// Where the object came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The same manifest from another origin.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Whether the object holds what must not be shown: it is a Secret, or was marked so because it was decrypted.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.sensitive || (self.kind() == "Secret" && self.api_version() == "v1")
    }

    /// Marks the object as holding decrypted values: no diff, log or journal may show them.
    pub fn mark_sensitive(&mut self) {
        self.sensitive = true;
    }

    fn text(&self, path: &[&str]) -> Option<&str> {
        self.get(path).and_then(Value::as_str)
    }

    fn set_metadata(&mut self, map: &str, key: &str, value: &str) {
        if let Some(map) = ensure_map(&mut self.object, "metadata").and_then(|metadata| ensure_entry(metadata, map)) {
            map.insert(key.to_owned(), Value::from(value));
        }
    }
}

impl Drop for Manifest {
    fn drop(&mut self) {
        if self.is_sensitive() {
            wipe(&mut self.object);
        }
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Manifest({} from {})", self.id(), self.origin)
    }
}

/// The map under `key`, made (also from null) where it is missing; `None` where something else is in the way.
fn ensure_map<'a>(object: &'a mut Value, key: &str) -> Option<&'a mut Map<String, Value>> {
    ensure_entry(object.as_object_mut()?, key)
}

fn ensure_entry<'a>(map: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    let entry = map.entry(key.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if entry.is_null() {
        *entry = Value::Object(Map::new());
    }
    entry.as_object_mut()
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The type of a value in the words of an error message.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config_map() -> Manifest {
        Manifest::new(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": ""}}),
            Origin::new("a.yaml", 3),
        )
        .unwrap()
    }

    #[test]
    fn an_empty_namespace_is_none() {
        assert_eq!(config_map().namespace(), None);
        assert_eq!(config_map().id().to_string(), "ConfigMap/a");
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_line() {
        let error = |value| Manifest::new(value, Origin::new("x.yaml", 7)).unwrap_err().to_string();
        assert_eq!(
            error(json!([1])),
            "x.yaml:7: expected a Kubernetes object (a mapping with apiVersion, kind and metadata), found a list"
        );
        assert_eq!(
            error(json!({"metadata": {"name": "a"}})),
            "x.yaml:7: kind is missing or not a string: every Kubernetes object needs one"
        );
        assert_eq!(
            error(json!({"kind": "ConfigMap", "metadata": {"generateName": "a-"}})),
            "x.yaml:7: metadata.name is missing or not a string: every Kubernetes object needs one"
        );
    }

    #[test]
    fn labels_make_the_maps_on_the_way_even_from_null() {
        let mut manifest = config_map();
        manifest.value_mut()["metadata"]["labels"] = Value::Null;
        manifest.set_label("app", "web");
        manifest.set_annotation("note", "x");
        assert_eq!(manifest.label("app"), Some("web"));
        assert_eq!(manifest.annotation("note"), Some("x"));
    }

    #[test]
    fn debug_shows_no_content() {
        let manifest = Manifest::new(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hunter2"}}),
            Origin::unknown(),
        )
        .unwrap();
        assert!(manifest.is_sensitive());
        assert_eq!(format!("{manifest:?}"), "Manifest(Secret/s from <unknown origin>)");
    }
}
