//! From the values of a configuration file to typed fields, as strictly as kustomize does it.
//!
//! Unknown keys are faults at any depth, keys fit whatever their case, and nothing is turned from one type into
//! another: where a string is wanted, `1.10` is a fault and not "1.1". Null is the same as leaving a field out.
//! All faults are collected, each with the path of its field.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_manifest::FieldPath;

use crate::{Fault, suggest};

/// A fault and the field it is about.
pub(crate) struct Problem {
    pub(crate) at: FieldPath,
    pub(crate) fault: Fault,
}

/// A value with the path it stands at, so that later faults can point at it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: FieldPath,
}

/// A value to be decoded.
pub(crate) struct Cursor<'v> {
    value: &'v Value,
    at: FieldPath,
}

/// What can be read from a value; on a fault it is noted, and the default stands in.
pub(crate) trait Decode: Default {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self;
}

impl<'v> Cursor<'v> {
    pub(crate) fn root(value: &'v Value) -> Self {
        Self { value, at: FieldPath::root() }
    }

    fn wrong<T: Default>(self, expected: &'static str, hint: &'static str, problems: &mut Vec<Problem>) -> T {
        let found = match self.value {
            Value::Bool(_) | Value::Number(_) => self.value.to_string(),
            Value::String(text) => format!("{text:?}"),
            Value::Null => "nothing".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "a mapping".to_owned(),
        };
        let fault = Fault::WrongType { field: self.at.to_string(), expected, found, hint };
        problems.push(Problem { at: self.at, fault });
        T::default()
    }
}

impl Decode for String {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        match cursor.value {
            Value::String(text) => text.clone(),
            Value::Null => Self::new(),
            Value::Bool(_) | Value::Number(_) => cursor.wrong("a string", ": put it in quotes", problems),
            _ => cursor.wrong("a string", "", problems),
        }
    }
}

impl Decode for bool {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        match cursor.value {
            Value::Bool(value) => *value,
            Value::Null => false,
            Value::String(_) => cursor.wrong("true or false", ": take away the quotes", problems),
            _ => cursor.wrong("true or false", "", problems),
        }
    }
}

impl Decode for Value {
    /// Any value as it is, for those who read it elsewhere.
    fn decode(cursor: Cursor<'_>, _: &mut Vec<Problem>) -> Self {
        cursor.value.clone()
    }
}

impl Decode for i64 {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        match cursor.value {
            Value::Null => 0,
            Value::String(_) => cursor.wrong("a whole number", ": take away the quotes", problems),
            value => match value.as_i64() {
                Some(number) => number,
                None => cursor.wrong("a whole number", "", problems),
            },
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        (!cursor.value.is_null()).then(|| T::decode(cursor, problems))
    }
}

impl<T: Decode> Decode for At<T> {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let at = cursor.at.clone();
        Self { value: T::decode(cursor, problems), at }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        match cursor.value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, value)| T::decode(Cursor { value, at: cursor.at.index(index) }, problems))
                .collect(),
            Value::Null => Self::new(),
            _ => cursor.wrong("a list", "", problems),
        }
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        match cursor.value {
            Value::Object(fields) => fields
                .iter()
                .map(|(key, value)| (key.clone(), T::decode(Cursor { value, at: cursor.at.field(key) }, problems)))
                .collect(),
            Value::Null => Self::new(),
            _ => cursor.wrong("a mapping", "", problems),
        }
    }
}

/// The fields of a mapping, to be taken one by one; what is left over is unknown.
pub(crate) struct Fields<'v, 'p> {
    fields: Vec<(&'v String, &'v Value)>,
    known: Vec<&'static str>,
    at: FieldPath,
    pub(crate) problems: &'p mut Vec<Problem>,
}

impl<'v, 'p> Fields<'v, 'p> {
    pub(crate) fn of(cursor: Cursor<'v>, problems: &'p mut Vec<Problem>) -> Self {
        let at = cursor.at.clone();
        let fields = match cursor.value {
            Value::Object(fields) => fields.iter().collect(),
            Value::Null => Vec::new(),
            _ => cursor.wrong("a mapping", "", problems),
        };
        Self { fields, known: Vec::new(), at, problems }
    }

    /// Takes the field `name`; a key of the very name wins over one of another case.
    pub(crate) fn take<T: Decode>(&mut self, name: &'static str) -> T {
        self.known.push(name);
        let found = self.fields.iter().position(|(key, _)| *key == name);
        let found = found.or_else(|| self.fields.iter().position(|(key, _)| key.eq_ignore_ascii_case(name)));
        let Some((key, value)) = found.map(|position| self.fields[position]) else { return T::default() };
        self.fields.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        T::decode(Cursor { value, at: self.at.field(key) }, self.problems)
    }

    /// Where a field stands, or would stand.
    pub(crate) fn path(&self) -> &FieldPath {
        &self.at
    }

    pub(crate) fn fault(&mut self, at: FieldPath, fault: Fault) {
        self.problems.push(Problem { at, fault });
    }

    /// Notes a fault for every field that was not taken.
    pub(crate) fn finish(self) {
        for (key, _) in self.fields {
            let at = self.at.field(key);
            let suggestion = suggest::nearest(key, self.known.iter().copied()).map(str::to_owned);
            self.problems.push(Problem { fault: Fault::UnknownField { field: at.to_string(), suggestion }, at });
        }
    }
}
