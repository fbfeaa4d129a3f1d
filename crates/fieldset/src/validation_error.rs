//! What is wrong with a value, in the API server's words.

use std::fmt::{self, Display};

use crate::{field_set::MAX_DEPTH, go_print::Quoted, list_items::ListItems};

/// Why a value is not of its type: everything that is wrong with it.
///
/// The text is that which the API server gives behind "failed to create typed patch object". A retry cannot help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationErrors(Vec<ValidationError>);

impl ValidationErrors {
    pub(crate) fn new(path: String, fault: Fault) -> Self {
        Self(vec![ValidationError { path, fault }])
    }

    pub(crate) fn from_all(errors: Vec<ValidationError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// The errors, in the order of the value.
    pub fn iter(&self) -> impl Iterator<Item = &ValidationError> {
        self.0.iter()
    }
}

impl std::error::Error for ValidationErrors {}

impl Display for ValidationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [error] = self.0.as_slice() {
            return error.fmt(f);
        }
        f.write_str("errors:")?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

/// One thing that is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValidationError {
    /// Where, such as `.spec.containers[name="app"]`; empty for the value itself.
    pub path: String,
    /// What.
    pub fault: Fault,
}

impl std::error::Error for ValidationError {}

impl Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.fault.fmt(f)
    }
}

/// Kinds of things that are wrong with values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The type has no such field.
    #[error("field not declared in schema")]
    NotDeclared,
    /// The value is of another kind than its type.
    #[error("expected {expected}, got {got}")]
    Kind {
        /// What the type asks for.
        expected: &'static str,
        /// The value or its type, as Go prints it.
        got: String,
    },
    /// A list holds two items with the same keys, or a set the same value twice.
    #[error("duplicate entries for key {key}")]
    Duplicate {
        /// The keys or the value.
        key: String,
    },
    /// A list item cannot be told from others.
    #[error("element {index}: {fault}")]
    Item {
        /// Which, counted from zero.
        index: usize,
        /// Why not.
        fault: ItemFault,
    },
    /// The schema refers to a type that it does not have.
    #[error("schema error: no type found matching: {name}")]
    NoSuchType {
        /// The type's name.
        name: String,
    },
    /// The schema has a type of which there are no values.
    #[error("schema error: invalid atom: {name}")]
    InvalidAtom {
        /// The type's name.
        name: String,
    },
    /// The schema asks for a scalar of a kind that there is not.
    #[error("unexpected scalar type in schema")]
    UnknownScalar,
    /// The value nests deeper than any object; the reference has no such limit.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Two values are to be put together that belong to different schemas.
    #[error("expected objects with types from the same schema")]
    OtherSchema,
    /// Two values are to be put together that have different types.
    #[error("expected objects of the same type")]
    OtherType,
}

/// Why a list item cannot be told from others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ItemFault {
    /// It is null, where items have keys.
    #[error("associative list with keys may not have a null element")]
    NullAmongKeyed,
    /// It is no mapping, where items have keys.
    #[error("associative list with keys may not have non-map elements")]
    NotAMapping,
    /// It has none of the keys, and none has a default.
    #[error(
        "associative list with keys has an element that omits all key fields {keys} (and doesn't have default values \
         for any key fields)"
    )]
    NoKeys {
        /// The keys, as Go prints them.
        keys: String,
    },
    /// The schema does not say what the items are, so that a key that is missing cannot have a default.
    #[error("couldn't find default value for {key}: {reason}")]
    NoDefault {
        /// The key.
        key: String,
        /// What is wrong with the schema.
        reason: &'static str,
    },
    /// It is a mapping in a set of scalars.
    #[error("associative list without keys has an element that's a map type")]
    MappingInSet,
    /// It is a list in a set of scalars.
    #[error("not supported: associative list with lists as elements")]
    ListInSet,
    /// It is null in a set of scalars.
    #[error("associative list without keys has an element that's an explicit null")]
    NullInSet,
}

impl ItemFault {
    pub(crate) fn no_keys<'k>(keys: impl IntoIterator<Item = &'k std::sync::Arc<str>>) -> Self {
        let keys: Vec<String> = keys.into_iter().map(|key| Quoted(key).to_string()).collect();
        Self::NoKeys { keys: format!("[{}]", keys.join(" ")) }
    }
}

/// The way to where a walk is, made into text only when something is wrong there.
pub(crate) enum Trail<'a> {
    Root,
    Field(&'a Trail<'a>, &'a str),
    Item(&'a Trail<'a>, &'a ListItems<'a>, usize),
    Index(&'a Trail<'a>, usize),
}

impl Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trail::Root => Ok(()),
            Trail::Field(parent, name) => write!(f, "{parent}.{name}"),
            Trail::Item(parent, items, position) => write!(f, "{parent}{}", items.element(*position)),
            Trail::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
