//! From nodes to values: types, keys, merge keys.

use serde_json::{Map, Number, Value};

use crate::go_float::format_g32;
use crate::number::{self, Number as Parsed};
use crate::reprint::{is_quoted_in_flow, refold};
use crate::{Content, Dialect, DuplicateKeys, Error, Node, Position, ReadOptions, Scalar, Style, resolve};

/// Turns the nodes of one document into a value.
pub(crate) struct Converter<'a> {
    options: &'a ReadOptions<'a>,
    /// Keys and items from the document's root to where we are; kept only where a path to compare with is given.
    path: Vec<String>,
    /// Whether we are within brackets or braces.
    in_flow: bool,
}

type Entries = Vec<(Node, Node)>;

impl<'a> Converter<'a> {
    pub(crate) fn new(options: &'a ReadOptions<'a>) -> Self {
        Self { options, path: Vec::new(), in_flow: false }
    }

    pub(crate) fn value(&mut self, node: Node) -> Result<Value, Error> {
        let position = node.position();
        let around = self.in_flow;
        self.in_flow |= node.flow;
        let value = match node.content {
            Content::Scalar { text, .. } if self.stays_text() => Ok(Value::String(text)),
            Content::Scalar { text, style } => self.scalar(text, style, node.tag.as_deref(), position),
            Content::Sequence(items) => self.sequence(items),
            Content::Mapping(entries) => self.mapping(entries).map(Value::Object),
        };
        self.in_flow = around;
        value
    }

    fn sequence(&mut self, items: Vec<Node>) -> Result<Value, Error> {
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            values.push(self.below(|| index.to_string(), |converter| converter.value(item))?);
        }
        Ok(Value::Array(values))
    }

    fn mapping(&mut self, entries: Entries) -> Result<Map<String, Value>, Error> {
        match self.options.dialect {
            Dialect::Resource => self.mapping_then_merge(entries),
            Dialect::Config => self.mapping_in_order(entries),
        }
    }

    /// go-yaml v3: a mapping's own keys win over merged ones, earlier merged mappings over later ones.
    fn mapping_then_merge(&mut self, entries: Entries) -> Result<Map<String, Value>, Error> {
        let mut own = Own::new(entries.len());
        let mut merge = None;
        for (key, value) in entries {
            if is_merge(&key) {
                if let Some((first, _)) = merge.replace((key.position(), value)) {
                    return Err(Error::DuplicateKey { key: "<<".to_owned(), first, again: key.position() });
                }
            } else {
                self.entry(&mut own, key, value)?;
            }
        }
        let mut map = own.map;
        if let Some((_, merge)) = merge {
            for source in merge_sources(merge)? {
                for (key, value) in self.mapping(source)? {
                    map.entry(key).or_insert(value);
                }
            }
        }
        Ok(map)
    }

    /// go-yaml v2: a merge key counts where it stands, so it overwrites the keys above it.
    fn mapping_in_order(&mut self, entries: Entries) -> Result<Map<String, Value>, Error> {
        let mut own = Own::new(entries.len());
        for (key, value) in entries {
            if is_merge(&key) {
                for source in merge_sources(value)?.into_iter().rev() {
                    own.map.extend(self.mapping(source)?);
                }
            } else {
                self.entry(&mut own, key, value)?;
            }
        }
        Ok(own.map)
    }

    fn entry(&mut self, own: &mut Own, key: Node, value: Node) -> Result<(), Error> {
        let position = key.position();
        let key = self.key(key)?;
        if self.options.duplicate_keys == DuplicateKeys::Error {
            own.note(&key, position)?;
        }
        let value = self.below(|| key.clone(), |converter| converter.value(value))?;
        own.map.insert(key, value);
        Ok(())
    }

    fn key(&self, key: Node) -> Result<String, Error> {
        let position = key.position();
        let Content::Scalar { text, style } = key.content else { return Err(Error::Key { position }) };
        let scalar = typed(&text, style, key.tag.as_deref(), self.options.dialect, position)?;
        if self.options.dialect == Dialect::Resource {
            if self.options.refuse_typed_keys && !matches!(scalar, Scalar::Str | Scalar::Binary(_)) {
                return Err(Error::TypedKey { position, key: text });
            }
            // To keep its text is what everyone means by a key that is no string.
            return Ok(match scalar {
                Scalar::Binary(bytes) => text_of(&bytes),
                _ if style == Style::Folded => refold(text),
                _ => text,
            });
        }
        Ok(match scalar {
            Scalar::Null | Scalar::UInt(_) => return Err(Error::Key { position }),
            Scalar::Bool(value) => value.to_string(),
            Scalar::Int(value) => value.to_string(),
            Scalar::Float(value) => format_g32(value),
            Scalar::Binary(bytes) => text_of(&bytes),
            Scalar::Str | Scalar::Timestamp(_) => text,
        })
    }

    fn scalar(&self, text: String, style: Style, tag: Option<&str>, position: Position) -> Result<Value, Error> {
        let resource = self.options.dialect == Dialect::Resource;
        Ok(match typed(&text, style, tag, self.options.dialect, position)? {
            scalar
                if resource && self.in_flow && matches!(tag, None | Some("!")) && is_quoted_in_flow(&text, &scalar) =>
            {
                Value::String(text)
            }
            Scalar::Str if resource && style == Style::Folded => Value::String(refold(text)),
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Int(value) => Value::from(value),
            Scalar::UInt(value) => Value::from(value),
            Scalar::Float(value) => match number::through_json(value) {
                Parsed::Int(value) => Value::from(value),
                Parsed::UInt(value) => Value::from(value),
                Parsed::Float(value) => {
                    Number::from_f64(value).map(Value::Number).ok_or(Error::NotJson { position, text })?
                }
            },
            Scalar::Timestamp(time) if resource => Value::String(time),
            Scalar::Timestamp(_) | Scalar::Str => Value::String(text),
            Scalar::Binary(bytes) => Value::String(text_of(&bytes)),
        })
    }

    fn below<T>(&mut self, step: impl FnOnce() -> String, read: impl FnOnce(&mut Self) -> T) -> T {
        if self.options.text_below.is_empty() {
            return read(self);
        }
        self.path.push(step());
        let result = read(self);
        self.path.pop();
        result
    }

    fn stays_text(&self) -> bool {
        self.options.text_below.iter().any(|prefix| {
            self.path.len() > prefix.len()
                && prefix.iter().zip(&self.path).all(|(wanted, step)| *wanted == "*" || wanted == step)
        })
    }
}

/// A mapping's own keys, with their places where those may be asked for.
struct Own {
    map: Map<String, Value>,
    places: Vec<Position>,
}

impl Own {
    fn new(entries: usize) -> Self {
        Self { map: Map::with_capacity(entries), places: Vec::new() }
    }

    fn note(&mut self, key: &str, again: Position) -> Result<(), Error> {
        if !self.map.contains_key(key) {
            self.places.push(again);
            return Ok(());
        }
        let first = self.map.keys().zip(&self.places).find(|(other, _)| *other == key);
        let first = first.map_or(again, |(_, place)| *place);
        Err(Error::DuplicateKey { key: key.to_owned(), first, again })
    }
}

fn typed(text: &str, style: Style, tag: Option<&str>, dialect: Dialect, position: Position) -> Result<Scalar, Error> {
    resolve(text, style, tag, dialect).ok_or_else(|| Error::Tag {
        position,
        text: text.to_owned(),
        tag: tag.unwrap_or_default().to_owned(),
    })
}

fn is_merge(key: &Node) -> bool {
    match (&key.content, key.tag.as_deref()) {
        (Content::Scalar { text, style }, None | Some("!")) => text == "<<" && *style == Style::Plain,
        (Content::Scalar { text, .. }, Some("!!merge")) => text == "<<",
        _ => false,
    }
}

/// The mappings that a merge key names, the strongest first.
fn merge_sources(value: Node) -> Result<Vec<Entries>, Error> {
    let position = value.position();
    match value.content {
        Content::Mapping(entries) => Ok(vec![entries]),
        Content::Sequence(items) => items
            .into_iter()
            .map(|item| {
                let position = item.position();
                match item.content {
                    Content::Mapping(entries) => Ok(entries),
                    _ => Err(Error::MergeNotMap { position }),
                }
            })
            .collect(),
        Content::Scalar { .. } => Err(Error::MergeNotMap { position }),
    }
}

/// Bytes as Go's JSON encoder writes them: every byte that is no UTF-8 becomes one replacement character.
fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}
