//! Finds out what was kept, deleted and inserted between two versions of a collection.

use crate::same::{Extent, same_nodes};
use crate::tree::{Item, Node, Value};

/// One step from the old version to the new one, in order.
pub(crate) enum Step<'o, 'n, T> {
    /// It is in both; its value may differ.
    Keep(&'o T, &'n T),
    /// It is in the old version only.
    Delete(&'o T),
    /// It is in the new version only.
    Insert(&'n T),
}

/// Aligns the entries of a mapping by their keys.
pub(crate) fn align_items<'o, 'n>(old: &'o [Item], new: &'n [Item]) -> Vec<Step<'o, 'n, Item>> {
    let comments = |items: &[Item]| items.iter().filter(|item| matches!(item, Item::Comment(_))).count();
    // Encryption changes the text of every comment, but never their number.
    let any_comment = comments(old) == comments(new);
    let same = |old: &Item, new: &Item| match (old, new) {
        (Item::Entry { key: old, .. }, Item::Entry { key: new, .. }) => old == new,
        (Item::Comment(old), Item::Comment(new)) => any_comment || old.text == new.text,
        _ => false,
    };
    let (mut steps, mut old, mut new) = (Vec::new(), old, new);
    loop {
        match (old, new) {
            ([first, old_rest @ ..], [second, new_rest @ ..]) if same(first, second) => {
                steps.push(Step::Keep(first, second));
                (old, new) = (old_rest, new_rest);
            }
            ([first, rest @ ..], _) if !new.iter().any(|item| same(first, item)) => {
                steps.push(Step::Delete(first));
                old = rest;
            }
            (_, [first, rest @ ..]) if !old.iter().any(|item| same(item, first)) => {
                steps.push(Step::Insert(first));
                new = rest;
            }
            // Both come later in the other version: they changed places.
            ([first, rest @ ..], _) => {
                steps.push(Step::Delete(first));
                old = rest;
            }
            ([], [first, rest @ ..]) => {
                steps.push(Step::Insert(first));
                new = rest;
            }
            ([], []) => return steps,
        }
    }
}

/// Aligns the items of a list: equal ones at both ends, and those between in their order.
pub(crate) fn align_nodes<'o, 'n>(old: &'o [Node], new: &'n [Node]) -> Vec<Step<'o, 'n, Node>> {
    let same = |(old, new): &(&Node, &Node)| same_nodes(old, new, Extent::Comments);
    let head = old.iter().zip(new).take_while(same).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(same).count();
    let (old_middle, new_middle) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let paired = old_middle.len().min(new_middle.len());
    let keep = |(old, new): (&'o Node, &'n Node)| Step::Keep(old, new);
    let mut steps: Vec<_> = old[..head + paired].iter().zip(new).map(keep).collect();
    steps.extend(old_middle[paired..].iter().map(Step::Delete));
    steps.extend(new_middle[paired..].iter().map(Step::Insert));
    steps.extend(old[old.len() - tail..].iter().zip(&new[new.len() - tail..]).map(keep));
    // A comment is no match for an item.
    let is_comment = |node: &Node| matches!(node.value, Value::Comment(_));
    let crossed =
        |step: &Step<'_, '_, Node>| matches!(step, Step::Keep(old, new) if is_comment(old) && !is_comment(new));
    if steps.iter().any(crossed) {
        return old.iter().map(Step::Delete).chain(new.iter().map(Step::Insert)).collect();
    }
    steps
}
