//! Keys as texts with a checksum, as age writes its own: Bech32 with a readable beginning.

use bech32::{FromBase32 as _, ToBase32 as _, Variant, u5};
use zeroize::Zeroizing;

use crate::Error;

pub(crate) fn encode(beginning: &str, bytes: &[u8]) -> Zeroizing<String> {
    // Only a beginning with upper-case letters or odd characters is refused, and ours are constants.
    let mut digits = bytes.to_base32();
    let text = Zeroizing::new(bech32::encode(beginning, &digits, Variant::Bech32).unwrap_or_default());
    wipe(&mut digits);
    text
}

/// Reads such a text of 32 bytes. The reason of an error never has a part of the text in it.
pub(crate) fn decode(what: &'static str, beginning: &str, text: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
    let refuse = |reason: &str| Error::KeyText { what, reason: reason.to_owned() };
    let text = text.trim();
    if !text.to_ascii_lowercase().starts_with(&format!("{beginning}1")) {
        return Err(refuse(&format!("it does not begin with {beginning}1")));
    }
    let (_, mut digits, variant) =
        bech32::decode(text).map_err(|_| refuse("its checksum does not fit: a typing error?"))?;
    let bytes = Vec::<u8>::from_base32(&digits).map(Zeroizing::new);
    wipe(&mut digits);
    if variant != Variant::Bech32 {
        return Err(refuse("its checksum is of another kind"));
    }
    let bytes = bytes.ok().and_then(|bytes| bytes.as_slice().try_into().ok());
    bytes.map(Zeroizing::new).ok_or_else(|| refuse("its length is wrong"))
}

/// The digits of bech32 cannot zeroize themselves.
fn wipe(digits: &mut [u5]) {
    digits.fill(u5::default());
    std::hint::black_box(digits);
}
