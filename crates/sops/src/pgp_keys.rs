//! PGP keys, in pure Rust: no `gpg` is run and no agent asked.

use std::fmt;
use std::io::Read as _;
use std::sync::Arc;

use age::Callbacks as _;
use age::secrecy::ExposeSecret as _;
use pgp::composed::{Deserializable as _, Message, SignedSecretKey, TheRing};
use pgp::types::{KeyDetails as _, Password};
use zeroize::Zeroizing;

use crate::identity_error::IdentityError;
use crate::master_key::{MasterKey, MasterKeyError};
use crate::recipient::{Recipient, RecipientKind};
use crate::{Identities, Prompt};

/// PGP private keys that open documents (cargo feature `pgp`).
///
/// Encrypting for PGP recipients is not supported yet: a document that has some can be opened and edited, and keeps them, but
/// neither be rotated nor be given other recipients.
pub struct PgpKeys {
    keys: Vec<SignedSecretKey>,
    origin: String,
    prompt: Prompt,
}

/// More than any data key or share has; a message can hold more than memory does.
const LONGEST_KEY: u64 = 1024;

impl PgpKeys {
    /// Reads armored private keys, as `gpg --export-secret-keys --armor` prints them. A passphrase is asked for through
    /// `prompt` when a key that has one is used.
    ///
    /// # Errors
    ///
    /// When the text holds no private key.
    pub fn parse(text: &str, origin: &str, prompt: &Prompt) -> Result<Self, IdentityError> {
        let unreadable =
            |reason: &str| IdentityError::Unreadable { origin: origin.to_owned(), reason: reason.to_owned() };
        let (found, _) =
            SignedSecretKey::from_armor_many(text.as_bytes()).map_err(|_| unreadable("no armored PGP key"))?;
        let keys = found.collect::<Result<Vec<_>, _>>().map_err(|_| unreadable("not a PGP private key"))?;
        if keys.is_empty() {
            return Err(IdentityError::Empty { origin: origin.to_owned() });
        }
        Ok(Self { keys, origin: origin.to_owned(), prompt: prompt.clone() })
    }

    /// The fingerprints of the keys, in upper case.
    pub fn fingerprints(&self) -> impl Iterator<Item = String> {
        self.keys.iter().map(|key| key.fingerprint().to_string().to_uppercase())
    }

    fn passphrase(&self) -> Password {
        let asked = self.prompt.request_passphrase(&format!("Passphrase of the PGP key in {}", self.origin));
        Password::from(asked.as_ref().map_or("", |passphrase| passphrase.expose_secret()))
    }

    /// Opens a message with a passphrase for all keys.
    fn open_with(&self, sealed: &str, passphrase: &Password) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        let (message, _) = Message::from_armor(sealed.as_bytes())?;
        let ring =
            TheRing { secret_keys: self.keys.iter().collect(), key_passwords: vec![passphrase], ..TheRing::default() };
        let (mut message, _) = message.decrypt_the_ring(ring, true)?;
        if message.is_compressed() {
            message = message.decompress()?;
        }
        let mut key = Zeroizing::new(Vec::with_capacity(64));
        message.take(LONGEST_KEY).read_to_end(&mut key)?;
        if key.is_empty() { Err("the message is empty".into()) } else { Ok(key) }
    }
}

impl MasterKey for PgpKeys {
    fn kind(&self) -> RecipientKind {
        RecipientKind::Pgp
    }

    fn seal(&self, _recipient: &Recipient, _data_key: &[u8]) -> Result<String, MasterKeyError> {
        Err("encrypting for PGP is not supported yet; sops can do it".into())
    }

    fn open(&self, _recipient: &Recipient, sealed: &str) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        match self.open_with(sealed, &Password::empty()) {
            Ok(key) => Ok(key),
            // Asked for only where it is needed.
            Err(error) if self.keys.iter().all(|key| !key.primary_key.secret_params().is_encrypted()) => Err(error),
            Err(_) => self.open_with(sealed, &self.passphrase()),
        }
    }
}

impl Identities {
    /// Adds PGP private keys (cargo feature `pgp`).
    pub fn add_pgp_keys(&mut self, keys: PgpKeys) {
        self.add_master_key(Arc::new(keys));
    }
}

impl fmt::Debug for PgpKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgpKeys")
            .field("fingerprints", &self.fingerprints().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
