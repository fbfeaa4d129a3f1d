//! Post-quantum age keys (`age1pq1…`, `AGE-SECRET-KEY-PQ-1…`), which the age crate does not have.
//!
//! The stanza `mlkem768x25519` of age 1.3 (C2SP, `age.md`): the file key is sealed by HPKE in its base mode, with X-Wing,
//! HKDF-SHA-256 and ChaCha20-Poly1305.

use std::collections::HashSet;

use age::secrecy::ExposeSecret as _;
use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bech32::{FromBase32 as _, ToBase32 as _, Variant};
use zeroize::Zeroizing;

use crate::hpke;
use crate::xwing::{self, CIPHERTEXT, PUBLIC, PublicKey, SecretKey};

/// What names a stanza, and the purpose in the key schedule.
const TAG: &str = "mlkem768x25519";
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";

const PUBLIC_PREFIX: &str = "age1pq";
const SECRET_PREFIX: &str = "age-secret-key-pq-";

/// What texts start with, for those who tell kinds of keys apart.
pub(crate) const RECIPIENT_START: &str = "age1pq1";
pub(crate) const IDENTITY_START: &str = "AGE-SECRET-KEY-PQ-1";

/// The length of a sealed file key: a tag behind it.
const SEALED: usize = FILE_KEY_BYTES + 16;

/// A public key to encrypt for.
pub(crate) struct Recipient(PublicKey);

impl Recipient {
    /// Reads `age1pq1…`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; PUBLIC] = decode(text, PUBLIC_PREFIX)?.as_slice().try_into().ok()?;
        PublicKey::parse(&bytes).map(Self)
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let failed = |reason: &str| EncryptError::Io(std::io::Error::other(reason.to_owned()));
        let (ciphertext, secret) = self.0.encapsulate().ok_or_else(|| failed("no key can be agreed on"))?;
        let body = hpke::seal(secret.as_slice(), xwing::ID, INFO, file_key.expose_secret());
        let body = body.ok_or_else(|| failed("the file key cannot be sealed"))?;
        let stanza = Stanza { tag: TAG.to_owned(), args: vec![STANDARD_NO_PAD.encode(ciphertext)], body };
        // Keeps others than post-quantum recipients out of the file.
        Ok((vec![stanza], HashSet::from(["postquantum".to_owned()])))
    }
}

/// A private key.
pub(crate) struct Identity(SecretKey);

impl Identity {
    /// Reads `AGE-SECRET-KEY-PQ-1…`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let seed = decode(text, SECRET_PREFIX)?;
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed.as_slice()).ok()?);
        Some(Self(SecretKey::from_seed(&seed)))
    }

    /// Its public side, `age1pq1…`.
    pub(crate) fn recipient(&self) -> String {
        bech32::encode(PUBLIC_PREFIX, self.0.public().to_base32(), Variant::Bech32).unwrap_or_default()
    }

    fn open(&self, stanza: &Stanza) -> Result<Option<FileKey>, DecryptError> {
        let [argument] = &stanza.args[..] else { return Err(DecryptError::InvalidHeader) };
        let ciphertext = STANDARD_NO_PAD.decode(argument).map_err(|_| DecryptError::InvalidHeader)?;
        let ciphertext: [u8; CIPHERTEXT] = ciphertext.try_into().map_err(|_| DecryptError::InvalidHeader)?;
        if stanza.body.len() != SEALED {
            return Err(DecryptError::InvalidHeader);
        }
        let secret = self.0.decapsulate(&ciphertext).ok_or(DecryptError::InvalidHeader)?;
        // A foreign key gives another secret, which opens nothing.
        let Some(plain) = hpke::open(secret.as_slice(), xwing::ID, INFO, &stanza.body) else { return Ok(None) };
        let fits = |key: &mut [u8; FILE_KEY_BYTES]| match plain.len() == key.len() {
            true => {
                key.copy_from_slice(&plain);
                Ok(())
            }
            false => Err(DecryptError::InvalidHeader),
        };
        FileKey::try_init_with_mut(fits).map(Some)
    }
}

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        self.open(stanza).transpose()
    }
}

fn decode(text: &str, prefix: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (found, data, variant) = bech32::decode(text).ok()?;
    if found != prefix || variant != Variant::Bech32 {
        return None;
    }
    Vec::from_base32(&data).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use age::{Identity as _, Recipient as _};

    /// Made by age-keygen 1.3.2 with `-pq` for this test.
    const IDENTITY: &str = include_str!("../tests/documents/post_quantum_key.txt");

    fn identity() -> Identity {
        Identity::parse(IDENTITY.lines().last().unwrap()).unwrap()
    }

    #[test]
    fn the_public_side_is_that_of_age() {
        let named = IDENTITY.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
        assert_eq!(identity().recipient(), named);
    }

    #[test]
    fn a_file_key_comes_back_and_a_foreign_stanza_is_none() {
        let recipient = Recipient::parse(&identity().recipient()).unwrap();
        let key = FileKey::new(Box::new([9; 16]));
        let (mut stanzas, labels) = recipient.wrap_file_key(&key).unwrap();
        assert!(labels.contains("postquantum"));
        let opened = identity().unwrap_stanza(&stanzas[0]).unwrap().unwrap_or_else(|_| panic!());
        assert_eq!(opened.expose_secret(), &[9; 16]);
        stanzas[0].body[0] ^= 1;
        assert!(identity().unwrap_stanza(&stanzas[0]).is_none());
        stanzas[0].body.pop();
        assert!(identity().unwrap_stanza(&stanzas[0]).unwrap().is_err());
        stanzas[0].tag = "X25519".to_owned();
        assert!(identity().unwrap_stanza(&stanzas[0]).is_none());
    }

    #[test]
    fn other_texts_are_no_keys() {
        let recipient = identity().recipient();
        for text in ["age1pq1x", "", &recipient[..recipient.len() - 1], &recipient.replace("age1pq1", "age1pr1")] {
            assert!(Recipient::parse(text).is_none(), "{text}");
            assert!(Identity::parse(text).is_none(), "{text}");
        }
    }
}
