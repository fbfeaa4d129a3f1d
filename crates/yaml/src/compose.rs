//! From text to nodes: documents, anchors, limits.

use std::collections::HashMap;

use crate::scan::{Scanner, TokenKind};
use crate::{Content, Dialect, Error, Limits, Node, Position, Span, Style};

/// Reads a text into nodes, one per document, with aliases expanded and nothing else interpreted.
///
/// Documents are the parser's own: a `---` inside a quoted scalar is text, unlike in
/// [`read_documents`](crate::read_documents). A document without content is a null scalar.
///
/// # Errors
/// Malformed text, unknown or recursive aliases, and crossed limits.
pub fn compose(text: &str, limits: &Limits) -> Result<Vec<Node>, Error> {
    check_size(text, limits)?;
    let mut composer = Composer::new(text, limits, Dialect::Resource)?;
    let mut documents = Vec::new();
    while let Some(document) = composer.document()? {
        if documents.len() == limits.documents {
            return Err(Error::Limit { limit: "documents", value: limits.documents, position: document.position() });
        }
        documents.push(document);
    }
    Ok(documents)
}

/// What a text has cost so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) nodes: usize,
    /// Bytes of scalars that were copied for anchors and aliases.
    pub(crate) copied_bytes: usize,
}

/// The first document of a text and what it cost; what follows it is not looked at.
pub(crate) fn compose_first(
    text: &str,
    limits: &Limits,
    dialect: Dialect,
    cost: &mut Cost,
) -> Result<Option<Node>, Error> {
    let mut composer = Composer::new(text, limits, dialect)?;
    composer.cost = *cost;
    let document = composer.document();
    *cost = composer.cost;
    document
}

pub(crate) fn check_size(text: &str, limits: &Limits) -> Result<(), Error> {
    if text.len() > limits.input_bytes {
        return Err(Error::Limit { limit: "bytes", value: limits.input_bytes, position: Position::START });
    }
    Ok(())
}

/// Reads nodes from tokens. The grammar is in `grammar.rs`.
pub(crate) struct Composer<'a> {
    pub(crate) tokens: Scanner<'a>,
    limits: &'a Limits,
    cost: Cost,
    depth: usize,
    /// What anchors stand for; `None` while their node is being read.
    anchors: HashMap<String, Option<Built>>,
    /// `%TAG` handles and what they stand for, in this document.
    prefixes: HashMap<String, String>,
    first_document: bool,
}

/// A finished node, and what a copy of it would cost.
#[derive(Clone)]
pub(crate) struct Built {
    pub(crate) node: Node,
    pub(crate) size: Size,
}

/// Nodes, bytes of text and levels of a node with all below it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Size {
    pub(crate) nodes: usize,
    pub(crate) bytes: usize,
    pub(crate) depth: usize,
}

impl Size {
    /// Adds a part of a collection.
    pub(crate) fn add(&mut self, part: Self) {
        self.nodes += part.nodes;
        self.bytes += part.bytes;
        self.depth = self.depth.max(part.depth);
    }
}

/// What stands before a node.
#[derive(Debug)]
pub(crate) struct Properties {
    pub(crate) anchor: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) start: Position,
    /// Where they end, if there are any.
    pub(crate) end: Option<Position>,
}

impl<'a> Composer<'a> {
    fn new(text: &'a str, limits: &'a Limits, dialect: Dialect) -> Result<Self, Error> {
        Ok(Self {
            tokens: Scanner::new(text, dialect)?,
            limits,
            cost: Cost::default(),
            depth: 0,
            anchors: HashMap::new(),
            prefixes: HashMap::new(),
            first_document: true,
        })
    }

    fn document(&mut self) -> Result<Option<Node>, Error> {
        self.anchors.clear();
        self.prefixes.clear();
        let implicit = std::mem::take(&mut self.first_document);
        while !implicit && self.tokens.peek()?.kind == TokenKind::DocumentEnd {
            self.tokens.next()?;
        }
        let token = self.tokens.peek()?;
        let node = match token.kind {
            TokenKind::StreamEnd => return Ok(None),
            TokenKind::Version(..) | TokenKind::TagPrefix { .. } | TokenKind::DocumentStart => {
                self.explicit_document()?
            }
            _ if implicit => self.block_node()?.node,
            _ => return Err(malformed(token.start, "did not find the `---` of a further document")),
        };
        // Whatever follows has to be something that can follow.
        if self.tokens.peek()?.kind == TokenKind::DocumentEnd {
            self.tokens.next()?;
        }
        Ok(Some(node))
    }

    fn explicit_document(&mut self) -> Result<Node, Error> {
        loop {
            let token = self.tokens.next()?;
            match token.kind {
                TokenKind::DocumentStart => break,
                TokenKind::Version(1, 1) => {}
                TokenKind::Version(..) => return Err(Error::Directive { position: token.start }),
                TokenKind::TagPrefix { handle, prefix } => {
                    if self.prefixes.insert(handle, prefix).is_some() {
                        return Err(malformed(token.start, "a tag handle is declared twice"));
                    }
                }
                _ => return Err(malformed(token.start, "did not find the `---` after a directive")),
            }
        }
        let token = self.tokens.peek()?;
        match token.kind {
            TokenKind::Version(..)
            | TokenKind::TagPrefix { .. }
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => {
                let position = token.start;
                Ok(self.empty(position)?.node)
            }
            _ => Ok(self.block_node()?.node),
        }
    }

    /// The tag as written, with its handle resolved and core tags in the short form.
    pub(crate) fn tag(&self, handle: &str, suffix: String, position: Position) -> Result<String, Error> {
        let whole = match (self.prefixes.get(handle), handle) {
            (Some(prefix), _) => format!("{prefix}{suffix}"),
            (None, "") => suffix,
            (None, "!") => format!("!{suffix}"),
            (None, "!!") => return Ok(format!("!!{suffix}")),
            (None, _) => return Err(malformed(position, "found an undeclared tag handle")),
        };
        Ok(match whole.strip_prefix("tag:yaml.org,2002:") {
            Some(name) => format!("!!{name}"),
            None => whole,
        })
    }

    /// Nothing where a node could be.
    pub(crate) fn empty(&mut self, position: Position) -> Result<Built, Error> {
        let properties = Properties { anchor: None, tag: None, start: position, end: None };
        self.scalar(properties, String::new(), Style::Plain, position)
    }

    pub(crate) fn scalar(
        &mut self,
        properties: Properties,
        text: String,
        style: Style,
        end: Position,
    ) -> Result<Built, Error> {
        let Properties { anchor, tag, start, .. } = properties;
        if text.len() > self.limits.scalar_bytes {
            let value = self.limits.scalar_bytes;
            return Err(Error::Limit { limit: "bytes in one scalar", value, position: start });
        }
        self.count(1, start)?;
        let span = Span { start, end };
        let bytes = text.len() + tag.as_ref().map_or(0, String::len);
        let node = Node { content: Content::Scalar { text, style }, flow: false, tag, span };
        self.remember(anchor, Built { node, size: Size { nodes: 1, bytes, depth: 0 } })
    }

    pub(crate) fn alias(&mut self, name: &str, span: Span) -> Result<Built, Error> {
        let position = span.start;
        let Some(anchored) = self.anchors.get(name) else { return Err(Error::UnknownAlias { position }) };
        let Some(Built { size, .. }) = anchored else { return Err(Error::Recursion { position }) };
        let size = *size;
        self.count_copy(size, position)?;
        self.check_depth(self.depth + size.depth, position)?;
        let anchored = self.anchors.get(name).cloned().flatten();
        let mut built = anchored.ok_or(Error::Recursion { position })?;
        built.node.span = span;
        Ok(built)
    }

    /// Goes one level down, where a collection starts.
    pub(crate) fn enter(&mut self, anchor: Option<&String>, position: Position) -> Result<(), Error> {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor.clone(), None);
        }
        self.depth += 1;
        self.check_depth(self.depth, position)?;
        self.count(1, position)
    }

    /// Comes back from a collection.
    pub(crate) fn leave(&mut self, anchor: Option<String>, mut built: Built) -> Result<Built, Error> {
        self.depth -= 1;
        built.size.depth += 1;
        built.size.nodes += 1;
        built.size.bytes += built.node.tag.as_ref().map_or(0, String::len);
        self.remember(anchor, built)
    }

    fn remember(&mut self, anchor: Option<String>, built: Built) -> Result<Built, Error> {
        if let Some(anchor) = anchor {
            self.count_copy(built.size, built.node.position())?;
            self.anchors.insert(anchor, Some(built.clone()));
        }
        Ok(built)
    }

    fn check_depth(&self, depth: usize, position: Position) -> Result<(), Error> {
        let deepest = self.limits.depth.min(Limits::DEEPEST);
        if depth > deepest {
            return Err(Error::Limit { limit: "levels of nesting", value: deepest, position });
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, position: Position) -> Result<(), Error> {
        self.cost.nodes = self.cost.nodes.saturating_add(nodes);
        if self.cost.nodes > self.limits.nodes {
            return Err(Error::Limit { limit: "nodes", value: self.limits.nodes, position });
        }
        Ok(())
    }

    /// A few anchors can hold much text, and many aliases repeat it: together they may be as long as a text may be.
    fn count_copy(&mut self, size: Size, position: Position) -> Result<(), Error> {
        self.cost.copied_bytes = self.cost.copied_bytes.saturating_add(size.bytes);
        if self.cost.copied_bytes > self.limits.input_bytes {
            let value = self.limits.input_bytes;
            return Err(Error::Limit { limit: "bytes of anchors and aliases", value, position });
        }
        self.count(size.nodes, position)
    }
}

pub(crate) fn malformed(position: Position, problem: &str) -> Error {
    Error::Malformed { position, problem: problem.to_owned() }
}
