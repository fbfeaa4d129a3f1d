//! A value without the fields of a set, or with these alone.

use serde_json::{Map, Value};

use crate::{
    field_set::FieldSet,
    list_items::element_of,
    path::PathElement,
    schema::{ListType, MapType, Schema, Shape, TypeId},
};

/// What becomes of the fields in the set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    /// They go.
    Remove,
    /// They stay, and all others go.
    Extract,
}

/// The value with the set's fields picked. What becomes empty by that is null.
///
/// The reference's quirks are kept: on removal, an empty mapping or list on the way is null as well, and a value that is
/// one as a whole goes when something below it is removed.
pub(crate) fn pick(schema: &Schema, ty: Option<TypeId>, value: &Value, set: &FieldSet, pick: Pick) -> Value {
    let untouched = || if pick == Pick::Extract { value.clone() } else { Value::Null };
    match (ty.and_then(|ty| schema.atom(ty).shape_of(Some(value))), value) {
        (Some(Shape::Scalar(_)), _) => value.clone(),
        (Some(Shape::Map(map)), Value::Object(fields)) if map.atomic || fields.is_empty() => untouched(),
        (Some(Shape::List(list)), Value::Array(items)) if list.atomic || items.is_empty() => untouched(),
        (Some(Shape::Map(map)), Value::Object(fields)) => {
            let picked = pick_fields(schema, map, fields, set, pick);
            if picked.is_empty() { Value::Null } else { Value::Object(picked) }
        }
        (Some(Shape::List(list)), Value::Array(items)) => {
            let picked = pick_items(schema, list, items, set, pick);
            if picked.is_empty() { Value::Null } else { Value::Array(picked) }
        }
        _ => Value::Null,
    }
}

fn pick_fields(
    schema: &Schema,
    map: &MapType,
    fields: &Map<String, Value>,
    set: &FieldSet,
    how: Pick,
) -> Map<String, Value> {
    let mut picked = Map::with_capacity(fields.len());
    for (name, value) in fields {
        let element = PathElement::field(name.as_str());
        let node = set.node(&element);
        let ty = || map.type_of(name);
        let kept = match (node, how) {
            (Some(node), Pick::Remove) if node.member => continue,
            // With the set of this level and not the one below it: what is in a field that is itself in the set is
            // found by the names of its siblings. So the reference does, and extracting is done with leaves.
            (Some(node), Pick::Extract) if node.member => pick(schema, ty(), value, set, how),
            (Some(node), _) => pick(schema, ty(), value, node.below(), how),
            (None, Pick::Remove) => value.clone(),
            (None, Pick::Extract) => continue,
        };
        picked.insert(name.clone(), kept);
    }
    picked
}

fn pick_items(schema: &Schema, list: &ListType, items: &[Value], set: &FieldSet, how: Pick) -> Vec<Value> {
    let mut picked = Vec::with_capacity(items.len());
    for item in items {
        let element = element_of(schema, list, item);
        let node = element.as_ref().and_then(|element| set.node(element));
        match (node, how) {
            (Some(node), Pick::Remove) if node.member => {}
            (Some(node), _) if node.has_children() => {
                picked.push(pick(schema, Some(list.element), item, node.below(), how));
            }
            (Some(_), _) | (None, Pick::Remove) => picked.push(item.clone()),
            (None, Pick::Extract) => {}
        }
    }
    picked
}

/// The set with, for every list item on the way to its fields, the keys of that item.
pub(crate) fn with_keys(set: &FieldSet, mentioned: &FieldSet) -> FieldSet {
    let mut keys = FieldSet::new();
    for path in set.paths().filter(|path| mentioned.contains(path)) {
        for (index, element) in path.iter().enumerate() {
            let PathElement::Key(key) = element else { continue };
            for name in key.names() {
                let item = path.get(..=index).unwrap_or_default();
                let key: Vec<_> = item.iter().cloned().chain([PathElement::Field(name.clone())]).collect();
                keys.insert(&key);
            }
        }
    }
    set.union(&keys)
}
