//! What an object says of the fields in a set.

use serde_json::Value;

use crate::{
    field_set::{FieldSet, Node},
    path::{ListKey, PathElement},
    value_order::equal,
};

/// One thing that an object says of a set's fields.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Projection<'v> {
    /// A field that is there, or a leaf of the set, with its whole value.
    Value(&'v Value),
    /// A field or an item of a list that is not there.
    Absent,
    /// How many items of a list have these keys, where it is not one; their values are not told.
    Count(usize),
    /// In which order a list has the items that are in the set, as positions in the set.
    Order(Vec<usize>),
}

/// Goes through the fields of a set and tells, in the set's order, what the object says of each.
///
/// It needs no schema: how lists are keyed is in the set. Two objects of which it tells the same are the same to the owner
/// of the set, so that a digest of what it tells of the object as stored after an apply, compared with a digest of what
/// it tells now, finds drift without a request. Absence is told too, since a server may have dropped what was applied, and
/// so is the order of the list items in the set, since an apply would restore it. Items that are not in the set may stand
/// between them.
///
/// ```
/// use serde_json::json;
/// use windlass_fieldset::{FieldSet, Projection, project};
///
/// let ours = FieldSet::from_fields_v1(&json!({"f:spec": {"f:replicas": {}, "f:paused": {}}}))?;
/// let mut told = Vec::new();
/// project(&ours, &json!({"spec": {"replicas": 2, "strategy": {}}}), |path, what| {
///     told.push(format!("{}: {what:?}", path.last().expect("a field")));
/// });
/// assert_eq!(told, [".paused: Absent", ".replicas: Value(Number(2))"]);
/// # Ok::<(), windlass_fieldset::FieldsV1Error>(())
/// ```
pub fn project<'v>(set: &FieldSet, object: &'v Value, mut tell: impl FnMut(&[PathElement], Projection<'v>)) {
    Walk { path: Vec::new(), tell: &mut tell }.children(set, Some(object));
}

struct Walk<'t, F> {
    path: Vec<PathElement>,
    tell: &'t mut F,
}

impl<'v, F: FnMut(&[PathElement], Projection<'v>)> Walk<'_, F> {
    fn children(&mut self, set: &FieldSet, value: Option<&'v Value>) {
        let list = value.and_then(Value::as_array);
        let mut order = Vec::new();
        for (place, node) in set.nodes().iter().enumerate() {
            self.path.push(node.element.clone());
            match (&node.element, list) {
                (PathElement::Field(name), _) => self.node(node, value.and_then(|value| value.get(&**name))),
                (PathElement::Key(key), Some(items)) => {
                    self.item(node, items, &mut order, place, |item| has_keys(item, key));
                }
                (PathElement::Value(member), Some(items)) => {
                    self.item(node, items, &mut order, place, |item| equal(item, member));
                }
                // What is owned by its place is bound to all the others.
                (PathElement::Index(_), Some(_)) => self.tell(value.map_or(Projection::Absent, Projection::Value)),
                (_, None) => self.tell(Projection::Absent),
            }
            self.path.pop();
        }
        if order.len() > 1 {
            order.sort_unstable();
            self.tell(Projection::Order(order.into_iter().map(|(_, place)| place).collect()));
        }
    }

    fn item(
        &mut self,
        node: &Node,
        items: &'v [Value],
        order: &mut Vec<(usize, usize)>,
        place: usize,
        is_meant: impl Fn(&Value) -> bool,
    ) {
        let mut found = items.iter().enumerate().filter(|(_, item)| is_meant(item));
        match (found.next(), found.count()) {
            (None, _) => self.tell(Projection::Absent),
            (Some((position, item)), 0) => {
                order.push((position, place));
                // An item is told by what is owned of it; that of a set, and one that is owned whole, by its value.
                self.node(node, Some(item));
            }
            (Some((position, _)), others) => {
                order.push((position, place));
                self.tell(Projection::Count(others + 1));
            }
        }
    }

    fn node(&mut self, node: &Node, value: Option<&'v Value>) {
        match value {
            None => self.tell(Projection::Absent),
            Some(_) if node.has_children() => self.children(node.below(), value),
            Some(value) => self.tell(Projection::Value(value)),
        }
    }

    fn tell(&mut self, what: Projection<'v>) {
        (self.tell)(&self.path, what);
    }
}

/// Keys that the item leaves out have their default, which only a schema knows: they fit anything that is missing.
fn has_keys(item: &Value, key: &ListKey) -> bool {
    item.is_object() && key.iter().all(|(name, value)| item.get(name).is_none_or(|own| equal(own, value)))
}
