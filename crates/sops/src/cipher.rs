//! AES-256-GCM as SOPS uses it: 32-byte IVs on writing, any length on reading.

use aes_gcm::aead::consts::{U12, U16, U32};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, Nonce};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, KeyInit};
use zeroize::Zeroizing;

use crate::{WriteError, random};

/// The length of an authentication tag.
pub(crate) const TAG_LENGTH: usize = 16;

/// The length of the IVs we write.
pub(crate) const IV_LENGTH: usize = 32;

/// The key that all values of one document are encrypted with.
pub(crate) struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// A data key is 32 bytes; other lengths are a damaged key.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    /// A new key.
    pub(crate) fn generate() -> Result<Self, WriteError> {
        random::bytes().map(Self)
    }

    /// The key itself, to be sealed for its recipients.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Encrypts in place and gives the tag. An IV must never serve twice for different texts.
    pub(crate) fn seal(&self, iv: &[u8; IV_LENGTH], aad: &[u8], buffer: &mut [u8]) -> Option<[u8; TAG_LENGTH]> {
        let cipher = AesGcm::<Aes256, U32>::new((&*self.0).into());
        let nonce: &Nonce<AesGcm<Aes256, U32>> = iv.into();
        // It fails for texts beyond 64 GiB only.
        cipher.encrypt_inout_detached(nonce, aad, InOutBuf::from(buffer)).ok().map(Into::into)
    }

    /// Decrypts in place and says whether the tag holds; if it does not, the buffer is worth nothing.
    pub(crate) fn open(&self, iv: &[u8], aad: &[u8], buffer: &mut [u8], tag: &[u8; TAG_LENGTH]) -> bool {
        macro_rules! with_iv_length {
            ($($length:literal => $type:ty),*) => {
                match iv.len() {
                    $($length => {
                        let cipher = AesGcm::<Aes256, $type>::new((&*self.0).into());
                        let Ok(nonce) = <&Nonce<AesGcm<Aes256, $type>>>::try_from(iv) else { return false };
                        cipher.decrypt_inout_detached(nonce, aad, InOutBuf::from(buffer), tag.into()).is_ok()
                    })*
                    _ => crate::any_iv::open(&self.0, iv, aad, buffer, tag),
                }
            };
        }
        with_iv_length!(32 => U32, 16 => U16, 12 => U12)
    }
}
