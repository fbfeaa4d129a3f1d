//! A value with what a partial one says put over it.

use serde_json::{Map, Value};

use crate::{
    list_items::ListItems,
    schema::{ListType, MapType, Schema, Shape, TypeId},
    value_order::equal,
};

/// Merges two valid values: of leaves that both have, `over` decides, and nothing is removed. `None` where that leaves
/// `base` as it is, which most of an object is most of the time.
///
/// Mappings keep the order of `base`, new keys at the end.
pub(crate) fn merge(schema: &Schema, ty: Option<TypeId>, base: Option<&Value>, over: &Value) -> Option<Value> {
    let Some(base) = base else { return Some(over.clone()) };
    let leaf = || if equal(base, over) { None } else { Some(over.clone()) };
    // A value that is of another kind than its counterpart, which types with alternatives allow, counts as missing. Two
    // that are empty or missing are leaves.
    match ty.and_then(|ty| schema.atom(ty).shape_of(Some(over))) {
        Some(Shape::Map(map)) if !map.atomic => match (fields_of(base), fields_of(over)) {
            (Some(_), None) => None,
            (Some(base), Some(over)) => merge_fields(schema, map, base, over).map(Value::Object),
            (None, _) => leaf(),
        },
        Some(Shape::List(list)) if !list.atomic => match (items_of(base), items_of(over)) {
            (Some(_), None) => None,
            (Some(base), Some(over)) => merge_items(schema, list, base, over).map(Value::Array),
            (None, _) => leaf(),
        },
        _ => leaf(),
    }
}

fn fields_of(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|fields| !fields.is_empty())
}

fn items_of(value: &Value) -> Option<&[Value]> {
    value.as_array().map(Vec::as_slice).filter(|items| !items.is_empty())
}

fn merge_fields(
    schema: &Schema,
    map: &MapType,
    base: &Map<String, Value>,
    over: &Map<String, Value>,
) -> Option<Map<String, Value>> {
    let changed: Vec<(&String, Value)> = over
        .iter()
        .filter_map(|(name, over)| Some((name, merge(schema, map.type_of(name), base.get(name), over)?)))
        .collect();
    if changed.is_empty() {
        return None;
    }
    let mut merged = Map::with_capacity(base.len() + changed.len());
    for (name, value) in base {
        // What has changed takes its place below, without having been cloned.
        let unchanged = changed.iter().all(|(changed, _)| *changed != name);
        merged.insert(name.clone(), if unchanged { value.clone() } else { Value::Null });
    }
    merged.extend(changed.into_iter().map(|(name, value)| (name.clone(), value)));
    Some(merged)
}

/// An item of the result.
enum Merged {
    /// That of `base` at this position.
    Kept(usize),
    New(Value),
}

/// Where an item of `over` is in `base`.
#[derive(Clone, Copy)]
enum Counterpart {
    None,
    One(usize),
    /// Of several nobody can say which is meant, so that they are merged with none.
    Several,
}

/// Merges two lists item by item.
///
/// Items of `base` alone stay where they are, those of `over` alone come where `over` has them, and the order of those
/// in both is that of `over`.
fn merge_items(schema: &Schema, list: &ListType, base: &[Value], over: &[Value]) -> Option<Vec<Value>> {
    let (bases, overs) = (ListItems::of(schema, list, Some(base)), ListItems::of(schema, list, Some(over)));
    let counterparts: Vec<Counterpart> = (0..overs.len())
        .map(|position| match bases.positions_of(&overs, position) {
            [] => Counterpart::None,
            [position] => Counterpart::One(*position),
            _ => Counterpart::Several,
        })
        .collect();
    let merged = interleave(&bases, &overs, &counterparts).into_iter().filter_map(|place| match place {
        Place::Base(position) => Some(Merged::Kept(position)),
        Place::Over(position) => {
            let (base, kept) = match counterparts.get(position)? {
                Counterpart::None => (None, None),
                Counterpart::One(base) => (bases.get(*base), Some(*base)),
                Counterpart::Several => (Some(&Value::Null), None),
            };
            let over = overs.get(position)?;
            match (merge(schema, Some(list.element), base, over), kept) {
                (Some(new), _) => Some(Merged::New(new)),
                (None, Some(position)) => Some(Merged::Kept(position)),
                (None, None) => Some(Merged::New(over.clone())),
            }
        }
    });
    let merged: Vec<Merged> = merged.collect();
    let same = |(position, item): (usize, &Merged)| matches!(item, Merged::Kept(kept) if *kept == position);
    if merged.len() == base.len() && merged.iter().enumerate().all(same) {
        return None;
    }
    let item = |item| match item {
        Merged::Kept(position) => base.get(position).cloned(),
        Merged::New(value) => Some(value),
    };
    Some(merged.into_iter().filter_map(item).collect())
}

/// Which item comes next in the result.
enum Place {
    Base(usize),
    Over(usize),
}

fn interleave(bases: &ListItems<'_>, overs: &ListItems<'_>, counterparts: &[Counterpart]) -> Vec<Place> {
    let in_over: Vec<Option<usize>> =
        (0..bases.len()).map(|position| overs.positions_of(bases, position).first().copied()).collect();
    // The items of both that are still to come, in the order in which they have to.
    let is_shared = |position: &usize| !matches!(counterparts.get(*position), None | Some(Counterpart::None));
    let mut shared = (0..overs.len()).filter(is_shared).peekable();
    let mut places = Vec::with_capacity(bases.len().max(overs.len()));
    let (mut left, mut right) = (0, 0);
    loop {
        let over = (right < overs.len()).then_some(right);
        match (in_over.get(left), over) {
            (None, None) => return places,
            (Some(None), _) => {
                // Nothing is known of it in `over`, but that it cannot come before what it follows.
                places.push(Place::Base(left));
                left += 1;
                continue;
            }
            (Some(Some(same)), Some(over)) if *same == over => {
                places.push(Place::Over(right));
                (left, right) = (left + 1, right + 1);
                shared.next();
                continue;
            }
            // An item of both whose turn it is not: it comes when `over` gets there.
            (Some(Some(same)), Some(_)) if shared.peek().is_some_and(|next| next != same) => {
                left += 1;
                continue;
            }
            // Another item of the same kind as one that `over` has replaced.
            (Some(Some(same)), _) if *same < right => left += 1,
            _ => {}
        }
        if let Some(over) = over {
            places.push(Place::Over(over));
            right += 1;
            shared.next_if_eq(&over);
        }
    }
}
