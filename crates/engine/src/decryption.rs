//! Opening encrypted files while a Kustomization is built.

use windlass_manifest::TreePath;
use windlass_render::{Decrypt, DecryptError};
use windlass_sops::{DecryptOptions, Format, Identities, decrypt, is_encrypted};
use zeroize::Zeroizing;

/// Opens SOPS files with a set of identities.
///
/// Flux does not look at the MAC of a file. Here it is verified, since the files are opened as they stand in the
/// repository, before any overlay can have changed them.
#[derive(Debug)]
pub(crate) struct SopsDecryptor<'i> {
    identities: &'i Identities,
}

impl<'i> SopsDecryptor<'i> {
    pub(crate) fn new(identities: &'i Identities) -> Self {
        Self { identities }
    }
}

impl Decrypt for SopsDecryptor<'_> {
    fn decrypt(&self, path: &TreePath, bytes: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, DecryptError> {
        let format = Format::of_path(path.as_str());
        if !is_encrypted(bytes, format) {
            return Ok(None);
        }
        let plaintext = decrypt(bytes, format, self.identities, &DecryptOptions::default())?;
        Ok(Some(Zeroizing::new(plaintext.bytes().to_vec())))
    }
}
