//! The message authentication code over the values of a document.
//!
//! SHA-512 over the plaintext bytes of every leaf in file order, without keys or separators; printed in upper-case hex and
//! encrypted with the time of the last change as additional data (sops, `sops.go`, `Tree.Decrypt`).

use sha2::{Digest as _, Sha256, Sha512};

use crate::cipher::DataKey;
use crate::envelope::{self, Envelope};
use crate::scalar::{Scalar, float_bytes, time_in_seconds};
use crate::{Error, WriteError};

/// The hash as it grows.
pub(crate) struct ValueHash {
    exact: Sha512,
    /// sops before 3.12 read every JSON number as a float. Where that makes a difference (integers beyond 2^53), this is
    /// the hash such a version wrote.
    rounded: Option<Sha512>,
}

impl ValueHash {
    pub(crate) fn new(mac_only_encrypted: bool) -> Self {
        let mut exact = Sha512::new();
        if mac_only_encrypted {
            // Keeps a MAC over encrypted values apart from one over all values.
            exact.update(Sha256::digest(b"sops"));
        }
        Self { exact, rounded: None }
    }

    /// Adds a value.
    pub(crate) fn add(&mut self, scalar: &Scalar) {
        let bytes = scalar.plain_bytes();
        self.exact.update(&bytes);
        if let Some(rounded) = &mut self.rounded {
            rounded.update(&bytes);
        }
    }

    /// Adds a number that stands in clear in JSON.
    pub(crate) fn add_clear_json(&mut self, scalar: &Scalar) {
        let float = match scalar {
            #[expect(clippy::cast_precision_loss, reason = "the loss is what is looked for")]
            Scalar::Int(number) => float_bytes(*number as f64),
            _ => return self.add(scalar),
        };
        let exact = scalar.plain_bytes();
        if self.rounded.is_some() || *exact != float {
            self.rounded.get_or_insert_with(|| self.exact.clone()).update(&float);
        }
        self.exact.update(&exact);
    }

    /// The MAC of a document that is being written, bound to the time of its change.
    pub(crate) fn seal(self, last_modified: &str, key: &DataKey) -> Result<String, WriteError> {
        envelope::seal(&hex(&self.exact.finalize()), "str", key, last_modified.as_bytes())
    }

    /// Compares with the MAC that a document holds.
    pub(crate) fn verify(self, mac: Option<&str>, last_modified: Option<&str>, key: &DataKey) -> Result<(), Error> {
        let mac = mac.filter(|text| !text.is_empty()).ok_or(Error::MacMissing)?;
        let time = last_modified.and_then(time_in_seconds).ok_or(Error::MacUnreadable)?;
        // The type is not authenticated, but one that is not text fits no MAC.
        let stored = Envelope::parse(mac)
            .ok()
            .filter(|envelope| envelope.type_name == "str")
            .and_then(|envelope| envelope.open(key, time.as_bytes()).ok())
            .ok_or(Error::MacUnreadable)?;
        let fits = |hash: Sha512| *stored == hex(&hash.finalize());
        if fits(self.exact) || self.rounded.is_some_and(fits) { Ok(()) } else { Err(Error::MacMismatch) }
    }
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS[usize::from(nibble)];
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_mac_only_encrypted_is_the_documented_one() {
        let mark = Sha256::digest(b"sops");
        assert_eq!(hex(&mark), b"8A3FD2AD54CE66527B1034F3D147BE0B0B975B3BF44F72C6FDADEC8176F27D69");
    }

    #[test]
    fn a_large_clear_json_integer_is_hashed_both_ways() {
        let hash = |numbers: &[i64]| {
            let mut hash = ValueHash::new(false);
            numbers.iter().for_each(|number| hash.add_clear_json(&Scalar::Int(*number)));
            hash
        };
        assert!(hash(&[1, 1 << 53]).rounded.is_none());
        let both = hash(&[1, (1 << 53) + 1, 2]);
        assert_eq!(both.exact.finalize(), Sha512::digest(b"190071992547409932"));
        assert_eq!(both.rounded.unwrap().finalize(), Sha512::digest(b"190071992547409922"));
    }
}
