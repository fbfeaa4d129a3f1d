//! Encrypting a plaintext.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::cipher::DataKey;
use crate::master_key::MasterKeys;
use crate::remembered::Remembered;
use crate::tree::{Branch, Item, Node, Value};
use crate::written::{self, Expected, Source};
use crate::yaml_written::Written;
use crate::{Error, Format, Identities, MasterKey, Recipients, Selector, StoresConfig, WriteError};
use crate::{metadata_tree, seal_key, sealing, stores, timestamp};

/// The version of sops whose format the documents written here have.
const VERSION: &str = "3.11.0";

/// Choices for encryption.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct EncryptOptions {
    /// Which values are encrypted. Default: all but those below a key that ends with `_unencrypted`.
    pub selector: Selector,
    /// Whether the MAC covers the encrypted values only. Default: it covers all.
    pub mac_only_encrypted: bool,
    /// Whether comments, quotes and indentation stay as they are in YAML and dotenv, or the text is printed anew as sops
    /// does. Default: they stay.
    pub layout: Layout,
    /// The format of the encrypted document. Default: that of the plaintext.
    pub output: Option<Format>,
    /// How what is printed anew is printed. Default: as sops does without a configuration.
    pub stores: StoresConfig,
    pub(crate) master_keys: MasterKeys,
}

/// How an encrypted text is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// As the plaintext is.
    #[default]
    Keep,
    /// As sops prints it.
    Sops,
}

impl EncryptOptions {
    /// Sets which values are encrypted.
    #[must_use]
    pub fn selector(mut self, selector: Selector) -> Self {
        self.selector = selector;
        self
    }

    /// Lets the MAC cover the encrypted values only.
    #[must_use]
    pub fn mac_only_encrypted(mut self, only: bool) -> Self {
        self.mac_only_encrypted = only;
        self
    }

    /// Sets the layout.
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Writes the encrypted document in another format than that of the plaintext, as `sops --output-type` does. The layout
    /// is then that of sops.
    #[must_use]
    pub fn output(mut self, format: Format) -> Self {
        self.output = Some(format);
        self
    }

    /// Sets how what is printed anew is printed.
    #[must_use]
    pub fn stores(mut self, stores: StoresConfig) -> Self {
        self.stores = stores;
        self
    }

    /// Adds a key or a service for recipients of another kind than age.
    #[must_use]
    pub fn master_key(mut self, key: Arc<dyn MasterKey>) -> Self {
        self.master_keys.push(key);
        self
    }

    /// Adds the keys and services of a set of identities.
    #[must_use]
    pub fn keys_of(mut self, identities: &Identities) -> Self {
        self.master_keys.extend(identities.master_keys().iter().cloned());
        self
    }
}

impl fmt::Debug for EncryptOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptOptions")
            .field("selector", &self.selector)
            .field("mac_only_encrypted", &self.mac_only_encrypted)
            .field("layout", &self.layout)
            .field("output", &self.output)
            .field("stores", &self.stores)
            .finish_non_exhaustive()
    }
}

/// Encrypts a plaintext for recipients. `now` becomes the time of the last change.
///
/// The answer has been opened again: it decrypts to the values of the plaintext, and its MAC holds. A document that SOPS
/// would write so that it cannot be read back is refused.
///
/// ```
/// use std::time::SystemTime;
/// use windlass_sops::{EncryptOptions, Format, Recipients, Selector, encrypt, is_encrypted};
///
/// let text = b"kind: Secret\nstringData:\n  password: hunter2 # a comment\n";
/// let recipients = Recipients::age(["age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx"])?;
/// let options = EncryptOptions::default().selector(Selector::EncryptedRegex("^(data|stringData)$".into()));
/// let encrypted = encrypt(text, Format::Yaml, &recipients, &options, SystemTime::now())?;
/// assert!(encrypted.starts_with(b"kind: Secret\nstringData:\n  password: ENC[AES256_GCM,"));
/// assert!(is_encrypted(&encrypted, Format::Yaml));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// See [`WriteError`]; [`WriteError::exit_code`] tells the classes apart.
pub fn encrypt(
    text: &[u8],
    format: Format,
    recipients: &Recipients,
    options: &EncryptOptions,
    now: SystemTime,
) -> Result<Vec<u8>, WriteError> {
    let plain = read_plain(text, format)?;
    let binary = format == Format::Binary;
    // A binary file is one value: sops takes no selector for it.
    let (selector, mac_only) =
        if binary { (Selector::default(), false) } else { (options.selector.clone(), options.mac_only_encrypted) };
    let rule = selector.compile()?;
    let time = timestamp::text(now)?;
    let key = DataKey::generate()?;
    let mut documents = plain.clone();
    let hash = sealing::encrypt(&mut documents, &rule, mac_only, &key, Remembered::default())?;

    let mut fields = Branch::new();
    let sealed = seal_key::seal(recipients, &key, &options.master_keys, now)?;
    metadata_tree::set_recipients(&mut fields, &sealed)?;
    metadata_tree::set_text(&mut fields, "mac", &hash.seal(&time, &key)?);
    metadata_tree::set_text(&mut fields, "lastmodified", &time);
    if !binary {
        metadata_tree::set_selector(&mut fields, &selector, mac_only);
    }
    metadata_tree::set_text(&mut fields, "version", VERSION);
    let output = options.output.unwrap_or(format);
    if documents.iter().any(|document| stores::has_metadata_key(document, output)) {
        return Err(WriteError::AlreadyEncrypted);
    }
    for document in &mut documents {
        stores::put_metadata(document, &fields, output, 0);
    }
    // The layout of a binary file is its content.
    let keep_layout = options.layout == Layout::Keep && output == format && !binary;
    let (written, config) = (&Written::new(), options.stores);
    let source = Source { text, documents: &plain, format: output, keep_layout, written, config };
    let encrypted = written::encrypted(&source, &documents, &Expected { plain: &plain, key: &key })?;
    Ok(encrypted.to_vec())
}

/// Reads a plaintext that is to be encrypted, and refuses what SOPS does.
pub(crate) fn read_plain(text: &[u8], format: Format) -> Result<Vec<Branch>, WriteError> {
    if text.is_empty() && format == Format::Yaml {
        return Err(WriteError::Empty);
    }
    let documents = stores::read_plain(text, format).map_err(WriteError::Plaintext)?;
    if documents.is_empty() {
        return Err(WriteError::Empty);
    }
    if documents.iter().any(|document| stores::has_metadata_key(document, format)) {
        return Err(WriteError::AlreadyEncrypted);
    }
    if format == Format::Yaml {
        documents.iter().try_for_each(|document| refuse_repeated_keys(document)).map_err(WriteError::Plaintext)?;
    }
    Ok(documents)
}

/// In YAML, sops refuses them in the first document and loses one in later ones.
pub(crate) fn refuse_repeated_keys(items: &[Item]) -> Result<(), Error> {
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        let Item::Entry { key, node } = item else { continue };
        if !seen.insert(key) {
            let reason = format!("the key {key:?} is given twice in one mapping");
            return Err(Error::Syntax { format: Format::Yaml, line: node.line, reason });
        }
        refuse_repeated_keys_below(node)?;
    }
    Ok(())
}

fn refuse_repeated_keys_below(node: &Node) -> Result<(), Error> {
    match &node.value {
        Value::Map(items) => refuse_repeated_keys(items),
        Value::List(nodes) => nodes.iter().try_for_each(refuse_repeated_keys_below),
        _ => Ok(()),
    }
}
