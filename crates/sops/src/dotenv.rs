//! The dotenv store: `KEY=value` lines between the tree and the text.
//!
//! As sops' `stores/dotenv`, and unlike a shell: keys and values are taken as they stand, with their spaces, quotes and
//! `export`; the one escape is `\n` for a line break in a value.

use zeroize::Zeroizing;

use crate::flat_metadata::{self, Flat};
use crate::flat_text::{self, escape_line_breaks, unescape_line_breaks};
use crate::scalar::Scalar;
use crate::tree::{Branch, Comment, Item, Node, Value};
use crate::{Error, Format, Location, PathStep};

/// What the keys of the metadata start with.
const PREFIX: &str = "sops_";

/// Reads lines into entries and comments. Empty lines go; equal keys stay.
pub(crate) fn read(text: &[u8]) -> Result<Branch, Error> {
    let lines = text.split(|byte| *byte == b'\n').zip(1..).filter(|(line, _)| !line.is_empty());
    lines
        .map(|(line, number)| {
            read_line(line, number).map_err(|reason| Error::Syntax {
                format: Format::Dotenv,
                line: Some(number),
                reason: reason.to_owned(),
            })
        })
        .collect()
}

fn read_line(line: &[u8], number: usize) -> Result<Item, &'static str> {
    let utf8 = |bytes| std::str::from_utf8(bytes).map_err(|_| "not UTF-8");
    if let Some(text) = line.strip_prefix(b"#") {
        let text = Zeroizing::new(utf8(text)?.to_owned());
        return Ok(Item::Comment(Comment { text, inline: false }));
    }
    let end = line.iter().position(|byte| *byte == b'=').ok_or("a line that is no comment must be KEY=value")?;
    let value = Scalar::Str(unescape_line_breaks(&line[end + 1..]));
    Ok(Item::Entry {
        key: utf8(&line[..end])?.to_owned(),
        node: Node { value: Value::Scalar(value), line: Some(number) },
    })
}

/// Takes the metadata out of a document: one mapping, or none.
pub(crate) fn take_metadata(document: &mut Branch) -> Result<Vec<Node>, Error> {
    let is_metadata = |item: &mut Item| matches!(item, Item::Entry { key, .. } if key.starts_with(PREFIX));
    let fields: Vec<Flat> = document
        .extract_if(.., is_metadata)
        .filter_map(|item| match item {
            Item::Entry { key, node } => Some(Flat {
                at: Location { path: vec![PathStep::Key(key.clone())], line: node.line, ..Location::default() },
                name: key.strip_prefix(PREFIX)?.to_owned(),
                node,
            }),
            Item::Comment(_) => None,
        })
        .collect();
    if fields.is_empty() { Ok(Vec::new()) } else { flat_metadata::nest(fields).map(|node| vec![node]) }
}

/// Puts the metadata below a document.
pub(crate) fn put_metadata(document: &mut Branch, fields: &[Item]) {
    let item = |(name, text)| Item::Entry {
        key: format!("{PREFIX}{name}"),
        node: Node { value: Value::Scalar(Scalar::Str(text)), line: None },
    };
    document.extend(flat_metadata::flatten(fields).into_iter().map(item));
}

/// Whether a key would be taken for metadata.
pub(crate) fn is_metadata_key(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// The text of a document, byte for byte as sops prints it.
pub(crate) fn print(document: &Branch, capacity: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut out = Zeroizing::new(Vec::with_capacity(capacity));
    for item in document {
        match item {
            Item::Comment(comment) => {
                out.push(b'#');
                out.extend_from_slice(comment.text.as_bytes());
            }
            Item::Entry { key, node } => {
                out.extend_from_slice(key.as_bytes());
                out.push(b'=');
                let text = flat_text::of(&node.value).ok_or_else(|| nested(key, node))?;
                out.extend_from_slice(&escape_line_breaks(&text));
            }
        }
        out.push(b'\n');
    }
    Ok(out)
}

fn nested(key: &str, node: &Node) -> Error {
    let at = Location { path: vec![PathStep::Key(key.to_owned())], line: node.line, ..Location::default() };
    Error::Shape { at, reason: "a dotenv file has text values only" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata_fields;

    #[test]
    fn lines_come_back_as_they_stand() {
        let text = "#c\n# two \nexport A= 'b' \nA=again\nEMPTY=\n=x\n #k=1\nTWO=a\\nb\r\nP=a=b#c\n";
        let printed = print(&read(text.as_bytes()).unwrap(), 0).unwrap();
        assert_eq!(std::str::from_utf8(&printed).unwrap(), text);
        assert_eq!(*print(&read(b"\n\nA=1\n\nB=\xff").unwrap(), 0).unwrap(), b"A=1\nB=\xff\n");
    }

    #[test]
    fn a_fault_names_its_line_and_not_its_text() {
        for (text, message) in [
            (&b"A=1\n\nhunter2\n"[..], "this is not valid dotenv, line 3: a line that is no comment must be KEY=value"),
            (b"#\xff", "this is not valid dotenv, line 1: not UTF-8"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn metadata_are_the_keys_with_the_prefix() {
        let text = "sops=mine\nsops_age__list_0__map_enc=a\\nb\nsops_age__list_0__map_recipient=r\nsops_version=3\n";
        let mut documents = [read(text.as_bytes()).unwrap()];
        let metadata = metadata_fields::take(&mut documents, Format::Dotenv).unwrap();
        assert_eq!(metadata.recipients().next().unwrap().sealed(), "a\nb");
        assert_eq!(metadata.version.as_deref(), Some("3"));
        assert_eq!(*print(&documents[0], 0).unwrap(), b"sops=mine\n");
        let mut clear = [read(b"sops=mine\n").unwrap()];
        assert!(matches!(metadata_fields::take(&mut clear, Format::Dotenv), Err(Error::NotEncrypted)));
    }
}
