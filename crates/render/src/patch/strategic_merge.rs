//! Strategic merge patches, as kustomize merges them: by its own 1.21 schema, and with its own surprises.

use serde_json::{Map, Value};
use windlass_manifest::{FieldPath, Step};

use crate::patch::read::PatchSource;
use crate::replacement::assign::needs_quotes;
use crate::schema::{self, Field, Schema, Type};
use crate::transform::scalar::{text_of, type_of};

pub(crate) const DIRECTIVE: &str = "$patch";

/// What a `$patch` entry asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Directive {
    Merge,
    Replace,
    Delete,
}

/// A merge under way: where it is, for messages, and what it passed over.
pub(crate) struct Merge<'s> {
    path: Vec<Step>,
    pub(crate) warnings: Vec<String>,
    written: Written<'s>,
    schema: Option<&'s Schema>,
    /// How the patch is written.
    source: Option<&'s PatchSource>,
    /// Nothing is known of the type of the object, so that all its lists are replaced.
    untyped: bool,
}

/// How a scalar of the object was first written: whether it has no text, and whether it is in quotes.
pub(crate) type Written<'s> = &'s mut dyn FnMut(&[Step]) -> Option<(bool, bool)>;

/// Merges `patch` into `object`; `None` where the patch deletes the object.
///
/// # Errors
/// What does not fit, with its path.
pub(crate) fn merge_object(object: Value, patch: &Value, merge: &mut Merge<'_>) -> Result<Option<Value>, String> {
    if patch.get(DIRECTIVE).is_some_and(|directive| directive == "replace") {
        // kustomize merges into the patch then, and drops the result.
        let warning = "`$patch: replace` at the top of a patch has no effect, so the patch changes nothing: \
                       delete the object and write the new one as a resource";
        merge.warnings.push(warning.to_owned());
        return Ok(Some(object));
    }
    let found = type_of_object(merge.schema, &object).or_else(|| type_of_object(merge.schema, patch));
    merge.untyped = found.is_none();
    let merged = merge.value(Some(object), Some(patch.clone()), found.map(Field::Map))?;
    if let (true, Some(merged)) = (has_directive(patch), &merged)
        && has_directive(merged)
    {
        let warning = "the result holds a key of the patch that starts with `$` as if it were a field: kustomize does \
                       not carry it out there";
        merge.warnings.push(warning.to_owned());
    }
    Ok(merged)
}

/// Whether any mapping holds a directive.
fn has_directive(value: &Value) -> bool {
    let is_directive = |key: &str| {
        key == DIRECTIVE
            || key == "$retainKeys"
            || key.starts_with("$setElementOrder/")
            || key.starts_with("$deleteFromPrimitiveList/")
    };
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| is_directive(key) || has_directive(value)),
        Value::Array(items) => items.iter().any(has_directive),
        _ => false,
    }
}

/// The type of an object, or of a value that looks like one.
fn type_of_object<'s>(schema: Option<&'s Schema>, value: &Value) -> Option<Type<'s>> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (api_version, kind) = (text("apiVersion")?, text("kind")?);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    schema::type_of(schema, group, version, kind)
}

impl<'s> Merge<'s> {
    pub(crate) fn new(schema: Option<&'s Schema>, written: Written<'s>) -> Self {
        Self { path: Vec::new(), warnings: Vec::new(), written, schema, source: None, untyped: false }
    }

    /// Knows how the patch is written.
    pub(crate) fn with_source(self, source: &'s PatchSource) -> Self {
        Self { source: Some(source), ..self }
    }

    /// Whether merging comes by a place: it does not look into lists that are replaced as a whole.
    pub(crate) fn walks(&self, object: &Value, pointer: &str) -> bool {
        let mut field = type_of_object(self.schema, object).map(Field::Map);
        let mut value = object;
        pointer.split('/').skip(1).all(|name| {
            let name = name.replace("~1", "/").replace("~0", "~");
            let (below, next) = match value {
                Value::Object(fields) => {
                    let shape = if let Some(Field::Map(shape)) = &field { shape.field(&name) } else { None };
                    (fields.get(&name), shape)
                }
                Value::Array(items) => {
                    let Some(Field::Keyed(_, shape)) = &field else { return false };
                    (name.parse().ok().and_then(|index: usize| items.get(index)), Some(Field::Map(*shape)))
                }
                _ => (None, None),
            };
            field = next;
            below.is_some_and(|below| {
                value = below;
                true
            })
        })
    }

    /// Merges two values of which at least one may be missing; `None` removes the field.
    pub(crate) fn value(
        &mut self,
        object: Option<Value>,
        patch: Option<Value>,
        field: Option<Field<'s>>,
    ) -> Result<Option<Value>, String> {
        let kind = object.as_ref().filter(|value| !value.is_null()).or(patch.as_ref());
        match kind {
            // A null that nobody patches stays if it was written as one; one in a patch removes.
            None | Some(Value::Null) => Ok(object.filter(|_| patch.is_none() && !self.was_empty())),
            Some(Value::Object(_)) => self.mapping(object, patch, field),
            Some(Value::Array(_)) => match field {
                Some(Field::Keyed(keys, shape)) => {
                    let (object, patch) = (self.list(object)?, self.list(patch)?);
                    self.keyed_list(object, patch, &keys, shape)
                }
                Some(Field::Set) => {
                    let (object, patch) = (self.list(object)?, self.list(patch)?);
                    self.set(object, patch)
                }
                _ => {
                    self.list(patch.clone())?;
                    self.warn_of_lost_items(object.as_ref(), patch.as_ref());
                    Ok(patch.map_or(object, |patch| Some(patch).filter(|patch| !patch.is_null())))
                }
            },
            Some(scalar) => {
                for other in [&object, &patch].into_iter().flatten() {
                    if other.is_object() || other.is_array() {
                        return Err(self.mismatch(scalar, other));
                    }
                }
                Ok(self.scalar(object, patch))
            }
        }
    }

    /// Warns where a patch replaces a list of a custom resource of which it seems to know one item only.
    fn warn_of_lost_items(&mut self, object: Option<&Value>, patch: Option<&Value>) {
        let names = |list: Option<&Value>| -> Vec<String> {
            let items = list.and_then(Value::as_array).into_iter().flatten();
            items.filter_map(|item| item.get("name")?.as_str().map(str::to_owned)).collect()
        };
        let (ours, theirs) = (names(object), names(patch));
        let lost: Vec<_> = ours.iter().filter(|name| !theirs.contains(name)).map(String::as_str).collect();
        if self.untyped && !theirs.is_empty() && !lost.is_empty() {
            self.warnings.push(format!(
                "{}: kustomize replaces lists of custom resources as a whole, so {} of this one go: patch it with JSON \
                 6902, or have lists merged by their CustomResourceDefinitions",
                self.here(),
                lost.join(", ")
            ));
        }
    }

    fn scalar(&mut self, object: Option<Value>, patch: Option<Value>) -> Option<Value> {
        match (object, patch) {
            (_, Some(Value::Null)) => None,
            // kustomize keeps the quotes of the scalar that it replaces, and a quoted number is text.
            (Some(Value::String(old)), Some(new)) if may_be_typed(&new) && new != old && self.was_quoted(&old) => {
                Some(Value::from(self.text_in_patch().unwrap_or_else(|| text_of(&new))))
            }
            (_, Some(new)) => Some(new),
            (object, None) => object,
        }
    }

    /// How the scalar of the patch was written: 1.10 is no 1.1 as text.
    fn text_in_patch(&self) -> Option<String> {
        self.source?.written(&self.path).map(|(text, _)| text.to_owned())
    }

    fn was_quoted(&mut self, text: &str) -> bool {
        (self.written)(&self.path).map_or_else(|| needs_quotes(text), |(_, quoted)| quoted)
    }

    /// Whether nothing at all stands where a null was read: `emptyDir:`. kustomize drops that.
    fn was_empty(&mut self) -> bool {
        (self.written)(&self.path) == Some((true, false))
    }

    fn mapping(
        &mut self,
        object: Option<Value>,
        patch: Option<Value>,
        field: Option<Field<'s>>,
    ) -> Result<Option<Value>, String> {
        let shape = match field {
            Some(Field::Map(shape)) => Some(shape),
            Some(_) => Some(Type::LEAF),
            None => {
                let of = |value: &Option<Value>| type_of_object(self.schema, value.as_ref()?);
                of(&object).or_else(|| of(&patch))
            }
        };
        let (object, patch) = (self.fields(object)?, self.fields(patch)?);
        match (object, patch) {
            (Input::Given(object), Input::Missing) => self.merge_fields(object, None, shape).map(Some),
            (Input::Given(_), Input::Null) => Ok(None),
            (Input::Given(object), Input::Given(mut patch)) => match self.take_directive(&mut patch)? {
                Directive::Merge => self.merge_fields(object, Some(patch), shape).map(Some),
                Directive::Replace => self.merge_fields(patch.clone(), Some(patch), shape).map(Some),
                Directive::Delete => Ok(None),
            },
            (_, Input::Given(mut patch)) => match self.take_directive(&mut patch) {
                Ok(Directive::Delete) => Ok(None),
                // The patch is merged with itself: that cleans it of nulls and of directives further down.
                _ => self.merge_fields(patch.clone(), Some(patch), shape).map(Some),
            },
            _ => Ok(None),
        }
    }

    fn merge_fields(
        &mut self,
        object: Map<String, Value>,
        patch: Option<Map<String, Value>>,
        shape: Option<Type<'s>>,
    ) -> Result<Value, String> {
        let mut patch = patch.unwrap_or_default();
        let mut merged = Map::with_capacity(object.len() + patch.len());
        for (key, value) in object {
            let patched = patch.shift_remove(&key);
            self.merge_field(key, Some(value), patched, shape, &mut merged)?;
        }
        for (key, value) in patch {
            self.merge_field(key, None, Some(value), shape, &mut merged)?;
        }
        Ok(Value::Object(merged))
    }

    fn merge_field(
        &mut self,
        key: String,
        object: Option<Value>,
        patch: Option<Value>,
        shape: Option<Type<'s>>,
        merged: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let field = match shape {
            // Within a known type an unknown field has no type; elsewhere an object may begin that has one.
            Some(shape) => shape.field(&key),
            None => None,
        };
        self.path.push(Step::Field(key.clone()));
        let value = self.value(object, patch, field)?;
        self.path.pop();
        if let Some(value) = value {
            merged.insert(key, value);
        }
        Ok(())
    }

    /// Takes the directive out of a mapping.
    pub(crate) fn take_directive(&self, patch: &mut Map<String, Value>) -> Result<Directive, String> {
        let Some(directive) = patch.get(DIRECTIVE) else { return Ok(Directive::Merge) };
        let directive = self.directive(directive)?;
        patch.shift_remove(DIRECTIVE);
        Ok(directive)
    }

    pub(crate) fn directive(&self, value: &Value) -> Result<Directive, String> {
        match value.as_str() {
            Some("merge") => Ok(Directive::Merge),
            Some("replace") => Ok(Directive::Replace),
            Some("delete") => Ok(Directive::Delete),
            _ => Err(format!("{}: `$patch: {value}` is none of merge, replace, delete", self.here())),
        }
    }

    fn fields(&self, value: Option<Value>) -> Result<Input<Map<String, Value>>, String> {
        match value {
            None => Ok(Input::Missing),
            Some(Value::Null) => Ok(Input::Null),
            Some(Value::Object(fields)) => Ok(Input::Given(fields)),
            Some(other) => Err(self.mismatch(&Value::Object(Map::new()), &other)),
        }
    }

    fn list(&self, value: Option<Value>) -> Result<Input<Vec<Value>>, String> {
        match value {
            None => Ok(Input::Missing),
            Some(Value::Null) => Ok(Input::Null),
            Some(Value::Array(items)) => Ok(Input::Given(items)),
            Some(other) => Err(self.mismatch(&Value::Array(Vec::new()), &other)),
        }
    }

    fn mismatch(&self, one: &Value, other: &Value) -> String {
        format!("{}: {} cannot be merged with {}", self.here(), type_of(one), type_of(other))
    }

    /// The path of the value that is being merged.
    pub(crate) fn here(&self) -> String {
        FieldPath::from_iter(self.path.iter().cloned()).to_string()
    }

    pub(crate) fn enter(&mut self, step: Step) {
        self.path.push(step);
    }

    pub(crate) fn leave(&mut self) {
        self.path.pop();
    }
}

/// Whether a scalar has a type without quotes; of texts only points in time have one.
fn may_be_typed(value: &Value) -> bool {
    value.as_str().is_none_or(|text| text.len() >= 20 && text.ends_with('Z') && text.contains('T'))
}

/// One side of a merge.
pub(crate) enum Input<T> {
    Missing,
    Null,
    Given(T),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(object: Value, patch: Value) -> Result<Option<Value>, String> {
        merge_object(
            object,
            &patch,
            &mut Merge::new(None, &mut |path| match path {
                [Step::Field(name)] if name == "b" => Some((false, true)),
                [Step::Field(name)] if name == "empty" => Some((true, false)),
                _ => None,
            }),
        )
    }

    fn pod(containers: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": containers}})
    }

    #[test]
    fn maps_are_merged_and_nulls_remove() {
        assert_eq!(
            merged(
                json!({"a": {"b": 1, "c": 2}, "n": null, "empty": null}),
                json!({"a": {"b": null, "d": {"e": null, "f": 1}}})
            ),
            Ok(Some(json!({"a": {"c": 2, "d": {"f": 1}}, "n": null})))
        );
        assert_eq!(merged(json!({"a": 1}), json!({"$patch": "delete"})), Ok(None));
    }

    #[test]
    fn lists_of_known_kinds_are_merged_by_key_and_patched_items_come_first() {
        let object = pod(json!([{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]));
        let patch = pod(json!([{"name": "c"}, {"name": "b", "image": "3"}]));
        let expected = pod(json!([{"name": "c"}, {"name": "b", "image": "3"}, {"name": "a", "image": "1"}]));
        assert_eq!(merged(object, patch), Ok(Some(expected)));
    }

    #[test]
    fn lists_of_unknown_kinds_are_replaced() {
        let object = json!({"apiVersion": "x/v1", "kind": "Y", "l": [{"name": "a"}]});
        let patch = json!({"apiVersion": "x/v1", "kind": "Y", "l": [{"name": "b"}]});
        assert_eq!(merged(object, patch.clone()), Ok(Some(patch)));
    }

    #[test]
    fn directives_act_on_lists_and_items() {
        let object = || pod(json!([{"name": "a"}, {"name": "b"}]));
        let patch = pod(json!([{"name": "a", "$patch": "delete"}]));
        assert_eq!(merged(object(), patch), Ok(Some(pod(json!([{"name": "b"}])))));
        let patch = pod(json!([{"$patch": "replace"}, {"name": "c"}]));
        assert_eq!(merged(object(), patch), Ok(Some(pod(json!([{"name": "c"}])))));
        let patch = pod(json!([{"$patch": "delete"}]));
        let gone = json!({"apiVersion": "v1", "kind": "Pod", "spec": {}});
        assert_eq!(merged(object(), patch), Ok(Some(gone)));
    }

    #[test]
    fn numbers_in_the_place_of_quoted_text_are_text() {
        assert_eq!(
            merged(json!({"a": "80", "b": "quoted", "c": "plain"}), json!({"a": 81, "b": true, "c": 1})),
            Ok(Some(json!({"a": "81", "b": "true", "c": 1})))
        );
    }

    #[test]
    fn values_of_another_type_are_refused_with_their_path() {
        assert_eq!(
            merged(json!({"a": {"b": 1}}), json!({"a": {"b": {"c": 1}}})),
            Err("a.b: a number cannot be merged with a mapping".to_owned())
        );
    }
}
