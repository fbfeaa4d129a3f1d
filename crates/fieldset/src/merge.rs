//! A value with what a partial one says put over it.

use serde_json::{Map, Value};

use crate::{
    list_items::ListItems,
    path::PathElement,
    schema::{ListType, MapType, Schema, Shape, TypeId},
};

/// Merges two valid values: of leaves that both have, `over` decides, and nothing is removed.
///
/// Mappings keep the order of `base`, new keys at the end. `None` where nothing is left of either, which cannot be when
/// there is something in one of them.
pub(crate) fn merge(schema: &Schema, ty: Option<TypeId>, base: Option<&Value>, over: Option<&Value>) -> Option<Value> {
    let (base, over) = match (base, over) {
        (Some(base), Some(over)) => (base, over),
        (one, other) => return one.or(other).cloned(),
    };
    // A value that is of another kind than its counterpart, which types with alternatives allow, counts as missing.
    match schema.atom(ty?).shape_of(Some(over))? {
        Shape::Map(map) if !map.atomic => {
            let (base, over_fields) = (base.as_object(), over.as_object());
            if base.is_none_or(Map::is_empty) && over_fields.is_none_or(Map::is_empty) {
                return Some(over.clone());
            }
            let fields = merge_fields(schema, map, base, over_fields);
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Shape::List(list) if !list.atomic => {
            let (base, over_items) = (base.as_array(), over.as_array());
            if base.is_none_or(Vec::is_empty) && over_items.is_none_or(Vec::is_empty) {
                return Some(over.clone());
            }
            let items = ListMerge::new(schema, list, base.map(Vec::as_slice), over_items.map(Vec::as_slice)).merge();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        _ => Some(over.clone()),
    }
}

fn merge_fields(
    schema: &Schema,
    map: &MapType,
    base: Option<&Map<String, Value>>,
    over: Option<&Map<String, Value>>,
) -> Map<String, Value> {
    let mut merged = Map::with_capacity(base.map_or(0, Map::len).max(over.map_or(0, Map::len)));
    for (name, value) in base.into_iter().flatten() {
        let over = over.and_then(|over| over.get(name));
        // The type is looked up only where it is needed: most of an object is in one of the two alone.
        let ty = over.and_then(|_| map.type_of(name));
        merged.extend(merge(schema, ty, Some(value), over).map(|value| (name.clone(), value)));
    }
    for (name, value) in over.into_iter().flatten() {
        if base.is_none_or(|base| !base.contains_key(name)) {
            merged.insert(name.clone(), value.clone());
        }
    }
    merged
}

/// Merges two lists item by item.
///
/// Items of `base` alone stay where they are, those of `over` alone come where `over` has them, and the order of those
/// in both is that of `over`.
struct ListMerge<'v> {
    schema: &'v Schema,
    list: &'v ListType,
    base: &'v [Value],
    over: &'v [Value],
    base_items: ListItems,
    over_items: ListItems,
}

impl<'v> ListMerge<'v> {
    fn new(schema: &'v Schema, list: &'v ListType, base: Option<&'v [Value]>, over: Option<&'v [Value]>) -> Self {
        let (base_items, over_items) = (ListItems::of(schema, list, base), ListItems::of(schema, list, over));
        let (base, over) = (base.unwrap_or_default(), over.unwrap_or_default());
        Self { schema, list, base, over, base_items, over_items }
    }

    fn merge(&self) -> Vec<Value> {
        let (base, over) = (self.base_items.elements(), self.over_items.elements());
        // The items of both that are still to come, in the order in which they have to.
        let mut shared = over.iter().filter(|element| self.base_items.contains(element)).peekable();
        let mut out = Vec::with_capacity(base.len().max(over.len()));
        let (mut left, mut right) = (0, 0);
        loop {
            match (base.get(left), over.get(right)) {
                (None, None) => return out,
                (Some(element), Some(next)) if element == next => {
                    out.extend(self.merged(right));
                    (left, right) = (left + 1, right + 1);
                    shared.next();
                    continue;
                }
                // An item of both whose turn it is not: it comes when `over` gets there.
                (Some(element), Some(_))
                    if self.over_items.contains(element) && shared.peek().is_some_and(|next| *next != element) =>
                {
                    left += 1;
                    continue;
                }
                (Some(element), _) => match self.over_items.positions(element).first() {
                    None => {
                        out.extend(self.base.get(left).cloned());
                        left += 1;
                        continue;
                    }
                    // Another item of the same kind as one that `over` has replaced.
                    Some(position) if *position < right => left += 1,
                    Some(_) => {}
                },
                (None, Some(_)) => {}
            }
            if let Some(element) = over.get(right) {
                out.extend(self.merged(right));
                right += 1;
                shared.next_if(|next| *next == element);
            }
        }
    }

    /// An item of `over` with what it is put over.
    fn merged(&self, position: usize) -> Option<Value> {
        let base = self.base_of(self.over_items.elements().get(position)?);
        merge(self.schema, Some(self.list.element), base, self.over.get(position))
    }

    /// The item of `base` to merge with. Of several nobody can say which is meant, so that none is.
    fn base_of(&self, element: &PathElement) -> Option<&Value> {
        match self.base_items.positions(element) {
            [] => None,
            [position] => self.base.get(*position),
            _ => Some(&Value::Null),
        }
    }
}
