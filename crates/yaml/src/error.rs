//! What can be wrong with a text.

use crate::Position;

/// Why a text could not be read. Every variant says where; none is worth a retry with the same text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not YAML.
    #[error("{position}: malformed YAML: {problem}")]
    Malformed {
        /// Where the parser gave up.
        position: Position,
        /// What it said.
        problem: String,
    },
    /// A line is indented with a tab.
    #[error("{position}: a tab cannot indent a line, use spaces")]
    TabIndentation {
        /// The tab.
        position: Position,
    },
    /// A mapping gives one key twice.
    #[error("{again}: key `{key}` is already defined at line {}", first.line)]
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it stands first.
        first: Position,
        /// Where it stands again.
        again: Position,
    },
    /// A line starts with `---` and goes on with something that is not a comment.
    #[error("{position}: invalid document separator: `{line}`")]
    Separator {
        /// The start of the line.
        position: Position,
        /// The line.
        line: String,
    },
    /// A `%` directive, which kustomize refuses.
    #[error("{position}: YAML directives are not supported")]
    Directive {
        /// The `%`.
        position: Position,
    },
    /// An alias names an anchor that does not stand before it.
    #[error("{position}: alias of an unknown anchor")]
    UnknownAlias {
        /// The alias.
        position: Position,
    },
    /// An alias stands inside the node that it stands for.
    #[error("{position}: alias of a node that contains it")]
    Recursion {
        /// The alias.
        position: Position,
    },
    /// The value of a merge key `<<` is neither a mapping nor a sequence of mappings.
    #[error("{position}: a merge key takes a mapping or a sequence of mappings")]
    MergeNotMap {
        /// The value.
        position: Position,
    },
    /// A mapping key that cannot become text: a collection, or in the [`Config`](crate::Dialect::Config) dialect null.
    #[error("{position}: a mapping key must be a scalar that can be text")]
    Key {
        /// The key.
        position: Position,
    },
    /// A mapping key that is a number or the like, where [`ReadOptions`](crate::ReadOptions) refuse those.
    #[error("{position}: the key `{key}` is no text, and kustomize cannot print it: put quotes around it")]
    TypedKey {
        /// The key.
        position: Position,
        /// Its text.
        key: String,
    },
    /// A tag such as `!!int` on a scalar that is none.
    #[error("{position}: `{text}` is not a {tag}")]
    Tag {
        /// The scalar.
        position: Position,
        /// Its text.
        text: String,
        /// The tag.
        tag: String,
    },
    /// A number that JSON has no form for: an infinity or not-a-number.
    #[error("{position}: `{text}` cannot be a value, JSON has no such number")]
    NotJson {
        /// The scalar.
        position: Position,
        /// Its text.
        text: String,
    },
    /// The text costs more than it may.
    #[error("{position}: more than {value} {limit}")]
    Limit {
        /// Which of [`Limits`](crate::Limits), in words.
        limit: &'static str,
        /// Its value.
        value: usize,
        /// Where it was crossed.
        position: Position,
    },
}

impl Error {
    /// The place to show to a user.
    #[must_use]
    pub fn position(&self) -> Position {
        match self {
            Self::Malformed { position, .. }
            | Self::TabIndentation { position }
            | Self::DuplicateKey { again: position, .. }
            | Self::Separator { position, .. }
            | Self::Directive { position }
            | Self::UnknownAlias { position }
            | Self::Recursion { position }
            | Self::MergeNotMap { position }
            | Self::Key { position }
            | Self::TypedKey { position, .. }
            | Self::Tag { position, .. }
            | Self::NotJson { position, .. }
            | Self::Limit { position, .. } => *position,
        }
    }

    /// The same error in a text that has `lines` more lines above.
    pub(crate) fn below(mut self, lines: usize) -> Self {
        match &mut self {
            Self::DuplicateKey { first, again, .. } => {
                *first = first.below(lines);
                *again = again.below(lines);
            }
            Self::Malformed { position, .. }
            | Self::TabIndentation { position }
            | Self::Separator { position, .. }
            | Self::Directive { position }
            | Self::UnknownAlias { position }
            | Self::Recursion { position }
            | Self::MergeNotMap { position }
            | Self::Key { position }
            | Self::TypedKey { position, .. }
            | Self::Tag { position, .. }
            | Self::NotJson { position, .. }
            | Self::Limit { position, .. } => *position = position.below(lines),
        }
        self
    }
}
