//! The key itself.

use std::fmt;
use std::str::FromStr as _;

use age::secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::{Error, read_paper, share};

/// An age identity (X25519) that is kept on paper only.
pub struct RecoveryKey(age::x25519::Identity);

impl RecoveryKey {
    /// A new one.
    pub fn generate() -> Self {
        Self(age::x25519::Identity::generate())
    }

    /// Reads `AGE-SECRET-KEY-1…`.
    ///
    /// # Errors
    ///
    /// [`Error::Neither`] where it is something else, [`Error::Checksum`] where it is damaged.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = Zeroizing::new(text.trim().to_uppercase());
        let identity = age::x25519::Identity::from_str(&text)
            .map_err(|_| if text.starts_with(KEY_PREFIX) { Error::Checksum } else { Error::Neither });
        identity.map(Self)
    }

    /// Reads a key from a page of paper, or from several pages with shares of one, as [`read_paper`] reads them.
    ///
    /// # Errors
    ///
    /// Those of [`read_paper`] and [`join`](Self::join).
    pub fn from_paper(pages: &[impl AsRef<str>]) -> Result<Self, Error> {
        let mut pieces = Vec::new();
        for page in pages {
            pieces.extend(read_paper(page.as_ref())?);
        }
        Self::join(&pieces.iter().map(|piece| piece.as_str()).collect::<Vec<_>>())
    }

    /// Puts a key together from its shares. One whole key is taken as it is.
    ///
    /// # Errors
    ///
    /// Where a share is damaged, they are of different keys, one is there twice, or there are too few.
    pub fn join(shares: &[&str]) -> Result<Self, Error> {
        let is_key = |text: &&str| {
            text.trim().get(..KEY_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(KEY_PREFIX))
        };
        match shares {
            [key] if is_key(key) => Self::parse(key),
            shares if shares.iter().any(is_key) => Err(Error::Several),
            shares => share::join(shares),
        }
    }

    /// Splits the key into shares, `WINDLASS-SHARE-1…`, of which `threshold` give it back; fewer tell nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Threshold`] where there are fewer shares than needed, or fewer than two are; [`Error::Random`].
    pub fn split(&self, shares: u8, threshold: u8) -> Result<Vec<Zeroizing<String>>, Error> {
        share::split(self, shares, threshold)
    }

    /// How many shares are needed, where a text is one of them.
    pub fn shares_needed(text: &str) -> Option<usize> {
        share::threshold(text)
    }

    /// The public side, `age1…`.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// The identity, `AGE-SECRET-KEY-1…`, as age and sops take it.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }
}

pub(crate) const KEY_PREFIX: &str = "AGE-SECRET-KEY-1";

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryKey").field("recipient", &self.recipient()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn enough_shares_in_any_order_give_the_key(
            order in Just((0..5_usize).collect::<Vec<_>>()).prop_shuffle(),
            threshold in 2..=5_u8,
        ) {
            let key = RecoveryKey::generate();
            let shares = key.split(5, threshold).unwrap();
            let some = |count: u8| order.iter().take(count.into()).map(|at| shares[*at].as_str()).collect::<Vec<_>>();
            prop_assert_eq!(RecoveryKey::join(&some(threshold)).unwrap().expose(), key.expose());
            prop_assert_eq!(RecoveryKey::join(&some(5)).unwrap().expose(), key.expose());
            let needed = usize::from(threshold);
            let few = RecoveryKey::join(&some(threshold - 1)).unwrap_err();
            prop_assert_eq!(few, Error::TooFew { have: needed - 1, needed });
        }
    }

    #[test]
    fn a_share_tells_how_many_are_needed_and_fits_four_rows() {
        let shares = RecoveryKey::generate().split(3, 2).unwrap();
        assert_eq!(RecoveryKey::shares_needed(&shares[0].to_lowercase()), Some(2));
        assert!(shares.iter().all(|share| share.len() < 100));
    }

    #[test]
    fn faults_of_shares_are_told() {
        let (key, other) = (RecoveryKey::generate(), RecoveryKey::generate());
        let (shares, others) = (key.split(3, 3).unwrap(), other.split(3, 3).unwrap());
        let fault = |shares: &[&str]| RecoveryKey::join(shares).unwrap_err();
        assert_eq!(fault(&[]), Error::TooFew { have: 0, needed: 2 });
        assert_eq!(fault(&[&shares[0], &shares[1], &shares[0]]), Error::Twice);
        assert_eq!(fault(&[&shares[0], &shares[1], &others[2]]), Error::Different);
        let other_letter = if shares[0].as_bytes()[40] == b'Q' { "P" } else { "Q" };
        let slip = format!("{}{other_letter}{}", &shares[0][..40], &shares[0][41..]);
        assert_eq!(fault(&[&slip, &shares[1], &shares[2]]), Error::Checksum);
        assert_eq!(fault(&["AGE-SECRET-KEY-1"]), Error::Checksum);
        assert_eq!(fault(&["nothing"]), Error::Neither);
        assert_eq!(fault(&[&key.expose(), &shares[0]]), Error::Several);
        assert_eq!(key.split(2, 3).unwrap_err(), Error::Threshold { threshold: 3, shares: 2 });
        assert_eq!(key.split(2, 1).unwrap_err(), Error::Threshold { threshold: 1, shares: 2 });
        let secret = key.expose();
        for shown in [format!("{key:?}"), format!("{:?} {}", fault(&[&slip]), fault(&[&slip]))] {
            assert!(!shown.contains("SECRET") && !shown.contains(&secret[20..30]) && !shown.contains(&slip[20..30]));
        }
    }

    #[test]
    fn shares_of_earlier_versions_of_the_backup_give_the_key() {
        // Made by `windlass backup key split` before it printed the shares that are made here.
        let old = OLD_SHARES;
        for pair in [[0, 1], [1, 2], [2, 0]] {
            assert_eq!(*RecoveryKey::join(&pair.map(|at| old[at])).unwrap().expose(), OLD_KEY);
        }
        assert_eq!(RecoveryKey::join(&old[..1]).unwrap_err(), Error::TooFew { have: 1, needed: 2 });
        assert_eq!(RecoveryKey::join(&[old[0], old[0]]).unwrap_err(), Error::Twice);
    }

    const OLD_KEY: &str = "AGE-SECRET-KEY-1ER977C6JLMHN7ME2Z4Q6JXRGPZFGWYZF8X64RXT853HK3WM4CVFSL2SZ0G";
    const OLD_SHARES: [&str; 3] = [
        "WINDLASS-SHARE-1QGQ6GUEHWGHWFVRG92HUGLAC3HCJP8FZWDZNN80S29DRHV50JPU7FYEWF85PSTPYH6Y",
        "WINDLASS-SHARE-1QGP2GUEHWG0E25T45FWTN0760LRG8STVT6FDLV7T08LM9R94JGZK9PV2PK2S22T098C",
        "WINDLASS-SHARE-1QGP6GUEHWTUM5RN7MGXE9LCDMQ3W9A2KGH0HF2FTVXWRCMARVHVWJLSLXXLQUND3A3W",
    ];
}
