//! A decrypted document.

use std::fmt;

use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

/// A decrypted document, as text and as values.
///
/// Its memory is wiped when it is dropped, and its `Debug` shows nothing of it.
pub struct Plaintext {
    bytes: Zeroizing<Vec<u8>>,
    documents: Vec<Value>,
}

impl Plaintext {
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>, documents: Vec<Value>) -> Self {
        Self { bytes, documents }
    }

    /// The document as `sops decrypt` prints it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The documents as values: as many as a YAML stream has, one for JSON, dotenv and INI, none for binary.
    ///
    /// An INI file is an object of its sections; the keys above all sections are in `DEFAULT`. Of equal keys the last counts.
    ///
    /// What JSON cannot say is given in its text form: timestamps, `.inf`, `.nan`.
    pub fn documents(&self) -> &[Value] {
        &self.documents
    }

    /// Gives the values away. From here on the caller has to wipe them.
    pub fn into_documents(mut self) -> Vec<Value> {
        std::mem::take(&mut self.documents)
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        self.documents.iter_mut().for_each(wipe);
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plaintext").field("documents", &self.documents.len()).finish_non_exhaustive()
    }
}

/// Overwrites the strings of a value. Numbers and booleans live inline and are left to the allocator.
pub(crate) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(entries) => entries.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
