//! Writing age files (<https://age-encryption.org/v1>) with the cipher of `ring`.
//!
//! The crate `age` wraps the file key for each recipient; header and payload are written here, since its cipher takes
//! three times as long on what is most of a backup's work. The tests open what comes out with `age` the crate and with
//! `age` the program.

use std::io::{self, Write};

use age_core::format::FileKey;
use age_core::secrecy::ExposeSecret as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::hmac;
use zeroize::Zeroizing;

use crate::identifier::fill;

const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
const COLUMNS: usize = 64;

/// Encrypts what is written to it. Must be [finished](Self::finish): without its last chunk a file does not open.
pub(crate) struct AgeWriter<W: Write> {
    out: W,
    key: LessSafeKey,
    chunk: Vec<u8>,
    number: u64,
}

impl<W: Write> AgeWriter<W> {
    /// Writes the header for all recipients.
    pub(crate) fn new(recipients: &[Box<dyn age::Recipient + Send>], mut out: W) -> io::Result<Self> {
        if recipients.is_empty() {
            return Err(io::Error::other("there is nobody to encrypt to"));
        }
        let mut secret = Zeroizing::new([0; 16]);
        let mut nonce = [0; 16];
        fill(secret.as_mut()).map_err(io::Error::other)?;
        fill(&mut nonce).map_err(io::Error::other)?;
        let file_key = FileKey::new(Box::new(*secret));
        out.write_all(&header(recipients, &file_key)?)?;
        out.write_all(&nonce)?;
        let key = derive(&file_key, &nonce, b"payload")?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &*key).map_err(|_| refused())?;
        Ok(Self { out, key: LessSafeKey::new(key), chunk: Vec::with_capacity(CHUNK + TAG), number: 0 })
    }

    /// Writes the last chunk, and gives back what is written to.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.out)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        // Eleven bytes count the chunks, the twelfth marks the last.
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.number.to_be_bytes());
        nonce[11] = u8::from(last);
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::empty(), &mut self.chunk).map_err(|_| refused())?;
        self.number += 1;
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

impl<W: Write> Write for AgeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for the next byte, since it may be the last.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn header(recipients: &[Box<dyn age::Recipient + Send>], file_key: &FileKey) -> io::Result<Vec<u8>> {
    let mut text = b"age-encryption.org/v1\n".to_vec();
    for recipient in recipients {
        let (stanzas, labels) = recipient.wrap_file_key(file_key).map_err(io::Error::other)?;
        if !labels.is_empty() {
            return Err(io::Error::other("a recipient that must be alone cannot be one of several"));
        }
        for stanza in stanzas {
            writeln!(text, "-> {} {}", stanza.tag, stanza.args.join(" "))?;
            let body = STANDARD_NO_PAD.encode(&stanza.body);
            for line in body.as_bytes().chunks(COLUMNS) {
                text.extend_from_slice(line);
                text.push(b'\n');
            }
            // The last line of a body is shorter than the others.
            if body.len() % COLUMNS == 0 {
                text.push(b'\n');
            }
        }
    }
    text.extend_from_slice(b"---");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &*derive(file_key, b"", b"header")?);
    let mac = hmac::sign(&key, &text);
    writeln!(text, " {}", STANDARD_NO_PAD.encode(mac.as_ref()))?;
    Ok(text)
}

fn derive(file_key: &FileKey, salt: &[u8], purpose: &[u8]) -> io::Result<Zeroizing<[u8; 32]>> {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let mut key = Zeroizing::new([0; 32]);
    let secret = Salt::new(HKDF_SHA256, salt).extract(file_key.expose_secret());
    let purpose = [purpose];
    let derived = secret.expand(&purpose, Length).and_then(|output| output.fill(key.as_mut()));
    derived.map_err(|_| refused())?;
    Ok(key)
}

fn refused() -> io::Error {
    io::Error::other("the cipher refused")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@rust";

    #[test]
    fn the_crate_opens_what_is_written_for_each_recipient_and_every_length() {
        let identities = [age::x25519::Identity::generate(), age::x25519::Identity::generate()];
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
            let mut to: Vec<Box<dyn age::Recipient + Send>> =
                identities.iter().map(|identity| Box::new(identity.to_public()) as _).collect();
            to.push(Box::new(SSH.parse::<age::ssh::Recipient>().unwrap()));
            let plain: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let mut age = AgeWriter::new(&to, Vec::new()).unwrap();
            for piece in plain.chunks(1000) {
                age.write_all(piece).unwrap();
            }
            let sealed = age.finish().unwrap();
            for identity in &identities {
                let opened = age::Decryptor::new(sealed.as_slice()).unwrap();
                let mut read = Vec::new();
                let identity = identity as &dyn age::Identity;
                opened.decrypt([identity].into_iter()).unwrap().read_to_end(&mut read).unwrap();
                assert!(read == plain, "{length}");
            }
        }
    }
}
