//! Names that nobody else gives: ULIDs, and random bytes.

use std::fmt;

use jiff::Timestamp;

use crate::Error;

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A name that sorts by time and is given once: 48 bits of milliseconds, 80 random ones, in Crockford's base 32
/// (<https://github.com/ulid/spec>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ulid(u128);

impl Ulid {
    pub(crate) fn at(time: Timestamp) -> Result<Self, Error> {
        let mut random = [0; 16];
        fill(&mut random[6..])?;
        let millis = u128::try_from(time.as_millisecond()).unwrap_or_default() & ((1 << 48) - 1);
        Ok(Self(millis << 80 | u128::from_be_bytes(random)))
    }

    /// For working names, where a clash is noticed by the file system.
    pub(crate) fn now() -> Self {
        let now = Timestamp::now();
        Self::at(now).unwrap_or(Self(now.as_nanosecond().unsigned_abs()))
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..26).rev() {
            let digit = (self.0 >> (place * 5)) & 31;
            write!(out, "{}", char::from(DIGITS[digit as usize]))?;
        }
        Ok(())
    }
}

/// Fills with random bytes.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|_| Error::Random)
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a text is `bytes` bytes as lower-case hexadecimal digits.
pub(crate) fn is_hex(text: &str, bytes: usize) -> bool {
    text.len() == bytes * 2 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ulid_shows_its_time_first() {
        // The example of the specification.
        let time = Timestamp::from_millisecond(1_469_918_176_385).unwrap();
        let text = Ulid::at(time).unwrap().to_string();
        assert_eq!(text.len(), 26);
        assert_eq!(&text[..10], "01ARYZ6S41");
    }
}
