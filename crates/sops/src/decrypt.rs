//! Opening a document: data key, values, MAC.

use serde_json::Value;

use crate::{Error, Format, Identities, Plaintext};

/// Choices for decryption. The default verifies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecryptOptions {
    /// What to do with the message authentication code. Default: [`Mac::Verify`].
    pub mac: Mac,
}

impl DecryptOptions {
    /// Leaves the message authentication code out of account, as `sops --ignore-mac` and as Flux do.
    #[must_use]
    pub fn ignore_mac(mut self) -> Self {
        self.mac = Mac::Ignore;
        self
    }
}

/// What to do with the message authentication code over all values of a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mac {
    /// A document that was changed since it was encrypted is refused.
    #[default]
    Verify,
    /// Changes between encrypted values go unseen: removed, swapped, added ones. Each encrypted value is still
    /// authenticated by itself, with its key path. For documents that were changed on purpose, as a kustomize
    /// build does.
    Ignore,
}

/// Decrypts a document.
///
/// # Errors
///
/// See [`Error`].
pub fn decrypt(
    _text: &[u8],
    format: Format,
    _identities: &Identities,
    _options: &DecryptOptions,
) -> Result<Plaintext, Error> {
    Err(Error::FormatNotSupported(format))
}

/// Decrypts an object that holds its metadata in a top-level `sops` entry: a Kubernetes object after a
/// kustomize build, as Flux decrypts it. The answer has no `sops` entry.
///
/// # Errors
///
/// See [`Error`].
pub fn decrypt_value(
    _value: &Value,
    _identities: &Identities,
    _options: &DecryptOptions,
) -> Result<Value, Error> {
    Err(Error::FormatNotSupported(Format::Json))
}
