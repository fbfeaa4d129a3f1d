use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use ring::{digest, hmac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::text;
use crate::Error;
use crate::identifier::{fill, hex};

const SECRET: &str = "windlass-writer-secret-";
const PUBLIC: &str = "windlass-writer";

/// The secret of one who writes snapshots: from it come the key that signs commits, and the one that names items.
///
/// It opens nothing. Whoever loses it loses the reuse of unchanged items and makes a new one; whoever steals it can sign
/// snapshots in this writer's name, which is why it is not in the bucket. Prints as its public half.
#[derive(Clone)]
pub struct WriterKey {
    keys: Arc<Keys>,
}

struct Keys {
    seed: Zeroizing<[u8; 32]>,
    signing: Ed25519KeyPair,
    naming: hmac::Key,
    id: WriterId,
}

/// The public half: whose snapshots are believed. It stands in Git and on the recovery card.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterId([u8; 32]);

impl WriterKey {
    /// Makes a new one.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn generate() -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        fill(seed.as_mut())?;
        Self::from_seed(seed)
    }

    /// Reads the text that [`to_text`](Self::to_text) gave. Lines that begin with `#` and blank lines are skipped.
    ///
    /// # Errors
    /// When it is no such text, or was mistyped.
    pub fn parse(input: &str) -> Result<Self, Error> {
        let mut lines = input.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let line = lines.next().unwrap_or_default();
        Self::from_seed(text::decode("a writer key", SECRET, line)?)
    }

    /// The secret as a text that begins with `WINDLASS-WRITER-SECRET-1` and has a checksum.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(text::encode(SECRET, &*self.keys.seed).to_ascii_uppercase())
    }

    /// Its public half.
    #[must_use]
    pub fn id(&self) -> WriterId {
        self.keys.id
    }

    fn from_seed(seed: Zeroizing<[u8; 32]>) -> Result<Self, Error> {
        let signing = derive(&seed, b"windlass-backup signing key");
        let naming = derive(&seed, b"windlass-backup naming key");
        let refuse = |_| Error::KeyText { what: "a writer key", reason: "no signing key comes of it".to_owned() };
        let signing = Ed25519KeyPair::from_seed_unchecked(&*signing).map_err(refuse)?;
        let public = signing.public_key().as_ref().try_into();
        let id = WriterId(public.map_err(|_| Error::malformed("the signing key", "its length is not 32"))?);
        let naming = hmac::Key::new(hmac::HMAC_SHA256, &*naming);
        Ok(Self { keys: Arc::new(Keys { seed, signing, naming, id }) })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.keys.signing.sign(message).as_ref());
        signature
    }

    /// A name that only holders of the key can compute or check: a hash of a small secret could be guessed.
    pub(crate) fn name(&self, kind: &str, content: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.keys.naming);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(content);
        let mut name = [0; 32];
        name.copy_from_slice(context.sign().as_ref());
        name
    }
}

fn derive(seed: &[u8; 32], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let mut derived = Zeroizing::new([0; 32]);
    let secret = Salt::new(HKDF_SHA256, b"windlass-backup").extract(seed);
    // Only more than 255 blocks would be refused.
    if let Ok(output) = secret.expand(&[purpose], Length) {
        let _ = output.fill(derived.as_mut());
    }
    derived
}

impl fmt::Debug for WriterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WriterKey(<redacted>, {})", self.keys.id)
    }
}

impl WriterId {
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }

    /// Sixteen digits to compare by eye.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&digest::digest(&digest::SHA256, &self.0).as_ref()[..8])
    }
}

impl fmt::Display for WriterId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&text::encode(PUBLIC, &self.0))
    }
}

impl fmt::Debug for WriterId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for WriterId {
    type Err = Error;

    fn from_str(input: &str) -> Result<Self, Error> {
        text::decode("the public half of a writer key", PUBLIC, input).map(|bytes| Self(*bytes))
    }
}

impl Serialize for WriterId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WriterId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_as_text_gives_the_same_writer() {
        let key = WriterKey::generate().unwrap();
        let text = key.to_text();
        assert!(text.starts_with("WINDLASS-WRITER-SECRET-1"));
        let again = WriterKey::parse(&format!("# writer of the attic\n\n{}\n", *text)).unwrap();
        assert_eq!(again.id(), key.id());
        assert_eq!(again.name("tar", b"x"), key.name("tar", b"x"));
        assert_eq!(key.id().to_string().parse::<WriterId>().unwrap(), key.id());
    }

    #[test]
    fn a_mistyped_key_is_refused_without_being_shown() {
        let mut text = WriterKey::generate().unwrap().to_text().to_string();
        let last = if text.ends_with('Q') { 'P' } else { 'Q' };
        text.pop();
        text.push(last);
        let error = WriterKey::parse(&text).unwrap_err().to_string();
        assert!(error.contains("checksum"), "{error}");
        assert!(!error.contains(&text[24..40]));
    }

    #[test]
    fn debugging_shows_no_secret() {
        let key = WriterKey::generate().unwrap();
        assert!(!format!("{key:?}").contains("SECRET"));
        assert!(!format!("{key:?}").to_ascii_uppercase().contains(&key.to_text()[24..]));
    }

    #[test]
    fn only_its_own_signatures_fit() {
        let (key, other) = (WriterKey::generate().unwrap(), WriterKey::generate().unwrap());
        let signature = key.sign(b"message");
        assert!(key.id().verify(b"message", &signature));
        assert!(!key.id().verify(b"massage", &signature));
        assert!(!other.id().verify(b"message", &signature));
        assert!(!key.id().verify(b"message", &signature[..63]));
    }
}
