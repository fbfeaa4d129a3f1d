//! A document before its scalars have types.

use crate::{Position, Span};

/// One node of a document, as written: scalars are text, keys keep their order and may repeat.
///
/// Aliases are replaced by what they stand for (with the span of the alias); a merge key is still the key `<<`.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What the node holds.
    pub content: Content,
    /// Whether it is a collection in brackets or braces.
    pub flow: bool,
    /// The tag, where one is written: `!!int`, `!foo`, or `!` alone. Core tags are always in the short form.
    pub tag: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text, with its quotes, escapes and folding resolved.
    Scalar {
        /// The text.
        text: String,
        /// How it was written.
        style: Style,
    },
    /// Items in order.
    Sequence(Vec<Node>),
    /// Keys and values in order.
    Mapping(Vec<(Node, Node)>),
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes: the only style whose text has a type other than string.
    Plain,
    /// In `'`.
    SingleQuoted,
    /// In `"`.
    DoubleQuoted,
    /// Below a `|`.
    Literal,
    /// Below a `>`.
    Folded,
}

impl Node {
    /// The text of a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Where it starts.
    #[must_use]
    pub fn position(&self) -> Position {
        self.span.start
    }
}
