//! Paths to fields.

use std::{
    cmp::Ordering,
    fmt::{self, Display, Write},
    ops::Deref,
    sync::Arc,
};

use serde_json::Value;

use crate::{
    go_print::{Quoted, write_number},
    value_order,
};

/// One step of a [`Path`]: which child of a value is meant.
///
/// The order (fields, then items by key, by value, by index, each sorted) is the one in which sets are written. Clones
/// share their text.
#[derive(Clone, Debug)]
pub enum PathElement {
    /// A field of a mapping: `.name`.
    Field(Arc<str>),
    /// The list item that has these keys: `[name="app"]`.
    Key(ListKey),
    /// The member of a set that is this value: `[="a"]`.
    Value(Arc<Value>),
    /// The list item at this index: `[0]`. The API server writes none, as such lists are owned as a whole.
    Index(i64),
}

impl PathElement {
    /// A field of a mapping.
    pub fn field(name: impl Into<Arc<str>>) -> Self {
        Self::Field(name.into())
    }

    /// The list item with these keys, in whatever order.
    pub fn key<N: Into<Arc<str>>>(keys: impl IntoIterator<Item = (N, Value)>) -> Self {
        Self::Key(ListKey::new(keys))
    }

    /// The member of a set.
    #[must_use]
    pub fn value(value: Value) -> Self {
        Self::Value(Arc::new(value))
    }
}

impl Ord for PathElement {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            // Names come out of the schema, so that most of those that are equal are the same.
            (Self::Field(left), Self::Field(right)) if Arc::ptr_eq(left, right) => Ordering::Equal,
            (Self::Field(left), Self::Field(right)) => left.cmp(right),
            (Self::Key(left), Self::Key(right)) => left.cmp(right),
            (Self::Value(left), Self::Value(right)) => value_order::compare(left, right),
            (Self::Index(left), Self::Index(right)) => left.cmp(right),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

fn rank(element: &PathElement) -> u8 {
    match element {
        PathElement::Field(_) => 0,
        PathElement::Key(_) => 1,
        PathElement::Value(_) => 2,
        PathElement::Index(_) => 3,
    }
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PathElement {}

/// As the reference prints it.
impl Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(key) => key.fmt(f),
            Self::Value(value) => write!(f, "[={}]", Shown(value)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// The keys by which a list item is told from the others, with their values, sorted by name.
#[derive(Clone, Debug)]
pub struct ListKey(Arc<[(Arc<str>, Value)]>);

impl ListKey {
    /// A key of these fields.
    pub fn new<N: Into<Arc<str>>>(fields: impl IntoIterator<Item = (N, Value)>) -> Self {
        let mut fields: Vec<(Arc<str>, Value)> = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        fields.sort_by(|left, right| left.0.cmp(&right.0));
        Self(fields.into())
    }

    /// The fields, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().map(|(name, _)| name)
    }
}

impl Ord for ListKey {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        for (left, right) in self.0.iter().zip(other.0.iter()) {
            let order = left.0.cmp(&right.0).then_with(|| value_order::compare(&left.1, &right.1));
            if order.is_ne() {
                return order;
            }
        }
        self.0.len().cmp(&other.0.len())
    }
}

impl PartialOrd for ListKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ListKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ListKey {}

impl Display for ListKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            write!(f, "{}{name}={}", if index == 0 { '[' } else { ',' }, Shown(value))?;
        }
        f.write_str(if self.0.is_empty() { "[]" } else { "]" })
    }
}

/// A value inside a path: texts quoted, everything else bare.
struct Shown<'a>(&'a Value);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(flag) => write!(f, "{flag}"),
            Value::Number(number) => write_number(f, number),
            Value::String(text) => Quoted(text).fmt(f),
            Value::Array(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { "," } else { "" }, Self(item))?;
                }
                f.write_char(']')
            }
            Value::Object(fields) => fields.iter().try_for_each(|(name, value)| write!(f, "{name}={}", Self(value))),
        }
    }
}

/// The way from the root of an object to one of its fields.
///
/// ```
/// use serde_json::json;
/// use windlass_fieldset::{Path, PathElement};
///
/// let mut path = Path::of_fields(["spec", "containers"]);
/// path.push(PathElement::key([("name", json!("app"))]));
/// path.push(PathElement::field("image"));
/// assert_eq!(path.to_string(), r#".spec.containers[name="app"].image"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<PathElement>);

impl Path {
    /// The path of nested fields.
    pub fn of_fields<N: Into<Arc<str>>>(names: impl IntoIterator<Item = N>) -> Self {
        names.into_iter().map(PathElement::field).collect()
    }

    /// Goes one step further.
    pub fn push(&mut self, element: PathElement) {
        self.0.push(element);
    }

    /// Goes one step back.
    pub fn pop(&mut self) -> Option<PathElement> {
        self.0.pop()
    }
}

impl Deref for Path {
    type Target = [PathElement];

    fn deref(&self) -> &[PathElement] {
        &self.0
    }
}

impl FromIterator<PathElement> for Path {
    fn from_iter<I: IntoIterator<Item = PathElement>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl From<Vec<PathElement>> for Path {
    fn from(elements: Vec<PathElement>) -> Self {
        Self(elements)
    }
}

/// `.spec.containers[name="app"].image`, as the API server names fields in conflicts.
impl Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|element| element.fmt(f))
    }
}
