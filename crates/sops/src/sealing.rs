//! Encrypts what the selector picks and hashes what the MAC covers.

use zeroize::Zeroizing;

use crate::cipher::DataKey;
use crate::envelope::{self, Envelope};
use crate::mac::ValueHash;
use crate::remembered::Remembered;
use crate::scalar::Scalar;
use crate::selector::Rule;
use crate::tree::{Branch, Value};
use crate::walk::{self, Visit};
use crate::{Location, WriteError};

/// Encrypts all documents in place. Gives the hash of their values.
///
/// What is remembered keeps its envelope: the same text at the same path under the same key.
pub(crate) fn encrypt(
    documents: &mut [Branch],
    rule: &Rule,
    mac_only_encrypted: bool,
    key: &DataKey,
    remembered: Remembered,
) -> Result<ValueHash, WriteError> {
    let hash = ValueHash::new(mac_only_encrypted);
    let mut sealing = Sealing { key, hash_clear: !mac_only_encrypted, hash, remembered };
    walk::walk(documents, rule, &mut sealing)?;
    Ok(sealing.hash)
}

struct Sealing<'a> {
    key: &'a DataKey,
    hash_clear: bool,
    hash: ValueHash,
    remembered: Remembered,
}

impl Sealing<'_> {
    fn envelope(&mut self, type_name: &str, plain: &[u8], aad: &str) -> Result<String, WriteError> {
        match self.remembered.take(type_name, plain, aad) {
            Some(envelope) => Ok(envelope),
            None => envelope::seal(plain, type_name, self.key, aad.as_bytes()),
        }
    }
}

impl Visit for Sealing<'_> {
    type Error = WriteError;

    fn selected(&mut self, scalar: &Scalar, aad: &str, _at: &dyn Fn() -> Location) -> Result<Value, WriteError> {
        self.hash.add(scalar);
        let plain = scalar.plain_bytes();
        if plain.is_empty() {
            return Ok(Value::Scalar(scalar.clone()));
        }
        let envelope = self.envelope(scalar.type_name(), &plain, aad)?;
        Ok(Value::Scalar(Scalar::text(&envelope)))
    }

    fn clear(&mut self, scalar: &Scalar) {
        if self.hash_clear {
            self.hash.add(scalar);
        }
    }

    fn comment<'a>(
        &mut self,
        text: &str,
        mut aads: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Zeroizing<String>>, WriteError> {
        let Some(aad) = aads.next().filter(|_| !text.is_empty()) else { return Ok(None) };
        // An envelope that did not open stays what it is, and is not wrapped in another one at every edit.
        if Envelope::parse(text).is_ok() {
            return Ok(None);
        }
        self.envelope("comment", text.as_bytes(), aad).map(|envelope| Some(Zeroizing::new(envelope)))
    }
}
