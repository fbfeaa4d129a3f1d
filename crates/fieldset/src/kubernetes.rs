//! The types of Kubernetes kinds.
//!
//! What `schemaconv` in `k8s.io/kube-openapi` makes of the server's OpenAPI documents, made of the table in which
//! [`windlass_schema`] holds them.

use std::{borrow::Cow, collections::HashSet};

use windlass_schema::{KindSchema, ListType, MapType, Node, Scalar as Known, Shape};

use crate::{
    definition::{Atom, ElementRelationship, Field, List, Map, Scalar, TypeDefinition, TypeRef},
    field_set::MAX_DEPTH,
    schema::{ATOMIC, DEDUCED, Schema, Type},
};

impl Type {
    /// The type of the objects of a kind.
    ///
    /// This walks the whole schema of the kind, a millisecond's work: keep the type rather than make it twice.
    ///
    /// ```
    /// use serde_json::json;
    /// use windlass_fieldset::{Type, TypedValue};
    ///
    /// let schema = windlass_schema::Schema::builtin();
    /// let service = Type::of_kind(schema.kind("", "v1", "Service").expect("every server has it"));
    /// let web = TypedValue::new(json!({"kind": "Service", "spec": {"ports": [{"port": 80}]}}), &service)?;
    /// let ports = r#"{"f:kind":{},"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}}}}"#;
    /// assert_eq!(web.to_field_set().to_fields_v1().to_string(), ports);
    /// # Ok::<(), windlass_fieldset::ValidationErrors>(())
    /// ```
    #[must_use]
    pub fn of_kind(kind: KindSchema<'_>) -> Self {
        let mut reader = Reader::default();
        let root = reader.object(kind.root(), MAX_DEPTH);
        let name = kind.root().definition_name().unwrap_or(kind.kind()).to_owned();
        reader.definitions.retain(|definition| definition.name != name);
        let atom = Atom { map: Some(root), ..Atom::default() };
        reader.definitions.push(TypeDefinition { name: name.clone(), atom });
        reader.definitions.extend(Schema::untyped_definitions());
        // The definition was pushed just now.
        Schema::new(&reader.definitions).type_named(&name).unwrap_or_else(Self::deduced)
    }
}

#[derive(Default)]
struct Reader {
    definitions: Vec<TypeDefinition>,
    /// The named definitions that were come across, some of them still being read.
    known: HashSet<String>,
}

impl Reader {
    fn reference(&mut self, node: Node<'_>, depth: usize) -> TypeRef {
        let Some(depth) = depth.checked_sub(1) else { return TypeRef::named(DEDUCED) };
        match node.shape() {
            Shape::Scalar(scalar) => TypeRef::scalar(scalar_of(scalar)),
            Shape::List(list_type) => self.list(node, list_type, depth),
            Shape::Object(map_type) => match node.definition_name() {
                Some(name) => {
                    self.define(name, node, depth);
                    let relationship = (map_type == MapType::Atomic).then_some(ElementRelationship::Atomic);
                    TypeRef::Named { name: name.to_owned(), element_relationship: relationship }
                }
                None => TypeRef::map(self.object(node, depth)),
            },
            Shape::Map(map_type) => TypeRef::map(Map {
                element_type: node.value().map(|value| self.reference(value, depth)).unwrap_or_default(),
                element_relationship: relationship_of(map_type),
                fields: Vec::new(),
            }),
            _ if node.map_type() == Some(MapType::Atomic) => TypeRef::named(ATOMIC),
            _ => TypeRef::named(DEDUCED),
        }
    }

    fn define(&mut self, name: &str, node: Node<'_>, depth: usize) {
        if self.known.insert(name.to_owned()) {
            let map = Map { element_relationship: ElementRelationship::Separable, ..self.object(node, depth) };
            let atom = Atom { map: Some(map), ..Atom::default() };
            self.definitions.push(TypeDefinition { name: name.to_owned(), atom });
        }
    }

    fn object(&mut self, node: Node<'_>, depth: usize) -> Map {
        let field = |(name, node): (Cow<'_, str>, Node<'_>)| Field {
            name: name.into(),
            ty: self.reference(node, depth),
            default: node.default_value(),
        };
        let fields: Vec<Field> = node.fields().map(field).collect();
        // A mapping about which nothing is said can hold anything.
        let anything = fields.is_empty() || node.preserves_unknown();
        Map {
            fields,
            element_type: if anything { TypeRef::named(DEDUCED) } else { TypeRef::Nothing },
            element_relationship: relationship_of(node.map_type().unwrap_or(MapType::Granular)),
        }
    }

    fn list(&mut self, node: Node<'_>, list_type: ListType<'_>, depth: usize) -> TypeRef {
        let (element_relationship, keys) = match list_type {
            ListType::Atomic => (ElementRelationship::Atomic, Vec::new()),
            ListType::Set => (ElementRelationship::Associative, Vec::new()),
            ListType::Map { keys } => (ElementRelationship::Associative, keys.iter().map(Into::into).collect()),
        };
        let element_type = node.item().map_or_else(|| TypeRef::named(ATOMIC), |item| self.reference(item, depth));
        TypeRef::list(List { element_type, element_relationship, keys })
    }
}

fn relationship_of(map_type: MapType) -> ElementRelationship {
    match map_type {
        MapType::Atomic => ElementRelationship::Atomic,
        MapType::Granular => ElementRelationship::Separable,
    }
}

fn scalar_of(scalar: Known) -> Scalar {
    match scalar {
        Known::String | Known::Bytes => Scalar::String,
        Known::Integer | Known::Number => Scalar::Numeric,
        Known::Boolean => Scalar::Boolean,
        // Texts with a format may be numbers as well, as far as the reference is concerned.
        _ => Scalar::Untyped,
    }
}
