//! The hashes of bytes: BLAKE3 of what is saved, SHA-256 of what lies in the store.
//!
//! Everything is hashed at each run to see whether it changed, which is nearly all the work of a run that finds nothing new:
//! BLAKE3 is for that (the bench `backup-beside-restic` has such a run). What lies in the store is compared by people too,
//! and every system has `sha256sum`.

use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::identifier::{hex, is_hex};

/// The hash of some bytes. Its text is that of a manifest: `blake3:` and hexadecimal digits, or the digits alone of a
/// SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Digest {
    /// <https://github.com/BLAKE3-team/BLAKE3-specs>, 32 bytes, without a key.
    Blake3([u8; 32]),
    /// FIPS 180-4. The manifests of the first repositories have it.
    Sha256([u8; 32]),
}

const BLAKE3: &str = "blake3:";

/// The text of a [`Digest`] is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 lower-case hexadecimal digits, with blake3: before them if it is one")]
pub struct DigestError;

impl Digest {
    /// The bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        match self {
            Self::Blake3(bytes) | Self::Sha256(bytes) => bytes,
        }
    }

    /// The hexadecimal digits, without a word of what they are.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(self.as_bytes())
    }

    /// What makes a hash of the same kind.
    pub(crate) fn hasher(&self) -> Hasher {
        match self {
            Self::Blake3(_) => Hasher::blake3(),
            Self::Sha256(_) => Hasher::sha256(),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blake3(_) => write!(out, "{BLAKE3}{}", self.hex()),
            Self::Sha256(_) => out.write_str(&self.hex()),
        }
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (digits, make): (_, fn([u8; 32]) -> Self) = match text.strip_prefix(BLAKE3) {
            Some(digits) => (digits, Self::Blake3),
            None => (text, Self::Sha256),
        };
        let mut bytes = [0; 32];
        if !is_hex(digits, bytes.len()) {
            return Err(DigestError);
        }
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).map_err(|_| DigestError)?;
        }
        Ok(make(bytes))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

/// A hash in the making.
#[derive(Clone)]
pub(crate) enum Hasher {
    Blake3(Box<blake3::Hasher>),
    Sha256(Box<Context>),
}

impl Hasher {
    pub(crate) fn blake3() -> Self {
        Self::Blake3(Box::default())
    }

    pub(crate) fn sha256() -> Self {
        Self::Sha256(Box::new(Context::new(&SHA256)))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Blake3(hasher) => drop(hasher.update(bytes)),
            Self::Sha256(context) => context.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Digest {
        match self {
            Self::Blake3(hasher) => Digest::Blake3(*hasher.finalize().as_bytes()),
            Self::Sha256(context) => {
                let mut bytes = [0; 32];
                bytes.copy_from_slice(context.finish().as_ref());
                Digest::Sha256(bytes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mut hasher: Hasher) -> Digest {
        hasher.update(b"");
        hasher.finish()
    }

    #[test]
    fn hashes_of_nothing_are_those_of_the_specifications() {
        let blake3 = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(of(Hasher::blake3()).to_string(), format!("blake3:{blake3}"));
        assert_eq!(of(Hasher::sha256()).to_string(), sha256);
    }

    #[test]
    fn texts_come_back_and_others_are_refused() {
        for digest in [of(Hasher::blake3()), of(Hasher::sha256())] {
            assert_eq!(digest.to_string().parse(), Ok(digest));
            assert_eq!(of(digest.hasher()), digest);
        }
        let sign = "+1".repeat(32);
        for text in ["", "blake3:", "blake3:00", "é", &sign, &"ä".repeat(32), &"0".repeat(63)] {
            assert_eq!(text.parse::<Digest>(), Err(DigestError), "{text}");
        }
    }
}
