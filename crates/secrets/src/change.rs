//! Changes to one encrypted file: its key, its recipients, its selector.

use std::path::Path;
use std::time::SystemTime;

use serde_json::Value as Json;
use windlass_sops::{
    CreationRule, DecryptOptions, Document, EncryptOptions, Format, Identities, Location, Metadata, Recipient,
    Recipients, WriteError, encrypt, encrypt_value, encrypted_values,
};
use zeroize::Zeroizing;

use crate::Error;

/// What was done to the key and the recipients of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyChange {
    /// The new text; none where nothing had to be changed.
    pub text: Option<Vec<u8>>,
    /// Who was added, by public name.
    pub added: Vec<String>,
    /// Who was removed.
    pub removed: Vec<String>,
    /// Whether the data key is a new one.
    pub is_rotated: bool,
    /// The values that those who were removed have been able to read: they are known to them for good.
    pub seen: Vec<Location>,
}

impl KeyChange {
    /// What an edit of a whole file with its `sops` entry did to its recipients (see
    /// [`Document::replace_with_metadata`], which rotates the data key where somebody was removed).
    ///
    /// # Errors
    ///
    /// [`Error::Document`] where one of the two texts is not encrypted.
    pub fn by_edit(path: &Path, old: &[u8], new: Vec<u8>, format: Format) -> Result<Self, Error> {
        let of = |text: &[u8]| Metadata::read(text, format).map(|metadata| Recipients::of(&metadata));
        let before = of(old).map_err(|error| fault(path, error.into()))?;
        let after = of(&new).map_err(|error| fault(path, error.into()))?;
        let removed = names_missing(&before, &after);
        let seen = seen_by(&removed, path, old, format)?;
        let is_rotated = !removed.is_empty();
        Ok(Self { text: Some(new), added: names_missing(&after, &before), removed, is_rotated, seen })
    }
}

/// The keys at hand and the time, for every change.
#[derive(Debug, Clone, Copy)]
pub struct Hands<'a> {
    /// The identities that open files.
    pub identities: &'a Identities,
    /// Choices for opening.
    pub options: DecryptOptions,
    /// What becomes the time of the change.
    pub now: SystemTime,
}

impl Hands<'_> {
    /// Opens a document.
    ///
    /// # Errors
    ///
    /// [`Error::Document`].
    pub fn open(&self, path: &Path, text: &[u8], format: Format) -> Result<Document, Error> {
        Document::open(text, format, self.identities, &self.options).map_err(|error| fault(path, error.into()))
    }
}

pub(crate) fn fault(path: &Path, source: WriteError) -> Error {
    Error::Document { path: path.to_owned(), source }
}

/// Who is to be added to a file and who removed, when its data key is rotated.
#[derive(Debug, Clone, Default)]
pub struct Rotation {
    /// Added to the first key group.
    pub add: Vec<Recipient>,
    /// Removed from all groups.
    pub remove: Vec<Recipient>,
}

/// Gives a file a new data key, and all its values new envelopes.
///
/// # Errors
///
/// [`Error::Document`].
pub fn rotate(
    path: &Path,
    text: &[u8],
    format: Format,
    hands: &Hands<'_>,
    rotation: &Rotation,
) -> Result<KeyChange, Error> {
    let mut document = hands.open(path, text, format)?;
    let before = Recipients::of(document.metadata());
    let mut after = before.clone();
    after.add(rotation.add.iter().cloned());
    after.remove(&rotation.remove);
    // Set even where they are the same ones: their order may differ, and nobody minds.
    document.set_recipients(after.clone());
    document.rotate().map_err(|error| fault(path, error))?;
    finish(path, text, format, hands, Done { document, before, after, is_rotated: true })
}

/// Encrypts a file for those whom its rule names. Where somebody is removed the data key is rotated as well, unless
/// `keep_data_key` says otherwise (as `sops updatekeys` does): whoever had it could go on reading.
///
/// # Errors
///
/// [`Error::Document`], and [`Error::Rules`] where the rule names nobody.
pub fn rekey(
    path: &Path,
    text: &[u8],
    format: Format,
    hands: &Hands<'_>,
    wanted: &Recipients,
    keep_data_key: bool,
) -> Result<KeyChange, Error> {
    let mut document = hands.open(path, text, format)?;
    let before = Recipients::of(document.metadata());
    let wanted = with_threshold(wanted, &before);
    if !document.set_recipients(wanted.clone()) {
        return Ok(KeyChange::default());
    }
    let is_rotated = !keep_data_key && !document.removed_recipients().is_empty();
    if is_rotated {
        document.rotate().map_err(|error| fault(path, error))?;
    }
    finish(path, text, format, hands, Done { document, before, after: wanted, is_rotated })
}

/// As sops, the threshold of a file stays where its rule names none, as far as there are groups for it.
fn with_threshold(wanted: &Recipients, before: &Recipients) -> Recipients {
    let kept = match wanted.group_count() {
        0 | 1 => before.threshold(),
        groups => wanted.threshold().or(before.threshold().map(|threshold| threshold.min(groups))),
    };
    wanted.clone().with_threshold(kept)
}

struct Done {
    document: Document,
    before: Recipients,
    after: Recipients,
    is_rotated: bool,
}

fn finish(path: &Path, text: &[u8], format: Format, hands: &Hands<'_>, done: Done) -> Result<KeyChange, Error> {
    let new = done.document.save(hands.now).map_err(|error| fault(path, error))?;
    let removed = names_missing(&done.before, &done.after);
    let seen = seen_by(&removed, path, text, format)?;
    let added = names_missing(&done.after, &done.before);
    Ok(KeyChange { text: Some(new), added, removed, is_rotated: done.is_rotated, seen })
}

/// The values of a file that those who were removed have been able to read.
fn seen_by(removed: &[String], path: &Path, text: &[u8], format: Format) -> Result<Vec<Location>, Error> {
    if removed.is_empty() {
        return Ok(Vec::new());
    }
    let values = encrypted_values(text, format).map_err(|error| fault(path, error.into()))?;
    Ok(values.into_iter().map(|value| value.at).collect())
}

/// Those of one set who are not in the other.
fn names_missing(of: &Recipients, other: &Recipients) -> Vec<String> {
    let is_there = |one: &Recipient| other.iter().any(|known| known.kind == one.kind && known.id == one.id);
    of.iter().filter(|one| !is_there(one)).map(|one| one.id.clone()).collect()
}

/// Encrypts a file anew, as its rule says today: its selector, its MAC, its recipients.
///
/// # Errors
///
/// As for [`rekey`].
pub fn encrypt_anew(
    path: &Path,
    text: &[u8],
    format: Format,
    hands: &Hands<'_>,
    recipients: &Recipients,
    rule: &CreationRule,
) -> Result<KeyChange, Error> {
    let document = hands.open(path, text, format)?;
    let before = Recipients::of(document.metadata());
    let plaintext = document.plaintext().map_err(|error| fault(path, error))?;
    let new = encrypt_text(path, &plaintext, format, recipients, &rule.options().keys_of(hands.identities), hands.now)?;
    let removed = names_missing(&before, recipients);
    let seen = seen_by(&removed, path, text, format)?;
    Ok(KeyChange { text: Some(new), added: names_missing(recipients, &before), removed, is_rotated: true, seen })
}

/// Encrypts a plaintext.
///
/// # Errors
///
/// [`Error::Document`].
pub fn encrypt_text(
    path: &Path,
    plaintext: &[u8],
    format: Format,
    recipients: &Recipients,
    options: &EncryptOptions,
    now: SystemTime,
) -> Result<Vec<u8>, Error> {
    encrypt(plaintext, format, recipients, options, now).map_err(|error| fault(path, error))
}

/// Encrypts values as a new file: YAML with an indentation of two, all else as sops prints it.
///
/// # Errors
///
/// [`Error::Document`], also where the format cannot hold the values.
pub fn encrypt_new(
    path: &Path,
    values: &Json,
    format: Format,
    recipients: &Recipients,
    options: &EncryptOptions,
    now: SystemTime,
) -> Result<Vec<u8>, Error> {
    let encrypted = if format == Format::Yaml {
        let text = Zeroizing::new(windlass_yaml::print(values));
        encrypt(text.as_bytes(), format, recipients, options, now)
    } else {
        encrypt_value(values, format, recipients, options, now)
    };
    encrypted.map_err(|error| fault(path, error))
}
