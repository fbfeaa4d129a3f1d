//! Sets of fields.

use std::{
    fmt::{self, Debug, Display},
    sync::Arc,
};

use crate::path::{Path, PathElement};

/// Objects and paths nest no deeper; the API server's own clients stop at a fraction of that.
pub(crate) const MAX_DEPTH: usize = 256;

static NOTHING: FieldSet = FieldSet { nodes: Vec::new() };

/// A set of fields: who owns what, what changed, what to ignore.
///
/// A field in the set says nothing about those above or below it: a list item can be a member, some of its fields, or
/// both. The empty path is never a member, since nobody owns an object as a whole.
///
/// A set is a trie sorted by [`PathElement`]. Subtrees are shared between clones and results, so that cloning and
/// combining sets costs what differs.
///
/// ```
/// use serde_json::json;
/// use windlass_fieldset::{FieldSet, Path};
///
/// let ours = FieldSet::from_fields_v1(&json!({"f:spec": {"f:replicas": {}, "f:paused": {}}}))?;
/// let theirs: FieldSet = [Path::of_fields(["spec", "replicas"])].into_iter().collect();
/// assert!(ours.contains(&Path::of_fields(["spec", "replicas"])));
/// assert_eq!(ours.difference(&theirs).to_fields_v1(), json!({"f:spec": {"f:paused": {}}}));
/// # Ok::<(), windlass_fieldset::FieldsV1Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// Sorted by element, each once.
    nodes: Vec<Node>,
}

/// A child of a set: a member, or on the way to members, or both, but never neither.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) element: PathElement,
    pub(crate) member: bool,
    /// Never an empty set.
    below: Option<Arc<FieldSet>>,
}

impl Node {
    pub(crate) fn new(element: PathElement, member: bool, below: FieldSet) -> Self {
        Self { element, member, below: (!below.is_empty()).then(|| Arc::new(below)) }
    }

    pub(crate) fn leaf(element: PathElement) -> Self {
        Self { element, member: true, below: None }
    }

    /// The same child with another membership.
    pub(crate) fn with_member(&self, member: bool) -> Self {
        Self { member, ..self.clone() }
    }

    pub(crate) fn below(&self) -> &FieldSet {
        self.below.as_deref().unwrap_or(&NOTHING)
    }

    pub(crate) fn has_children(&self) -> bool {
        self.below.is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.below.is_none()
    }

    /// Whether both have the very same subtree below, without looking into it.
    pub(crate) fn shares_below_with(&self, other: &Self) -> bool {
        match (&self.below, &other.below) {
            (None, None) => true,
            (Some(left), Some(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl FieldSet {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A set of children in any order, each element once. Empty ones are left out.
    pub(crate) fn of_nodes(mut nodes: Vec<Node>) -> Self {
        if !nodes.is_sorted_by(|left, right| left.element < right.element) {
            nodes.sort_unstable_by(|left, right| left.element.cmp(&right.element));
        }
        Self::of_sorted_nodes(nodes)
    }

    pub(crate) fn of_sorted_nodes(nodes: Vec<Node>) -> Self {
        debug_assert!(nodes.is_sorted_by(|left, right| left.element < right.element));
        debug_assert!(!nodes.iter().any(Node::is_empty));
        Self { nodes }
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    fn position(&self, element: &PathElement) -> Result<usize, usize> {
        self.nodes.binary_search_by(|node| node.element.cmp(element))
    }

    pub(crate) fn node(&self, element: &PathElement) -> Option<&Node> {
        self.position(element).ok().and_then(|position| self.nodes.get(position))
    }

    /// Whether there are no fields in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// How many fields are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.iter().map(|node| usize::from(node.member) + node.below().len()).sum()
    }

    /// Whether the field itself is in the set.
    #[must_use]
    pub fn contains(&self, path: &[PathElement]) -> bool {
        path.split_last().is_some_and(|(last, parents)| {
            self.subset(parents).and_then(|set| set.node(last)).is_some_and(|node| node.member)
        })
    }

    /// Whether the field is in the set, or is part of one that is in it as a whole, as the items of an atomic list are.
    #[must_use]
    pub fn covers(&self, path: &[PathElement]) -> bool {
        let mut set = self;
        for (index, element) in path.iter().enumerate() {
            let Some(node) = set.node(element) else { return false };
            if node.member && (index + 1 == path.len() || !node.has_children()) {
                return true;
            }
            set = node.below();
        }
        false
    }

    /// What of the set lies below `prefix`, as paths from there; `None` where there is nothing.
    #[must_use]
    pub fn subset(&self, prefix: &[PathElement]) -> Option<&FieldSet> {
        prefix.iter().try_fold(self, |set, element| set.node(element).map(Node::below))
    }

    /// Adds a field. The fields above it are not added.
    ///
    /// A path of more than 256 elements is no field of any object that could be read, and is left out.
    pub fn insert(&mut self, path: &[PathElement]) {
        if path.len() > MAX_DEPTH {
            return;
        }
        let Some((last, parents)) = path.split_last() else { return };
        let mut set = self;
        for element in parents {
            set = Arc::make_mut(set.entry(element).below.get_or_insert_default());
        }
        set.entry(last).member = true;
    }

    /// The child of that name, made where there is none; the caller puts something into it.
    fn entry(&mut self, element: &PathElement) -> &mut Node {
        let position = self.position(element).unwrap_or_else(|position| {
            self.nodes.insert(position, Node { element: element.clone(), member: false, below: None });
            position
        });
        &mut self.nodes[position]
    }

    /// The fields, in the reference's order: at each level its members first, then what lies below them.
    pub fn paths(&self) -> impl Iterator<Item = Path> {
        Paths { levels: vec![Level { nodes: &self.nodes, next: 0, below: false }], prefix: Path::default() }
    }
}

impl Extend<Path> for FieldSet {
    fn extend<I: IntoIterator<Item = Path>>(&mut self, paths: I) {
        paths.into_iter().for_each(|path| self.insert(&path));
    }
}

impl FromIterator<Path> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Path>>(paths: I) -> Self {
        let mut set = Self::new();
        set.extend(paths);
        set
    }
}

/// One path a line.
impl Display for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, path) in self.paths().enumerate() {
            write!(f, "{}{path}", if index > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl Debug for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.paths().map(|path| path.to_string())).finish()
    }
}

struct Paths<'a> {
    levels: Vec<Level<'a>>,
    prefix: Path,
}

struct Level<'a> {
    nodes: &'a [Node],
    next: usize,
    /// Whether the members have been given out.
    below: bool,
}

impl Iterator for Paths<'_> {
    type Item = Path;

    fn next(&mut self) -> Option<Path> {
        loop {
            let level = self.levels.last_mut()?;
            let Some(node) = level.nodes.get(level.next) else {
                if level.below {
                    self.levels.pop();
                    self.prefix.pop();
                } else {
                    (level.next, level.below) = (0, true);
                }
                continue;
            };
            level.next += 1;
            if level.below && node.has_children() {
                self.prefix.push(node.element.clone());
                self.levels.push(Level { nodes: &node.below().nodes, next: 0, below: false });
            } else if !level.below && node.member {
                return Some(self.prefix.iter().chain([&node.element]).cloned().collect());
            }
        }
    }
}
