//! Field specs: which fields, of which types, a transformer changes.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::Fault;
use crate::decode::{Cursor, Decode, Fields, Problem};
use crate::identity::GvkFilter;
use crate::transform::scalar::type_of;

/// A field of some types of objects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FieldSpec {
    pub(crate) on: GvkFilter,
    /// Names divided by `/`; `\/` is a slash within a name, and `name[]` says that a list stands there.
    pub(crate) path: Cow<'static, str>,
    /// Whether missing mappings on the way are made.
    pub(crate) create: bool,
}

impl FieldSpec {
    /// A spec of the built-in tables.
    pub(crate) const fn new([group, version, kind]: [&'static str; 3], path: &'static str, create: bool) -> Self {
        let on = GvkFilter { group: Cow::Borrowed(group), version: Cow::Borrowed(version), kind: Cow::Borrowed(kind) };
        Self { on, path: Cow::Borrowed(path), create }
    }

    /// The spec for objects of all types.
    pub(crate) const fn anywhere(path: &'static str, create: bool) -> Self {
        Self::new(["", "", ""], path, create)
    }

    /// Whether this spec is `other` in effect, as kustomize sees it when lists are merged.
    fn stands_for(&self, other: &Self) -> bool {
        self.path == other.path && other.on.fits(&self.on.group, &self.on.version, &self.on.kind)
    }
}

impl Decode for FieldSpec {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let spec = Self {
            on: GvkFilter::take(&mut fields),
            path: Cow::Owned(fields.take("path")),
            create: fields.take("create"),
        };
        fields.finish();
        spec
    }
}

impl GvkFilter {
    /// The fields `group`, `version` and `kind`.
    pub(crate) fn take(fields: &mut Fields<'_, '_>) -> Self {
        let mut text = |name| Cow::Owned(fields.take::<String>(name));
        Self { group: text("group"), version: text("version"), kind: text("kind") }
    }
}

/// A list of specs: the built-in ones, and those that configurations add.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldSpecs {
    built_in: [&'static [FieldSpec]; 2],
    added: Vec<FieldSpec>,
}

impl FieldSpecs {
    pub(crate) fn built_in(first: &'static [FieldSpec], second: &'static [FieldSpec]) -> Self {
        Self { built_in: [first, second], added: Vec::new() }
    }

    /// Specs without any that are built in.
    pub(crate) fn of(specs: Vec<FieldSpec>) -> Self {
        Self { built_in: [&[], &[]], added: specs }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &FieldSpec> {
        self.built_in.iter().copied().flatten().chain(&self.added)
    }

    /// Adds a spec unless it is there.
    pub(crate) fn merge(&mut self, spec: &FieldSpec) -> Result<(), Fault> {
        let known = self.iter().find(|known| known.stands_for(spec)).map(|known| known.create);
        match known {
            None => self.added.push(spec.clone()),
            Some(create) if create == spec.create => {}
            Some(create) => {
                let problem = format!(
                    "create: {} contradicts the spec that is there already, which has create: {create}",
                    spec.create
                );
                return Err(Fault::InvalidValue { field: spec.path.clone().into_owned(), problem });
            }
        }
        Ok(())
    }

    /// Adds what another list has beyond the built-in specs.
    pub(crate) fn merge_all(&mut self, other: &Self) -> Result<(), Fault> {
        other.added.iter().try_for_each(|spec| self.merge(spec))
    }
}

/// What is made where the last field of a path is missing or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    Nothing,
    Mapping,
    Scalar,
}

/// Calls `set` for every value at `spec.path` below `object`, through all items of the lists on the way.
///
/// # Errors
/// What `set` says, and where a scalar is in the way.
pub(crate) fn visit(
    object: &mut Value,
    spec: &FieldSpec,
    create: Create,
    set: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    walk(object, spec, create, None, &mut |_, value| set(value))
}

/// As [`visit`], and tells the JSON pointer of each value.
pub(crate) fn visit_with_pointer(
    object: &mut Value,
    spec: &FieldSpec,
    create: Create,
    set: &mut dyn FnMut(&str, &mut Value) -> Result<(), String>,
) -> Result<(), String> {
    walk(object, spec, create, Some(String::new()), set)
}

fn walk(
    object: &mut Value,
    spec: &FieldSpec,
    create: Create,
    pointer: Option<String>,
    set: &mut dyn FnMut(&str, &mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let create = if spec.create { create } else { Create::Nothing };
    let path = spec.path.strip_prefix('/').unwrap_or(&spec.path);
    Walk { create, set, pointer }.step(object, Some(path)).map_err(|problem| format!("{}: {problem}", spec.path))
}

struct Walk<'s> {
    create: Create,
    set: &'s mut dyn FnMut(&str, &mut Value) -> Result<(), String>,
    /// The way so far, where anybody wants to know.
    pointer: Option<String>,
}

impl Walk<'_> {
    /// Goes on along a path; `None` is its end.
    fn step(&mut self, value: &mut Value, path: Option<&str>) -> Result<(), String> {
        let Some(names) = path else {
            return (self.set)(self.pointer.as_deref().unwrap_or_default(), value);
        };
        match value {
            Value::Null => Ok(()),
            Value::Array(items) => {
                let mut items = items.iter_mut().enumerate();
                items.try_for_each(|(index, item)| match self.pointer {
                    Some(_) => self.below(&index.to_string(), item, path),
                    None => self.step(item, path),
                })
            }
            Value::Object(fields) => {
                let (name, rest) = split_first(names);
                self.field(fields, &name, rest)
            }
            other => Err(format!("expected a mapping or a list, found {}", type_of(other))),
        }
    }

    fn field(&mut self, fields: &mut Map<String, Value>, name: &str, rest: Option<&str>) -> Result<(), String> {
        let (name, is_list) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
        if name.is_empty() {
            return Err("the path has an empty name in it".to_owned());
        }
        let made = match (self.create, is_list) {
            (_, true) => Some(Value::Array(Vec::new())),
            (Create::Nothing, _) => None,
            (Create::Scalar, _) if rest.is_none() => Some(Value::Null),
            _ => Some(Value::Object(Map::new())),
        };
        if self.create != Create::Nothing && !is_list && !fields.contains_key(name) {
            fields.insert(name.to_owned(), Value::Null);
        }
        let Some(field) = field_mut(fields, name) else { return Ok(()) };
        if let (Value::Null, Some(made)) = (&*field, made) {
            *field = made;
        }
        self.below(name, field, rest)
    }

    fn below(&mut self, name: &str, value: &mut Value, path: Option<&str>) -> Result<(), String> {
        let Some(pointer) = &mut self.pointer else { return self.step(value, path) };
        let length = pointer.len();
        push_name(pointer, name);
        let result = self.step(value, path);
        if let Some(pointer) = &mut self.pointer {
            pointer.truncate(length);
        }
        result
    }
}

/// Makes a JSON pointer one name longer.
pub(crate) fn push_name(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

/// A field of a mapping. Most have so few that looking at each is faster than computing where one would be.
pub(crate) fn field_mut<'f>(fields: &'f mut Map<String, Value>, name: &str) -> Option<&'f mut Value> {
    match fields.len() {
        0..=12 => fields.iter_mut().find(|(key, _)| *key == name).map(|(_, value)| value),
        _ => fields.get_mut(name),
    }
}

/// The first name of a path, and what follows it, if anything does.
fn split_first(path: &str) -> (Cow<'_, str>, Option<&str>) {
    let (first, mut rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let mut name = Cow::Borrowed(first);
    while let (true, Some(more)) = (name.ends_with('\\'), rest) {
        let (part, after) = more.split_once('/').map_or((more, None), |(part, after)| (part, Some(after)));
        let joined = name.to_mut();
        joined.pop();
        joined.push('/');
        joined.push_str(part);
        rest = after;
    }
    (name, rest)
}

/// The names of a path.
pub(crate) fn split(path: &str) -> Vec<Cow<'_, str>> {
    let mut names = Vec::with_capacity(8);
    let mut rest = Some(path.strip_prefix('/').unwrap_or(path));
    while let Some(path) = rest {
        let (name, after) = split_first(path);
        names.push(name);
        rest = after;
    }
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(object: Value, path: &'static str, create: bool) -> Value {
        let mut object = object;
        let spec = FieldSpec::anywhere(path, create);
        visit(&mut object, &spec, Create::Scalar, &mut |value| {
            *value = json!("new");
            Ok(())
        })
        .unwrap();
        object
    }

    #[test]
    fn lists_are_crossed_and_mappings_made() {
        assert_eq!(set(json!({"a": [{"b": 1}, {}]}), "a/b", false), json!({"a": [{"b": "new"}, {}]}));
        assert_eq!(set(json!({}), "a/b", true), json!({"a": {"b": "new"}}));
        assert_eq!(set(json!({}), "a[]/b", true), json!({}));
        assert_eq!(set(json!({"a": null}), "a/b", false), json!({"a": null}));
        assert_eq!(set(json!({"a": null}), "a/b", true), json!({"a": {"b": "new"}}));
    }

    #[test]
    fn paths_split_at_slashes_without_a_backslash() {
        assert_eq!(split("/a/b[]/c"), ["a", "b[]", "c"]);
        assert_eq!(split("a/x.io\\/y/c"), ["a", "x.io/y", "c"]);
    }
}
