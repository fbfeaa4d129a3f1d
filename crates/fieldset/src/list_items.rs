//! The items of a list that are owned apart, by what tells them from each other.

use std::{cmp::Ordering, slice, sync::Arc};

use serde_json::Value;

use crate::{
    path::PathElement,
    schema::{ListType, Schema},
    validation_error::ItemFault,
    value_order,
};

/// The items of a list with an index by what tells them apart, which is looked at where it lies: most walks find nothing
/// to say about most items, and need no path to them.
pub(crate) struct ListItems<'v> {
    list: &'v ListType,
    items: &'v [Value],
    /// The values of the keys, item by item, keys sorted by name; `None` where an item lacks a key. In a set, the items.
    keys: Vec<Option<&'v Value>>,
    /// Positions sorted as the elements are, equal ones in their order in the list.
    order: Vec<usize>,
}

impl<'v> ListItems<'v> {
    /// Reads the items up to the first that cannot be told from others.
    pub(crate) fn read(schema: &'v Schema, list: &'v ListType, items: &'v [Value]) -> (Self, Option<ItemFault>) {
        let mut keys = Vec::with_capacity(items.len() * list.keys.len().max(1));
        let fault = items.iter().find_map(|item| read_keys(schema, list, item, &mut keys).err());
        let length = keys.len() / list.keys.len().max(1);
        let mut known = Self { list, items: items.get(..length).unwrap_or(items), keys, order: Vec::new() };
        let mut order: Vec<usize> = (0..length).collect();
        order.sort_by(|left, right| known.compare(*left, &known, *right));
        known.order = order;
        (known, fault)
    }

    /// Reads the items of a list that was validated before.
    pub(crate) fn of(schema: &'v Schema, list: &'v ListType, items: Option<&'v [Value]>) -> Self {
        Self::read(schema, list, items.unwrap_or_default()).0
    }

    /// How many could be read.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn get(&self, position: usize) -> Option<&'v Value> {
        self.items.get(position)
    }

    fn keys_of(&self, position: usize) -> &[Option<&'v Value>] {
        let width = self.list.keys.len().max(1);
        self.keys.get(position * width..(position + 1) * width).unwrap_or_default()
    }

    /// What leads to an item.
    pub(crate) fn element(&self, position: usize) -> PathElement {
        let keys = self.keys_of(position);
        if self.list.keys.is_empty() {
            return PathElement::value(keys.iter().flatten().next().copied().cloned().unwrap_or_default());
        }
        let keys = self.list.keys.iter().zip(keys);
        PathElement::key(keys.filter_map(|(name, value)| Some((Arc::clone(name), value.as_ref().copied()?.clone()))))
    }

    /// The order of two items of lists of the same type: that of their elements.
    fn compare(&self, position: usize, other: &Self, beside: usize) -> Ordering {
        for pair in self.keys_of(position).iter().zip(other.keys_of(beside)) {
            let order = match pair {
                (Some(left), Some(right)) => value_order::compare(left, right),
                // Rare, and what order they have depends on the keys that follow.
                _ => return self.element(position).cmp(&other.element(beside)),
            };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }

    /// Where here the items are that are the same as one of another list, in their order.
    pub(crate) fn positions_of(&self, other: &Self, position: usize) -> &[usize] {
        let start = self.order.partition_point(|own| self.compare(*own, other, position).is_lt());
        let rest = self.order.get(start..).unwrap_or_default();
        let same = rest.iter().take_while(|own| self.compare(**own, other, position).is_eq()).count();
        rest.get(..same).unwrap_or_default()
    }

    /// Where the items are that are the same, each such group once, in the order of their elements.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &[usize]> {
        self.order.chunk_by(|left, right| self.compare(*left, self, *right).is_eq())
    }
}

/// What tells one item of an associative list from the others.
pub(crate) fn element_of(schema: &Schema, list: &ListType, item: &Value) -> Option<PathElement> {
    let (items, fault) = ListItems::read(schema, list, slice::from_ref(item));
    fault.is_none().then(|| items.element(0))
}

/// Adds the keys of an item, or nothing.
fn read_keys<'v>(
    schema: &'v Schema,
    list: &ListType,
    item: &'v Value,
    keys: &mut Vec<Option<&'v Value>>,
) -> Result<(), ItemFault> {
    if list.keys.is_empty() {
        return match item {
            Value::Object(_) => Err(ItemFault::MappingInSet),
            Value::Array(_) => Err(ItemFault::ListInSet),
            Value::Null => Err(ItemFault::NullInSet),
            _ => {
                keys.push(Some(item));
                Ok(())
            }
        };
    }
    let fields = match item {
        Value::Object(fields) => fields,
        Value::Null => return Err(ItemFault::NullAmongKeyed),
        _ => return Err(ItemFault::NotAMapping),
    };
    let start = keys.len();
    let mut read = || {
        for name in list.keys.iter() {
            // An item without one of the keys is another than one that has it.
            let value = fields.get(&**name).map_or_else(|| default_of(schema, list, name), |value| Ok(Some(value)))?;
            keys.push(value);
        }
        let none = keys.iter().skip(start).all(Option::is_none);
        if none { Err(ItemFault::no_keys(list.keys_as_given.iter())) } else { Ok(()) }
    };
    let result = read();
    if result.is_err() {
        keys.truncate(start);
    }
    result
}

fn default_of<'s>(schema: &'s Schema, list: &ListType, name: &str) -> Result<Option<&'s Value>, ItemFault> {
    let item = schema.atom(list.element);
    let fault = |reason| ItemFault::NoDefault { key: name.to_owned(), reason };
    if item.is_missing() {
        return Err(fault("invalid elementType for list"));
    }
    let map = item.map.as_ref().ok_or_else(|| fault("associative list may not have non-map types"))?;
    Ok(map.field(name).and_then(|field| field.default.as_ref()))
}
