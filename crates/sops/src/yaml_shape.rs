//! What of a change decides where it is made.

use crate::tree::{Item, Node, Value};
use crate::yaml_heads::has_entries;

/// Whether a change can be made inside of a collection.
pub(crate) fn can_descend(node: &windlass_yaml::Node, old: &Node, new: &Node) -> bool {
    let becomes_comments = matches!((&old.value, &new.value), (Value::List(_), Value::List(new)) if !new.is_empty());
    has_entries(&old.value) && (has_entries(&new.value) || becomes_comments) && (!node.flow || same_shape(old, new))
}

/// Whether two values differ in their scalars only.
pub(crate) fn same_shape(old: &Node, new: &Node) -> bool {
    let is_leaf = |value: &Value| matches!(value, Value::Null | Value::Scalar(_));
    match (&old.value, &new.value) {
        (Value::Map(old), Value::Map(new)) => {
            old.len() == new.len()
                && old.iter().zip(new).all(|pair| match pair {
                    (Item::Comment(_), Item::Comment(_)) => true,
                    (Item::Entry { key: old_key, node: old }, Item::Entry { key, node }) => {
                        old_key == key && same_shape(old, node)
                    }
                    _ => false,
                })
        }
        (Value::List(old), Value::List(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_shape(old, new))
        }
        (Value::Comment(_), Value::Comment(_)) => true,
        (old, new) => is_leaf(old) && is_leaf(new),
    }
}

/// How many comments there are in a value.
pub(crate) fn comments_in(node: &Node) -> usize {
    match &node.value {
        Value::Comment(_) => 1,
        Value::List(nodes) => nodes.iter().map(comments_in).sum(),
        Value::Map(items) => items
            .iter()
            .map(|item| match item {
                Item::Comment(_) => 1,
                Item::Entry { node, .. } => comments_in(node),
            })
            .sum(),
        Value::Null | Value::Scalar(_) => 0,
    }
}
