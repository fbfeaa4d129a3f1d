//! Sets combined with sets.

use std::cmp::Ordering;

use crate::field_set::{FieldSet, Node};

impl FieldSet {
    /// The fields of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        combine(self, other, |pair| match pair {
            Pair::Left(node) | Pair::Right(node) => Some(node.clone()),
            Pair::Both(left, right) if left.shares_below_with(right) || !right.has_children() => {
                Some(left.with_member(left.member || right.member))
            }
            Pair::Both(left, right) => {
                Some(Node::new(left.element.clone(), left.member || right.member, left.below().union(right.below())))
            }
        })
    }

    /// The fields of both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        combine(self, other, |pair| match pair {
            Pair::Left(_) | Pair::Right(_) => None,
            Pair::Both(left, right) if left.shares_below_with(right) => {
                Some(left.with_member(left.member && right.member))
            }
            Pair::Both(left, right) => Some(Node::new(
                left.element.clone(),
                left.member && right.member,
                left.below().intersection(right.below()),
            )),
        })
    }

    /// The fields that are not in the other set. A field stays when only those above or below it are in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        combine(self, other, |pair| match pair {
            Pair::Left(node) => Some(node.clone()),
            Pair::Right(_) => None,
            Pair::Both(left, right) if !right.has_children() => Some(left.with_member(left.member && !right.member)),
            Pair::Both(left, right) => Some(Node::new(
                left.element.clone(),
                left.member && !right.member,
                left.below().difference(right.below()),
            )),
        })
    }

    /// The fields that are neither in the other set nor below a field that is.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        combine(self, other, |pair| match pair {
            Pair::Left(node) => Some(node.clone()),
            Pair::Right(_) => None,
            Pair::Both(_, right) if right.member => None,
            Pair::Both(left, right) => {
                Some(Node::new(left.element.clone(), left.member, left.below().recursive_difference(right.below())))
            }
        })
    }

    /// The fields below which there are no others of the set.
    #[must_use]
    pub fn leaves(&self) -> Self {
        let leaf = |node: &Node| {
            if node.has_children() {
                Node::new(node.element.clone(), false, node.below().leaves())
            } else {
                node.clone()
            }
        };
        Self::of_sorted_nodes(self.nodes().iter().map(leaf).collect())
    }

    /// Whether every field of the set is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        let mut rest = other.nodes();
        self.nodes().iter().all(|node| {
            let skipped = rest.iter().take_while(|other| other.element < node.element).count();
            rest = rest.get(skipped..).unwrap_or_default();
            rest.first().is_some_and(|other| {
                other.element == node.element
                    && (other.member || !node.member)
                    && (node.shares_below_with(other) || node.below().is_subset(other.below()))
            })
        })
    }
}

enum Pair<'a> {
    Left(&'a Node),
    Right(&'a Node),
    Both(&'a Node, &'a Node),
}

/// Walks both sets in order; what becomes empty is left out.
fn combine(left: &FieldSet, right: &FieldSet, keep: impl Fn(Pair<'_>) -> Option<Node>) -> FieldSet {
    let (mut lefts, mut rights) = (left.nodes(), right.nodes());
    let mut nodes = Vec::new();
    loop {
        let pair = match (lefts, rights) {
            ([], []) => return FieldSet::of_sorted_nodes(nodes),
            ([left, ..], []) => Pair::Left(left),
            ([], [right, ..]) => Pair::Right(right),
            ([left, ..], [right, ..]) => match left.element.cmp(&right.element) {
                Ordering::Less => Pair::Left(left),
                Ordering::Greater => Pair::Right(right),
                Ordering::Equal => Pair::Both(left, right),
            },
        };
        if matches!(pair, Pair::Left(_) | Pair::Both(..)) {
            lefts = lefts.get(1..).unwrap_or_default();
        }
        if matches!(pair, Pair::Right(_) | Pair::Both(..)) {
            rights = rights.get(1..).unwrap_or_default();
        }
        nodes.extend(keep(pair).filter(|node| !node.is_empty()));
    }
}
