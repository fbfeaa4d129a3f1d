//! Gets, sets and removes the value at a path.

use crate::PathStep;
use crate::tree::{Branch, Item, Node, Value};

/// The value at a path. Of equal keys the first counts, as in sops.
pub(crate) fn get<'t>(items: &'t Branch, path: &[PathStep]) -> Option<&'t Node> {
    let (first, rest) = path.split_first()?;
    let PathStep::Key(key) = first else { return None };
    rest.iter().try_fold(entry(items, key)?, |node, step| match (&node.value, step) {
        (Value::Map(items), PathStep::Key(key)) => entry(items, key),
        (Value::List(nodes), PathStep::Index(at)) => {
            nodes.iter().filter(|node| !matches!(node.value, Value::Comment(_))).nth(*at)
        }
        _ => None,
    })
}

fn entry<'t>(items: &'t [Item], key: &str) -> Option<&'t Node> {
    items.iter().find_map(|item| match item {
        Item::Entry { key: own, node } if own == key => Some(node),
        _ => None,
    })
}

/// Sets the value at a path, with all that has to be there for it: what is in the way goes, a position beyond the end of a
/// list adds to it. The first step must be a key.
pub(crate) fn set(items: &mut Branch, path: &[PathStep], value: Value) {
    if let Some((PathStep::Key(key), rest)) = path.split_first() {
        let found = items.iter().position(|item| matches!(item, Item::Entry { key: own, .. } if own == key));
        let at = found.unwrap_or_else(|| {
            items.push(Item::Entry { key: key.clone(), node: null() });
            items.len() - 1
        });
        if let Some(Item::Entry { node, .. }) = items.get_mut(at) {
            set_node(node, rest, value);
        }
    }
}

/// What a value at a path would destroy: a list or a mapping with something in it, where the path takes it for the other.
/// (sops panics there, or writes a number as a key.) The depth at which it stands, and what to tell.
pub(crate) fn in_the_way(items: &Branch, path: &[PathStep]) -> Option<(usize, &'static str)> {
    path.iter().enumerate().skip(1).find_map(|(depth, step)| {
        let reason = match (&get(items, &path[..depth])?.value, step) {
            (Value::List(nodes), PathStep::Key(_)) if !nodes.is_empty() => {
                "a list stands there: its items have positions, as in [0]"
            }
            (Value::Map(items), PathStep::Index(_)) if !items.is_empty() => {
                "a mapping stands there: its values have keys and no positions"
            }
            _ => return None,
        };
        Some((depth, reason))
    })
}

fn set_node(node: &mut Node, path: &[PathStep], value: Value) {
    let Some((step, rest)) = path.split_first() else {
        node.value = value;
        return;
    };
    match step {
        PathStep::Key(_) => {
            if !matches!(node.value, Value::Map(_)) {
                node.value = Value::Map(Branch::new());
            }
            if let Value::Map(items) = &mut node.value {
                set(items, path, value);
            }
        }
        PathStep::Index(at) => {
            if !matches!(node.value, Value::List(_)) {
                node.value = Value::List(Vec::new());
            }
            if let Value::List(nodes) = &mut node.value {
                set_node(item(nodes, *at), rest, value);
            }
        }
    }
}

/// The item at a position, or a new one below the others.
fn item(nodes: &mut Vec<Node>, at: usize) -> &mut Node {
    let places = nodes.iter().enumerate().filter(|(_, node)| !matches!(node.value, Value::Comment(_)));
    let at = places.map(|(place, _)| place).nth(at).unwrap_or_else(|| {
        nodes.push(null());
        nodes.len() - 1
    });
    &mut nodes[at]
}

fn null() -> Node {
    Node { value: Value::Null, line: None }
}

/// Removes the value at a path, with the comment beside it. Says whether there was one.
pub(crate) fn unset(items: &mut Branch, path: &[PathStep]) -> bool {
    let Some((PathStep::Key(key), rest)) = path.split_first() else { return false };
    let Some(at) = items.iter().position(|item| matches!(item, Item::Entry { key: own, .. } if own == key)) else {
        return false;
    };
    if rest.is_empty() {
        items.remove(at);
        if at > 0 && matches!(&items[at - 1], Item::Comment(comment) if comment.inline) {
            items.remove(at - 1);
        }
        return true;
    }
    match &mut items[at] {
        Item::Entry { node, .. } => unset_in(node, rest),
        Item::Comment(_) => false,
    }
}

fn unset_in(node: &mut Node, path: &[PathStep]) -> bool {
    match (&mut node.value, path) {
        (Value::Map(items), path) => unset(items, path),
        (Value::List(nodes), [PathStep::Index(at), rest @ ..]) => {
            let mut places = nodes.iter().enumerate().filter(|(_, node)| !matches!(node.value, Value::Comment(_)));
            let Some(at) = places.nth(*at).map(|(place, _)| place) else { return false };
            if !rest.is_empty() {
                return unset_in(&mut nodes[at], rest);
            }
            nodes.remove(at);
            if at > 0 && matches!(&nodes[at - 1].value, Value::Comment(comment) if comment.inline) {
                nodes.remove(at - 1);
            }
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Scalar;
    use crate::{json, json_print};

    fn changed(text: &str, change: impl Fn(&mut Branch)) -> String {
        let mut items = json::read(text.as_bytes()).unwrap();
        change(&mut items);
        String::from_utf8(json_print::print_with(&items, "", 0).to_vec()).unwrap().replace('\n', "")
    }

    fn key(key: &str) -> PathStep {
        PathStep::Key(key.into())
    }

    #[test]
    fn what_is_missing_is_made_and_what_is_in_the_way_goes() {
        let set_to =
            |path: &[PathStep]| changed(r#"{"a": 1, "l": [1]}"#, |i| set(i, path, Value::Scalar(Scalar::Int(7))));
        assert_eq!(set_to(&[key("a")]), r#"{"a": 7,"l": [1]}"#);
        assert_eq!(set_to(&[key("a"), key("b")]), r#"{"a": {"b": 7},"l": [1]}"#);
        assert_eq!(set_to(&[key("l"), PathStep::Index(9)]), r#"{"a": 1,"l": [1,7]}"#);
        assert_eq!(set_to(&[key("n"), PathStep::Index(0), key("z")]), r#"{"a": 1,"l": [1],"n": [{"z": 7}]}"#);
    }

    #[test]
    fn only_what_is_there_can_be_removed() {
        let text = r#"{"a": {"b": 1}, "l": [1, 2]}"#;
        let removed = |path: &[PathStep]| changed(text, |items| assert!(unset(items, path)));
        assert_eq!(removed(&[key("a"), key("b")]), r#"{"a": {},"l": [1,2]}"#);
        assert_eq!(removed(&[key("l"), PathStep::Index(0)]), r#"{"a": {"b": 1},"l": [2]}"#);
        let mut items = json::read(text.as_bytes()).unwrap();
        for path in
            [&[key("x")][..], &[key("a"), key("x")], &[key("l"), PathStep::Index(2)], &[key("l"), key("x")], &[]]
        {
            assert!(!unset(&mut items, path));
            assert!(get(&items, path).is_none());
        }
    }
}
