/// What may stand at a place of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape<'a> {
    /// A single value.
    Scalar(Scalar),
    /// A list; its elements are [`Node::item`](crate::Node::item).
    List(ListType<'a>),
    /// A mapping with fields of its own: [`Node::fields`](crate::Node::fields).
    Object(MapType),
    /// A mapping with any keys, whose values are all alike: [`Node::value`](crate::Node::value).
    Map(MapType),
    /// Anything at all: nothing is known of what stands here.
    Any,
}

/// The type of a single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scalar {
    /// Text.
    String,
    /// Text with a format that the server's merge takes no part in (`format: uuid`, `duration` and the like).
    FormattedString,
    /// Text that holds bytes as base64.
    Bytes,
    /// Text that holds a time as RFC 3339 writes it.
    Time,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A number or text, which are two values: `80` and `"80"` differ.
    IntOrString,
    /// A quantity such as `100m` or `1Gi`, as text or number; many spellings mean one value.
    Quantity,
}

/// How a list is merged (`x-kubernetes-list-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListType<'a> {
    /// As one value: who writes it writes all of it.
    Atomic,
    /// As a set of scalars: each element has its own owner.
    Set,
    /// As mappings that are told apart by the values of some fields.
    Map {
        /// Those fields, in the order of `x-kubernetes-list-map-keys`.
        keys: Keys<'a>,
    },
}

/// The names of the fields by which the elements of a list are told apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Keys<'a>(pub(crate) &'a str);

impl<'a> Keys<'a> {
    /// Each name, in the order of the schema.
    pub fn iter(self) -> impl Iterator<Item = &'a str> + Clone {
        self.0.split(',').filter(|key| !key.is_empty())
    }
}

impl std::fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// How a mapping is merged (`x-kubernetes-map-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MapType {
    /// Field by field: each has its own owner.
    Granular,
    /// As one value.
    Atomic,
}

/// What a strategic merge patch does with a field (`x-kubernetes-patch-strategy` and `-merge-key`).
///
/// The default is that of a field about which nothing is said: lists are replaced, mappings merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PatchStrategy<'a> {
    /// What is said about the field itself.
    pub directive: Option<PatchDirective>,
    /// Whether a `$retainKeys` list governs the mapping, or each element of the list.
    pub retain_keys: bool,
    /// The field by which the elements of a merged list are told apart; a merged list without one is a set.
    pub merge_key: Option<&'a str>,
}

/// Whether a patch merges into a field or replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PatchDirective {
    /// The patch's value is merged into the field's.
    Merge,
    /// The patch's value takes the place of the field's.
    Replace,
}
