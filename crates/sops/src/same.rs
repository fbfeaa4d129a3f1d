//! Whether two trees say the same.

use crate::scalar::Scalar;
use crate::tree::{Branch, Comment, Item, Node, Value};

/// How much has to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Keys and values.
    Values,
    /// Keys, values, and the comments at their places.
    Comments,
}

/// Compares all documents of two streams: their values, and the comments in their order. Which of two nested lists a
/// comment belongs to is not looked at; it makes no difference for its encryption.
pub(crate) fn same_documents(left: &[Branch], right: &[Branch], extent: Extent) -> bool {
    let same_values = |(left, right): (&Branch, &Branch)| same_items(left, right, Extent::Values);
    left.len() == right.len()
        && left.iter().zip(right).all(same_values)
        && (extent == Extent::Values || comments_of(left).eq(comments_of(right)))
}

fn comments_of(documents: &[Branch]) -> impl Iterator<Item = &str> {
    let mut all = Vec::new();
    documents.iter().flatten().for_each(|item| collect_comments(item, &mut all));
    all.into_iter().map(|comment| comment.text.trim_end())
}

fn collect_comments<'t>(item: &'t Item, all: &mut Vec<&'t Comment>) {
    match item {
        Item::Comment(comment) => all.push(comment),
        Item::Entry { node, .. } => collect_comments_below(node, all),
    }
}

fn collect_comments_below<'t>(node: &'t Node, all: &mut Vec<&'t Comment>) {
    match &node.value {
        Value::Comment(comment) => all.push(comment),
        Value::Map(items) => items.iter().for_each(|item| collect_comments(item, all)),
        Value::List(nodes) => nodes.iter().for_each(|node| collect_comments_below(node, all)),
        Value::Null | Value::Scalar(_) => {}
    }
}

pub(crate) fn same_items(left: &[Item], right: &[Item], extent: Extent) -> bool {
    let counts = |item: &&Item| extent == Extent::Comments || matches!(item, Item::Entry { .. });
    let (mut left, mut right) = (left.iter().filter(counts), right.iter().filter(counts));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(left), Some(right)) if same_item(left, right, extent) => {}
            _ => return false,
        }
    }
}

fn same_item(left: &Item, right: &Item, extent: Extent) -> bool {
    match (left, right) {
        (Item::Comment(left), Item::Comment(right)) => same_comment(left, right),
        (Item::Entry { key: left, node: left_node }, Item::Entry { key: right, node: right_node }) => {
            left == right && same_nodes(left_node, right_node, extent)
        }
        _ => false,
    }
}

/// Compares two values with all below them.
pub(crate) fn same_nodes(left: &Node, right: &Node, extent: Extent) -> bool {
    match (&left.value, &right.value) {
        (Value::Null, Value::Null) => true,
        (Value::Scalar(left), Value::Scalar(right)) => same_scalar(left, right),
        (Value::Comment(left), Value::Comment(right)) => same_comment(left, right),
        (Value::Map(left), Value::Map(right)) => same_items(left, right, extent),
        (Value::List(left), Value::List(right)) => {
            let counts = |node: &&Node| extent == Extent::Comments || !matches!(node.value, Value::Comment(_));
            let (left, right): (Vec<_>, Vec<_>) =
                (left.iter().filter(counts).collect(), right.iter().filter(counts).collect());
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_nodes(left, right, extent))
        }
        // The two forms of an encrypted comment in a list.
        (Value::Scalar(Scalar::Str(left)), Value::Comment(right)) => left.as_slice() == right.text.as_bytes(),
        _ => false,
    }
}

/// By the bytes that SOPS encrypts: a number may come back from a text as an integer or as a float.
fn same_scalar(left: &Scalar, right: &Scalar) -> bool {
    let is_number = |scalar: &Scalar| matches!(scalar, Scalar::Int(_) | Scalar::Float(_));
    let same_type = left.type_name() == right.type_name() || (is_number(left) && is_number(right));
    same_type && left.plain_bytes() == right.plain_bytes()
}

fn same_comment(left: &Comment, right: &Comment) -> bool {
    left.text.trim_end() == right.text.trim_end()
}
