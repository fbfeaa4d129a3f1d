//! Secrets that nobody thought of.

use std::str::FromStr;

use zeroize::Zeroizing;

use crate::Error;

/// How a secret is to be generated: its length in letters, and which letters.
///
/// ```
/// use windlass_secrets::Generator;
///
/// let secret = "20/hex".parse::<Generator>()?.generate()?;
/// assert_eq!(secret.len(), 20);
/// assert!(secret.bytes().all(|letter| letter.is_ascii_hexdigit()));
/// # Ok::<(), windlass_secrets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generator {
    length: usize,
    letters: Vec<char>,
}

/// Letters and digits: about 190 bits in 32 letters, and no shell, URL or YAML takes one for something else.
const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const LONGEST: usize = 65536;

impl Default for Generator {
    /// 32 letters and digits.
    fn default() -> Self {
        Self { length: 32, letters: ALNUM.chars().collect() }
    }
}

/// `LENGTH`, `LENGTH/CHARSET` or `CHARSET`.
impl FromStr for Generator {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let default = Self::default();
        let (length, charset) = match text.split_once('/') {
            Some((length, charset)) => (Some(length), Some(charset)),
            None if text.bytes().all(|letter| letter.is_ascii_digit()) => (Some(text), None),
            None => (None, Some(text)),
        };
        let length = match length.filter(|length| !length.is_empty()) {
            None => default.length,
            Some(length) => length.parse().map_err(|_| Error::Length(0))?,
        };
        if !(1..=LONGEST).contains(&length) {
            return Err(Error::Length(length));
        }
        let letters = match charset {
            None => default.letters,
            Some(charset) => letters(charset)?,
        };
        Ok(Self { length, letters })
    }
}

fn letters(charset: &str) -> Result<Vec<char>, Error> {
    let mut letters: Vec<char> = match charset {
        "alnum" => ALNUM.chars().collect(),
        "hex" => "0123456789abcdef".chars().collect(),
        "digits" => ('0'..='9').collect(),
        "base64" => ALNUM.chars().chain("+/".chars()).collect(),
        "ascii" => ('!'..='~').collect(),
        own => own.chars().collect(),
    };
    letters.sort_unstable();
    letters.dedup();
    if (2..=256).contains(&letters.len()) { Ok(letters) } else { Err(Error::Charset(charset.to_owned())) }
}

impl Generator {
    /// A new secret; every letter is as likely as every other.
    ///
    /// # Errors
    ///
    /// [`Error::Random`].
    pub fn generate(&self) -> Result<Zeroizing<String>, Error> {
        let mut secret = Zeroizing::new(String::with_capacity(self.length * 4));
        // Bytes beyond the last whole multiple would favour the first letters.
        let limit = 256 - 256 % self.letters.len();
        let mut count = 0;
        while count < self.length {
            let mut bytes = Zeroizing::new([0u8; 64]);
            getrandom::fill(&mut *bytes).map_err(|_| Error::Random)?;
            let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit);
            for byte in fair.take(self.length - count) {
                secret.push(self.letters[byte % self.letters.len()]);
                count += 1;
            }
        }
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_charsets_are_read() {
        for (text, length, count) in
            [("20", 20, 62), ("hex", 32, 16), ("8/digits", 8, 10), ("5/abca", 5, 3), ("/ascii", 32, 94)]
        {
            let generator: Generator = text.parse().unwrap();
            assert_eq!((generator.length, generator.letters.len()), (length, count), "{text}");
            assert_eq!(generator.generate().unwrap().chars().count(), length);
        }
        for text in ["0", "65537", "8/", "8/a", "99999999999999999999"] {
            assert!(text.parse::<Generator>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_letter_comes() {
        let secret = "65536/digits".parse::<Generator>().unwrap().generate().unwrap();
        for digit in '0'..='9' {
            let count = secret.chars().filter(|letter| *letter == digit).count();
            // The mean is 6554, the standard deviation 77: this fails once in far more runs than there will be.
            assert!((5500..7600).contains(&count), "{digit}: {count}");
        }
    }
}
