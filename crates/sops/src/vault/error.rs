//! What can go wrong with Vault.

/// Why Vault did not seal or open a data key. It shows neither the token nor a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The address of a recipient is none.
    #[error("{address:?} is no address of a Vault: {reason}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The allowlist has an empty entry.
    #[error("entry {entry} of the allowlist for Vault is empty")]
    Allowlist {
        /// Its place, from 1.
        entry: usize,
    },
    /// The allowlist does not have the address.
    #[error("the allowlist for Vault does not have {address} (SOPS_HC_VAULT_ALLOWLIST)")]
    NotAllowed {
        /// The address.
        address: String,
    },
    /// A variable asks for what is not done here.
    #[error("{name} is set, which is not supported (name the authority in VAULT_CACERT)")]
    Setting {
        /// The variable.
        name: &'static str,
    },
    /// A file cannot be read.
    #[error("{file} cannot be read")]
    File {
        /// Its path.
        file: String,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// The certificates to be trusted are none, or TLS cannot be set up with them.
    #[error("the certificates for Vault cannot be used: {0}")]
    Authorities(String),
    /// Vault was not reached, or its certificate is not trusted.
    #[error("{address} cannot be reached: {source}")]
    Unreachable {
        /// The address.
        address: String,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// Vault took too long.
    #[error("{address} does not answer")]
    Timeout {
        /// The address.
        address: String,
    },
    /// Vault refused.
    #[error("{address} refuses {path} with status {status}{}", listed(.errors))]
    Refused {
        /// The address.
        address: String,
        /// The path that was asked.
        path: String,
        /// The status of HTTP. 403: the token is wrong, or may not use the key.
        status: u16,
        /// What Vault said.
        errors: Vec<String>,
    },
    /// The answer is not what was asked for.
    #[error("the answer of Vault cannot be used: {0}")]
    Answer(&'static str),
}

fn listed(errors: &[String]) -> String {
    if errors.is_empty() { String::new() } else { format!(": {}", errors.join("; ")) }
}
