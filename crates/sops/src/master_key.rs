//! The seam for keys that live elsewhere: PGP, key services of clouds, Vault.

use std::sync::Arc;
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::recipient::{Recipient, RecipientKind};

/// Why a master key could not seal or open; it must not show a key.
pub type MasterKeyError = Box<dyn std::error::Error + Send + Sync>;

/// A key or service that seals data keys for recipients of one kind, and opens them.
///
/// age is built in. Whatever else SOPS encrypts for comes in through this trait, and is handed over with
/// [`Identities::add_master_key`](crate::Identities::add_master_key) for opening and
/// [`EncryptOptions::master_key`](crate::EncryptOptions::master_key) for writing. What is given to it and what it gives back
/// is a data key of 32 bytes or a share of one with 33: the very key that all values are encrypted with.
pub trait MasterKey: Send + Sync {
    /// The kind of recipients it stands for.
    fn kind(&self) -> RecipientKind;

    /// Encrypts a data key for a recipient. The text goes into the `enc` field as it stands.
    ///
    /// # Errors
    ///
    /// When the key is not known or the service does not answer.
    fn seal(&self, recipient: &Recipient, data_key: &[u8]) -> Result<String, MasterKeyError>;

    /// Encrypts a data key for a recipient at a time, at which its key must not have expired. This is what is called; by
    /// default it does not look at the time.
    ///
    /// # Errors
    ///
    /// As [`seal`](Self::seal).
    fn seal_at(&self, recipient: &Recipient, data_key: &[u8], now: SystemTime) -> Result<String, MasterKeyError> {
        let _ = now;
        self.seal(recipient, data_key)
    }

    /// Decrypts what the `enc` field of a recipient holds.
    ///
    /// # Errors
    ///
    /// When it is not the key for this recipient, the text is damaged, or the service does not answer.
    fn open(&self, recipient: &Recipient, sealed: &str) -> Result<Zeroizing<Vec<u8>>, MasterKeyError>;
}

/// Master keys of several kinds.
pub(crate) type MasterKeys = Vec<Arc<dyn MasterKey>>;
