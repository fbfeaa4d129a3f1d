//! Key files that are themselves encrypted with a passphrase, armored or not.

use std::io::Read as _;

use age::Callbacks as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::Prompt;
use crate::identity_error::IdentityError;

/// As sops, no key file is larger.
pub(crate) const LARGEST: u64 = 16 << 20;

const BINARY: &[u8] = b"age-encryption.org/v1\n";
const ARMORED: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// The text of a key file. A binary age file is given as an armored one.
pub(crate) fn text(bytes: &[u8], origin: &str) -> Result<Zeroizing<String>, IdentityError> {
    if bytes.starts_with(BINARY) {
        let body = STANDARD.encode(bytes);
        let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        return Ok(Zeroizing::new(format!("{ARMORED}\n{}\n-----END AGE ENCRYPTED FILE-----\n", lines.join("\n"))));
    }
    let unreadable = || IdentityError::Unreadable { origin: origin.to_owned(), reason: "not UTF-8 text".to_owned() };
    std::str::from_utf8(bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| unreadable())
}

/// The identities in a key file, for which a passphrase is asked where it is encrypted.
pub(crate) fn open(text: &str, origin: &str, prompt: &Prompt) -> Result<Zeroizing<String>, IdentityError> {
    if !text.trim_start().starts_with(ARMORED) {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    let unreadable = |reason: &str| IdentityError::Unreadable { origin: origin.to_owned(), reason: reason.to_owned() };
    let passphrase = prompt
        .request_passphrase(&format!("Passphrase of {origin}"))
        .ok_or_else(|| unreadable("it is encrypted, and nobody gave its passphrase"))?;
    let armored = age::armor::ArmoredReader::new(text.trim().as_bytes());
    let decryptor = age::Decryptor::new(armored).map_err(|_| unreadable("it is a broken age file"))?;
    if !decryptor.is_scrypt() {
        return Err(unreadable("it is encrypted for a key; only a passphrase can open a key file"));
    }
    let identity = age::scrypt::Identity::new(passphrase);
    let wrong = |_| unreadable("the passphrase is wrong, or the file is damaged");
    let reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(wrong)?;
    let mut plain = Zeroizing::new(String::new());
    let read = reader.take(LARGEST).read_to_string(&mut plain);
    read.map_err(|_| unreadable("the passphrase is wrong, or the file is damaged"))?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn encrypted() -> Vec<u8> {
        let mut recipient = age::scrypt::Recipient::new("open".to_owned().into());
        recipient.set_work_factor(2);
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap();
        let mut file = Vec::new();
        let mut writer = encryptor.wrap_output(&mut file).unwrap();
        writer.write_all(b"# the keys\n").unwrap();
        writer.finish().unwrap();
        file
    }

    #[test]
    fn an_encrypted_file_asks_for_its_passphrase() {
        let text = text(&encrypted(), "keys").unwrap();
        let ask = |answer: &'static str| Prompt::new(move |_| Some(Zeroizing::new(answer.to_owned())));
        assert_eq!(*open(&text, "keys", &ask("open")).unwrap(), "# the keys\n");
        for prompt in [ask("wrong"), Prompt::default()] {
            assert!(open(&text, "keys", &prompt).is_err());
        }
        assert_eq!(*open("plain", "keys", &Prompt::default()).unwrap(), "plain");
    }
}
