//! Reads identities out of texts: lines of age identities, and SSH private keys.

use std::str::FromStr as _;
use std::sync::Arc;

use crate::identity_error::IdentityError;
use crate::{Prompt, post_quantum};

/// An identity, its public side, and where it came from.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) identity: Arc<dyn age::Identity + Send + Sync>,
    pub(crate) recipient: String,
    pub(crate) origin: String,
}

/// What the text of an age identity starts with.
pub(crate) const AGE_PREFIX: &str = "AGE-SECRET-KEY-";

/// Reads age identities, one a line or several, blank lines and comments between.
pub(crate) fn age_keys(text: &str, origin: &str, prompt: &Prompt) -> Result<Vec<Key>, IdentityError> {
    let mut keys = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // SOPS_AGE_KEY may hold several identities on one line (sops 3.13).
        for word in line.split_whitespace() {
            keys.push(age_key(word, origin, index + 1, prompt)?);
        }
    }
    if keys.is_empty() { Err(IdentityError::Empty { origin: origin.to_owned() }) } else { Ok(keys) }
}

fn age_key(word: &str, origin: &str, line: usize, prompt: &Prompt) -> Result<Key, IdentityError> {
    if word.starts_with(post_quantum::IDENTITY_START) {
        let identity = post_quantum::Identity::parse(word)
            .ok_or_else(|| IdentityError::Malformed { origin: origin.to_owned(), line })?;
        let recipient = identity.recipient();
        return Ok(Key { identity: Arc::new(identity), recipient, origin: origin.to_owned() });
    }
    if word.starts_with("AGE-PLUGIN-") {
        return plugin_key(word, origin, line, prompt);
    }
    let identity = age::x25519::Identity::from_str(word)
        .map_err(|_| IdentityError::Malformed { origin: origin.to_owned(), line })?;
    let recipient = identity.to_public().to_string();
    Ok(Key { identity: Arc::new(identity), recipient, origin: origin.to_owned() })
}

/// An identity whose key a program of its own holds, which is looked for on the path and run to open a document.
fn plugin_key(word: &str, origin: &str, line: usize, prompt: &Prompt) -> Result<Key, IdentityError> {
    let identity = age::plugin::Identity::from_str(word)
        .map_err(|_| IdentityError::Malformed { origin: origin.to_owned(), line })?;
    let name = identity.plugin().to_owned();
    let plugin = age::plugin::IdentityPluginV1::new(&name, &[identity], prompt.clone()).map_err(|_| {
        IdentityError::NoPlugin { origin: origin.to_owned(), line, plugin: format!("age-plugin-{name}") }
    })?;
    let recipient = format!("an identity of age-plugin-{name}");
    Ok(Key { identity: Arc::new(plugin), recipient, origin: origin.to_owned() })
}

/// Reads an SSH private key of OpenSSH or PEM form, Ed25519 or RSA. One with a passphrase asks for it when it is used.
pub(crate) fn ssh_key(text: &str, origin: &str, prompt: &Prompt) -> Result<Key, IdentityError> {
    let unusable = |reason| IdentityError::Ssh { origin: origin.to_owned(), reason };
    let identity = age::ssh::Identity::from_buffer(text.as_bytes(), Some(origin.to_owned()))
        .map_err(|_| unusable("not an SSH private key"))?;
    if let age::ssh::Identity::Unsupported(_) = identity {
        return Err(unusable("an SSH key of a kind that age does not use (Ed25519 and RSA it does)"));
    }
    let recipient = age::ssh::Recipient::try_from(identity.clone())
        .map_err(|_| unusable("an SSH key without a public side that can be read"))?;
    let identity = identity.with_callbacks(prompt.clone());
    Ok(Key { identity: Arc::new(identity), recipient: recipient.to_string(), origin: origin.to_owned() })
}
