//! Decrypts what the selector picks, hashes what the MAC covers, and remembers what each envelope held.

use zeroize::Zeroizing;

use crate::cipher::DataKey;
use crate::envelope::Envelope;
use crate::error::ValueFault;
use crate::mac::ValueHash;
use crate::metadata::Metadata;
use crate::remembered::Remembered;
use crate::scalar::Scalar;
use crate::tree::{Branch, Comment, Value};
use crate::walk::{self, Visit};
use crate::{Error, Format, Location};

/// Decrypts all documents in place. Gives the hash of their values.
pub(crate) fn decrypt(
    documents: &mut [Branch],
    metadata: &Metadata,
    key: &DataKey,
    format: Format,
) -> Result<Decrypted, Error> {
    run(documents, metadata, key, format, None)
}

/// The same, and remembers the envelopes.
pub(crate) fn decrypt_and_remember(
    documents: &mut [Branch],
    metadata: &Metadata,
    key: &DataKey,
    format: Format,
    remembered: &mut Remembered,
) -> Result<Decrypted, Error> {
    run(documents, metadata, key, format, Some(remembered))
}

fn run<'a>(
    documents: &mut [Branch],
    metadata: &Metadata,
    key: &'a DataKey,
    format: Format,
    remembered: Option<&'a mut Remembered>,
) -> Result<Decrypted, Error> {
    let rule = metadata.selector.compile()?;
    let decrypted = Decrypted { hash: ValueHash::new(metadata.mac_only_encrypted), comment_as_value: None };
    let hash_clear = !metadata.mac_only_encrypted;
    let mut opening = Opening { key, format, hash_clear, decrypted, remembered };
    walk::walk(documents, &rule, &mut opening)?;
    Ok(opening.decrypted)
}

/// The outcome of a walk.
pub(crate) struct Decrypted {
    pub(crate) hash: ValueHash,
    /// A value that turned out to be a comment. Like sops, this is told after the MAC, which it breaks.
    pub(crate) comment_as_value: Option<Location>,
}

struct Opening<'a> {
    key: &'a DataKey,
    format: Format,
    hash_clear: bool,
    decrypted: Decrypted,
    remembered: Option<&'a mut Remembered>,
}

impl Visit for Opening<'_> {
    type Error = Error;

    fn selected(&mut self, scalar: &Scalar, aad: &str, at: &dyn Fn() -> Location) -> Result<Value, Error> {
        self.open(scalar, aad).map_err(|fault| Error::Value { at: Box::new(at()), fault })
    }

    fn clear(&mut self, scalar: &Scalar) {
        if !self.hash_clear {
            return;
        }
        match self.format {
            Format::Json => self.decrypted.hash.add_clear_json(scalar),
            _ => self.decrypted.hash.add(scalar),
        }
    }

    /// A comment that does not open stays as it is, as in sops: it may have been written by hand.
    fn comment<'a>(
        &mut self,
        text: &str,
        mut aads: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Zeroizing<String>>, Error> {
        let Some(own) = aads.next() else { return Ok(None) };
        for aad in std::iter::once(own).chain(aads) {
            let Ok(envelope) = Envelope::parse(text) else { return Ok(None) };
            let type_name = envelope.type_name;
            if let Ok(plain) = envelope.open(self.key, aad.as_bytes()) {
                if type_name != "comment" {
                    return Ok(self.value_as_comment(type_name, plain));
                }
                if let Some(remembered) = &mut self.remembered {
                    remembered.add("comment", &plain, own, text);
                }
                return Ok(Some(comment_text(&plain)));
            }
        }
        Ok(None)
    }

    fn misplaced_comment(&mut self, at: &Location) {
        self.decrypted.comment_as_value.get_or_insert_with(|| at.clone());
    }
}

impl Opening<'_> {
    /// The type of an envelope is not authenticated. Where it was changed to that of a value, the MAC is to notice.
    fn value_as_comment(&mut self, type_name: &str, plain: Zeroizing<Vec<u8>>) -> Option<Zeroizing<String>> {
        if let Ok(scalar) = Scalar::from_plain(type_name, plain) {
            self.decrypted.hash.add(&scalar);
        }
        None
    }

    fn open(&mut self, scalar: &Scalar, aad: &str) -> Result<Value, ValueFault> {
        let Scalar::Str(bytes) = scalar else {
            return Err(ValueFault::Clear);
        };
        // An empty string is never encrypted.
        if bytes.is_empty() {
            self.decrypted.hash.add(scalar);
            return Ok(Value::Scalar(scalar.clone()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ValueFault::Clear)?;
        let envelope = Envelope::parse(text)?;
        let type_name = envelope.type_name;
        let plain = envelope.open(self.key, aad.as_bytes())?;
        if let Some(remembered) = &mut self.remembered {
            remembered.add(type_name, &plain, aad, text);
        }
        if type_name == "comment" {
            // The form in which sops writes a comment in a list. The MAC leaves it out.
            return Ok(Value::Comment(Comment { text: comment_text(&plain), inline: false }));
        }
        let scalar = Scalar::from_plain(type_name, plain)?;
        self.decrypted.hash.add(&scalar);
        Ok(Value::Scalar(scalar))
    }
}

fn comment_text(plain: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(String::from_utf8_lossy(plain).into_owned())
}
