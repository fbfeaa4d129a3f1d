//! An encrypted document, opened to be looked at and changed.

mod stream;
mod with_metadata;

use std::fmt;
use std::time::SystemTime;

use serde_json::Value as Json;
use zeroize::Zeroizing;

use crate::cipher::DataKey;
use crate::encrypt::read_plain;
use crate::master_key::MasterKeys;
use crate::metadata::Metadata;
use crate::recipients::Recipients;
use crate::remembered::Remembered;
use crate::same::{Extent, same_documents};
use crate::tree::Branch;
use crate::written::{self, Expected, Source};
use crate::yaml_written::{self, Written};
use crate::{DecryptOptions, Error, Format, Identities, Location, Mac, PathStep, StoresConfig, Variable, WriteError};
use crate::{
    data_key, environment, metadata_fields, metadata_tree, opening, recipients, seal_key, sealing, stores, timestamp,
};
use crate::{tree_edit, values};

/// An encrypted document, opened to be looked at and changed.
///
/// Nothing is written before [`save`](Self::save), which gives the new text: what did not change keeps its envelope byte for
/// byte, and in YAML and dotenv its layout, so that a diff shows what was changed and nothing else.
///
/// ```
/// use std::time::SystemTime;
/// use windlass_sops::{DecryptOptions, Document, EncryptOptions, Format, Identities, Recipients, encrypt, parse_path};
///
/// let key = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";
/// let identities = Identities::parse(key, "the example")?;
/// let recipients = Recipients::age(identities.recipients())?;
/// let text = encrypt(b"user: me\npass: old\n", Format::Yaml, &recipients, &EncryptOptions::default(), SystemTime::now())?;
///
/// let mut document = Document::open(&text, Format::Yaml, &identities, &DecryptOptions::default())?;
/// document.set(&parse_path("[\"pass\"]")?, &"new".into())?;
/// let saved = document.save(SystemTime::now())?;
/// assert_eq!(saved.split(|b| *b == b'\n').next(), text.split(|b| *b == b'\n').next());
///
/// let document = Document::open(&saved, Format::Yaml, &identities, &DecryptOptions::default())?;
/// assert_eq!(*document.plaintext()?, *b"user: me\npass: new\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Document {
    format: Format,
    /// The text that the next one is patched from, and its tree: the file, or an edited plaintext.
    text: Zeroizing<Vec<u8>>,
    source: Vec<Branch>,
    plain: Vec<Branch>,
    metadata: Metadata,
    /// The metadata as they stand there, with fields that nobody here knows, and how many items stand below them.
    fields: Branch,
    behind: Vec<usize>,
    key: DataKey,
    remembered: Remembered,
    written: Written,
    master_keys: MasterKeys,
    recipients: Option<Recipients>,
    config: StoresConfig,
    changed: bool,
}

impl Document {
    /// Opens a document.
    ///
    /// # Errors
    ///
    /// As [`decrypt`](crate::decrypt).
    pub fn open(text: &[u8], format: Format, identities: &Identities, options: &DecryptOptions) -> Result<Self, Error> {
        let source = stores::read(text, format)?;
        let mut plain = source.clone();
        let fields = stores::metadata_of_first(&source, format)?;
        let metadata = metadata_fields::take(&mut plain, format)?;
        metadata.check_time()?;
        metadata.check_version()?;
        let key = data_key::open(&metadata, identities, options.order)?;
        let mut remembered = Remembered::default();
        let opened = opening::decrypt_and_remember(&mut plain, &metadata, &key, format, &mut remembered)?;
        if options.mac == Mac::Verify {
            opened.hash.verify(metadata.mac.as_deref(), metadata.last_modified.as_deref(), &key)?;
        }
        if let Some(at) = opened.comment_as_value {
            return Err(Error::Value { at: Box::new(at), fault: crate::ValueFault::CommentAsValue });
        }
        Ok(Self {
            behind: source.iter().map(|document| stores::items_below_metadata(document)).collect(),
            text: Zeroizing::new(text.to_vec()),
            written: Written::new(),
            master_keys: identities.master_keys().clone(),
            recipients: None,
            config: options.stores,
            changed: false,
            format,
            source,
            plain,
            metadata,
            fields,
            key,
            remembered,
        })
    }

    /// The metadata as they were read.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The plaintext in the layout of the file: what is given to an editor.
    ///
    /// # Errors
    ///
    /// Where the format cannot hold the values, which another program must have put there.
    pub fn plaintext(&self) -> Result<Zeroizing<Vec<u8>>, WriteError> {
        if self.format == Format::Binary {
            return self.print(Format::Binary);
        }
        written::decrypted(&self.as_source(), &self.plain)
    }

    /// The plaintext as `sops decrypt --output-type` prints it in some format. Of several YAML documents, JSON shows the first.
    ///
    /// # Errors
    ///
    /// [`WriteError::Emit`] where that format cannot hold it.
    pub fn print(&self, format: Format) -> Result<Zeroizing<Vec<u8>>, WriteError> {
        stores::print(&self.plain, format, self.text.len(), self.config)
            .map_err(|source| WriteError::Emit { format, source })
    }

    /// The value at a path of the first document. The caller has to wipe it.
    pub fn get(&self, path: &[PathStep]) -> Option<Json> {
        tree_edit::get(self.plain.first()?, path).map(|node| values::node_to_json(node, self.format))
    }

    /// The value at a path of the first document as `sops decrypt --extract` prints it: a string as it is, all else in a format.
    ///
    /// # Errors
    ///
    /// [`WriteError::Missing`] where there is none, [`WriteError::Emit`] where the format cannot hold it.
    pub fn extract(&self, path: &[PathStep], format: Format) -> Result<Zeroizing<Vec<u8>>, WriteError> {
        let missing = || WriteError::Missing(Location { path: path.to_vec(), ..Location::default() });
        let node = tree_edit::get(self.plain.first().ok_or_else(missing)?, path).ok_or_else(missing)?;
        crate::extract::print(node, format, self.config).map_err(|source| WriteError::Emit { format, source })
    }

    /// The entries of the first document as the variables that `sops exec-env` gives to a program.
    ///
    /// # Errors
    ///
    /// [`WriteError::Path`] where a value is a list or a mapping, or a key cannot name a variable: it has a `=`.
    pub fn environment(&self) -> Result<Vec<Variable>, WriteError> {
        environment::of(self.plain.first().map_or(&[][..], Vec::as_slice))
    }

    /// Sets the value at a path of the first document, with the mappings and lists it takes. A position beyond the end of a
    /// list adds to it. Says whether that changed anything.
    ///
    /// # Errors
    ///
    /// [`WriteError::Path`] for a path that does not start with a key, or leads into the metadata, or takes a list for a mapping.
    pub fn set(&mut self, path: &[PathStep], value: &Json) -> Result<bool, WriteError> {
        self.check_path(path)?;
        self.check_way(0, path)?;
        let value = values::node_from_json(value, path.len())?;
        let before = self.plain.clone();
        if let Some(document) = self.plain.first_mut() {
            tree_edit::set(document, path, value.value);
        }
        Ok(self.mark(&before))
    }

    /// Removes the value at a path of the first document. Says whether there was one.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn unset(&mut self, path: &[PathStep]) -> Result<bool, WriteError> {
        self.check_path(path)?;
        let found = self.plain.first_mut().is_some_and(|document| tree_edit::unset(document, path));
        self.changed |= found;
        Ok(found)
    }

    /// Takes a whole new plaintext, as it comes from an editor. Says whether that changed anything.
    ///
    /// # Errors
    ///
    /// When it is not valid in the format, or of a shape that SOPS does not encrypt. The document is then as it was.
    pub fn replace(&mut self, plaintext: &[u8]) -> Result<bool, WriteError> {
        if *self.plaintext()? == *plaintext {
            return Ok(false);
        }
        let plain = read_plain(plaintext, self.format)?;
        if self.written.is_empty() && self.format == Format::Yaml {
            self.written = std::str::from_utf8(&self.text).map(yaml_written::quoted_envelopes).unwrap_or_default();
        }
        self.text = Zeroizing::new(plaintext.to_vec());
        self.behind = vec![0; plain.len()];
        self.source.clone_from(&plain);
        self.plain = plain;
        self.changed = true;
        Ok(true)
    }

    /// Makes a new data key when the document is saved: every value is encrypted anew, and who has the old key opens none.
    ///
    /// # Errors
    ///
    /// [`WriteError::Random`].
    pub fn rotate(&mut self) -> Result<(), WriteError> {
        self.key = DataKey::generate()?;
        self.remembered = Remembered::default();
        self.recipients.get_or_insert_with(|| Recipients::of(&self.metadata));
        self.changed = true;
        Ok(())
    }

    /// Encrypts for other recipients when the document is saved. Says whether they differ from those there are.
    ///
    /// The data key stays, and with it every value: who was removed still has the key, and can open the document as long as
    /// it is not [rotated](Self::rotate). `sops updatekeys` does the same.
    pub fn set_recipients(&mut self, recipients: Recipients) -> bool {
        let current = self.recipients.clone().unwrap_or_else(|| Recipients::of(&self.metadata));
        let differ = !current.same_as(&recipients) || current.needed() != recipients.needed();
        if differ {
            self.recipients = Some(recipients);
        }
        differ
    }

    /// Those of the document who are no longer among its recipients once it is saved.
    pub fn removed_recipients(&self) -> Vec<&crate::Recipient> {
        let Some(new) = &self.recipients else { return Vec::new() };
        let is_gone = |old: &&crate::Recipient| !new.iter().any(|recipient| recipients::same(old, recipient));
        self.metadata.recipients().filter(is_gone).collect()
    }

    /// The text of the document as it is now, read back and verified. `now` becomes the time of the last change, if a value
    /// was changed or the data key rotated; otherwise time and MAC stay.
    ///
    /// # Errors
    ///
    /// See [`WriteError`].
    pub fn save(&self, now: SystemTime) -> Result<Vec<u8>, WriteError> {
        if !self.changed && self.recipients.is_none() {
            return Ok(self.text.to_vec());
        }
        let time = timestamp::text(now)?;
        let mut fields = self.fields.clone();
        if let Some(recipients) = &self.recipients {
            let sealed = seal_key::seal(recipients, &self.key, &self.master_keys, now)?;
            metadata_tree::set_recipients(&mut fields, &sealed)?;
        }
        let rule = self.metadata.selector.compile()?;
        let mut documents = self.plain.clone();
        let mac_only = self.metadata.mac_only_encrypted;
        let hash = sealing::encrypt(&mut documents, &rule, mac_only, &self.key, self.remembered.clone())?;
        if self.changed {
            metadata_tree::set_text(&mut fields, "lastmodified", &time);
            metadata_tree::set_text(&mut fields, "mac", &hash.seal(&time, &self.key)?);
        }
        for (number, document) in documents.iter_mut().enumerate() {
            let behind = self.behind.get(number).copied().unwrap_or_default();
            stores::put_metadata(document, &fields, self.format, behind);
        }
        let expected = Expected { plain: &self.plain, key: &self.key };
        written::encrypted(&self.as_source(), &documents, &expected).map(|text| text.to_vec())
    }

    fn as_source(&self) -> Source<'_> {
        let Self { text, source, format, written, config, .. } = self;
        Source { text, documents: source, format: *format, keep_layout: true, written, config: *config }
    }

    fn check_path(&self, path: &[PathStep]) -> Result<(), WriteError> {
        let fault =
            |reason| Err(WriteError::Path { at: Location { path: path.to_vec(), ..Location::default() }, reason });
        match path.first() {
            Some(PathStep::Key(key)) if stores::is_metadata_key(key, self.format) => {
                fault("this is the place of the metadata, which no edit may touch")
            }
            Some(PathStep::Key(_)) => Ok(()),
            _ => fault("a path starts with a key: the top of a document is a mapping"),
        }
    }

    fn check_way(&self, document: usize, path: &[PathStep]) -> Result<(), WriteError> {
        match self.plain.get(document).and_then(|items| tree_edit::in_the_way(items, path)) {
            None => Ok(()),
            Some((depth, reason)) => {
                let at = Location { path: path[..depth].to_vec(), ..Location::default() };
                Err(WriteError::Path { at, reason })
            }
        }
    }

    fn mark(&mut self, before: &[Branch]) -> bool {
        let changed = !same_documents(before, &self.plain, Extent::Comments);
        self.changed |= changed;
        changed
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("format", &self.format)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
