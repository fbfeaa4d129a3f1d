//! The private keys that open documents.

#[cfg(feature = "vault")]
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::Tried;
use crate::identity_error::IdentityError;
use crate::identity_text::{self, Key};
use crate::master_key::MasterKeys;
use crate::{MasterKey, Prompt, public_text};

/// A set of age identities, each with the place it came from.
///
/// Sources are pooled, as SOPS pools them: all identities of a set are tried on a document. A source that
/// cannot be read does not stop the others; it is kept as a [warning](Identities::warnings), and told again
/// by the error of a document that nothing opens.
///
/// The keys are wiped from memory on drop, and `Debug` shows recipients only.
#[derive(Clone, Default)]
pub struct Identities {
    keys: Vec<Key>,
    master_keys: MasterKeys,
    warnings: Vec<IdentityError>,
    /// What the environment says about Vault, for tokens that come from elsewhere.
    #[cfg(feature = "vault")]
    vault_settings: Arc<BTreeMap<&'static str, String>>,
}

impl Identities {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the text of a key file: one identity a line, blank lines and `#` comments between.
    ///
    /// `origin` names the source in messages: a file name, a variable, a Secret's key.
    ///
    /// # Errors
    ///
    /// When a line is no identity or one of an unsupported kind (as in SOPS, one bad line fails the source),
    /// or when there is none.
    pub fn parse(text: &str, origin: &str) -> Result<Self, IdentityError> {
        Self::parse_with(text, origin, &Prompt::default())
    }

    /// The same; identities of plugins ask their questions through `prompt`.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub fn parse_with(text: &str, origin: &str, prompt: &Prompt) -> Result<Self, IdentityError> {
        identity_text::age_keys(text, origin, prompt).map(Self::of_keys)
    }

    /// Reads an SSH private key, Ed25519 or RSA. One with a passphrase asks for it through `prompt` when it is used.
    ///
    /// # Errors
    ///
    /// When the text is no such key.
    pub fn parse_ssh(text: &str, origin: &str, prompt: &Prompt) -> Result<Self, IdentityError> {
        identity_text::ssh_key(text, origin, prompt).map(|key| Self::of_keys(vec![key]))
    }

    fn of_keys(keys: Vec<Key>) -> Self {
        Self { keys, ..Self::default() }
    }

    /// Reads the identities that the environment names, as SOPS does: `SOPS_AGE_KEY` (the identities
    /// themselves) and `SOPS_AGE_KEY_FILE` (a file of them). [`IdentitySources`](crate::IdentitySources) looks further.
    ///
    /// The library reads no environment; the caller hands in the lookup:
    ///
    /// ```
    /// use windlass_sops::Identities;
    ///
    /// let identities = Identities::from_env(|name| std::env::var(name).ok());
    /// ```
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut all = Self::new();
        all.read_settings(&lookup);
        let value = |name: &str| lookup(name).filter(|text| !text.is_empty()).map(Zeroizing::new);
        if let Some(text) = value("SOPS_AGE_KEY") {
            all.pool(Self::parse(&text, "SOPS_AGE_KEY"));
        }
        if let Some(path) = value("SOPS_AGE_KEY_FILE") {
            let origin = format!("SOPS_AGE_KEY_FILE {}", public_text::plain(&path));
            match std::fs::read_to_string(path.as_str()) {
                Ok(text) => all.pool(Self::parse(&Zeroizing::new(text), &origin)),
                Err(error) => {
                    all.warnings.push(IdentityError::Unreadable { origin, reason: error.to_string() });
                }
            }
        }
        all
    }

    /// Adds the identities and warnings of another set.
    pub fn extend(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.master_keys.extend(other.master_keys);
        self.warnings.extend(other.warnings);
    }

    /// Adds a key or a service for recipients of another kind than age.
    pub fn add_master_key(&mut self, key: Arc<dyn MasterKey>) {
        self.master_keys.push(key);
    }

    /// Remembers what the environment says about Vault.
    pub(crate) fn read_settings(&mut self, lookup: &dyn Fn(&str) -> Option<String>) {
        #[cfg(feature = "vault")]
        {
            let set = |name: &&'static str| Some((*name, lookup(name)?));
            self.vault_settings = Arc::new(crate::vault::SETTINGS.iter().filter_map(set).collect());
        }
        #[cfg(not(feature = "vault"))]
        let _ = lookup;
    }

    #[cfg(feature = "vault")]
    pub(crate) fn vault_setting(&self, name: &str) -> Option<String> {
        self.vault_settings.get(name).cloned()
    }

    pub(crate) fn master_keys(&self) -> &MasterKeys {
        &self.master_keys
    }

    /// Notes that a source could not be read, with the reason: the error of a document that nothing opens tells it.
    pub fn missed(&mut self, origin: &str, reason: &str) {
        self.warnings.push(IdentityError::Unreadable { origin: origin.to_owned(), reason: reason.to_owned() });
    }

    /// What was wrong with the sources read.
    pub fn warnings(&self) -> &[IdentityError] {
        &self.warnings
    }

    /// The public recipients of the identities, `age1…` or `ssh-…`, in the order they were read. That of a plugin is not known.
    pub fn recipients(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.recipient.as_str())
    }

    /// Whether there is no identity.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.master_keys.is_empty()
    }

    pub(crate) fn pool(&mut self, source: Result<Self, IdentityError>) {
        match source {
            Ok(found) => self.extend(found),
            Err(error) => self.warnings.push(error),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.keys.iter().map(|key| &*key.identity as &dyn age::Identity)
    }

    /// The same with the place that each came from.
    pub fn tried(&self) -> Vec<Tried> {
        let tried = |key: &Key| Tried { recipient: key.recipient.clone(), origin: key.origin.clone() };
        self.keys.iter().map(tried).collect()
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities")
            .field("recipients", &self.recipients().collect::<Vec<_>>())
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";
    const RECIPIENT: &str = "age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx";

    #[test]
    fn a_key_file_has_comments_and_several_keys() {
        let text = format!("# created: today\r\n\r\n{KEY}\r\n  {KEY} {KEY}\n");
        let identities = Identities::parse(&text, "keys.txt").unwrap();
        assert_eq!(identities.recipients().collect::<Vec<_>>(), [RECIPIENT; 3]);
    }

    #[test]
    fn faults_name_the_line_and_never_the_key() {
        let broken = &KEY[..KEY.len() - 1];
        for (text, message) in [
            (format!("#\n{broken}"), "keys.txt, line 2: not an age identity (AGE-SECRET-KEY-1…)"),
            ("secret".to_owned(), "keys.txt, line 1: not an age identity (AGE-SECRET-KEY-1…)"),
            ("# none\n".to_owned(), "keys.txt: no identity found"),
            ("AGE-SECRET-KEY-PQ-1X".to_owned(), "keys.txt, line 1: not an age identity (AGE-SECRET-KEY-1…)"),
            ("AGE-PLUGIN-YUBIKEY-1X".to_owned(), "keys.txt, line 1: not an age identity (AGE-SECRET-KEY-1…)"),
        ] {
            assert_eq!(Identities::parse(&text, "keys.txt").unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn environment_sources_are_pooled_and_faults_kept() {
        let lookup = |name: &str| match name {
            "SOPS_AGE_KEY" => Some(KEY.to_owned()),
            "SOPS_AGE_KEY_FILE" => Some("/no/such/file".to_owned()),
            _ => None,
        };
        let identities = Identities::from_env(lookup);
        assert_eq!(identities.recipients().count(), 1);
        assert!(identities.warnings()[0].to_string().starts_with("SOPS_AGE_KEY_FILE /no/such/file: cannot be read"));
        assert!(Identities::from_env(|_| Some(String::new())).is_empty());
    }

    #[test]
    fn a_file_named_by_the_environment_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), KEY).unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let identities = Identities::from_env(|name| (name == "SOPS_AGE_KEY_FILE").then(|| path.clone()));
        assert_eq!(identities.recipients().collect::<Vec<_>>(), [RECIPIENT]);
    }

    #[test]
    fn debug_shows_recipients_only() {
        let shown = format!("{:?}", Identities::parse(KEY, "x").unwrap());
        assert!(shown.contains(RECIPIENT));
        assert!(!shown.contains("AGE-SECRET-KEY"));
    }
}
