//! Comments at the head of collections, where go-yaml prints some elsewhere and loses others.

use crate::tree::{Comment, Item, Node, Value};

/// The comments before the first entry of a collection that stand on lines of their own.
pub(crate) fn head_comments(value: &Value) -> Vec<&Comment> {
    let own_line = |comment: &Comment| !comment.inline;
    match value {
        Value::Map(items) => items
            .iter()
            .map_while(|item| match item {
                Item::Comment(comment) if own_line(comment) => Some(comment),
                _ => None,
            })
            .collect(),
        Value::List(nodes) => nodes
            .iter()
            .map_while(|node| match &node.value {
                Value::Comment(comment) if own_line(comment) => Some(comment),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// How many comments at the head of a list sops loses: all, if its first item is a collection with comments at its own head,
/// which go-yaml's printer then takes for the same ones.
pub(crate) fn lost_comments(nodes: &[Node]) -> usize {
    let first = nodes.iter().position(|node| !matches!(node.value, Value::Comment(_)));
    first.filter(|first| !head_comments(&nodes[*first].value).is_empty()).unwrap_or_default()
}

/// Whether a collection holds anything but comments. One that does not is printed as empty, without them.
pub(crate) fn has_entries(value: &Value) -> bool {
    match value {
        Value::Map(items) => items.iter().any(|item| matches!(item, Item::Entry { .. })),
        Value::List(nodes) => nodes.iter().any(|node| !matches!(node.value, Value::Comment(_))),
        _ => false,
    }
}
