//! The items of a list that are owned apart, by what tells them from each other.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    path::PathElement,
    schema::{ListType, Schema},
    validation_error::ItemFault,
};

/// What tells each item from the others, with an index to find them by it.
pub(crate) struct ListItems {
    elements: Vec<PathElement>,
    /// Positions sorted by element, equal ones in their order in the list.
    order: Vec<usize>,
}

impl ListItems {
    /// Reads the items up to the first that cannot be told from others.
    pub(crate) fn read(schema: &Schema, list: &ListType, items: &[Value]) -> (Self, Option<ItemFault>) {
        let mut elements = Vec::with_capacity(items.len());
        let mut fault = None;
        for item in items {
            match element_of(schema, list, item) {
                Ok(element) => elements.push(element),
                Err(found) => {
                    fault = Some(found);
                    break;
                }
            }
        }
        let mut order: Vec<usize> = (0..elements.len()).collect();
        order.sort_by(|left, right| elements[*left].cmp(&elements[*right]));
        (Self { elements, order }, fault)
    }

    /// Reads the items of a list that was validated before.
    pub(crate) fn of(schema: &Schema, list: &ListType, items: Option<&[Value]>) -> Self {
        Self::read(schema, list, items.unwrap_or_default()).0
    }

    pub(crate) fn elements(&self) -> &[PathElement] {
        &self.elements
    }

    /// Where the items with that element are, in their order.
    pub(crate) fn positions(&self, element: &PathElement) -> &[usize] {
        let start = self.order.partition_point(|position| self.elements[*position] < *element);
        let same = self.order[start..].iter().take_while(|position| self.elements[**position] == *element).count();
        &self.order[start..start + same]
    }

    pub(crate) fn contains(&self, element: &PathElement) -> bool {
        !self.positions(element).is_empty()
    }

    /// Each element once, sorted, with where the items are.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&PathElement, &[usize])> {
        self.order
            .chunk_by(|left, right| self.elements[*left] == self.elements[*right])
            .filter_map(|positions| Some((self.elements.get(*positions.first()?)?, positions)))
    }
}

/// What tells one item of an associative list from the others.
pub(crate) fn element_of(schema: &Schema, list: &ListType, item: &Value) -> Result<PathElement, ItemFault> {
    if list.keys.is_empty() {
        return match item {
            Value::Object(_) => Err(ItemFault::MappingInSet),
            Value::Array(_) => Err(ItemFault::ListInSet),
            Value::Null => Err(ItemFault::NullInSet),
            _ => Ok(PathElement::value(item.clone())),
        };
    }
    let fields = match item {
        Value::Object(fields) => fields,
        Value::Null => return Err(ItemFault::NullAmongKeyed),
        _ => return Err(ItemFault::NotAMapping),
    };
    let mut keys = Vec::with_capacity(list.keys.len());
    for name in list.keys.iter() {
        // An item without one of the keys is another than one that has it.
        let value = fields.get(&**name).map_or_else(|| default_of(schema, list, name), |value| Ok(Some(value)))?;
        keys.extend(value.map(|value| (Arc::clone(name), value.clone())));
    }
    if keys.is_empty() { Err(ItemFault::no_keys(list.keys.iter())) } else { Ok(PathElement::key(keys)) }
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
