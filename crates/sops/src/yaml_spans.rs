//! Where the parts of a YAML text stand, as byte ranges.

use std::ops::Range;

use windlass_yaml::{Content, Node, Style};

use crate::text_lines::TextLines;
use crate::yaml_layout::INDENT;

/// The places of nodes in a text.
pub(crate) struct Spans<'t>(TextLines<'t>);

impl<'t> Spans<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self(TextLines::new(text))
    }

    pub(crate) fn lines(&self) -> &TextLines<'t> {
        &self.0
    }

    fn text(&self) -> &'t str {
        self.0.text()
    }

    pub(crate) fn start(&self, node: &Node) -> Option<usize> {
        self.0.offset(node.span.start)
    }

    pub(crate) fn end(&self, node: &Node) -> Option<usize> {
        self.0.offset(node.span.end)
    }

    /// Whether a node stands there as `*name`. What it stands for is elsewhere.
    pub(crate) fn is_alias(&self, node: &Node) -> Option<bool> {
        // An empty node starts at whatever follows.
        Some(node.span.start != node.span.end && self.text()[self.start(node)?..].starts_with('*'))
    }

    /// The end of the last thing in a node, without the blank lines and comments below it.
    pub(crate) fn deep_end(&self, node: &Node) -> Option<usize> {
        if self.is_alias(node)? || node.flow {
            return self.end(node);
        }
        match &node.content {
            Content::Scalar { style, .. } if is_block(*style) => {
                let header = self.block_header(node)?.map_or(0, |header| header.end);
                let body = self.text()[..self.end(node)?].trim_end().len();
                let header_line = self.0.line_end(header);
                // A body of nothing but line breaks.
                if body <= header_line { Some(header) } else { Some(self.0.line_end(body)) }
            }
            Content::Scalar { .. } => self.end(node),
            Content::Sequence(items) => self.deep_end(items.last()?),
            Content::Mapping(entries) => {
                let (key, value) = entries.last()?;
                Some(self.deep_end(value)?.max(self.end(key)?))
            }
        }
    }

    /// The tag, the anchor and the `|` or `>` with its hints of a block scalar.
    pub(crate) fn block_header(&self, node: &Node) -> Option<Option<Range<usize>>> {
        match &node.content {
            Content::Scalar { style, .. } if is_block(*style) && !self.is_alias(node)? => {
                let start = self.start(node)?;
                let line = &self.text()[start..self.0.line_end(start)];
                let code = line.find(" #").map_or(line, |at| &line[..at]);
                Some(Some(start..start + code.trim_end().len()))
            }
            _ => Some(None),
        }
    }

    /// Behind the colon of a key.
    pub(crate) fn behind_colon(&self, key: &Node) -> Option<usize> {
        let end = self.end(key)?;
        let rest = &self.text()[end..];
        let blanks = rest.len() - rest.trim_start().len();
        rest[blanks..].starts_with(':').then_some(end + blanks + 1)
    }

    /// The dash of a list item.
    pub(crate) fn dash(&self, item: &Node) -> Option<usize> {
        let before = self.text()[..self.start(item)?].trim_end();
        before.ends_with('-').then(|| before.len() - 1)
    }

    /// How much deeper a mapping stands than the one around it, where the text has one in another.
    pub(crate) fn indentation(&self, documents: &[Node]) -> usize {
        documents.iter().find_map(nested_column).unwrap_or(INDENT)
    }

    /// Calls for each scalar that stands there itself.
    pub(crate) fn each_scalar(&self, node: &Node, call: &mut impl FnMut(&str, Style, Range<usize>)) {
        match &node.content {
            Content::Scalar { text, style } => {
                if let (Some(start), Some(end)) = (self.start(node), self.end(node))
                    && start < end
                {
                    call(text, *style, start..end);
                }
            }
            Content::Sequence(items) => items.iter().for_each(|item| self.each_scalar(item, call)),
            Content::Mapping(entries) => entries.iter().for_each(|(_, value)| self.each_scalar(value, call)),
        }
    }
}

fn is_block(style: Style) -> bool {
    matches!(style, Style::Literal | Style::Folded)
}

/// The distance between a block mapping at the top and the first one below a key of it.
fn nested_column(document: &Node) -> Option<usize> {
    let Content::Mapping(entries) = &document.content else { return None };
    entries.iter().find_map(|(key, value)| match &value.content {
        Content::Mapping(inner) if !value.flow => {
            let (inner, _) = inner.first()?;
            let below = inner.span.start.line > key.span.start.line;
            inner.span.start.column.checked_sub(key.span.start.column).filter(|step| below && (1..=8).contains(step))
        }
        _ => None,
    })
}
