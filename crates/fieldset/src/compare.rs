//! What changed between two values of a type.

use std::mem::discriminant;

use serde_json::{Map, Value};

use crate::{
    element_text::shared_name,
    field_set::{FieldSet, Node},
    filter::FieldFilter,
    list_items::ListItems,
    path::PathElement,
    schema::{AtomType, ListType, MapType, Schema, Shape, TypeId},
    value_order::equal,
};

/// The fields in which two values differ.
///
/// Where list items cannot be told apart, the one and the several in their place are both named: the item is removed and
/// added. Any other field is in one of the sets at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Fields that only the older value has.
    pub removed: FieldSet,
    /// Fields that both have, with different values.
    pub modified: FieldSet,
    /// Fields that only the newer value has.
    pub added: FieldSet,
}

impl Comparison {
    /// Whether nothing changed. The order of list items is no change.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.removed.is_empty() && self.modified.is_empty() && self.added.is_empty()
    }

    /// The changes that a filter lets through.
    #[must_use]
    pub fn filtered(&self, filter: &FieldFilter) -> Self {
        Self {
            removed: filter.filter(&self.removed),
            modified: filter.filter(&self.modified),
            added: filter.filter(&self.added),
        }
    }

    fn union(&self, other: &Self) -> Self {
        Self {
            removed: self.removed.union(&other.removed),
            modified: self.modified.union(&other.modified),
            added: self.added.union(&other.added),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Removed,
    Modified,
    Added,
}

impl Change {
    /// What it is that there is none on one side.
    fn of_absence<T>(old: Option<T>, new: Option<T>) -> Option<Self> {
        match (old, new) {
            (None, Some(_)) => Some(Self::Added),
            (Some(_), None) => Some(Self::Removed),
            _ => None,
        }
    }
}

/// How a value changed: itself, and what is in it.
#[derive(Default)]
struct Difference {
    itself: Option<Change>,
    below: Comparison,
}

impl Difference {
    fn of(change: Change) -> Self {
        Self { itself: Some(change), below: Comparison::default() }
    }
}

pub(crate) fn compare(schema: &Schema, ty: TypeId, old: &Value, new: &Value) -> Comparison {
    difference(schema, Some(ty), Some(old), Some(new)).below
}

fn difference(schema: &Schema, ty: Option<TypeId>, old: Option<&Value>, new: Option<&Value>) -> Difference {
    let Some(atom) = ty.map(|ty| schema.atom(ty)) else { return Difference::default() };
    let (first, second) = shapes(atom, old, new);
    let second = second.map(|shape| difference_as(schema, shape, old, new)).unwrap_or_default();
    let Some(first) = first.map(|shape| difference_as(schema, shape, old, new)) else { return second };
    Difference { itself: first.itself.or(second.itself), below: first.below.union(&second.below) }
}

/// As what to walk the two: once as both, or, where a type has alternatives and they are of different ones, as the old and
/// then as the new. Each then counts as missing in the walk that is not its own.
fn shapes<'s>(atom: &'s AtomType, old: Option<&Value>, new: Option<&Value>) -> (Option<Shape<'s>>, Option<Shape<'s>>) {
    let (Some(_), Some(_)) = (old, new) else { return (None, atom.shape_of(old.or(new))) };
    let kinds = (atom.fitting(old), atom.fitting(new));
    let alike = atom.is_single() || kinds.0.map(|kind| discriminant(&kind)) == kinds.1.map(|kind| discriminant(&kind));
    let first = if alike { None } else { atom.shape_of(old) };
    (first, atom.shape_of(new))
}

fn difference_as(schema: &Schema, shape: Shape<'_>, old: Option<&Value>, new: Option<&Value>) -> Difference {
    let leaf = || {
        let modified = || match (old, new) {
            (Some(old), Some(new)) if !equal(old, new) => Some(Change::Modified),
            _ => None,
        };
        let itself = Change::of_absence(old, new).or_else(modified);
        Difference { itself, below: Comparison::default() }
    };
    // Two that are empty or null are leaves, so that one can be told from the other.
    let below = match shape {
        Shape::Map(map) if !map.atomic => match (fields_of(old), fields_of(new)) {
            (None, None) => return leaf(),
            (old, new) => compare_fields(schema, map, old, new),
        },
        Shape::List(list) if !list.atomic => match (items_of(old), items_of(new)) {
            (None, None) => return leaf(),
            (old, new) => compare_items(schema, list, old, new),
        },
        _ => return leaf(),
    };
    Difference { itself: Change::of_absence(old, new), below }
}

fn fields_of(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value?.as_object().filter(|fields| !fields.is_empty())
}

fn items_of(value: Option<&Value>) -> Option<&[Value]> {
    value?.as_array().map(Vec::as_slice).filter(|items| !items.is_empty())
}

fn compare_fields(
    schema: &Schema,
    map: &MapType,
    old: Option<&Map<String, Value>>,
    new: Option<&Map<String, Value>>,
) -> Comparison {
    let mut level = Level::default();
    let mut field = |name: &String, old: Option<&Value>, new: Option<&Value>| {
        let declared = map.field(name);
        let ty = declared.map(|field| field.ty).or(map.element);
        let difference = difference(schema, ty, old, new);
        level.push(difference, || PathElement::Field(shared_name(declared.map(|field| &field.name), name)));
    };
    for (name, value) in old.into_iter().flatten() {
        field(name, Some(value), new.and_then(|new| new.get(name)));
    }
    for (name, value) in new.into_iter().flatten() {
        if old.is_none_or(|old| !old.contains_key(name)) {
            field(name, None, Some(value));
        }
    }
    level.comparison()
}

fn compare_items(schema: &Schema, list: &ListType, old: Option<&[Value]>, new: Option<&[Value]>) -> Comparison {
    let (old_items, new_items) = (ListItems::of(schema, list, old), ListItems::of(schema, list, new));
    let mut level = Level::default();
    let item = |old, new| difference(schema, Some(list.element), old, new);
    for olds in old_items.groups() {
        let news = olds.first().map(|old| new_items.positions_of(&old_items, *old)).unwrap_or_default();
        let (first_old, first_new) = (first(&old_items, olds), first(&new_items, news));
        let element = || old_items.element(olds.first().copied().unwrap_or_default());
        match (olds, news) {
            ([_], [] | [_]) => level.push(item(first_old, first_new), element),
            // Several on both sides are compared as if they were one value.
            ([_, _, ..], [_, _, ..]) => {
                let same = |(old, new): (&usize, &usize)| match (old_items.get(*old), new_items.get(*new)) {
                    (Some(old), Some(new)) => equal(old, new),
                    _ => false,
                };
                if olds.len() != news.len() || !olds.iter().zip(news).all(same) {
                    level.push(Difference::of(Change::Modified), element);
                }
            }
            // Several became one or none: the one is new.
            ([_, _, ..], _) => {
                if first_new.is_some() {
                    level.push(item(None, first_new), element);
                }
                level.push(Difference::of(Change::Removed), element);
            }
            // One became several: the one is gone.
            _ => {
                level.push(item(first_old, None), element);
                level.push(Difference::of(Change::Added), element);
            }
        }
    }
    for news in new_items.groups() {
        let Some(position) = news.first() else { continue };
        if old_items.positions_of(&new_items, *position).is_empty() {
            let one = news.len() == 1;
            let difference = if one { item(None, first(&new_items, news)) } else { Difference::of(Change::Added) };
            level.push(difference, || new_items.element(*position));
        }
    }
    level.comparison()
}

/// The first of the items at these positions.
fn first<'v>(items: &ListItems<'v>, positions: &[usize]) -> Option<&'v Value> {
    items.get(*positions.first()?)
}

/// The children of a value that changed, gathered.
#[derive(Default)]
struct Level {
    removed: Vec<Node>,
    modified: Vec<Node>,
    added: Vec<Node>,
}

impl Level {
    fn push(&mut self, difference: Difference, element: impl Fn() -> PathElement) {
        let Difference { itself, below } = difference;
        for (nodes, below, change) in [
            (&mut self.removed, below.removed, Change::Removed),
            (&mut self.modified, below.modified, Change::Modified),
            (&mut self.added, below.added, Change::Added),
        ] {
            let member = itself == Some(change);
            if member || !below.is_empty() {
                nodes.push(Node::new(element(), member, below));
            }
        }
    }

    fn comparison(self) -> Comparison {
        Comparison {
            removed: FieldSet::of_nodes(self.removed),
            modified: FieldSet::of_nodes(self.modified),
            added: FieldSet::of_nodes(self.added),
        }
    }
}
