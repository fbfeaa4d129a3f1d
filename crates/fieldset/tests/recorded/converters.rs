//! The conversions of the reference's scenarios: none, and three that were made for these tests.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use serde_json::Value;
use windlass_fieldset::{Convert, ConvertError, Type, TypedValue};

/// A conversion between the types of some versions, which a scenario may replace.
#[derive(Clone)]
pub(crate) struct Converter {
    kind: Kind,
    types: Rc<RefCell<BTreeMap<String, Type>>>,
}

#[derive(Clone, Copy)]
enum Kind {
    Dummy,
    /// `name_v1` is `name_v2` in the next version.
    Renaming,
    /// The key `a` is `aa` in v2 and `aaa` in v3.
    Repeating,
    /// v1 can be had only of what has the field that it needs.
    ReliantFields,
}

impl Converter {
    pub(crate) fn named(name: &str, types: BTreeMap<String, Type>) -> Self {
        let kind = match name.rsplit('.').next().unwrap_or_default() {
            "dummyConverter" => Kind::Dummy,
            "renamingConverter" => Kind::Renaming,
            "repeatingConverter" => Kind::Repeating,
            "reliantFieldsConverter" => Kind::ReliantFields,
            other => panic!("a converter {other}"),
        };
        Self { kind, types: Rc::new(RefCell::new(types)) }
    }

    pub(crate) fn ty(&self, version: &str) -> Option<Type> {
        self.types.borrow().get(version).cloned()
    }

    pub(crate) fn replace_types(&self, by: impl Fn(&str) -> Type) {
        self.types.borrow_mut().iter_mut().for_each(|(version, ty)| *ty = by(version));
    }

    fn typed(&self, value: Value, version: &str) -> Result<TypedValue, ConvertError> {
        let ty = self.ty(version).ok_or_else(|| failed("no type for the version".into()))?;
        TypedValue::new(value, &ty).map_err(|error| failed(error.into()))
    }
}

impl Convert for Converter {
    fn convert(&self, object: &TypedValue, version: &str) -> Result<TypedValue, ConvertError> {
        let old = object.ty().name().unwrap_or_default();
        match self.kind {
            Kind::Dummy if version.is_empty() => Err(failed("cannot convert to invalid version".into())),
            Kind::Dummy => Ok(object.clone()),
            Kind::Renaming => self.typed(rename(object.value(), old, version), version),
            Kind::Repeating => {
                let count = version.strip_prefix('v').and_then(|number| number.parse().ok());
                let count = count.ok_or_else(|| ConvertError::NoSuchVersion { api_version: version.to_owned() })?;
                self.typed(repeat_below_first(object.value(), count), version)
            }
            Kind::ReliantFields if old == version => Ok(object.clone()),
            Kind::ReliantFields => {
                let text = object.value().to_string();
                let (from, to) = match version {
                    "v1" if !text.contains("required_field_bar") => {
                        return Err(failed("missing required field".into()));
                    }
                    "v1" => ("required_field_bar", "field_foo_rely_on_bar"),
                    "v2" => ("field_foo_rely_on_bar", "required_field_bar"),
                    _ => return Err(ConvertError::NoSuchVersion { api_version: version.to_owned() }),
                };
                self.typed(serde_json::from_str(&text.replace(from, to)).expect("JSON still"), version)
            }
        }
    }
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> ConvertError {
    ConvertError::Failed(error)
}

fn rename(value: &Value, old: &str, new: &str) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let name = name.strip_suffix(old).map_or_else(|| name.clone(), |stem| format!("{stem}{new}"));
                (name, rename(value, old, new))
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| rename(item, old, new)).collect(),
        other => other.clone(),
    }
}

/// The reference works on YAML text and gets no further than the first of the outermost keys.
fn repeat_below_first(value: &Value, count: usize) -> Value {
    let first = value.as_object().and_then(|fields| fields.iter().min_by_key(|(name, _)| name.as_str()));
    match first {
        Some((name, below @ Value::Object(fields))) if !fields.is_empty() => {
            Value::from_iter([(name.clone(), repeat(below, count))])
        }
        Some((name, below)) => Value::from_iter([(name.clone(), below.clone())]),
        None => value.clone(),
    }
}

fn repeat(value: &Value, count: usize) -> Value {
    let Some(fields) = value.as_object().filter(|fields| !fields.is_empty()) else { return Value::Null };
    let repeated = |name: &str| name.chars().take(1).collect::<String>().repeat(count);
    // Of `a` and `aa`, which are the same in the other version, the last in the text is taken.
    let sorted: BTreeMap<_, _> = fields.iter().collect();
    sorted.into_iter().map(|(name, value)| (repeated(name), repeat(value, count))).collect()
}
