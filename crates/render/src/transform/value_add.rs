//! `ValueAddTransformer`: one value for fields of many objects, or a part of the file paths that they hold.

use serde_json::{Map, Value};

use windlass_manifest::Step;

use crate::Fault;
use crate::patch::target::Target;
use crate::place::Place;
use crate::replacement::assign::{needs_quotes, untyped};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::session::Session;
use crate::transform::field_spec::{push_name, split};
use crate::transform::scalar::{text_of, type_of};

/// A value and where it goes.
pub(crate) struct ValueAdd {
    pub(crate) value: String,
    pub(crate) targets: Vec<ValueTarget>,
}

/// A field of the selected objects.
pub(crate) struct ValueTarget {
    /// `None` for all objects.
    pub(crate) select: Option<Target>,
    /// Names divided by `/`.
    pub(crate) field_path: String,
    /// Which part of the path in the field the value becomes, from 1; 0 where it becomes the whole field.
    pub(crate) position: usize,
}

impl Session<'_> {
    pub(crate) fn add_value(&mut self, place: &Place, addition: &ValueAdd, resources: &mut ResourceMap) {
        for target in &addition.targets {
            for index in 0..resources.items().len() {
                if target.select.as_ref().is_some_and(|select| !select.fits(&resources.items()[index])) {
                    continue;
                }
                let result = self.write_value(target, &addition.value, resources.item_mut(index));
                if let Err(problem) = result {
                    let resource = &resources.items()[index];
                    let (target, origin) = (resource.id().to_string(), resource.origin().clone());
                    self.fail(
                        place.error_in(origin, Fault::Transform { transformer: "transformers", target, problem }),
                    );
                }
            }
        }
        resources.ids_changed();
    }

    fn write_value(&mut self, target: &ValueTarget, value: &str, resource: &mut Resource) -> Result<(), String> {
        let origin = resource.origin().clone();
        let steps: Vec<Step> =
            split(&target.field_path).into_iter().map(|name| Step::Field(name.into_owned())).collect();
        let loader = &mut self.loader;
        let quoted = |text: &str| needs_quotes(text) || loader.written(&origin, &steps) == Some((text, true));
        let untyped = target.write(value, resource.manifest.value_mut(), quoted)?;
        resource.history.untyped.extend(untyped.map(|text| {
            let mut pointer = String::new();
            split(&target.field_path).iter().for_each(|name| push_name(&mut pointer, name));
            (pointer, text)
        }));
        Ok(())
    }
}

impl ValueTarget {
    /// Writes the value. It has the type of its text, unless quotes around what it replaces say that it is text; a
    /// text that has no type of its own is returned.
    fn write(
        &self,
        value: &str,
        object: &mut Value,
        was_quoted: impl FnOnce(&str) -> bool,
    ) -> Result<Option<String>, String> {
        let names = split(&self.field_path);
        let Some((last, above)) = names.split_last() else { return Ok(None) };
        let mut fields = object;
        for name in above {
            fields = mapping(fields, name)?.entry(name.as_ref()).or_insert_with(|| Value::Object(Map::new()));
        }
        let field = mapping(fields, last)?.entry(last.as_ref()).or_insert(Value::Null);
        let text = match &*field {
            Value::Array(_) | Value::Object(_) => {
                return Err(format!("{}: {} is no text", self.field_path, type_of(field)));
            }
            Value::Null => String::new(),
            scalar => text_of(scalar),
        };
        let quoted = field.as_str().is_some_and(was_quoted);
        let new = if self.position == 0 { value.to_owned() } else { insert(&text, self.position, value) };
        if quoted {
            *field = Value::from(new);
            return Ok(None);
        }
        *field = untyped(&new);
        Ok(Some(new))
    }
}

fn mapping<'v>(value: &'v mut Value, name: &str) -> Result<&'v mut Map<String, Value>, String> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    let found = type_of(value);
    value.as_object_mut().ok_or_else(|| format!("{name} needs a mapping, found {found}"))
}

/// A file path with one part more, at a position from 1; past the end it becomes the last.
fn insert(path: &str, position: usize, part: &str) -> String {
    let (root, rest) = path.strip_prefix('/').map_or(("", path), |rest| ("/", rest));
    let mut parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert((position - 1).min(parts.len()), part);
    format!("{root}{}", parts.join("/"))
}
