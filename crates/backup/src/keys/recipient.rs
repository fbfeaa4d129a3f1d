use std::str::FromStr as _;

use ring::digest;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::identifier::hex;

/// One to whom everything is encrypted: a public key, and what people call it.
///
/// age keys (`age1…`) and SSH keys (`ssh-ed25519 …`, `ssh-rsa …`) are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// What it is called: `cluster`, `paper`, `partner`.
    pub label: String,
    /// The public key, as age takes it after `-r`.
    pub key: String,
}

impl Recipient {
    /// A recipient, if age can encrypt to it.
    ///
    /// # Errors
    /// When the key is none.
    pub fn new(label: impl Into<String>, key: impl Into<String>) -> Result<Self, Error> {
        let recipient = Self { label: label.into(), key: key.into().trim().to_owned() };
        recipient.parse().map(|_| recipient)
    }

    /// Sixteen digits to compare by eye, the same for the same key whatever its comment.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let key = self.key.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        hex(&digest::digest(&digest::SHA256, key.as_bytes()).as_ref()[..8])
    }

    /// As a message names it.
    pub(crate) fn describe(&self) -> String {
        format!("{} ({})", self.label, self.fingerprint())
    }

    fn parse(&self) -> Result<Box<dyn age::Recipient + Send>, Error> {
        let refuse = |reason: &str| Error::Recipient { label: self.label.clone(), reason: reason.to_owned() };
        if self.label.is_empty() || self.label.len() > 64 || self.label.chars().any(char::is_control) {
            return Err(refuse("its label must have 1 to 64 characters on one line"));
        }
        if self.key.starts_with("AGE-SECRET-KEY-") {
            return Err(refuse("this is the secret key; give the public one, which begins with age1"));
        }
        if self.key.starts_with("age1") {
            let key = age::x25519::Recipient::from_str(&self.key);
            return key.map(|key| Box::new(key) as _).map_err(|_| {
                refuse("not an X25519 key of age: mistyped, or of a plugin, which this program does not run")
            });
        }
        let key = age::ssh::Recipient::from_str(&self.key);
        key.map(|key| Box::new(key) as _).map_err(|_| refuse("neither a public key of age (age1…) nor one of SSH"))
    }
}

/// All recipients as age wants them.
pub(crate) fn parse_all(recipients: &[Recipient]) -> Result<Vec<Box<dyn age::Recipient + Send>>, Error> {
    recipients.iter().map(Recipient::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_key_is_not_taken_for_a_recipient_nor_shown() {
        let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
        let error = Recipient::new("paper", secret).unwrap_err().to_string();
        assert!(error.contains("age1") && !error.contains("GFPYY"), "{error}");
    }

    #[test]
    fn ssh_keys_are_taken() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@rust";
        assert!(Recipient::new("laptop", key).is_ok());
    }
}
