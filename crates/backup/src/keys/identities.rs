use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;

use crate::{Error, Recipient};

/// The private keys that open a backup: age identities and unencrypted SSH keys.
///
/// Cloning shares them. They print as how many there are.
#[derive(Clone, Default)]
pub struct Identities {
    keys: Arc<Vec<Key>>,
}

#[derive(Clone)]
enum Key {
    Age(age::x25519::Identity),
    Ssh(Box<age::ssh::Identity>, String),
}

impl Identities {
    /// Reads a file of age identities (`AGE-SECRET-KEY-1…`, comments and blank lines between), or an SSH private key.
    ///
    /// # Errors
    /// When there is none in it, or one is mistyped or locked with a passphrase. The text is never shown.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |reason: &str| Error::KeyText { what: "an identity of age", reason: reason.to_owned() };
        if text.trim_start().starts_with("-----BEGIN") {
            return Self::ssh(text);
        }
        let mut keys = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = age::x25519::Identity::from_str(line).map_err(|_| {
                refuse(&format!("line {} is no AGE-SECRET-KEY-1…, or its checksum does not fit", number + 1))
            })?;
            keys.push(Key::Age(key));
        }
        if keys.is_empty() { Err(refuse("the text has none")) } else { Ok(Self { keys: Arc::new(keys) }) }
    }

    fn ssh(text: &str) -> Result<Self, Error> {
        let refuse = |reason: &str| Error::KeyText { what: "an SSH private key", reason: reason.to_owned() };
        let key = age::ssh::Identity::from_buffer(text.as_bytes(), None).map_err(|_| refuse("it cannot be read"))?;
        match key {
            age::ssh::Identity::Unencrypted(_) => {}
            age::ssh::Identity::Encrypted(_) => {
                return Err(refuse("it is locked with a passphrase: unlock a copy of it (ssh-keygen -p)"));
            }
            age::ssh::Identity::Unsupported(_) => return Err(refuse("age opens Ed25519 and RSA keys only")),
        }
        let public = age::ssh::Recipient::try_from(key.clone())
            .map_err(|_| refuse("its public half cannot be read"))?
            .to_string();
        Ok(Self { keys: Arc::new(vec![Key::Ssh(Box::new(key), public)]) })
    }

    /// These and others.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        let mut all = Vec::new();
        for keys in [self.keys, others.keys] {
            all.extend(keys.iter().cloned());
        }
        Self { keys: Arc::new(all) }
    }

    /// Each alone.
    #[must_use]
    pub fn each(&self) -> Vec<Self> {
        let alone = |key: &Key| Self { keys: Arc::new(vec![key.clone()]) };
        self.keys.iter().map(alone).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Which of the recipients these are, by their public halves.
    #[must_use]
    pub fn of<'a>(&self, recipients: &'a [Recipient]) -> Vec<&'a Recipient> {
        let halves = self.public_halves();
        let fits = |recipient: &&Recipient| {
            let known = recipient.key.split_whitespace().take(2);
            halves.iter().any(|half| half.split_whitespace().take(2).eq(known.clone()))
        };
        recipients.iter().filter(fits).collect()
    }

    /// The public halves, as age takes them after `-r`.
    #[must_use]
    pub fn public_halves(&self) -> Vec<String> {
        let half = |key: &Key| match key {
            Key::Age(key) => key.to_public().to_string(),
            Key::Ssh(_, public) => public.clone(),
        };
        self.keys.iter().map(half).collect()
    }

    pub(crate) fn as_age(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.keys.iter().map(|key| match key {
            Key::Age(key) => key as &dyn age::Identity,
            Key::Ssh(key, _) => key.as_ref() as &dyn age::Identity,
        })
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Identities({} <redacted>)", self.keys.len())
    }
}
