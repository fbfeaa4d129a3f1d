//! HPKE in its base mode for one message (RFC 9180): HKDF-SHA-256 and ChaCha20-Poly1305 over a shared secret.

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

const KDF: u16 = 1;
const AEAD: u16 = 3;

/// Seals a message under the secret that a KEM agreed on.
pub(crate) fn seal(secret: &[u8], kem: u16, info: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let (cipher, nonce) = schedule(secret, kem, info)?;
    cipher.encrypt(&nonce, plain).ok()
}

/// Opens it; nothing where the secret is another one.
pub(crate) fn open(secret: &[u8], kem: u16, info: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (cipher, nonce) = schedule(secret, kem, info)?;
    cipher.decrypt(&nonce, sealed).ok().map(Zeroizing::new)
}

/// The key and the nonce of the first message (section 5.1).
fn schedule(secret: &[u8], kem: u16, info: &[u8]) -> Option<(ChaCha20Poly1305, Nonce)> {
    let mut suite = b"HPKE".to_vec();
    [kem, KDF, AEAD].iter().for_each(|id| suite.extend_from_slice(&id.to_be_bytes()));
    let (psk_id, _) = extract(&suite, &[], "psk_id_hash", &[]);
    let (info, _) = extract(&suite, &[], "info_hash", info);
    let context = [&[0][..], &*psk_id, &*info].concat();
    let (_, schedule) = extract(&suite, secret, "secret", &[]);
    let mut key = Zeroizing::new([0; 32]);
    expand(&schedule, &suite, "key", &context, &mut *key)?;
    let mut nonce = [0; 12];
    expand(&schedule, &suite, "base_nonce", &context, &mut nonce)?;
    Some((ChaCha20Poly1305::new(Key::from_slice(&*key)), *Nonce::from_slice(&nonce)))
}

/// `LabeledExtract` (section 4).
fn extract(suite: &[u8], salt: &[u8], label: &str, material: &[u8]) -> (Zeroizing<[u8; 32]>, Hkdf<Sha256>) {
    let labeled = Zeroizing::new([b"HPKE-v1", suite, label.as_bytes(), material].concat());
    let (key, hkdf) = Hkdf::<Sha256>::extract(Some(salt), &labeled);
    (Zeroizing::new(key.into()), hkdf)
}

/// `LabeledExpand`.
fn expand(hkdf: &Hkdf<Sha256>, suite: &[u8], label: &str, context: &[u8], out: &mut [u8]) -> Option<()> {
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    hkdf.expand(&[&length, &b"HPKE-v1"[..], suite, label.as_bytes(), context].concat(), out).ok()
}
