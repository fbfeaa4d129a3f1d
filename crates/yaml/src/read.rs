//! Documents as values.

use serde_json::Value;

use crate::compose::{Cost, check_size, compose_first};
use crate::convert::Converter;
use crate::documents::{Piece, split, unify_line_breaks};
use crate::{Content, Dialect, Error, Limits, Node, Position, Style};

/// How to read a text.
#[derive(Debug, Clone)]
pub struct ReadOptions<'a> {
    /// Which types scalars have.
    pub dialect: Dialect,
    /// What a key given twice means.
    pub duplicate_keys: DuplicateKeys,
    /// What the text may cost.
    pub limits: Limits,
    /// Paths below which scalars stay the text as written; `*` stands for any key and any item. kustomize rewrites
    /// `metadata.annotations` from their text: with that path `1.10` is `"1.10"`, not 1.1. Default: none.
    pub text_below: &'a [&'a [&'a str]],
    /// Whether a key that is no text (`1: x`, `true: x`, but not `"1": x`) is [`Error::TypedKey`]; kustomize cannot print
    /// such an object. Only in the resource dialect. Default: no; the key is then the text as written.
    pub refuse_typed_keys: bool,
}

/// What a key given twice in one mapping means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DuplicateKeys {
    /// [`Error::DuplicateKey`].
    Error,
    /// The last one is taken.
    LastWins,
}

/// One document of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its value, with the key order of the text. Merged keys follow a mapping's own.
    pub value: Value,
    /// The line where its content starts, from 1.
    pub line: usize,
}

impl ReadOptions<'static> {
    /// As kustomize reads resources: the resource dialect, duplicate keys are errors.
    #[must_use]
    pub fn resource() -> Self {
        Self {
            dialect: Dialect::Resource,
            duplicate_keys: DuplicateKeys::Error,
            limits: Limits::default(),
            text_below: &[],
            refuse_typed_keys: false,
        }
    }

    /// As `sigs.k8s.io/yaml` reads configuration: the config dialect, the last of duplicate keys wins.
    #[must_use]
    pub fn config() -> Self {
        Self { dialect: Dialect::Config, duplicate_keys: DuplicateKeys::LastWins, ..Self::resource() }
    }
}

/// Reads all documents of a text.
///
/// The text is cut into documents as kustomize does it: CRLF becomes LF, every line that starts with `---` is a separator,
/// even inside a quoted scalar, and must hold nothing more than a comment; text after a `...` line is not read. Documents
/// without content vanish: null, and in the resource dialect `{}` and `[]`.
///
/// # Errors
/// The first fault of the text, whatever its document.
pub fn read_documents(text: &str, options: &ReadOptions<'_>) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::new();
    each_document(text, &options.limits, options.dialect, |node, piece| {
        let line = piece.lines_above + node.position().line;
        let value = Converter::new(options).value(node)?;
        documents.push(Document { value, line });
        Ok(())
    })?;
    Ok(documents)
}

/// Reads the first document of a text, as Go's `yaml.Unmarshal` does: what follows it is not looked at, and a text without
/// content is null.
///
/// # Errors
/// The first fault of the document.
pub fn read_document(text: &str, options: &ReadOptions<'_>) -> Result<Value, Error> {
    check_size(text, &options.limits)?;
    match compose_first(text, &options.limits, options.dialect, &mut Cost::default())? {
        Some(node) => Converter::new(options).value(node),
        None => Ok(Value::Null),
    }
}

/// Hands every document with content on, with places counted from the top of its piece, errors from that of the text.
pub(crate) fn each_document(
    text: &str,
    limits: &Limits,
    dialect: Dialect,
    mut take: impl FnMut(Node, &Piece<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    check_size(text, limits)?;
    let text = unify_line_breaks(text);
    let mut cost = Cost::default();
    for (index, piece) in split(&text)?.iter().enumerate() {
        if index == limits.documents {
            let position = Position::START.below(piece.lines_above);
            return Err(Error::Limit { limit: "documents", value: limits.documents, position });
        }
        let node = read_piece(piece.text, limits, dialect, &mut cost);
        if let Some(node) = node.map_err(|error| error.below(piece.lines_above))? {
            take(node, piece).map_err(|error| error.below(piece.lines_above))?;
        }
    }
    Ok(())
}

fn read_piece(text: &str, limits: &Limits, dialect: Dialect, cost: &mut Cost) -> Result<Option<Node>, Error> {
    if let Some(line) = directive_line(text) {
        return Err(Error::Directive { position: Position { line, column: 1 } });
    }
    let node = compose_first(text, limits, dialect, cost)?;
    Ok(node.filter(|node| !is_without_content(node, dialect)))
}

/// The line of a directive: a `%` before any content.
fn directive_line(text: &str) -> Option<usize> {
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    for (index, line) in lines {
        if line.starts_with('%') {
            return Some(index + 1);
        }
        let content = line.trim_start();
        if !content.is_empty() && !content.starts_with('#') {
            return None;
        }
    }
    None
}

/// Null vanishes; kustomize drops `{}` and `[]` too.
fn is_without_content(node: &Node, dialect: Dialect) -> bool {
    match (&node.content, node.tag.as_deref()) {
        (_, Some("!!null")) => true,
        (Content::Scalar { text, style: Style::Plain }, None | Some("!")) => {
            matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
        }
        (Content::Sequence(items), _) => items.is_empty() && dialect == Dialect::Resource,
        (Content::Mapping(entries), _) => entries.is_empty() && dialect == Dialect::Resource,
        (Content::Scalar { .. }, _) => false,
    }
}
