//! PGP keys in pure Rust: no `gpg` is run and no agent asked.

use std::fmt;
use std::io::Read as _;
use std::sync::Arc;
use std::time::SystemTime;

use age::Callbacks as _;
use age::secrecy::ExposeSecret as _;
use pgp::composed::{ArmorOptions, Message, MessageBuilder, SignedPublicKey, SignedSecretKey, TheRing};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::Password;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::identity_error::IdentityError;
use crate::master_key::{MasterKey, MasterKeyError};
use crate::pgp_target::Target;
use crate::recipient::{Recipient, RecipientKind};
use crate::{Identities, Prompt, pgp_keyring, pgp_target};

/// PGP keys that documents are opened with and encrypted for (cargo feature `pgp`).
///
/// What is encrypted to is the newest subkey for encryption that its key vouches for, or the subkey that a `!` behind its
/// fingerprint names. Keys that were revoked are refused, and where the time is known, keys that have expired.
pub struct PgpKeys {
    keys: Vec<SignedSecretKey>,
    public: Vec<SignedPublicKey>,
    origin: String,
    prompt: Prompt,
}

/// More than any data key or share has; a message can hold more than memory does.
const LONGEST_KEY: u64 = 1024;

impl PgpKeys {
    /// Reads private keys as `gpg --export-secret-keys` writes them: armored, of which several may follow each other, or not. A
    /// passphrase is asked for through `prompt` when a key that has one is used.
    ///
    /// # Errors
    ///
    /// When there is no private key that can be read.
    pub fn parse(text: impl AsRef<[u8]>, origin: &str, prompt: &Prompt) -> Result<Self, IdentityError> {
        let keys = pgp_keyring::private_keys(text.as_ref());
        if keys.is_empty() {
            let reason = "no PGP private key that can be read".to_owned();
            return Err(IdentityError::Unreadable { origin: origin.to_owned(), reason });
        }
        let public = keys.iter().map(SignedSecretKey::to_public_key).collect();
        Ok(Self { keys, public, origin: origin.to_owned(), prompt: prompt.clone() })
    }

    /// Reads public keys to encrypt for: armored, as `gpg --export` writes them, or a `pubring.gpg` or `pubring.kbx` of GnuPG.
    ///
    /// # Errors
    ///
    /// When there is no key that can be read.
    pub fn public(bytes: &[u8], origin: &str) -> Result<Self, IdentityError> {
        let public = pgp_keyring::public_keys(bytes);
        if public.is_empty() {
            let reason = "no PGP public key that can be read".to_owned();
            return Err(IdentityError::Unreadable { origin: origin.to_owned(), reason });
        }
        Ok(Self { keys: Vec::new(), public, origin: origin.to_owned(), prompt: Prompt::default() })
    }

    fn seal_for(
        &self,
        recipient: &Recipient,
        data_key: &[u8],
        now: Option<SystemTime>,
    ) -> Result<String, MasterKeyError> {
        let target = pgp_target::find(&self.public, &recipient.id, now)?;
        // As gpg does: AES with 256 bits, and a checksum that every implementation knows.
        let mut message =
            MessageBuilder::from_bytes("", data_key.to_vec()).seipd_v1(OsRng, SymmetricKeyAlgorithm::AES256);
        match target {
            Target::Primary(key) => message.encrypt_to_key(OsRng, key)?,
            Target::Subkey(key) => message.encrypt_to_key(OsRng, key)?,
        };
        let armored = message.to_armored_string(OsRng, ArmorOptions::default())?;
        Ok(armored.trim().to_owned())
    }

    /// The fingerprints of the private keys, in upper case.
    pub fn fingerprints(&self) -> impl Iterator<Item = String> {
        self.keys.iter().map(|key| pgp_target::fingerprint(&key.primary_key))
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

    /// Without a time, whether a key has expired is not asked.
    fn seal(&self, recipient: &Recipient, data_key: &[u8]) -> Result<String, MasterKeyError> {
        self.seal_for(recipient, data_key, None)
    }

    fn seal_at(&self, recipient: &Recipient, data_key: &[u8], now: SystemTime) -> Result<String, MasterKeyError> {
        self.seal_for(recipient, data_key, Some(now))
    }

    fn open(&self, _recipient: &Recipient, sealed: &str) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        if self.keys.is_empty() {
            return Err("its private key is not at hand".into());
        }
        let opened = match self.open_with(sealed, &Password::empty()) {
            // Asked for only where it is needed.
            Err(_) if self.keys.iter().any(|key| key.primary_key.secret_params().is_encrypted()) => {
                self.open_with(sealed, &self.passphrase())
            }
            opened => opened,
        };
        opened.map_err(|error| {
            let keys = self.fingerprints().collect::<Vec<_>>().join(", ");
            format!("{keys} (from {}) does not open it: {error}", self.origin).into()
        })
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
