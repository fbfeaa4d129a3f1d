//! The tree that every format is read into, in the order of the file.

use std::fmt;

use zeroize::Zeroizing;

use crate::scalar::Scalar;

/// The key that holds the metadata.
pub(crate) const METADATA_KEY: &str = "sops";

/// How deep collections may stand in each other, in any format.
pub(crate) const MAX_DEPTH: usize = 256;

/// The top of one document: a mapping, as SOPS takes no other.
pub(crate) type Branch = Vec<Item>;

/// One thing in a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    /// A key with its value. Keys may repeat.
    Entry {
        /// The key.
        key: String,
        /// The value.
        node: Node,
    },
    /// A comment between the entries.
    Comment(Comment),
}

/// A value and the line it stands on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) line: Option<usize>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Branch),
    /// A comment between the items of a list.
    Comment(Comment),
}

/// The text of a comment without its `#`.
#[derive(Clone, PartialEq)]
pub(crate) struct Comment {
    pub(crate) text: Zeroizing<String>,
    /// It stands beside the entry that follows it in the tree, not above.
    pub(crate) inline: bool,
}

impl fmt::Debug for Comment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Comment(<redacted>)")
    }
}

impl Node {
    /// The text of a scalar, as a metadata field takes it.
    pub(crate) fn as_text(&self) -> Option<String> {
        match &self.value {
            Value::Scalar(Scalar::Str(bytes)) => String::from_utf8(bytes.to_vec()).ok(),
            Value::Scalar(Scalar::Bool(flag)) => Some(flag.to_string()),
            Value::Scalar(scalar) => String::from_utf8(scalar.plain_bytes().to_vec()).ok(),
            _ => None,
        }
    }
}

/// Takes the `sops` entries out of a document.
pub(crate) fn take_metadata(document: &mut Branch) -> Vec<Node> {
    let is_metadata = |item: &mut Item| matches!(item, Item::Entry { key, .. } if key == METADATA_KEY);
    document
        .extract_if(.., is_metadata)
        .filter_map(|item| match item {
            Item::Entry { node, .. } => Some(node),
            Item::Comment(_) => None,
        })
        .collect()
}
