//! Data keys sealed by the transit engine of HashiCorp Vault or OpenBao (cargo feature `vault`).

use std::fmt;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use zeroize::Zeroizing;

use crate::master_key::{MasterKey, MasterKeyError};
use crate::plaintext::wipe;
use crate::public_text;
use crate::recipient::{Recipient, RecipientKind};

mod address;
mod allowlist;
mod error;
mod exchange;
mod tls;

pub use self::error::VaultError;

use self::address::Address;
use self::allowlist::Allowlist;
use self::exchange::Question;

/// The transit engine of HashiCorp Vault or OpenBao, which seals and opens data keys (cargo feature `vault`).
///
/// The address, the path of the engine and the name of the key are those of the recipient; here is with what they are asked.
/// Any document can name any address, and is sent the token when it is opened: where documents of others are opened, set an
/// [allowlist](Self::allowlist). Each call waits for its answer on a thread of its own, so that it can be made from everywhere.
///
/// ```
/// use windlass_sops::{Identities, VaultTransit};
///
/// let mut identities = Identities::new();
/// let vault = VaultTransit::new("hvs.token").namespace("team").allowlist("https://vault.example.com:8200")?;
/// identities.add_master_key(std::sync::Arc::new(vault));
/// # Ok::<(), windlass_sops::VaultError>(())
/// ```
#[must_use]
pub struct VaultTransit {
    token: Zeroizing<String>,
    namespace: Option<String>,
    allowed: Allowlist,
    authorities: Option<Vec<u8>>,
    timeout: Duration,
}

/// The variables besides the token that count, set or refused.
pub(crate) const SETTINGS: [&str; 8] = [
    "VAULT_NAMESPACE",
    "VAULT_CACERT",
    "VAULT_CACERT_BYTES",
    "SOPS_HC_VAULT_ALLOWLIST",
    "VAULT_SKIP_VERIFY",
    "VAULT_CLIENT_CERT",
    "VAULT_AGENT_ADDR",
    "VAULT_CAPATH",
];

/// No answer takes longer.
const TIMEOUT: Duration = Duration::from_secs(30);

impl VaultTransit {
    /// With a token. Addresses are trusted by the certificates of the system.
    pub fn new(token: &str) -> Self {
        Self {
            token: Zeroizing::new(token.trim().to_owned()),
            namespace: None,
            allowed: Allowlist::All,
            authorities: None,
            timeout: TIMEOUT,
        }
    }

    /// With what sops finds: `VAULT_TOKEN`, or else `.vault-token` in the home directory; `VAULT_NAMESPACE`; `VAULT_CACERT` (a
    /// file) or `VAULT_CACERT_BYTES`; `SOPS_HC_VAULT_ALLOWLIST`. As for sops, `VAULT_ADDR` does not matter: a recipient has its
    /// address. Nothing where there is no token.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or a setting asks for what is not done here: `VAULT_SKIP_VERIFY`, `VAULT_CLIENT_CERT`,
    /// `VAULT_AGENT_ADDR`, `VAULT_CAPATH`.
    pub fn from_environment(
        lookup: impl Fn(&str) -> Option<String>,
        home: Option<&Path>,
    ) -> Result<Option<Self>, VaultError> {
        let token = lookup("VAULT_TOKEN").filter(|text| !text.is_empty()).map(Zeroizing::new);
        let token = match (token, home.map(|home| home.join(".vault-token"))) {
            (Some(token), _) => token,
            (None, Some(file)) if file.is_file() => read(&file).map(|text| into_text(&text))?,
            (None, _) => return Ok(None),
        };
        Self::with_environment(&token, lookup).map(Some)
    }

    /// With a token from elsewhere, and what the same variables say besides.
    ///
    /// # Errors
    ///
    /// As for [`from_environment`](Self::from_environment).
    pub fn with_environment(token: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, VaultError> {
        let variable = |name: &str| lookup(name).filter(|text| !text.is_empty());
        let mut vault = Self::new(token);
        for name in ["VAULT_CLIENT_CERT", "VAULT_AGENT_ADDR", "VAULT_CAPATH"] {
            if variable(name).is_some() {
                return Err(VaultError::Setting { name });
            }
        }
        let skip = variable("VAULT_SKIP_VERIFY");
        if skip.is_some_and(|text| matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True")) {
            return Err(VaultError::Setting { name: "VAULT_SKIP_VERIFY" });
        }
        if let Some(pem) = variable("VAULT_CACERT_BYTES") {
            vault = vault.authorities(pem.as_bytes());
        } else if let Some(file) = variable("VAULT_CACERT") {
            vault = vault.authorities(&read(Path::new(&file))?);
        }
        if let Some(namespace) = variable("VAULT_NAMESPACE") {
            vault = vault.namespace(&namespace);
        }
        match variable("SOPS_HC_VAULT_ALLOWLIST") {
            Some(list) => vault.allowlist(&list),
            None => Ok(vault),
        }
    }

    /// Asks in a namespace.
    pub fn namespace(mut self, name: &str) -> Self {
        self.namespace = Some(name.to_owned());
        self
    }

    /// Trusts these certificates (PEM) in the place of the system's.
    pub fn authorities(mut self, pem: &[u8]) -> Self {
        self.authorities = Some(pem.to_vec());
        self
    }

    /// Asks certain addresses only, as `SOPS_HC_VAULT_ALLOWLIST` has it: `all`, `none`, or starts of URLs with commas between.
    ///
    /// # Errors
    ///
    /// When an entry is empty.
    pub fn allowlist(mut self, text: &str) -> Result<Self, VaultError> {
        self.allowed = Allowlist::parse(text)?;
        Ok(self)
    }

    /// Sets how long an answer may take. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Asks `{engine}/{verb}/{key}` and gives a text out of the answer's data.
    fn ask(
        &self,
        recipient: &Recipient,
        verb: &str,
        body: Zeroizing<Vec<u8>>,
        wanted: &str,
    ) -> Result<Zeroizing<String>, VaultError> {
        let field = |name| recipient.field(name).unwrap_or_default();
        let address = Address::parse(field("vault_address"))?;
        let path = format!("{}/{verb}/{}", field("engine_path"), field("key_name"));
        let question = Question {
            path: address::path(&path),
            token: &self.token,
            namespace: self.namespace.as_deref(),
            body,
            allowed: &self.allowed,
            tls: tls::config(self.authorities.as_deref())?,
            timeout: self.timeout,
        };
        let answer = exchange::ask(address, &question)?;
        let mut answer: Json = serde_json::from_slice(&answer).map_err(|_| VaultError::Answer("it is no JSON"))?;
        let text = answer["data"][wanted].as_str().map(|text| Zeroizing::new(text.to_owned()));
        wipe(&mut answer);
        text.filter(|text| !text.is_empty()).ok_or(VaultError::Answer("it holds no key"))
    }
}

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let fault = |source| VaultError::File { file: public_text::plain(&file.display().to_string()).to_owned(), source };
    std::fs::read(file).map(Zeroizing::new).map_err(fault)
}

fn into_text(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(String::from_utf8_lossy(bytes).into_owned())
}

/// `{"name": "value"}` for a value that needs no escapes.
fn body(name: &str, value: &str) -> Zeroizing<Vec<u8>> {
    let mut body = Zeroizing::new(Vec::with_capacity(name.len() + value.len() + 7));
    for part in ["{\"", name, "\":\"", value, "\"}"] {
        body.extend_from_slice(part.as_bytes());
    }
    body
}

impl MasterKey for VaultTransit {
    fn kind(&self) -> RecipientKind {
        RecipientKind::Vault
    }

    fn seal(&self, recipient: &Recipient, data_key: &[u8]) -> Result<String, MasterKeyError> {
        let plaintext = Zeroizing::new(STANDARD.encode(data_key));
        let sealed = self.ask(recipient, "encrypt", body("plaintext", &plaintext), "ciphertext")?;
        Ok(sealed.as_str().to_owned())
    }

    fn open(&self, recipient: &Recipient, sealed: &str) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        let sealed = serde_json::to_string(sealed)?;
        let body = body("ciphertext", sealed.trim_matches('"'));
        let plaintext = self.ask(recipient, "decrypt", body, "plaintext")?;
        let key = STANDARD.decode(plaintext.as_bytes()).map_err(|_| VaultError::Answer("the key is no base64"))?;
        Ok(Zeroizing::new(key))
    }
}

impl fmt::Debug for VaultTransit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultTransit").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Option<VaultTransit>, VaultError> {
        let lookup = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, text)| (*text).to_owned());
        VaultTransit::from_environment(lookup, None)
    }

    #[test]
    fn settings_are_those_of_sops() {
        assert!(from(&[]).unwrap().is_none());
        let vault = from(&[("VAULT_TOKEN", " t\n"), ("VAULT_NAMESPACE", "n"), ("VAULT_ADDR", "x")]).unwrap().unwrap();
        assert_eq!((vault.token.as_str(), vault.namespace.as_deref()), ("t", Some("n")));
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(".vault-token"), "from the file\n").unwrap();
        let vault = VaultTransit::from_environment(|_| None, Some(home.path())).unwrap().unwrap();
        assert_eq!(vault.token.as_str(), "from the file");
        for (name, value, message) in [
            (
                "VAULT_SKIP_VERIFY",
                "true",
                "VAULT_SKIP_VERIFY is set, which is not supported (name the authority in VAULT_CACERT)",
            ),
            ("VAULT_CACERT", "/no/such/file", "/no/such/file cannot be read"),
            ("SOPS_HC_VAULT_ALLOWLIST", "https://a,,", "entry 2 of the allowlist for Vault is empty"),
        ] {
            assert_eq!(from(&[("VAULT_TOKEN", "t"), (name, value)]).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn debug_shows_no_token() {
        assert!(!format!("{:?}", VaultTransit::new("hvs.marker")).contains("marker"));
    }
}
