//! A second key for the day when the first is lost: whole, or split among several people.

use std::str::FromStr as _;

use age::secrecy::ExposeSecret as _;
use bech32::{FromBase32 as _, ToBase32 as _, Variant};
use sha2::{Digest as _, Sha256};
use windlass_sops::{join_shares, split_secret};
use zeroize::Zeroizing;

use crate::{Error, PaperError};

/// An age identity that is kept on paper only.
///
/// ```
/// use windlass_secrets::RecoveryKey;
///
/// let key = RecoveryKey::generate();
/// let shares = key.split(3, 2)?;
/// let again = RecoveryKey::join(&[shares[2].as_str(), shares[0].as_str()])?;
/// assert_eq!(again.recipient(), key.recipient());
/// # Ok::<(), windlass_secrets::Error>(())
/// ```
pub struct RecoveryKey(age::x25519::Identity);

const KEY_PREFIX: &str = "age-secret-key-";
const SHARE_PREFIX: &str = "windlass-share-";
/// Bytes of the hash of the recipient, by which shares of different keys are told apart.
const SET: usize = 4;

impl RecoveryKey {
    /// A new one.
    pub fn generate() -> Self {
        Self(age::x25519::Identity::generate())
    }

    /// Reads `AGE-SECRET-KEY-1…`.
    ///
    /// # Errors
    ///
    /// [`Error::Paper`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let identity = age::x25519::Identity::from_str(&Zeroizing::new(text.trim().to_uppercase()));
        identity.map(Self).map_err(|_| Error::Paper(PaperError::Checksum))
    }

    /// The public side, `age1…`: what goes into the rules.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// The identity, `AGE-SECRET-KEY-1…`, as age and sops take it.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// Splits the key into shares of which `threshold` give it back; fewer tell nothing. Each is `WINDLASS-SHARE-1…`, Bech32
    /// with a checksum, of: the threshold (1 byte), the first 4 bytes of the SHA-256 of the recipient, the share as
    /// [`split_secret`] makes it of the 32 bytes of the key.
    ///
    /// # Errors
    ///
    /// [`Error::Shares`] where there are fewer shares than needed, or fewer than two are; [`Error::Random`].
    pub fn split(&self, shares: u8, threshold: u8) -> Result<Vec<Zeroizing<String>>, Error> {
        if threshold < 2 || threshold > shares {
            return Err(Error::Shares { threshold, shares });
        }
        let (_, words, _) = bech32::decode(&self.expose()).map_err(|_| Error::Paper(PaperError::Checksum))?;
        let secret =
            Vec::<u8>::from_base32(&words).map(Zeroizing::new).map_err(|_| Error::Paper(PaperError::Checksum))?;
        let parts = split_secret(&secret, shares, threshold).map_err(|_| Error::Random)?;
        let text = |part: &Zeroizing<Vec<u8>>| {
            let mut payload = Zeroizing::new(vec![threshold]);
            payload.extend(self.set());
            payload.extend(part.iter());
            let text = bech32::encode(SHARE_PREFIX, payload.to_base32(), Variant::Bech32);
            text.map(|text| Zeroizing::new(text.to_uppercase())).map_err(|_| Error::Paper(PaperError::Checksum))
        };
        parts.iter().map(text).collect()
    }

    fn set(&self) -> [u8; SET] {
        let digest = Sha256::digest(self.recipient().as_bytes());
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// Puts a key together from its shares.
    ///
    /// # Errors
    ///
    /// [`Error::Paper`] where a share is damaged, they are of different keys, one is there twice, or there are too few.
    pub fn join(shares: &[&str]) -> Result<Self, Error> {
        let shares =
            shares.iter().map(|text| Share::parse(text)).collect::<Result<Vec<_>, _>>().map_err(Error::Paper)?;
        let Some(first) = shares.first() else {
            return Err(Error::Paper(PaperError::TooFew { have: 0, needed: 2 }));
        };
        if shares.iter().any(|share| share.set != first.set || share.threshold != first.threshold) {
            return Err(Error::Paper(PaperError::Different));
        }
        let numbers = |share: &Share| share.part.last().copied();
        if shares
            .iter()
            .enumerate()
            .any(|(at, share)| shares[..at].iter().any(|other| numbers(other) == numbers(share)))
        {
            return Err(Error::Paper(PaperError::Twice));
        }
        let needed = usize::from(first.threshold);
        if shares.len() < needed {
            return Err(Error::Paper(PaperError::TooFew { have: shares.len(), needed }));
        }
        let parts: Vec<_> = shares.iter().map(|share| share.part.clone()).collect();
        let damaged = || Error::Paper(PaperError::Checksum);
        let secret = join_shares(&parts).ok_or_else(damaged)?;
        let text = bech32::encode(KEY_PREFIX, secret.to_base32(), Variant::Bech32).map(Zeroizing::new);
        let key = Self::parse(&text.map_err(|_| damaged())?)?;
        if key.set() == first.set { Ok(key) } else { Err(damaged()) }
    }

    /// Whether a text is a share, and how many of its kind are needed.
    pub fn shares_needed(text: &str) -> Option<usize> {
        Share::parse(text).ok().map(|share| share.threshold.into())
    }
}

impl std::fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoveryKey").field("recipient", &self.recipient()).finish_non_exhaustive()
    }
}

struct Share {
    threshold: u8,
    set: [u8; SET],
    part: Zeroizing<Vec<u8>>,
}

impl Share {
    fn parse(text: &str) -> Result<Self, PaperError> {
        let text = Zeroizing::new(text.trim().to_uppercase());
        if !text.starts_with("WINDLASS-SHARE-1") {
            return Err(PaperError::Neither);
        }
        let (_, words, _) = bech32::decode(&text).map_err(|_| PaperError::Checksum)?;
        let payload = Vec::<u8>::from_base32(&words).map(Zeroizing::new).map_err(|_| PaperError::Checksum)?;
        match &payload[..] {
            [threshold, a, b, c, d, part @ ..] if part.len() == 33 => {
                Ok(Self { threshold: *threshold, set: [*a, *b, *c, *d], part: Zeroizing::new(part.to_vec()) })
            }
            _ => Err(PaperError::Checksum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_of_three_shares_give_the_key() {
        let key = RecoveryKey::generate();
        let shares = key.split(3, 2).unwrap();
        for pair in [[0, 1], [1, 2], [2, 0]] {
            let joined = RecoveryKey::join(&pair.map(|at| shares[at].as_str())).unwrap();
            assert_eq!(*joined.expose(), *key.expose());
        }
        assert!(RecoveryKey::join(&[&shares[0], &shares[1], &shares[2]].map(|share| share.as_str())).is_ok());
        assert_eq!(RecoveryKey::shares_needed(&shares[0].to_lowercase()), Some(2));
        assert!(shares.iter().all(|share| share.len() < 100), "four rows of paper");
    }

    #[test]
    fn faults_of_shares_are_told() {
        let (key, other) = (RecoveryKey::generate(), RecoveryKey::generate());
        let (shares, others) = (key.split(3, 3).unwrap(), other.split(3, 3).unwrap());
        let fault = |shares: &[&str]| match RecoveryKey::join(shares) {
            Err(Error::Paper(fault)) => fault,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(&[&shares[0], &shares[1]]), PaperError::TooFew { have: 2, needed: 3 });
        assert_eq!(fault(&[&shares[0], &shares[1], &shares[0]]), PaperError::Twice);
        assert_eq!(fault(&[&shares[0], &shares[1], &others[2]]), PaperError::Different);
        let other_letter = if shares[0].as_bytes()[40] == b'Q' { "P" } else { "Q" };
        let slip = format!("{}{other_letter}{}", &shares[0][..40], &shares[0][41..]);
        assert_eq!(fault(&[&slip, &shares[1], &shares[2]]), PaperError::Checksum);
        assert_eq!(fault(&["AGE-SECRET-KEY-1"]), PaperError::Neither);
        assert!(matches!(key.split(2, 3), Err(Error::Shares { .. })));
        assert!(matches!(key.split(2, 1), Err(Error::Shares { .. })));
        assert!(!format!("{key:?}").contains("SECRET"));
    }
}
