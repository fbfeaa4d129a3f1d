//! Walks a tree, decrypts what the selector picks, and hashes what the MAC covers.

use zeroize::Zeroizing;

use crate::cipher::DataKey;
use crate::envelope::Envelope;
use crate::error::ValueFault;
use crate::mac::ValueHash;
use crate::metadata::Metadata;
use crate::scalar::Scalar;
use crate::selector::{Rule, Sight};
use crate::tree::{Branch, Comment, Item, Node, Value};
use crate::{Error, Format, Location, PathStep};

/// Decrypts all documents in place. Gives the hash of their values.
pub(crate) fn decrypt(
    documents: &mut [Branch],
    metadata: &Metadata,
    key: &DataKey,
    format: Format,
) -> Result<Decrypted, Error> {
    let rule = metadata.selector.compile()?;
    let mut walk = Walk {
        key,
        rule: &rule,
        sight: Sight::new(&rule),
        format,
        mac_only_encrypted: metadata.mac_only_encrypted,
        at: Location::default(),
        aad: String::new(),
        decrypted: Decrypted { hash: ValueHash::new(metadata.mac_only_encrypted), comment_as_value: None },
    };
    for (number, document) in documents.iter_mut().enumerate() {
        walk.at = Location { document: number, ..Location::default() };
        walk.sight = Sight::new(walk.rule);
        walk.branch(document)?;
    }
    Ok(walk.decrypted)
}

/// The outcome of a walk.
pub(crate) struct Decrypted {
    pub(crate) hash: ValueHash,
    /// A value that turned out to be a comment. Like sops, this is told after the MAC, which it breaks.
    pub(crate) comment_as_value: Option<Location>,
}

struct Walk<'a> {
    key: &'a DataKey,
    rule: &'a Rule,
    sight: Sight<'a>,
    format: Format,
    mac_only_encrypted: bool,
    at: Location,
    /// The additional data of the values here: the keys of the path, each followed by a colon.
    aad: String,
    decrypted: Decrypted,
}

enum Opened {
    Scalar(Scalar),
    Comment(Comment),
}

impl Walk<'_> {
    fn branch(&mut self, items: &mut Branch) -> Result<(), Error> {
        self.sight.enter_collection();
        let last_entry = items.iter().rposition(|item| matches!(item, Item::Entry { .. }));
        for (position, item) in items.iter_mut().enumerate() {
            match item {
                Item::Comment(comment) => self.comment(comment, Some(position) > last_entry),
                Item::Entry { key, node } => self.entry(key, node)?,
            }
        }
        self.sight.leave_collection();
        Ok(())
    }

    fn entry(&mut self, key: &str, node: &mut Node) -> Result<(), Error> {
        let aad_length = self.aad.len();
        self.aad.push_str(key);
        self.aad.push(':');
        self.at.path.push(PathStep::Key(key.to_owned()));
        self.sight.enter_key(key);
        self.node(node)?;
        if let Value::Comment(_) = node.value {
            self.decrypted.comment_as_value.get_or_insert_with(|| self.at.clone());
        }
        self.sight.leave_key();
        self.sight.pass_item();
        self.at.path.pop();
        self.aad.truncate(aad_length);
        Ok(())
    }

    fn list(&mut self, nodes: &mut [Node]) -> Result<(), Error> {
        self.sight.enter_collection();
        let last_item = nodes.iter().rposition(|node| !matches!(node.value, Value::Comment(_)));
        for (position, node) in nodes.iter_mut().enumerate() {
            if let Value::Comment(comment) = &mut node.value {
                self.comment(comment, Some(position) > last_item);
                continue;
            }
            self.at.path.push(PathStep::Index(position));
            self.node(node)?;
            self.at.path.pop();
            self.sight.pass_item();
        }
        self.sight.leave_collection();
        Ok(())
    }

    fn node(&mut self, node: &mut Node) -> Result<(), Error> {
        match &mut node.value {
            Value::Null | Value::Comment(_) => {}
            Value::Map(items) => self.branch(items)?,
            Value::List(nodes) => self.list(nodes)?,
            Value::Scalar(scalar) if self.sight.selects_value() => {
                let fault =
                    |fault| Error::Value { at: Box::new(Location { line: node.line, ..self.at.clone() }), fault };
                match self.open(scalar).map_err(fault)? {
                    Opened::Scalar(plain) => {
                        self.decrypted.hash.add(&plain);
                        *scalar = plain;
                    }
                    // The form in which sops writes a comment in a list. The MAC leaves it out.
                    Opened::Comment(comment) => node.value = Value::Comment(comment),
                }
            }
            Value::Scalar(scalar) if !self.mac_only_encrypted => match self.format {
                Format::Json => self.decrypted.hash.add_clear_json(scalar),
                _ => self.decrypted.hash.add(scalar),
            },
            Value::Scalar(_) => {}
        }
        Ok(())
    }

    fn open(&self, scalar: &Scalar) -> Result<Opened, ValueFault> {
        let Scalar::Str(bytes) = scalar else {
            return Err(ValueFault::Clear);
        };
        // An empty string is never encrypted.
        if bytes.is_empty() {
            return Ok(Opened::Scalar(scalar.clone()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ValueFault::Clear)?;
        let envelope = Envelope::parse(text)?;
        let type_name = envelope.type_name;
        let plain = envelope.open(self.key, self.aad.as_bytes())?;
        if type_name == "comment" {
            return Ok(Opened::Comment(Comment { text: comment_text(&plain), inline: false }));
        }
        Scalar::from_plain(type_name, plain).map(Opened::Scalar)
    }

    /// A comment that does not open stays as it is, as in sops: it may have been written by hand.
    fn comment(&mut self, comment: &mut Comment, is_last: bool) {
        self.sight.pass_comment(&comment.text);
        if !self.sight.selects_comment() {
            return;
        }
        // Which collection a comment below its last entry belongs to is a matter of indentation, and formatters change it:
        // there the collections around are tried as well.
        let candidates = if is_last { usize::MAX } else { 1 };
        for aad in enclosing(&self.aad).take(candidates) {
            if let Ok(envelope) = Envelope::parse(&comment.text)
                && let Ok(plain) = envelope.open(self.key, aad.as_bytes())
            {
                comment.text = comment_text(&plain);
                return;
            }
        }
    }
}

/// The additional data of comments in a collection and in those around it. At the top of a document it is a lone colon.
fn enclosing(aad: &str) -> impl Iterator<Item = &str> {
    let colons = aad.match_indices(':').map(|(at, _)| &aad[..=at]).rev();
    colons.chain(std::iter::once(":"))
}

fn comment_text(plain: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(String::from_utf8_lossy(plain).into_owned())
}
