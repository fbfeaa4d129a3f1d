//! The text form of an encrypted value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.
//!
//! The grammar is that of sops' `aes/cipher.go`: anchored at the start only, so text after the last `]` is let pass.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::cipher::{DataKey, IV_LENGTH, TAG_LENGTH};
use crate::error::ValueFault;
use crate::{WriteError, random};

const CIPHER: &str = "AES256_GCM";

/// An encrypted value, decoded and not yet opened.
pub(crate) struct Envelope<'a> {
    data: Zeroizing<Vec<u8>>,
    iv: Vec<u8>,
    tag: [u8; TAG_LENGTH],
    /// The type of the value inside. Nothing authenticates it.
    pub(crate) type_name: &'a str,
}

impl<'a> Envelope<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, ValueFault> {
        // The expression of sops stays on one line; an INI comment may have more, of which the first counts.
        let text = text.split('\n').next().unwrap_or_default();
        let inner = text.strip_prefix("ENC[").ok_or(ValueFault::Clear)?;
        let (cipher, fields) = inner.split_once(",data:").ok_or(ValueFault::Envelope("no data field"))?;
        if cipher != CIPHER {
            return Err(unknown_cipher(cipher));
        }
        let (data, rest) = fields.split_once(",iv:").ok_or(ValueFault::Envelope("no iv field"))?;
        let (iv, rest) = rest.split_once(",tag:").ok_or(ValueFault::Envelope("no tag field"))?;
        let (tag, rest) = rest.split_once(",type:").ok_or(ValueFault::Envelope("no type field"))?;
        let (type_name, _) = rest.rsplit_once(']').ok_or(ValueFault::Envelope("no closing bracket"))?;

        let mut data = Zeroizing::new(decode(data, "data is not base64")?);
        let iv = decode(iv, "iv is not base64")?;
        // sops joins the two and splits again, so only the sum of their lengths counts.
        data.extend(decode(tag, "tag is not base64")?);
        let boundary = data.len().checked_sub(TAG_LENGTH).ok_or(ValueFault::Envelope("tag is too short"))?;
        let mut tag = [0; TAG_LENGTH];
        tag.copy_from_slice(&data[boundary..]);
        data.truncate(boundary);
        Ok(Self { data, iv, tag, type_name })
    }

    /// The plaintext, if the key and the additional data are those it was encrypted with.
    pub(crate) fn open(mut self, key: &DataKey, aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, ValueFault> {
        if key.open(&self.iv, aad, &mut self.data, &self.tag) { Ok(self.data) } else { Err(ValueFault::Authentication) }
    }
}

/// Encrypts a text with a new IV. The text must not be empty: its envelope could not be read.
pub(crate) fn seal(plain: &[u8], type_name: &str, key: &DataKey, aad: &[u8]) -> Result<String, WriteError> {
    let iv = random::bytes::<IV_LENGTH>()?;
    let mut data = Zeroizing::new(plain.to_vec());
    let tag = key.seal(&iv, aad, &mut data).ok_or(WriteError::Random)?;
    let [data, iv, tag] = [&data[..], &iv[..], &tag[..]].map(|bytes| STANDARD.encode(bytes));
    Ok(format!("ENC[{CIPHER},data:{data},iv:{iv},tag:{tag},type:{type_name}]"))
}

fn decode(field: &str, fault: &'static str) -> Result<Vec<u8>, ValueFault> {
    match STANDARD.decode(field) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(ValueFault::Envelope(fault)),
    }
}

/// Names the cipher only where it looks like the name of one: a clear value must not reach a message.
fn unknown_cipher(name: &str) -> ValueFault {
    let is_name = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    if name.len() <= 24 && name.starts_with("AES") && name.bytes().all(is_name) {
        ValueFault::Cipher(name.to_owned())
    } else {
        ValueFault::Envelope("unknown cipher")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IV: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const TAG: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

    fn fault(text: &str) -> Option<ValueFault> {
        Envelope::parse(text).err()
    }

    #[test]
    fn text_behind_the_bracket_passes() {
        let text = format!("ENC[AES256_GCM,data:AA==,iv:{IV},tag:{TAG},type:str] tail");
        assert_eq!(Envelope::parse(&text).unwrap().type_name, "str");
    }

    #[test]
    fn each_fault_is_named_without_the_text() {
        assert_eq!(fault("hunter2"), Some(ValueFault::Clear));
        assert_eq!(fault(" ENC[AES256_GCM"), Some(ValueFault::Clear));
        assert_eq!(fault("ENC[hunter2"), Some(ValueFault::Envelope("no data field")));
        assert_eq!(fault("ENC[hunter2,data:"), Some(ValueFault::Envelope("unknown cipher")));
        assert_eq!(
            fault("ENC[AES128_GCM,data:AA==,iv:AA==,tag:AA==,type:str]"),
            Some(ValueFault::Cipher("AES128_GCM".into()))
        );
        assert_eq!(
            fault("ENC[AES256_GCM,data:,iv:AA==,tag:AA==,type:str]"),
            Some(ValueFault::Envelope("data is not base64"))
        );
        assert_eq!(
            fault("ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]"),
            Some(ValueFault::Envelope("tag is too short"))
        );
        assert_eq!(
            fault(&format!("ENC[AES256_GCM,data:AA==,iv:{IV},tag:{TAG},type:str")),
            Some(ValueFault::Envelope("no closing bracket"))
        );
    }
}
