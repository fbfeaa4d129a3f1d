//! The fields that a value mentions.

use serde_json::{Map, Value};

use crate::{
    element_text::shared_name,
    field_set::{FieldSet, Node},
    list_items::ListItems,
    path::PathElement,
    schema::{ListType, MapType, Schema, Shape, TypeId},
};

/// What of a value is owned: itself as a whole, or what is in it.
#[derive(Default)]
struct Mentioned {
    itself: bool,
    below: FieldSet,
}

/// The set of every leaf and every list item in the value.
pub(crate) fn field_set(schema: &Schema, ty: TypeId, value: &Value) -> FieldSet {
    mentioned(schema, Some(ty), value).below
}

fn mentioned(schema: &Schema, ty: Option<TypeId>, value: &Value) -> Mentioned {
    let whole = Mentioned { itself: true, below: FieldSet::new() };
    match (ty.and_then(|ty| schema.atom(ty).shape_of(Some(value))), value) {
        (Some(Shape::Scalar(_)), _) => whole,
        (Some(Shape::Map(map)), _) if map.atomic => whole,
        (Some(Shape::List(list)), _) if list.atomic => whole,
        (Some(Shape::Map(map)), Value::Object(fields)) => {
            Mentioned { itself: false, below: of_fields(schema, map, fields) }
        }
        (Some(Shape::List(list)), Value::Array(items)) => {
            Mentioned { itself: false, below: of_items(schema, list, items) }
        }
        _ => Mentioned::default(),
    }
}

fn of_fields(schema: &Schema, map: &MapType, fields: &Map<String, Value>) -> FieldSet {
    let mut nodes = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        let field = map.field(name);
        let Mentioned { itself, below } = mentioned(schema, field.map(|field| field.ty).or(map.element), value);
        // A key that is declared comes with its structure; one that is not is somebody's. An empty list is nobody's.
        let itself = itself || field.is_none() || is_null_or_empty_map(value);
        if itself || !below.is_empty() {
            let name = shared_name(field.map(|field| &field.name), name);
            nodes.push(Node::new(PathElement::Field(name), itself, below));
        }
    }
    FieldSet::of_nodes(nodes)
}

fn is_null_or_empty_map(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Items that cannot be told apart are owned together, as whole items.
fn of_items(schema: &Schema, list: &ListType, items: &[Value]) -> FieldSet {
    let known = ListItems::of(schema, list, Some(items));
    let nodes = known.groups().filter_map(|positions| match positions {
        [position] => {
            let below = mentioned(schema, Some(list.element), known.get(*position)?).below;
            Some(Node::new(known.element(*position), true, below))
        }
        _ => Some(Node::leaf(known.element(*positions.first()?))),
    });
    FieldSet::of_sorted_nodes(nodes.collect())
}
