//! Finding the one value at a path.

use serde_json::Value;
use windlass_manifest::Step;

use crate::replacement::path::{item, position};
use crate::transform::scalar::{text_of, type_of};

/// A value and the way to it.
pub(crate) struct Found<'v> {
    pub(crate) value: &'v Value,
    pub(crate) steps: Vec<Step>,
}

/// The value at a path; `None` where there is none.
///
/// A number is a position, `-` the last item, `[field=value]` the first item whose field has the very value.
///
/// # Errors
/// Where the path asks for something that the values on the way cannot have.
pub(crate) fn lookup<'v>(object: &'v Value, path: &[String]) -> Result<Option<Found<'v>>, String> {
    let mut found = Found { value: object, steps: Vec::new() };
    for part in path.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        let Some((value, step)) = child(found.value, part)? else { return Ok(None) };
        found.value = value;
        found.steps.push(step);
    }
    Ok(Some(found))
}

fn child<'v>(value: &'v Value, part: &str) -> Result<Option<(&'v Value, Step)>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let items = || value.as_array().ok_or_else(|| format!("{part} needs a list, found {}", type_of(value)));
    let at = |index: usize| Ok(items()?.get(index).map(|value| (value, Step::Index(index))));
    if let Some(index) = position(part) {
        return at(index);
    }
    if part == "-" {
        return match items()?.len() {
            0 => Ok(None),
            length => at(length - 1),
        };
    }
    if part == "*" {
        return Err("`*` means several fields, and a source is one".to_owned());
    }
    if let Some(item) = item(part) {
        let (field, wanted) = item?;
        let fits = |item: &Value| match field {
            "" => !item.is_object() && !item.is_array() && text_of(item) == wanted,
            field => item.get(field).is_some_and(|value| text_of(value) == wanted),
        };
        return match items()?.iter().position(fits) {
            Some(index) => at(index),
            None => Ok(None),
        };
    }
    match value {
        Value::Object(fields) => Ok(fields.get(part).map(|value| (value, Step::Field(part.to_owned())))),
        other => Err(format!("{part} needs a mapping, found {}", type_of(other))),
    }
}
