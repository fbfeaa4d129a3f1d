//! From a changed tree to its text: patched into the text it came from where that can be done, else printed anew, and
//! never given away before it has been read back.

use zeroize::Zeroizing;

use crate::cipher::DataKey;
use crate::same::{Extent, same_documents};
use crate::tree::Branch;
use crate::yaml_patch;
use crate::yaml_written::Written;
use crate::{Error, Format, StoresConfig, WriteError};
use crate::{dotenv_patch, metadata_fields, opening, stores};

/// A text and the tree it holds.
pub(crate) struct Source<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) documents: &'a [Branch],
    pub(crate) format: Format,
    /// Whether the layout of the text is to be kept.
    pub(crate) keep_layout: bool,
    pub(crate) written: &'a Written,
    /// How what cannot be kept is printed.
    pub(crate) config: StoresConfig,
}

/// What an encrypted text must open to.
pub(crate) struct Expected<'a> {
    pub(crate) plain: &'a [Branch],
    pub(crate) key: &'a DataKey,
}

/// The text of encrypted documents, which opens to what is expected.
pub(crate) fn encrypted(
    source: &Source<'_>,
    new: &[Branch],
    expected: &Expected<'_>,
) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let fault = match patched(source, new) {
        Some(text) => match check(&text, source.format, expected, Extent::Comments) {
            Ok(()) => return Ok(text),
            Err(fault) => fault,
        },
        None => None,
    };
    let kept = source.keep_layout.then_some(source.text);
    let text = stores::print_encrypted(new, source.format, kept, source.config)
        .map_err(|error| WriteError::Emit { format: source.format, source: error })?;
    match check(&text, source.format, expected, Extent::Values) {
        Ok(()) => Ok(text),
        Err(own) => Err(WriteError::Unreadable(own.or(fault))),
    }
}

/// The text of decrypted documents in the layout of the encrypted ones.
pub(crate) fn decrypted(source: &Source<'_>, new: &[Branch]) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let reads_back = |text: &Zeroizing<Vec<u8>>| {
        stores::read_plain(text, source.format).is_ok_and(|read| same_documents(&read, new, Extent::Comments))
    };
    match patched(source, new).filter(reads_back) {
        Some(text) => Ok(text),
        // JSON keeps its indentation.
        None => stores::print_encrypted(new, source.format, Some(source.text), source.config)
            .map_err(|error| WriteError::Emit { format: source.format, source: error }),
    }
}

fn patched(source: &Source<'_>, new: &[Branch]) -> Option<Zeroizing<Vec<u8>>> {
    if !source.keep_layout {
        return None;
    }
    match (source.format, source.documents, new) {
        (Format::Yaml, old, new) => {
            let text = std::str::from_utf8(source.text).ok()?;
            let mut text = yaml_patch::patch(text, old, new, source.written)?;
            Some(Zeroizing::new(std::mem::take(&mut *text).into_bytes()))
        }
        (Format::Dotenv, [old], [new]) => dotenv_patch::patch(source.text, old, new),
        _ => None,
    }
}

/// Opens a text and compares; a fault of what was opened, or none where it is only another content.
fn check(text: &[u8], format: Format, expected: &Expected<'_>, extent: Extent) -> Result<(), Option<Error>> {
    let open = || {
        let mut documents = stores::read(text, format)?;
        let metadata = metadata_fields::take(&mut documents, format)?;
        let opened = opening::decrypt(&mut documents, &metadata, expected.key, format)?;
        opened.hash.verify(metadata.mac.as_deref(), metadata.last_modified.as_deref(), expected.key)?;
        Ok(documents)
    };
    let documents = open().map_err(Some)?;
    if same_documents(&documents, expected.plain, extent) { Ok(()) } else { Err(None) }
}
