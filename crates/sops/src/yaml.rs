//! Reads YAML into the tree, typing scalars as go-yaml v3 does.

use windlass_yaml::{Content, Dialect, Limits};
use zeroize::Zeroizing;

use crate::scalar::Scalar;
use crate::tree::{Branch, Item, MAX_DEPTH, Node, Value};
use crate::{Error, Format, Location, PathStep};

/// Reads all documents of a stream.
pub(crate) fn read(text: &[u8]) -> Result<Vec<Branch>, Error> {
    let syntax = |line, reason: String| Error::Syntax {
        format: Format::Yaml,
        line,
        reason,
    };
    let text = std::str::from_utf8(text).map_err(|error| {
        let line = 1 + text[..error.valid_up_to()]
            .iter()
            .filter(|b| **b == b'\n')
            .count();
        syntax(Some(line), "not UTF-8".into())
    })?;
    let limits = Limits {
        depth: MAX_DEPTH,
        ..Limits::default()
    };
    let documents = windlass_yaml::compose(text, &limits)
        .map_err(|error| syntax(Some(error.position().line), error.to_string()))?;
    let mut reader = Reader {
        at: Location::default(),
    };
    let document = |(number, node): (usize, &windlass_yaml::Node)| {
        reader.at = Location {
            document: number,
            path: Vec::new(),
            line: Some(node.span.start.line),
        };
        reader.document(node)
    };
    documents.iter().enumerate().map(document).collect()
}

struct Reader {
    at: Location,
}

impl Reader {
    fn document(&mut self, node: &windlass_yaml::Node) -> Result<Branch, Error> {
        match self.node(node)?.value {
            Value::Map(branch) => Ok(branch),
            // A document of comments only.
            Value::Null => Ok(Branch::new()),
            _ => Err(self.refuse(node, "the top of a document must be a mapping")),
        }
    }

    fn node(&mut self, node: &windlass_yaml::Node) -> Result<Node, Error> {
        let value = match &node.content {
            Content::Scalar { .. } => self.scalar(node)?,
            Content::Sequence(items) => {
                let mut nodes = Vec::with_capacity(items.len());
                for (position, item) in items.iter().enumerate() {
                    self.at.path.push(PathStep::Index(position));
                    nodes.push(self.node(item)?);
                    self.at.path.pop();
                }
                Value::List(nodes)
            }
            Content::Mapping(entries) => {
                let mut items = Branch::with_capacity(entries.len());
                for (key, node) in entries {
                    let key = self.key(key)?;
                    self.at.path.push(PathStep::Key(key.clone()));
                    items.push(Item::Entry {
                        key,
                        node: self.node(node)?,
                    });
                    self.at.path.pop();
                }
                Value::Map(items)
            }
        };
        Ok(Node {
            value,
            line: Some(node.span.start.line),
        })
    }

    fn key(&self, node: &windlass_yaml::Node) -> Result<String, Error> {
        match (self.scalar(node), node.text()) {
            (Ok(Value::Scalar(Scalar::Str(_))), Some(text)) => Ok(text.to_owned()),
            _ => Err(self.refuse(node, "a key must be a string, sops encrypts no other")),
        }
    }

    fn scalar(&self, node: &windlass_yaml::Node) -> Result<Value, Error> {
        let Content::Scalar { text, style } = &node.content else {
            return Err(self.refuse(node, "must be a scalar"));
        };
        let resolved = windlass_yaml::resolve(text, *style, node.tag.as_deref(), Dialect::Resource)
            .ok_or_else(|| self.refuse(node, "the value does not fit its tag"))?;
        Ok(Value::Scalar(match resolved {
            windlass_yaml::Scalar::Null => return Ok(Value::Null),
            windlass_yaml::Scalar::Bool(flag) => Scalar::Bool(flag),
            windlass_yaml::Scalar::Int(number) => Scalar::Int(number),
            windlass_yaml::Scalar::UInt(_) => {
                return Err(self.refuse(
                    node,
                    "an integer beyond 64 bits with sign, which sops does not know",
                ));
            }
            windlass_yaml::Scalar::Float(number) => Scalar::Float(number),
            windlass_yaml::Scalar::Timestamp(time) => Scalar::Time(time),
            windlass_yaml::Scalar::Str => Scalar::text(text),
            windlass_yaml::Scalar::Binary(bytes) => Scalar::Str(Zeroizing::new(bytes)),
        }))
    }

    fn refuse(&self, node: &windlass_yaml::Node, reason: &'static str) -> Error {
        Error::Shape {
            at: Location {
                line: Some(node.span.start.line),
                ..self.at.clone()
            },
            reason,
        }
    }
}
