//! A share of a key as a text, and the key out of several.

use bech32::{FromBase32 as _, ToBase32 as _, Variant, u5};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{Error, RecoveryKey, join_shares, split_secret};

pub(crate) const PREFIX: &str = "WINDLASS-SHARE-1";
const BEGINNING: &str = "windlass-share-";
const KEY_BEGINNING: &str = "age-secret-key-";

/// The threshold, four bytes that tell shares of different keys apart, and a share of 32 bytes with its number.
const LENGTH: usize = 1 + SET + 33;
const SET: usize = 4;

/// The shares of a key as texts.
pub(crate) fn split(key: &RecoveryKey, shares: u8, threshold: u8) -> Result<Vec<Zeroizing<String>>, Error> {
    let secret = decode(&key.expose())?;
    let set = set_of(key);
    let text = |part: &Zeroizing<Vec<u8>>| {
        let mut payload = Zeroizing::new(Vec::with_capacity(LENGTH));
        payload.push(threshold);
        payload.extend(set);
        payload.extend(part.iter());
        encode(BEGINNING, &payload)
    };
    split_secret(&secret, shares, threshold)?.iter().map(text).collect()
}

/// How many shares are needed where this is one.
pub(crate) fn threshold(text: &str) -> Option<usize> {
    payload(text).ok().map(|payload| payload[0].into())
}

/// The key of which these are shares.
pub(crate) fn join(shares: &[&str]) -> Result<RecoveryKey, Error> {
    let shares = shares.iter().map(|text| payload(text)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = shares.first() else { return Err(Error::TooFew { have: 0, needed: 2 }) };
    if shares.iter().any(|share| share[0] != first[0]) {
        return Err(Error::Different);
    }
    let layout = if shares.iter().all(|share| Layout::Own.set(share) == Layout::Own.set(first)) {
        Layout::Own
    } else if shares.iter().all(|share| Layout::OfBackup.set(share) == Layout::OfBackup.set(first)) {
        Layout::OfBackup
    } else {
        return Err(Error::Different);
    };
    let parts: Vec<_> = shares.iter().map(|share| layout.part(share)).collect();
    let number = |part: &Zeroizing<Vec<u8>>| part.last().copied();
    if parts.iter().enumerate().any(|(at, part)| parts[..at].iter().any(|other| number(other) == number(part))) {
        return Err(Error::Twice);
    }
    let needed = usize::from(first[0]);
    if parts.len() < needed {
        return Err(Error::TooFew { have: parts.len(), needed });
    }
    let secret = join_shares(&parts)?;
    let key = RecoveryKey::parse(&encode(KEY_BEGINNING, &secret)?)?;
    let set = match layout {
        Layout::Own => set_of(&key),
        Layout::OfBackup => first_bytes(Sha256::new().chain_update("windlass share of ").chain_update(&*secret)),
    };
    if set == layout.set(first) { Ok(key) } else { Err(Error::Checksum) }
}

/// Where things stand behind the threshold.
#[derive(Clone, Copy)]
enum Layout {
    /// Four bytes of the hash of the recipient, the share, its number.
    Own,
    /// As `windlass backup` printed it before: the number, four bytes of a hash of the key, the share. Shares of one key have
    /// different numbers where [`Own`](Self::Own) has what is the same in all.
    OfBackup,
}

impl Layout {
    fn set(self, share: &[u8]) -> [u8; SET] {
        let at = match self {
            Self::Own => 1,
            Self::OfBackup => 2,
        };
        [share[at], share[at + 1], share[at + 2], share[at + 3]]
    }

    /// The share with its number behind.
    fn part(self, share: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Own => share[1 + SET..].to_vec(),
            Self::OfBackup => [&share[2 + SET..], &share[1..2]].concat(),
        })
    }
}

fn set_of(key: &RecoveryKey) -> [u8; SET] {
    first_bytes(Sha256::new().chain_update(key.recipient()))
}

fn first_bytes(hash: Sha256) -> [u8; SET] {
    let digest = hash.finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// What stands in the text of a share, with all its [`LENGTH`].
fn payload(text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let text = Zeroizing::new(text.trim().to_uppercase());
    if !text.starts_with(PREFIX) {
        return Err(Error::Neither);
    }
    let payload = decode(&text)?;
    if payload.len() == LENGTH && payload[0] >= 2 { Ok(payload) } else { Err(Error::Checksum) }
}

fn encode(beginning: &str, bytes: &[u8]) -> Result<Zeroizing<String>, Error> {
    let mut digits = bytes.to_base32();
    let text = bech32::encode(beginning, &digits, Variant::Bech32).map(Zeroizing::new);
    wipe(&mut digits);
    text.map(|text| Zeroizing::new(text.to_uppercase())).map_err(|_| Error::Checksum)
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (_, mut digits, variant) = bech32::decode(text).map_err(|_| Error::Checksum)?;
    let bytes = Vec::<u8>::from_base32(&digits).map(Zeroizing::new);
    wipe(&mut digits);
    bytes.ok().filter(|_| variant == Variant::Bech32).ok_or(Error::Checksum)
}

/// The digits of Bech32 cannot zeroize themselves.
fn wipe(digits: &mut [u5]) {
    digits.fill(u5::default());
    std::hint::black_box(digits);
}
