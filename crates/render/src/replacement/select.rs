//! Finding, and where asked for making, the fields that a value is copied to.

use regex::Regex;
use serde_json::{Map, Value};
use windlass_manifest::Step;

use crate::replacement::path::{item, position};
use crate::transform::scalar::{text_of, type_of};

/// A field that a value goes to.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) steps: Vec<Step>,
    /// It was made just now, so that it has no type yet.
    pub(crate) made: bool,
}

/// The kind of value that a field is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar,
    Mapping,
    Sequence,
}

impl Kind {
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Object(_) => Self::Mapping,
            Value::Array(_) => Self::Sequence,
            _ => Self::Scalar,
        }
    }
}

/// The fields at a path: several where it holds `*` or `[field=pattern]`.
///
/// With `create` missing mappings, lists and items are made on the way; the pattern is then taken for the value itself.
///
/// # Errors
/// Where the path asks for something that the values on the way cannot have.
pub(crate) fn select(object: &mut Value, path: &[String], create: Option<Kind>) -> Result<Vec<Place>, String> {
    let mut walk = Walk { create, here: Vec::new(), found: Vec::new() };
    walk.step(object, path, false)?;
    Ok(walk.found)
}

struct Walk {
    create: Option<Kind>,
    here: Vec<Step>,
    found: Vec<Place>,
}

impl Walk {
    fn step(&mut self, value: &mut Value, path: &[String], made: bool) -> Result<(), String> {
        let Some((part, rest)) = path.split_first() else {
            self.found.push(Place { steps: self.here.clone(), made });
            return Ok(());
        };
        if part.is_empty() {
            return self.step(value, rest, made);
        }
        if let Some(index) = position(part) {
            return self.index(value, index, rest);
        }
        if let Some(item) = item(part) {
            let (field, pattern) = item?;
            return self.matching(value, field, pattern, rest);
        }
        if part == "*" {
            let items = items(value, part)?;
            return (0..items.len()).try_for_each(|index| self.enter(items, index, rest, false));
        }
        self.field(value, part, rest)
    }

    fn field(&mut self, value: &mut Value, name: &str, rest: &[String]) -> Result<(), String> {
        let fields = match value {
            Value::Null if self.create.is_none() => return Ok(()),
            Value::Object(fields) => fields,
            other => return Err(format!("{name} needs a mapping, found {}", type_of(other))),
        };
        let missing = !fields.contains_key(name);
        if let (true, Some(kind)) = (missing, self.create) {
            fields.insert(name.to_owned(), blank(rest, kind));
        }
        let Some(field) = fields.get_mut(name) else { return Ok(()) };
        self.here.push(Step::Field(name.to_owned()));
        let result = self.step(field, rest, missing);
        self.here.pop();
        result
    }

    fn index(&mut self, value: &mut Value, index: usize, rest: &[String]) -> Result<(), String> {
        let items = items(value, &index.to_string())?;
        let made = items.len() == index;
        if let (true, Some(kind)) = (made, self.create) {
            items.push(blank(rest, kind));
        }
        match items.len() {
            length if index < length => self.enter(items, index, rest, made),
            length => Err(format!("position {index} is past the end of a list with {length} items")),
        }
    }

    fn matching(&mut self, value: &mut Value, field: &str, pattern: &str, rest: &[String]) -> Result<(), String> {
        let regex = Regex::new(pattern).map_err(|_| format!("{pattern:?} is no regular expression"))?;
        let items = items(value, &format!("[{field}={pattern}]"))?;
        let before = self.found.len();
        self.enter_matching(items, field, &regex, rest)?;
        if self.found.len() > before || self.create.is_none() {
            return Ok(());
        }
        let text = crate::replacement::assign::untyped(pattern);
        items.push(match field {
            "" => text,
            field => Value::Object(Map::from_iter([(field.to_owned(), text)])),
        });
        let last = items.len() - 1;
        self.enter_matching(&mut items[last..], field, &regex, rest)?;
        match self.found[before..].iter_mut().next() {
            // The new item was looked at alone.
            Some(place) => {
                place.steps[self.here.len()] = Step::Index(last);
                place.made |= field.is_empty();
            }
            None => return Err(format!("an item made for [{field}={pattern}] would not fit the pattern itself")),
        }
        Ok(())
    }

    fn enter_matching(
        &mut self,
        items: &mut [Value],
        field: &str,
        regex: &Regex,
        rest: &[String],
    ) -> Result<(), String> {
        for index in 0..items.len() {
            let text = match (field, &items[index]) {
                ("", Value::Object(_) | Value::Array(_)) => None,
                ("", item) => Some(text_of(item)),
                (field, item) => item.get(field).map(text_of),
            };
            if text.is_some_and(|text| regex.is_match(text.trim())) {
                // What follows a plain item is not looked at.
                self.enter(items, index, if field.is_empty() { &[] } else { rest }, false)?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, items: &mut [Value], index: usize, rest: &[String], made: bool) -> Result<(), String> {
        self.here.push(Step::Index(index));
        let result = self.step(&mut items[index], rest, made);
        self.here.pop();
        result
    }
}

fn items<'v>(value: &'v mut Value, part: &str) -> Result<&'v mut Vec<Value>, String> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(format!("{part} needs a list, found {}", type_of(other))),
    }
}

/// What is put into a place that the path goes on from.
fn blank(rest: &[String], kind: Kind) -> Value {
    let next = rest.first().map_or("", String::as_str);
    match (next, kind) {
        ("", Kind::Scalar) => Value::Null,
        ("", Kind::Mapping) => Value::Object(Map::new()),
        ("", Kind::Sequence) => Value::Array(Vec::new()),
        (next, _) if position(next).is_some() || item(next).is_some() => Value::Array(Vec::new()),
        _ => Value::Object(Map::new()),
    }
}

/// The value at a place.
pub(crate) fn at<'v>(object: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(object, |value, step| match step {
        Step::Field(name) => value.get_mut(name.as_str()),
        Step::Index(index) => value.get_mut(*index),
        Step::Item(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::replacement::path::split;

    fn made(object: Value, path: &str) -> Result<(Value, usize), String> {
        let mut object = object;
        let found = select(&mut object, &split(path), Some(Kind::Scalar))?.len();
        Ok((object, found))
    }

    #[test]
    fn missing_fields_lists_and_items_are_made() {
        assert_eq!(made(json!({}), "a.[n=x].b.0"), Ok((json!({"a": [{"n": "x", "b": [null]}]}), 1)));
        assert_eq!(made(json!({"a": [{"n": "xy"}]}), "a.[n=x].b"), Ok((json!({"a": [{"n": "xy", "b": null}]}), 1)));
        assert_eq!(made(json!({"a": [{"n": "y"}]}), "a.[n=7]"), Ok((json!({"a": [{"n": "y"}, {"n": 7}]}), 1)));
        assert!(made(json!({"a": []}), "a.[n=a+b]").is_err());
        assert!(made(json!({"a": null}), "a.b").is_err());
    }

    #[test]
    fn made_items_are_found_where_they_are() {
        let mut object = json!({"a": [{"n": "y"}]});
        let found = select(&mut object, &split("a.[n=x].b"), Some(Kind::Scalar)).unwrap();
        *at(&mut object, &found[0].steps).unwrap() = json!(1);
        assert_eq!(object, json!({"a": [{"n": "y"}, {"n": "x", "b": 1}]}));
    }
}
