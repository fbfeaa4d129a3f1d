//! Types as data: what a [`Schema`](crate::Schema) is made from.
//!
//! The shape is that of structured-merge-diff's schemas, so that theirs can be read with serde. Who has types in another
//! form (OpenAPI, a CRD, `windlass-schema`) builds these and hands them to [`Schema::new`](crate::Schema::new).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

/// A type with a name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct TypeDefinition {
    /// By what [`TypeRef::Named`] refers to it.
    #[serde(default)]
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub atom: Atom,
}

/// The kinds of value that a type takes: one of these, or several where the value decides. Without any, no value fits.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Atom {
    /// The scalars that it takes.
    #[serde(default)]
    pub scalar: Option<Scalar>,
    /// The lists that it takes.
    #[serde(default)]
    pub list: Option<List>,
    /// The mappings that it takes.
    #[serde(default)]
    pub map: Option<Map>,
}

/// Kinds of scalar. Null is always one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scalar {
    /// An integer or a float.
    Numeric,
    /// A text.
    String,
    /// True or false.
    Boolean,
    /// Any of the others.
    Untyped,
    /// A kind that is none of these, of which there are no values but null. The reference reads such schemas.
    #[serde(other)]
    Unknown,
}

/// How the elements of a list or a mapping belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementRelationship {
    /// Of a list: a set, or a mapping written as a list when it has [`keys`](List::keys).
    Associative,
    /// One value, owned as a whole.
    Atomic,
    /// Each element can have its own owner.
    #[default]
    Separable,
}

/// A list.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    /// What its items are.
    #[serde(default)]
    pub element_type: TypeRef,
    /// What else but associative is given is taken for atomic: items that are not told apart cannot be owned apart.
    #[serde(default)]
    pub element_relationship: ElementRelationship,
    /// The fields by which items are told apart; without them an associative list is a set of scalars.
    #[serde(default)]
    pub keys: Vec<Arc<str>>,
}

/// A mapping: a structure, or keys that all have the same type, or both.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Map {
    /// The fields that are declared.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What other keys hold; [`TypeRef::Nothing`] means that there are none.
    #[serde(default)]
    pub element_type: TypeRef,
    /// Separable unless it says atomic.
    #[serde(default)]
    pub element_relationship: ElementRelationship,
}

/// A declared field of a [`Map`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Field {
    /// Its key.
    pub name: Arc<str>,
    /// What it holds.
    #[serde(default, rename = "type")]
    pub ty: TypeRef,
    /// What it is taken for where it is missing. Used only to tell list items apart, when the field is a key.
    #[serde(default)]
    pub default: Option<Value>,
}

/// Refers to a type.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "TypeRefForm")]
pub enum TypeRef {
    /// No type.
    #[default]
    Nothing,
    /// A type of the schema.
    Named {
        /// Its name.
        name: String,
        /// Overrides how the elements of the type belong together, here only.
        element_relationship: Option<ElementRelationship>,
    },
    /// A type given in place.
    Inlined {
        /// What it is.
        atom: Box<Atom>,
        /// Overrides how the elements of the type belong together. A scalar, which has none, is no type any more.
        element_relationship: Option<ElementRelationship>,
    },
}

impl TypeRef {
    /// A type of the schema.
    pub fn named(name: impl Into<String>) -> Self {
        Self::Named { name: name.into(), element_relationship: None }
    }

    /// A scalar.
    #[must_use]
    pub fn scalar(scalar: Scalar) -> Self {
        Self::inlined(Atom { scalar: Some(scalar), ..Atom::default() })
    }

    /// A list.
    #[must_use]
    pub fn list(list: List) -> Self {
        Self::inlined(Atom { list: Some(list), ..Atom::default() })
    }

    /// A mapping.
    #[must_use]
    pub fn map(map: Map) -> Self {
        Self::inlined(Atom { map: Some(map), ..Atom::default() })
    }

    fn inlined(atom: Atom) -> Self {
        Self::Inlined { atom: Box::new(atom), element_relationship: None }
    }
}

/// A reference as it is written: a name, or the fields of an atom in the same place.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeRefForm {
    #[serde(default)]
    named_type: Option<String>,
    #[serde(default)]
    element_relationship: Option<ElementRelationship>,
    #[serde(flatten)]
    atom: Atom,
}

impl From<TypeRefForm> for TypeRef {
    fn from(form: TypeRefForm) -> Self {
        let TypeRefForm { named_type, element_relationship, atom } = form;
        match named_type {
            Some(name) => Self::Named { name, element_relationship },
            None if element_relationship.is_none() && atom == Atom::default() => Self::Nothing,
            None => Self::Inlined { atom: Box::new(atom), element_relationship },
        }
    }
}
