//! From events to nodes: nesting, anchors, limits.

use std::collections::HashMap;

use crate::events::{Anchor, Event, Events};
use crate::{Content, Error, Limits, Node, Position, Span};

/// Reads a text into nodes, one per document, with aliases expanded and nothing else interpreted.
///
/// Documents are the parser's own: a `---` inside a quoted scalar is text, unlike in
/// [`read_documents`](crate::read_documents). A document without content is a null scalar.
///
/// # Errors
/// Malformed text, unknown or recursive aliases, and crossed limits.
pub fn compose(text: &str, limits: &Limits) -> Result<Vec<Node>, Error> {
    check_size(text, limits)?;
    let mut composer = Composer::new(text, limits);
    let mut documents = Vec::new();
    while let Some(document) = composer.document()? {
        if documents.len() == limits.documents {
            return Err(Error::Limit { limit: "documents", value: limits.documents, position: document.position() });
        }
        documents.push(document);
    }
    Ok(documents)
}

/// The first document of a text and how many nodes it took; what follows it is not looked at.
pub(crate) fn compose_first(text: &str, limits: &Limits) -> Result<Option<(Node, usize)>, Error> {
    let mut composer = Composer::new(text, limits);
    let document = composer.document()?;
    Ok(document.map(|document| (document, composer.nodes)))
}

pub(crate) fn check_size(text: &str, limits: &Limits) -> Result<(), Error> {
    if text.len() > limits.input_bytes {
        return Err(Error::Limit { limit: "bytes", value: limits.input_bytes, position: Position::START });
    }
    Ok(())
}

struct Composer<'a> {
    events: Events<'a>,
    limits: &'a Limits,
    nodes: usize,
    depth: usize,
    anchors: HashMap<Anchor, Anchored>,
}

/// What an anchor stands for, and what a copy of it costs.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A finished node, with the number of nodes and levels in it.
struct Built {
    node: Node,
    nodes: usize,
    depth: usize,
}

impl<'a> Composer<'a> {
    fn new(text: &'a str, limits: &'a Limits) -> Self {
        Self { events: Events::new(text), limits, nodes: 0, depth: 0, anchors: HashMap::new() }
    }

    fn document(&mut self) -> Result<Option<Node>, Error> {
        loop {
            match self.events.next()? {
                (Event::DocumentStart, _) => {
                    self.anchors.clear();
                    let (event, span) = self.events.next()?;
                    let node = self.node(event, span)?.node;
                    // The end tells whether something follows that belongs nowhere.
                    self.events.next()?;
                    return Ok(Some(node));
                }
                (Event::End, _) => return Ok(None),
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event, span: Span) -> Result<Built, Error> {
        let (anchor, built) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::Scalar { text, style, anchor, tag } => {
                if text.len() > self.limits.scalar_bytes {
                    return Err(Error::Limit {
                        limit: "bytes in one scalar",
                        value: self.limits.scalar_bytes,
                        position: span.start,
                    });
                }
                self.count(1, span.start)?;
                let node = Node { content: Content::Scalar { text, style }, tag, span };
                (anchor, Built { node, nodes: 1, depth: 0 })
            }
            Event::SequenceStart { anchor, tag } => (anchor, self.sequence(tag, span)?),
            Event::MappingStart { anchor, tag } => (anchor, self.mapping(tag, span)?),
            _ => {
                let problem = "a node was expected here".to_owned();
                return Err(Error::Malformed { position: span.start, problem });
            }
        };
        if let Some(anchor) = anchor {
            self.count(built.nodes, span.start)?;
            let Built { node, nodes, depth } = &built;
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes: *nodes, depth: *depth });
        }
        Ok(built)
    }

    fn sequence(&mut self, tag: Option<String>, span: Span) -> Result<Built, Error> {
        self.enter(span.start)?;
        let (mut items, mut nodes, mut depth) = (Vec::new(), 1, 0);
        let end = loop {
            match self.events.next()? {
                (Event::SequenceEnd, span) => break span.end,
                (event, span) => {
                    let item = self.node(event, span)?;
                    nodes += item.nodes;
                    depth = depth.max(item.depth);
                    items.push(item.node);
                }
            }
        };
        self.depth -= 1;
        let span = Span { start: span.start, end };
        Ok(Built { node: Node { content: Content::Sequence(items), tag, span }, nodes, depth: depth + 1 })
    }

    fn mapping(&mut self, tag: Option<String>, span: Span) -> Result<Built, Error> {
        self.enter(span.start)?;
        let (mut entries, mut nodes, mut depth) = (Vec::new(), 1, 0);
        let end = loop {
            match self.events.next()? {
                (Event::MappingEnd, span) => break span.end,
                (event, span) => {
                    let key = self.node(event, span)?;
                    let (event, span) = self.events.next()?;
                    let value = self.node(event, span)?;
                    nodes += key.nodes + value.nodes;
                    depth = depth.max(key.depth).max(value.depth);
                    entries.push((key.node, value.node));
                }
            }
        };
        self.depth -= 1;
        let span = Span { start: span.start, end };
        Ok(Built { node: Node { content: Content::Mapping(entries), tag, span }, nodes, depth: depth + 1 })
    }

    fn alias(&mut self, anchor: Anchor, span: Span) -> Result<Built, Error> {
        // The parser knows the anchor, so a missing node is one that is not finished yet.
        let Some(Anchored { nodes, depth, .. }) = self.anchors.get(&anchor) else {
            return Err(Error::Recursion { position: span.start });
        };
        let (nodes, depth) = (*nodes, *depth);
        self.count(nodes, span.start)?;
        self.check_depth(self.depth + depth, span.start)?;
        let mut node = self.anchors[&anchor].node.clone();
        node.span = span;
        Ok(Built { node, nodes, depth })
    }

    fn count(&mut self, nodes: usize, position: Position) -> Result<(), Error> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > self.limits.nodes {
            return Err(Error::Limit { limit: "nodes", value: self.limits.nodes, position });
        }
        Ok(())
    }

    fn enter(&mut self, position: Position) -> Result<(), Error> {
        self.depth += 1;
        self.check_depth(self.depth, position)?;
        self.count(1, position)
    }

    fn check_depth(&self, depth: usize, position: Position) -> Result<(), Error> {
        let deepest = self.limits.depth.min(Limits::DEEPEST);
        if depth > deepest {
            return Err(Error::Limit { limit: "levels of nesting", value: deepest, position });
        }
        Ok(())
    }
}
