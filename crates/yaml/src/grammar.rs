//! From tokens to nodes: which token may follow which.

use crate::compose::{Built, Composer, Properties, Size, malformed};
use crate::scan::TokenKind as Kind;
use crate::{Content, Error, Node, Position, Span, Style};

/// A collection being read.
struct Collected<T> {
    parts: Vec<T>,
    size: Size,
}

impl<T> Collected<T> {
    fn new() -> Self {
        Self { parts: Vec::new(), size: Size::default() }
    }

    fn note(&mut self, built: Built) -> Node {
        self.size.add(built.size);
        built.node
    }
}

type Items = Collected<Node>;
type Entries = Collected<(Node, Node)>;

impl Composer<'_> {
    /// A node in block context.
    pub(crate) fn block_node(&mut self) -> Result<Built, Error> {
        self.node(true, false)
    }

    /// A node; `unindented`: a sequence may stand here whose dashes are under the key.
    fn node(&mut self, block: bool, unindented: bool) -> Result<Built, Error> {
        if let Kind::Alias(_) = self.tokens.peek()?.kind {
            let token = self.tokens.next()?;
            let span = Span { start: token.start, end: token.end };
            let Kind::Alias(name) = token.kind else { return Err(malformed(token.start, "expected an alias")) };
            return self.alias(&name, span);
        }
        let properties = self.properties()?;
        let token = self.tokens.peek()?;
        let (start, end) = (token.start, token.end);
        match &token.kind {
            Kind::Scalar { .. } => self.scalar_token(properties),
            Kind::BlockEntry if unindented => self.sequence(properties, false, Self::unindented_items),
            Kind::FlowSequenceStart => self.sequence(properties, true, Self::flow_items),
            Kind::FlowMappingStart => self.mapping(properties, true, Self::flow_entries),
            Kind::BlockSequenceStart if block => self.sequence(properties, false, Self::block_items),
            Kind::BlockMappingStart if block => self.mapping(properties, false, Self::block_entries),
            _ if properties.anchor.is_some() || properties.tag.is_some() => {
                let end = properties.end.unwrap_or(end);
                self.scalar(properties, String::new(), Style::Plain, end)
            }
            _ => Err(malformed(start, "did not find the content of a node")),
        }
    }

    /// An anchor and a tag in either order.
    fn properties(&mut self) -> Result<Properties, Error> {
        let start = self.tokens.peek()?.start;
        let mut properties = Properties { anchor: None, tag: None, start, end: None };
        loop {
            match self.tokens.peek()?.kind {
                Kind::Anchor(_) if properties.anchor.is_none() => {}
                Kind::Tag { .. } if properties.tag.is_none() => {}
                _ => return Ok(properties),
            }
            let token = self.tokens.next()?;
            properties.end = Some(token.end);
            match token.kind {
                Kind::Anchor(name) => properties.anchor = Some(name),
                Kind::Tag { handle, suffix } => properties.tag = Some(self.tag(&handle, suffix, token.start)?),
                _ => return Ok(properties),
            }
        }
    }

    fn scalar_token(&mut self, properties: Properties) -> Result<Built, Error> {
        let token = self.tokens.next()?;
        match token.kind {
            Kind::Scalar { text, style } => self.scalar(properties, text, style, token.end),
            _ => Err(malformed(token.start, "expected a scalar")),
        }
    }

    fn sequence(
        &mut self,
        properties: Properties,
        flow: bool,
        read: fn(&mut Self, &mut Items) -> Result<Position, Error>,
    ) -> Result<Built, Error> {
        self.enter(properties.anchor.as_ref(), properties.start)?;
        let mut items = Items::new();
        let end = read(self, &mut items)?;
        let Collected { parts, size } = items;
        let span = Span { start: properties.start, end };
        let node = Node { content: Content::Sequence(parts), flow, tag: properties.tag, span };
        self.leave(properties.anchor, Built { node, size })
    }

    fn mapping(
        &mut self,
        properties: Properties,
        flow: bool,
        read: fn(&mut Self, &mut Entries) -> Result<Position, Error>,
    ) -> Result<Built, Error> {
        self.enter(properties.anchor.as_ref(), properties.start)?;
        let mut entries = Entries::new();
        let end = read(self, &mut entries)?;
        let Collected { parts, size } = entries;
        let span = Span { start: properties.start, end };
        let node = Node { content: Content::Mapping(parts), flow, tag: properties.tag, span };
        self.leave(properties.anchor, Built { node, size })
    }

    fn block_items(&mut self, items: &mut Items) -> Result<Position, Error> {
        self.tokens.next()?;
        loop {
            let token = self.tokens.next()?;
            match token.kind {
                Kind::BlockEntry => {
                    let item = match self.tokens.peek()?.kind {
                        Kind::BlockEntry | Kind::BlockEnd => self.empty(token.end)?,
                        _ => self.block_node()?,
                    };
                    let item = items.note(item);
                    items.parts.push(item);
                }
                Kind::BlockEnd => return Ok(token.end),
                _ => return Err(malformed(token.start, "did not find the `-` of a further item")),
            }
        }
    }

    /// Items under a key, at its column; what ends them belongs to the mapping.
    fn unindented_items(&mut self, items: &mut Items) -> Result<Position, Error> {
        loop {
            let token = self.tokens.peek()?;
            if token.kind != Kind::BlockEntry {
                return Ok(token.start);
            }
            let end = self.tokens.next()?.end;
            let item = match self.tokens.peek()?.kind {
                Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd => self.empty(end)?,
                _ => self.block_node()?,
            };
            let item = items.note(item);
            items.parts.push(item);
        }
    }

    fn block_entries(&mut self, entries: &mut Entries) -> Result<Position, Error> {
        self.tokens.next()?;
        loop {
            let token = self.tokens.next()?;
            match token.kind {
                Kind::Key => {
                    let key = self.block_part(token.end)?;
                    let value = match self.tokens.peek()? {
                        token if token.kind == Kind::Value => {
                            let end = self.tokens.next()?.end;
                            self.block_part(end)?
                        }
                        token => {
                            let position = token.start;
                            self.empty(position)?
                        }
                    };
                    let entry = (entries.note(key), entries.note(value));
                    entries.parts.push(entry);
                }
                Kind::BlockEnd => return Ok(token.end),
                _ => return Err(malformed(token.start, "did not find a key")),
            }
        }
    }

    /// A key after `?` or a value after `:`, or nothing.
    fn block_part(&mut self, position: Position) -> Result<Built, Error> {
        match self.tokens.peek()?.kind {
            Kind::Key | Kind::Value | Kind::BlockEnd => self.empty(position),
            _ => self.node(true, true),
        }
    }

    fn flow_items(&mut self, items: &mut Items) -> Result<Position, Error> {
        self.tokens.next()?;
        loop {
            self.flow_comma(items.parts.is_empty(), Kind::FlowSequenceEnd, "did not find a `,` or `]`")?;
            let item = match self.tokens.peek()?.kind {
                Kind::FlowSequenceEnd => return Ok(self.tokens.next()?.end),
                Kind::Key => self.flow_pair()?,
                _ => self.node(false, false)?,
            };
            let item = items.note(item);
            items.parts.push(item);
        }
    }

    /// A mapping of one entry, without braces, in a flow sequence.
    fn flow_pair(&mut self) -> Result<Built, Error> {
        let start = self.tokens.peek()?.start;
        let properties = Properties { anchor: None, tag: None, start, end: None };
        self.mapping(properties, true, |composer, entries| {
            composer.tokens.next()?;
            let key = match composer.tokens.peek()?.kind {
                Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => {
                    // go-yaml takes that token for the key and throws it away.
                    let end = composer.tokens.next()?.end;
                    composer.empty(end)?
                }
                _ => composer.node(false, false)?,
            };
            let value = composer.flow_value(&Kind::FlowSequenceEnd)?;
            let entry = (entries.note(key), entries.note(value));
            entries.parts.push(entry);
            Ok(composer.tokens.peek()?.start)
        })
    }

    fn flow_entries(&mut self, entries: &mut Entries) -> Result<Position, Error> {
        self.tokens.next()?;
        loop {
            self.flow_comma(entries.parts.is_empty(), Kind::FlowMappingEnd, "did not find a `,` or `}`")?;
            let token = self.tokens.peek()?;
            let (start, end) = (token.start, token.end);
            let (key, value) = match token.kind {
                Kind::FlowMappingEnd => {
                    self.tokens.next()?;
                    return Ok(end);
                }
                Kind::Key => {
                    self.tokens.next()?;
                    let key = match self.tokens.peek()?.kind {
                        Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd => self.empty(start)?,
                        _ => self.node(false, false)?,
                    };
                    (key, self.flow_value(&Kind::FlowMappingEnd)?)
                }
                _ => {
                    let key = self.node(false, false)?;
                    let end = self.tokens.peek()?.start;
                    (key, self.empty(end)?)
                }
            };
            let entry = (entries.note(key), entries.note(value));
            entries.parts.push(entry);
        }
    }

    /// The comma before every part but the first.
    fn flow_comma(&mut self, first: bool, end: Kind, problem: &str) -> Result<(), Error> {
        let token = self.tokens.peek()?;
        if first || token.kind == end {
            return Ok(());
        }
        if token.kind != Kind::FlowEntry {
            return Err(malformed(token.start, problem));
        }
        self.tokens.next()?;
        Ok(())
    }

    fn flow_value(&mut self, end: &Kind) -> Result<Built, Error> {
        if self.tokens.peek()?.kind == Kind::Value {
            self.tokens.next()?;
            let token = self.tokens.peek()?;
            if token.kind != Kind::FlowEntry && token.kind != *end {
                return self.node(false, false);
            }
        }
        let position = self.tokens.peek()?.start;
        self.empty(position)
    }
}
