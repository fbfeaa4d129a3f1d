//! Where a value stands in its text.

use serde_json::Value;

use crate::compose::{Cost, check_size, compose_first};
use crate::convert::Converter;
use crate::read::each_document;
use crate::{Content, Dialect, Error, Limits, Node, ReadOptions, Span};

/// Finds the value at a path, for a message that has to point at it.
///
/// `document` counts the documents that [`read_documents`](crate::read_documents) returns in that dialect, from 0. A path is made of keys
/// and of decimal indexes of items; the empty path is the document. Where a step is missing the answer is that of the last
/// step that exists, so that a message about a missing field points at its parent. `None` where there is no such
/// document.
///
/// The text is read again for this: values carry no places, so reading without errors does not pay for them.
#[must_use]
pub fn locate(text: &str, dialect: Dialect, document: usize, path: &[&str]) -> Option<Span> {
    let (mut index, mut found) = (0, None);
    // A fault further down does not matter here.
    let _: Result<(), Error> = each_document(text, &Limits::default(), dialect, |node, piece| {
        if index == document {
            found = Some(find(&node, path).span.below(piece.lines_above));
        }
        index += 1;
        Ok(())
    });
    found
}

/// A text that was read, and where everything in it stands: for messages about many places in it.
#[derive(Debug, Clone)]
pub struct Located {
    node: Option<Node>,
}

impl Located {
    /// Where the value at a path stands, as [`locate`] finds it; `None` where the text has no content.
    #[must_use]
    pub fn find(&self, path: &[&str]) -> Option<Span> {
        self.node.as_ref().map(|node| find(node, path).span)
    }
}

/// Reads the first document of a text as [`read_document`](crate::read_document) does, and keeps where everything stands.
///
/// # Errors
/// The first fault of the document.
pub fn read_located(text: &str, options: &ReadOptions<'_>) -> Result<(Value, Located), Error> {
    check_size(text, &options.limits)?;
    let node = compose_first(text, &options.limits, options.dialect, &mut Cost::default())?;
    let value = node.clone().map_or(Ok(Value::Null), |node| Converter::new(options).value(node))?;
    Ok((value, Located { node }))
}

fn find<'a>(node: &'a Node, path: &[&str]) -> &'a Node {
    let Some((step, rest)) = path.split_first() else { return node };
    match &node.content {
        Content::Mapping(entries) => child(entries, step),
        Content::Sequence(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
        Content::Scalar { .. } => None,
    }
    .map_or(node, |child| find(child, rest))
}

/// The value of a key: the mapping's own, or one that is merged into it.
fn child<'a>(entries: &'a [(Node, Node)], key: &str) -> Option<&'a Node> {
    let own = entries.iter().rev().find(|(name, _)| name.text() == Some(key));
    own.map(|(_, value)| value).or_else(|| {
        let (_, merged) = entries.iter().find(|(name, _)| name.text() == Some("<<"))?;
        match &merged.content {
            Content::Mapping(entries) => child(entries, key),
            Content::Sequence(sources) => sources.iter().find_map(|source| match &source.content {
                Content::Mapping(entries) => child(entries, key),
                _ => None,
            }),
            Content::Scalar { .. } => None,
        }
    })
}
