//! AES-256-GCM for IVs of a length that the `aes-gcm` crate, where the length is a type, was not compiled for.
//!
//! SOPS writes 32 bytes and reads any number; NIST SP 800-38D, section 7.2, has the algorithm. The block cipher and the
//! hash are RustCrypto's, as `aes-gcm` uses them.

use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::BlockCipherEncrypt as _;
use aes_gcm::{KeyInit, aead::array::Array};
use ghash::GHash;
use ghash::universal_hash::UniversalHash as _;

use crate::cipher::TAG_LENGTH;

type Block = [u8; 16];

/// Decrypts in place if the tag holds; otherwise leaves the buffer alone.
pub(crate) fn open(key: &[u8; 32], iv: &[u8], aad: &[u8], buffer: &mut [u8], tag: &[u8; TAG_LENGTH]) -> bool {
    if iv.is_empty() {
        return false;
    }
    let cipher = Aes256::new(key.into());
    let hash_key = encrypt(&cipher, [0; 16]);
    let first = first_counter(&hash_key, iv);
    let expected = xor(ghash(&hash_key, aad, buffer), encrypt(&cipher, first));
    if !same(&expected, tag) {
        return false;
    }
    let mut counter = first;
    for chunk in buffer.chunks_mut(16) {
        increment(&mut counter);
        for (byte, pad) in chunk.iter_mut().zip(encrypt(&cipher, counter)) {
            *byte ^= pad;
        }
    }
    true
}

fn encrypt(cipher: &Aes256, block: Block) -> Block {
    let mut block = Array::from(block);
    cipher.encrypt_block(&mut block);
    block.into()
}

fn first_counter(hash_key: &Block, iv: &[u8]) -> Block {
    if iv.len() == 12 {
        let mut block = [0; 16];
        block[..12].copy_from_slice(iv);
        block[15] = 1;
        return block;
    }
    // The same blocks as a hash over no additional data and the IV as text: IV, padding, its length in bits.
    ghash(hash_key, &[], iv)
}

fn ghash(hash_key: &Block, aad: &[u8], text: &[u8]) -> Block {
    let mut hash = GHash::new(&Array::from(*hash_key));
    hash.update_padded(aad);
    hash.update_padded(text);
    let mut lengths = [0; 16];
    lengths[..8].copy_from_slice(&bits(aad).to_be_bytes());
    lengths[8..].copy_from_slice(&bits(text).to_be_bytes());
    hash.update(&[Array::from(lengths)]);
    hash.finalize().into()
}

fn bits(bytes: &[u8]) -> u64 {
    bytes.len() as u64 * 8
}

/// Counts in the last four bytes only.
fn increment(counter: &mut Block) {
    let [.., a, b, c, d] = *counter;
    let next = u32::from_be_bytes([a, b, c, d]).wrapping_add(1);
    counter[12..].copy_from_slice(&next.to_be_bytes());
}

fn xor(mut left: Block, right: Block) -> Block {
    for (l, r) in left.iter_mut().zip(right) {
        *l ^= r;
    }
    left
}

/// Compares without stopping at the first difference.
fn same(left: &Block, right: &Block) -> bool {
    left.iter().zip(right).fold(0, |seen, (l, r)| seen | (l ^ r)) == 0
}

#[cfg(test)]
mod tests {
    use aes_gcm::aead::consts::{U7, U12, U16, U32, U60};
    use aes_gcm::aead::inout::InOutBuf;
    use aes_gcm::aead::{AeadInOut, Nonce};
    use aes_gcm::{AesGcm, KeyInit};

    use super::*;

    #[test]
    fn agrees_with_the_aes_gcm_crate_at_every_length() {
        macro_rules! check {
            ($($length:literal => $size:ty),*) => {$({
                let key = [7; 32];
                let iv: Vec<u8> = (0..$length).collect();
                let cipher = AesGcm::<Aes256, $size>::new((&key).into());
                for text_length in [0, 1, 15, 16, 17, 100] {
                    let plain: Vec<u8> = (0..text_length).collect();
                    let mut buffer = plain.clone();
                    let nonce = <&Nonce<AesGcm<Aes256, $size>>>::try_from(&iv[..]).unwrap();
                    let tag = cipher.encrypt_inout_detached(nonce, b"a:b:", InOutBuf::from(&mut buffer[..])).unwrap();
                    let tag: [u8; 16] = tag.into();
                    assert!(!open(&key, &iv, b"a:c:", &mut buffer.clone(), &tag));
                    assert!(open(&key, &iv, b"a:b:", &mut buffer, &tag));
                    assert_eq!(buffer, plain);
                }
            })*};
        }
        check!(7 => U7, 12 => U12, 16 => U16, 32 => U32, 60 => U60);
    }

    #[test]
    fn an_empty_iv_opens_nothing() {
        assert!(!open(&[0; 32], &[], b"", &mut [], &[0; 16]));
    }
}
