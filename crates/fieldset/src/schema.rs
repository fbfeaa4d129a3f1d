//! Schemas, made ready for walking.

use std::{
    collections::HashMap,
    fmt::{self, Debug},
    sync::{Arc, LazyLock},
};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    compiler::Compiler,
    definition::{Atom, ElementRelationship, List, Map, Scalar, TypeDefinition, TypeRef},
    validation_error::Fault,
};

/// The name by which the reference knows what nothing is known of; mappings of it are left alone when sets are adapted
/// to a changed schema.
pub(crate) const DEDUCED: &str = "__untyped_deduced_";

/// The name by which it knows what is of any kind and owned as a whole.
pub(crate) const ATOMIC: &str = "__untyped_atomic_";

/// The types of objects: which mappings and lists are one value, and by what list items are told apart.
///
/// A schema is immutable and its clones share it. It holds no kinds: a type is found by the name that it was given.
///
/// ```
/// use serde_json::json;
/// use windlass_fieldset::{Schema, TypedValue};
///
/// let schema = Schema::from_value(&json!({"types": [
///     {"name": "pod", "map": {"fields": [
///         {"name": "containers", "type": {"list": {
///             "elementType": {"namedType": "container"}, "elementRelationship": "associative", "keys": ["name"]}}},
///     ]}},
///     {"name": "container", "map": {"fields": [
///         {"name": "name", "type": {"scalar": "string"}},
///         {"name": "image", "type": {"scalar": "string"}},
///     ]}},
/// ]}))?;
/// let pod = schema.type_named("pod").expect("just defined");
/// let error = TypedValue::new(json!({"containers": [{"name": "app", "imag": "x"}]}), &pod).unwrap_err();
/// assert_eq!(error.to_string(), r#".containers[name="app"].imag: field not declared in schema"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Schema {
    types: Arc<Types>,
}

pub(crate) struct Types {
    pub(crate) atoms: Vec<AtomType>,
    pub(crate) names: HashMap<String, TypeId>,
}

/// One type of a schema: what a [`TypedValue`](crate::TypedValue) is a value of.
#[derive(Clone)]
pub struct Type {
    pub(crate) schema: Schema,
    pub(crate) id: TypeId,
}

/// Where a type stands in its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeId(pub(crate) usize);

/// A type whose references are resolved.
#[derive(Default)]
pub(crate) struct AtomType {
    pub(crate) map: Option<MapType>,
    pub(crate) scalar: Option<Scalar>,
    pub(crate) list: Option<ListType>,
    /// By what the reference's messages call it.
    pub(crate) label: Label,
}

/// How messages name a type, and whether it could be found at all.
#[derive(Default)]
pub(crate) enum Label {
    #[default]
    Inlined,
    Named(String),
    /// The reference leads nowhere.
    Missing(String),
}

pub(crate) struct MapType {
    /// Sorted by name. Types that differ only in the relationship share them.
    pub(crate) fields: Arc<[FieldType]>,
    pub(crate) element: Option<TypeId>,
    pub(crate) atomic: bool,
    /// Whether nothing is known of it: no fields, and elements that are anything.
    pub(crate) deduced: bool,
}

pub(crate) struct FieldType {
    pub(crate) name: Arc<str>,
    pub(crate) ty: TypeId,
    pub(crate) default: Option<Value>,
}

impl MapType {
    pub(crate) fn field(&self, name: &str) -> Option<&FieldType> {
        let position = self.fields.binary_search_by(|field| (*field.name).cmp(name)).ok()?;
        self.fields.get(position)
    }

    /// What the value under a key is.
    pub(crate) fn type_of(&self, name: &str) -> Option<TypeId> {
        self.field(name).map(|field| field.ty).or(self.element)
    }
}

pub(crate) struct ListType {
    pub(crate) element: TypeId,
    pub(crate) atomic: bool,
    /// Sorted, as they are in path elements.
    pub(crate) keys: Arc<[Arc<str>]>,
    pub(crate) keys_as_given: Arc<[Arc<str>]>,
}

/// What a value, or the absence of one, is walked as.
#[derive(Clone, Copy)]
pub(crate) enum Shape<'s> {
    Map(&'s MapType),
    Scalar(Scalar),
    List(&'s ListType),
}

impl AtomType {
    /// The alternative that the value is of, or else the first there is: the reference prefers mappings to scalars to
    /// lists, and leaves it to who walks them to find that the value does not fit.
    pub(crate) fn shape_of(&self, value: Option<&Value>) -> Option<Shape<'_>> {
        self.fitting(value).or_else(|| self.shape())
    }

    /// The alternative that the value is of.
    pub(crate) fn fitting(&self, value: Option<&Value>) -> Option<Shape<'_>> {
        match value? {
            Value::Null => None,
            Value::Object(_) => self.map.as_ref().map(Shape::Map),
            Value::Array(_) => self.list.as_ref().map(Shape::List),
            _ => self.scalar.map(Shape::Scalar),
        }
    }

    /// Whether there is only one alternative.
    pub(crate) fn is_single(&self) -> bool {
        usize::from(self.map.is_some()) + usize::from(self.scalar.is_some()) + usize::from(self.list.is_some()) < 2
    }

    /// Whether the reference to it leads nowhere.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.label, Label::Missing(_))
    }

    /// What is wrong with a type that takes no value.
    pub(crate) fn fault(&self) -> Fault {
        match &self.label {
            Label::Missing(name) => Fault::NoSuchType { name: name.clone() },
            Label::Named(name) => Fault::InvalidAtom { name: format!("named type: {name}") },
            Label::Inlined => Fault::InvalidAtom { name: "inlined".to_owned() },
        }
    }

    /// The first alternative.
    pub(crate) fn shape(&self) -> Option<Shape<'_>> {
        let map = self.map.as_ref().map(Shape::Map);
        map.or_else(|| self.scalar.map(Shape::Scalar)).or_else(|| self.list.as_ref().map(Shape::List))
    }
}

/// A schema that cannot be read. Reading it again cannot help.
#[derive(Debug, thiserror::Error)]
#[error("schema cannot be read")]
pub struct SchemaError(#[from] serde_json::Error);

impl Schema {
    /// A schema of these types.
    ///
    /// A reference to a type that is not among them is found out only when a value gets there.
    #[must_use]
    pub fn new(types: &[TypeDefinition]) -> Self {
        Self { types: Arc::new(Compiler::compile(types)) }
    }

    /// Reads a schema in the form of structured-merge-diff: `{"types": [...]}`. Unions are not looked at, as the
    /// reference itself does nothing with them any more.
    ///
    /// # Errors
    /// When it has another form.
    pub fn from_value(value: &Value) -> Result<Self, SchemaError> {
        #[derive(Deserialize)]
        struct Form {
            #[serde(default)]
            types: Vec<TypeDefinition>,
        }

        Ok(Self::new(&Form::deserialize(value)?.types))
    }

    /// The type of that name.
    #[must_use]
    pub fn type_named(&self, name: &str) -> Option<Type> {
        self.types.names.get(name).map(|id| Type { schema: self.clone(), id: *id })
    }

    /// The two types with which the reference reads what it knows nothing of.
    pub(crate) fn untyped_definitions() -> [TypeDefinition; 2] {
        let definition = |name: &str, element_relationship| TypeDefinition {
            name: name.to_owned(),
            atom: Atom {
                scalar: Some(Scalar::Untyped),
                list: Some(List {
                    element_type: TypeRef::named(ATOMIC),
                    element_relationship: ElementRelationship::Atomic,
                    keys: Vec::new(),
                }),
                map: Some(Map { element_type: TypeRef::named(name), element_relationship, fields: Vec::new() }),
            },
        };
        [definition(ATOMIC, ElementRelationship::Atomic), definition(DEDUCED, ElementRelationship::Separable)]
    }

    pub(crate) fn atom(&self, id: TypeId) -> &AtomType {
        // An id comes from this schema's own compiler, which gave one only to what it kept.
        &self.types.atoms[id.0]
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.types, &other.types)
    }
}

impl Type {
    /// The type of objects of which nothing is known: mappings are separable to the last, lists are one value.
    ///
    /// This is what the API server uses for custom resources without a schema.
    #[must_use]
    pub fn deduced() -> Self {
        static TYPE: LazyLock<Type> = LazyLock::new(|| {
            let schema = Schema::new(&Schema::untyped_definitions());
            let id = schema.types.names.get(DEDUCED).copied().unwrap_or(TypeId(0));
            Type { schema, id }
        });
        TYPE.clone()
    }

    /// The name by which the schema has it; `None` of a type given in place.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.schema.atom(self.id).label {
            Label::Named(name) => Some(name),
            Label::Inlined | Label::Missing(_) => None,
        }
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.schema.is(&other.schema) && self.id == other.id
    }
}

impl Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Type({:?})", self.name().unwrap_or("inlined"))
    }
}

/// The names of its types.
impl Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.types.names.keys().collect();
        names.sort_unstable();
        f.debug_tuple("Schema").field(&names).finish()
    }
}
