//! Fields that ownership leaves out.

use crate::{
    field_set::{FieldSet, Node},
    path::PathElement,
};

/// Which fields count.
///
/// The API server calls them reset fields: a write to `/status` resets what it says about `spec`, and owns none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldFilter {
    /// All but these and what is below them.
    Exclude(FieldSet),
    /// Those alone that the pattern matches.
    Include(FieldPattern),
}

impl FieldFilter {
    /// What of the set counts.
    #[must_use]
    pub fn filter(&self, set: &FieldSet) -> FieldSet {
        match self {
            Self::Exclude(excluded) => set.recursive_difference(excluded),
            Self::Include(pattern) => pattern.matching(set),
        }
    }
}

/// A pattern of fields: prefixes in which any element can be left open.
///
/// ```
/// use serde_json::json;
/// use windlass_fieldset::{FieldPattern, FieldSet, PathElement};
///
/// // What a write to the `resize` subresource of a Pod may own.
/// let containers = [PathElement::field("spec"), PathElement::field("containers")].map(Some);
/// let pattern = FieldPattern::below(containers.into_iter().chain([None, Some(PathElement::field("resources"))]));
/// let item = |fields| json!({"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": fields}}});
/// let set = FieldSet::from_fields_v1(&item(json!({"f:image": {}, "f:resources": {"f:limits": {}}})))?;
/// assert_eq!(pattern.matching(&set).to_fields_v1(), item(json!({"f:resources": {"f:limits": {}}})));
/// # Ok::<(), windlass_fieldset::FieldsV1Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPattern(Matches);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Matches {
    Everything,
    /// The first that fits an element decides about what is below it.
    These(Vec<(Option<PathElement>, FieldPattern)>),
}

impl FieldPattern {
    /// Matches the fields at and below a prefix, and those on the way to it; `None` stands for any element.
    pub fn below(prefix: impl IntoIterator<Item = Option<PathElement>, IntoIter: DoubleEndedIterator>) -> Self {
        prefix
            .into_iter()
            .rev()
            .fold(Self(Matches::Everything), |below, element| Self(Matches::These(vec![(element, below)])))
    }

    /// Matches what either matches.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        let (Matches::These(ours), Matches::These(theirs)) = (&mut self.0, other.0) else {
            return Self(Matches::Everything);
        };
        for (element, below) in theirs {
            match ours.iter_mut().find(|(known, _)| *known == element) {
                Some((_, known)) => *known = std::mem::replace(known, Self(Matches::Everything)).or(below),
                None => ours.push((element, below)),
            }
        }
        // What is left open is asked first, as in the reference.
        ours.sort_by(|left, right| left.0.cmp(&right.0));
        self
    }

    /// What of the set the pattern matches.
    #[must_use]
    pub fn matching(&self, set: &FieldSet) -> FieldSet {
        let Matches::These(patterns) = &self.0 else { return set.clone() };
        let nodes = set.nodes().iter().filter_map(|node| {
            let fits = |pattern: &Option<PathElement>| pattern.as_ref().is_none_or(|known| *known == node.element);
            let (_, below) = patterns.iter().find(|(pattern, _)| fits(pattern))?;
            Some(Node::new(node.element.clone(), node.member, below.matching(node.below())))
        });
        FieldSet::of_sorted_nodes(nodes.filter(|node| !node.is_empty()).collect())
    }
}
