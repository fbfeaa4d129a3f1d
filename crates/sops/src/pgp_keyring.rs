//! PGP keys as files hold them: armored, as packets one after the other, or in a keybox of GnuPG.

use pgp::composed::{Deserializable, SignedPublicKey, SignedSecretKey};
use zeroize::Zeroizing;

const PUBLIC: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";
const PRIVATE: &[u8] = b"-----BEGIN PGP PRIVATE KEY BLOCK-----";

/// What a keybox has at the start of its first blob, behind its length, type, version and flags.
const KEYBOX: (usize, &[u8]) = (8, b"KBXf");

/// The type of a keybox blob with OpenPGP packets.
const OPENPGP_BLOB: u8 = 2;

/// The public keys in a file. Those of kinds that nobody here knows are passed over, as gpg does.
pub(crate) fn public_keys(bytes: &[u8]) -> Vec<SignedPublicKey> {
    if bytes.get(KEYBOX.0..KEYBOX.0 + KEYBOX.1.len()) == Some(KEYBOX.1) {
        return keybox_blobs(bytes).flat_map(packets).collect();
    }
    keys(bytes, PUBLIC)
}

/// The private keys in a file, in the same way.
pub(crate) fn private_keys(bytes: &[u8]) -> Vec<SignedSecretKey> {
    keys(bytes, PRIVATE)
}

fn keys<K: Deserializable>(bytes: &[u8], armor: &[u8]) -> Vec<K> {
    let starts: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(armor)).collect();
    if starts.is_empty() {
        return packets(bytes);
    }
    // Several armors may stand in one file.
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).flat_map(|(start, end)| armored(&bytes[*start..end])).collect()
}

fn packets<K: Deserializable>(bytes: &[u8]) -> Vec<K> {
    let bytes = Zeroizing::new(without_trust(bytes));
    K::from_bytes_many(&bytes[..]).map(|keys| keys.filter_map(Result::ok).collect()).unwrap_or_default()
}

fn armored<K: Deserializable>(bytes: &[u8]) -> Vec<K> {
    let read = K::from_armor_many(bytes);
    read.map(|(keys, _)| keys.filter_map(Result::ok).collect()).unwrap_or_default()
}

/// GnuPG notes between the packets of its own files how far it trusts them. A reader of keys stops there.
fn without_trust(bytes: &[u8]) -> Vec<u8> {
    const TRUST: u8 = 12;
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((tag, length)) = packet(rest) {
        let (packet, behind) = rest.split_at(length);
        if tag != TRUST {
            out.extend_from_slice(packet);
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    out
}

/// The kind of the first packet, and its length with its header (RFC 9580, section 4.2). Keys have no partial lengths.
fn packet(bytes: &[u8]) -> Option<(u8, usize)> {
    let first = *bytes.first().filter(|first| **first & 0x80 != 0)?;
    let byte = |at: usize| bytes.get(at).map(|byte| usize::from(*byte));
    let is_new = first & 0x40 != 0;
    let (header, body) = match (is_new, first & 3) {
        (true, _) => match byte(1)? {
            length @ 0..=191 => (2, length),
            length @ 192..=223 => (3, ((length - 192) << 8) + byte(2)? + 192),
            255 => (6, number(bytes, 2)?),
            _ => return None,
        },
        (false, 0) => (2, byte(1)?),
        (false, 1) => (3, (byte(1)? << 8) + byte(2)?),
        (false, 2) => (5, number(bytes, 1)?),
        _ => return None,
    };
    let length = body.checked_add(header).filter(|length| *length <= bytes.len())?;
    Some((if is_new { first & 0x3f } else { (first >> 2) & 0xf }, length))
}

/// The OpenPGP packets of each key in a keybox (GnuPG, `kbx/keybox-blob.c`).
fn keybox_blobs(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    let blobs = std::iter::from_fn(move || {
        let length = number(rest, 0).filter(|length| *length > 4)?;
        let (blob, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some(blob)
    });
    blobs.filter(|blob| blob.get(4) == Some(&OPENPGP_BLOB)).filter_map(|blob| {
        let (start, length) = (number(blob, 8)?, number(blob, 12)?);
        blob.get(start..start.checked_add(length)?)
    })
}

/// Four bytes, the greatest first.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_files_hold_no_key() {
        let mut keybox = vec![0, 0, 0, 32, 1, 1, 0, 2];
        keybox.extend_from_slice(b"KBXf");
        keybox.resize(32, 0);
        for blob in
            [&[0, 0, 0, 20, 2, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0][..], &[0, 0, 1], &[0; 8]]
        {
            assert!(public_keys(&[&keybox[..], blob].concat()).is_empty());
        }
        for text in [&b""[..], b"no key", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n", &[0x99, 0xff, 0xff, 1]] {
            assert!(public_keys(text).is_empty());
        }
    }
}
