//! JSON pointers as the patch library of kustomize reads them.

use serde_json::Value;

use crate::transform::scalar::type_of;

/// A pointer to something inside a document: the names above it, and the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pointer {
    text: String,
    above: Vec<String>,
    last: String,
}

impl Pointer {
    /// # Errors
    /// Where the text is no pointer to something inside a document.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // The library overlooks whatever stands before the first slash.
        let Some((_, names)) = text.split_once('/') else {
            return Err(match text {
                "" => "a path is needed".to_owned(),
                _ => format!("the path {text:?} must start with a slash"),
            });
        };
        let mut above: Vec<_> = names.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
        let last = above.pop().unwrap_or_default();
        Ok(Self { text: text.to_owned(), above, last })
    }

    /// Whether something stands before the first slash, and means nothing.
    pub(crate) fn is_sloppy(&self) -> bool {
        !self.text.starts_with('/')
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn parent<'v>(&self, document: &'v Value) -> Result<&'v Value, String> {
        self.above.iter().try_fold(document, |value, name| self.child(value, name))
    }

    fn parent_mut<'v>(&self, document: &'v mut Value) -> Result<&'v mut Value, String> {
        self.parent(document)?;
        let next = |value: &'v mut Value, name: &String| match value {
            Value::Array(items) => position(name, items.len()).ok().and_then(|index| items.get_mut(index)),
            value => value.get_mut(name.as_str()),
        };
        self.above.iter().try_fold(document, next).ok_or_else(|| self.nowhere())
    }

    fn child<'v>(&self, value: &'v Value, name: &str) -> Result<&'v Value, String> {
        let child = match value {
            Value::Object(fields) => fields.get(name),
            Value::Array(items) => position(name, items.len()).ok().and_then(|index| items.get(index)),
            _ => None,
        };
        child.filter(|child| child.is_object() || child.is_array()).ok_or_else(|| self.nowhere())
    }

    fn nowhere(&self) -> String {
        format!("there is nothing above {}: add that first", self.text)
    }

    /// The value; `None` where a mapping does not have it.
    pub(crate) fn get<'v>(&self, document: &'v Value) -> Result<Option<&'v Value>, String> {
        match self.parent(document)? {
            Value::Object(fields) => Ok(fields.get(&self.last)),
            Value::Array(items) => position(&self.last, items.len()).map(|index| items.get(index)),
            other => Err(self.no_container(other)),
        }
    }

    /// Puts a value there: over what a mapping has, and between the items of a list.
    pub(crate) fn add(&self, document: &mut Value, value: Value) -> Result<(), String> {
        match self.parent_mut(document)? {
            Value::Object(fields) => {
                fields.insert(self.last.clone(), value);
            }
            Value::Array(items) if self.last == "-" => items.push(value),
            Value::Array(items) => {
                let index = position(&self.last, items.len() + 1)?;
                items.insert(index, value);
            }
            other => return Err(self.no_container(other)),
        }
        Ok(())
    }

    /// Puts a value over what is there. A mapping that does not have it gets it.
    pub(crate) fn replace(&self, document: &mut Value, value: Value) -> Result<(), String> {
        match self.parent_mut(document)? {
            Value::Object(fields) => {
                fields.insert(self.last.clone(), value);
            }
            Value::Array(items) => {
                let index = position(&self.last, items.len())?;
                items[index] = value;
            }
            other => return Err(self.no_container(other)),
        }
        Ok(())
    }

    /// Takes out what is there.
    pub(crate) fn remove(&self, document: &mut Value) -> Result<Value, String> {
        match self.parent_mut(document)? {
            Value::Object(fields) => {
                fields.shift_remove(&self.last).ok_or_else(|| format!("{} does not exist", self.text))
            }
            Value::Array(items) => {
                let index = position(&self.last, items.len())?;
                Ok(items.remove(index))
            }
            other => Err(self.no_container(other)),
        }
    }

    fn no_container(&self, value: &Value) -> String {
        format!("{}: expected a mapping or a list above it, found {}", self.text, type_of(value))
    }
}

/// The position that a name means in a list with `length` places; negative ones count from the end.
fn position(name: &str, length: usize) -> Result<usize, String> {
    let index: i64 = name.parse().map_err(|_| format!("{name:?} is no position in a list"))?;
    let length_signed = i64::try_from(length).unwrap_or(i64::MAX);
    let from_start = if index < 0 { index + length_signed } else { index };
    usize::try_from(from_start)
        .ok()
        .filter(|index| *index < length)
        .ok_or_else(|| format!("position {index} is past the end of a list with {length} places"))
}
