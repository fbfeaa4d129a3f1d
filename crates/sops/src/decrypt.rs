//! Opening a document: data key, values, MAC.

use serde_json::Value;

use crate::tree::Branch;
use crate::{Error, Format, Identities, Plaintext, ValueFault};
use crate::{data_key, document, metadata_fields, values, walk};

/// Choices for decryption. The default verifies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecryptOptions {
    /// What to do with the message authentication code. Default: [`Mac::Verify`].
    pub mac: Mac,
}

impl DecryptOptions {
    /// Leaves the message authentication code out of account, as `sops --ignore-mac` and as Flux do.
    #[must_use]
    pub fn ignore_mac(mut self) -> Self {
        self.mac = Mac::Ignore;
        self
    }
}

/// What to do with the message authentication code over all values of a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mac {
    /// A document that was changed since it was encrypted is refused.
    #[default]
    Verify,
    /// Changes between encrypted values go unseen: removed, swapped, added ones. Each encrypted value is still
    /// authenticated by itself, with its key path. For documents that were changed on purpose, as a kustomize
    /// build does.
    Ignore,
}

/// Decrypts a document.
///
/// In the order of sops: the text is read, the data key is opened, every selected value is decrypted, and then the MAC is
/// compared. On success the document has no `sops` entry any more; in a YAML stream no document has.
///
/// # Errors
///
/// See [`Error`]; [`Error::exit_code`] tells the classes apart.
pub fn decrypt(
    text: &[u8],
    format: Format,
    identities: &Identities,
    options: &DecryptOptions,
) -> Result<Plaintext, Error> {
    let mut documents = document::read(text, format)?;
    open(&mut documents, format, identities, options)?;
    let bytes = document::print(&documents, format)?;
    let values = match format {
        // Its one value is bytes, which JSON cannot say.
        Format::Binary => Vec::new(),
        _ => documents
            .iter()
            .map(|document| values::to_json(document, format))
            .collect(),
    };
    Ok(Plaintext::new(bytes, values))
}

/// Decrypts an object that holds its metadata in a top-level `sops` entry: a Kubernetes object after a kustomize build, as
/// Flux decrypts it. The answer has no `sops` entry.
///
/// A build that changed the object (a namespace, a label) has broken its MAC: verify the file as it was fetched, and
/// decrypt the object with [`DecryptOptions::ignore_mac`].
///
/// # Errors
///
/// See [`Error`]. Without a `sops` entry, or for a value that is no object: [`Error::NotEncrypted`].
pub fn decrypt_value(
    value: &Value,
    identities: &Identities,
    options: &DecryptOptions,
) -> Result<Value, Error> {
    let object = value.as_object().ok_or(Error::NotEncrypted)?;
    let mut documents = [values::from_json(object)?];
    open(&mut documents, Format::Json, identities, options)?;
    Ok(values::to_json(&documents[0], Format::Json))
}

fn open(
    documents: &mut [Branch],
    format: Format,
    identities: &Identities,
    options: &DecryptOptions,
) -> Result<(), Error> {
    let metadata = metadata_fields::take(documents)?;
    let key = data_key::open(&metadata, identities)?;
    let decrypted = walk::decrypt(documents, &metadata, &key, format)?;
    if options.mac == Mac::Verify {
        decrypted.hash.verify(
            metadata.mac.as_deref(),
            metadata.last_modified.as_deref(),
            &key,
        )?;
    }
    match decrypted.comment_as_value {
        None => Ok(()),
        Some(at) => Err(Error::Value {
            at: Box::new(at),
            fault: ValueFault::CommentAsValue,
        }),
    }
}
