//! Documents that say who wrote them.
//!
//! A signed document is a JSON object, printed over several lines, whose last line but one is
//! `  "signature": "<base64>"`. Signed are, with Ed25519, the bytes before that line: what `head -n -2` prints. So a
//! signature can be checked without a rule for how JSON is to be printed, and by other tools. What is signed begins with its
//! kind and names its repository, so that nothing can be moved to another place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::{Error, Trust, WriterId, WriterKey};

const LAST: &str = "  \"signature\": \"";
const TAIL: &str = "\"\n}\n";
/// 64 bytes in base64.
const DIGITS: usize = 88;

/// The fields that every signed document has.
#[derive(Deserialize)]
struct Head {
    kind: String,
    format: u64,
    writer: Option<WriterId>,
}

/// A document that was read, and who signed it.
#[derive(Debug, Clone)]
pub(crate) struct Signed<T> {
    pub(crate) document: T,
    /// `None` only where anybody is trusted: there is no signature, or it does not fit.
    pub(crate) writer: Option<WriterId>,
}

/// Prints a document with its signature. It must have the writer as its last field.
pub(crate) fn sign<T: Serialize>(document: &T, writer: &WriterKey) -> Result<Vec<u8>, Error> {
    let printed = serde_json::to_string_pretty(document).map_err(|error| Error::malformed("a new document", error))?;
    let Some(body) = printed.strip_suffix("\n}") else {
        return Err(Error::malformed("a new document", "it is no object"));
    };
    let mut text = format!("{body},\n");
    let signature = STANDARD.encode(writer.sign(text.as_bytes()));
    text.push_str(LAST);
    text.push_str(&signature);
    text.push_str(TAIL);
    Ok(text.into_bytes())
}

impl<T: DeserializeOwned> Signed<T> {
    /// Reads a document of a kind, and checks its signature as `trust` wants it. `known` are the writers that are trusted
    /// on first use.
    pub(crate) fn read(key: &str, kind: &str, bytes: &[u8], trust: &Trust, known: &[WriterId]) -> Result<Self, Error> {
        let head: Head = serde_json::from_slice(bytes).map_err(|error| Error::malformed(key, error))?;
        if head.kind != kind {
            return Err(Error::malformed(key, format!("it is a {:?}, not a {kind:?}", head.kind)));
        }
        if head.format > FORMAT {
            return Err(Error::FutureFormat { key: key.to_owned(), found: head.format, known: FORMAT });
        }
        let signer = head.writer.filter(|writer| fits(bytes, writer));
        let believed = match (trust, signer) {
            (Trust::Any, _) => true,
            (_, None) => false,
            (Trust::Writers(trusted), Some(writer)) => trusted.contains(&writer),
            (Trust::OnFirstUse, Some(writer)) => known.contains(&writer),
        };
        if !believed {
            return Err(match signer {
                Some(writer) => Error::Untrusted { key: key.to_owned(), writer: writer.to_string() },
                None => Error::Forged { key: key.to_owned() },
            });
        }
        let document = serde_json::from_slice(bytes).map_err(|error| Error::malformed(key, error))?;
        Ok(Self { document, writer: signer })
    }
}

/// Whether the signature at the end is the writer's.
fn fits(bytes: &[u8], writer: &WriterId) -> bool {
    let Some(signature_at) = bytes.len().checked_sub(TAIL.len() + DIGITS) else { return false };
    let (before, tail) = bytes.split_at(signature_at);
    let Some(body) = before.strip_suffix(LAST.as_bytes()) else { return false };
    let Some(digits) = tail.strip_suffix(TAIL.as_bytes()) else { return false };
    // The line before must be whole, so that the signature is a field of the outermost object.
    if !body.ends_with(b",\n") {
        return false;
    }
    STANDARD.decode(digits).is_ok_and(|signature| writer.verify(body, &signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
    struct Note {
        kind: String,
        format: u64,
        text: String,
        writer: WriterId,
    }

    fn note(writer: &WriterKey, text: &str) -> Note {
        Note { kind: "note".to_owned(), format: FORMAT, text: text.to_owned(), writer: writer.id() }
    }

    fn read(bytes: &[u8], trust: &Trust) -> Result<Signed<Note>, Error> {
        Signed::read("a/note", "note", bytes, trust, &[])
    }

    #[test]
    fn what_was_signed_is_read() {
        let writer = WriterKey::generate().unwrap();
        let bytes = sign(&note(&writer, "hello"), &writer).unwrap();
        let read = read(&bytes, &Trust::Writers(vec![writer.id()])).unwrap();
        assert_eq!((read.document.text.as_str(), read.writer), ("hello", Some(writer.id())));
    }

    #[test]
    fn any_change_of_any_byte_is_noticed() {
        let writer = WriterKey::generate().unwrap();
        let bytes = sign(&note(&writer, "hello"), &writer).unwrap();
        let trust = Trust::Writers(vec![writer.id()]);
        for at in 0..bytes.len() {
            for flip in [1, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                assert!(read(&changed, &trust).is_err(), "byte {at} ^ {flip}");
            }
            assert!(read(&bytes[..at], &trust).is_err(), "cut at {at}");
        }
        assert!(read(&[&bytes[..], b"\n"].concat(), &trust).is_err());
    }

    #[test]
    fn a_signature_of_somebody_else_is_not_believed() {
        let (writer, other) = (WriterKey::generate().unwrap(), WriterKey::generate().unwrap());
        let bytes = sign(&note(&writer, "hello"), &other).unwrap();
        assert!(matches!(read(&bytes, &Trust::Writers(vec![writer.id(), other.id()])), Err(Error::Forged { .. })));
        let bytes = sign(&note(&other, "hello"), &other).unwrap();
        assert!(matches!(read(&bytes, &Trust::Writers(vec![writer.id()])), Err(Error::Untrusted { .. })));
        let looked = read(&bytes, &Trust::Any).unwrap();
        assert_eq!(looked.writer, Some(other.id()));
    }

    #[test]
    fn a_newer_format_is_refused_with_the_version() {
        let writer = WriterKey::generate().unwrap();
        let newer = Note { format: 2, ..note(&writer, "hello") };
        let error = read(&sign(&newer, &writer).unwrap(), &Trust::Any).unwrap_err();
        assert!(matches!(error, Error::FutureFormat { found: 2, known: 1, .. }), "{error}");
    }
}
