//! Packing and encrypting, and back: zstd, then age, with what is needed to compare afterwards.

use std::io::{self, BufReader, Read, Write};

use bytes::Bytes;

use crate::age_file::AgeWriter;
use crate::digest::{Digest, Hasher};
use crate::frames::{FrameWriter, read_on};
use crate::store::{PART_SIZE, PartSender};

/// A third of the size of a tree of YAML, at the speed of the disk; -19 would save a sixth more for a hundred times the time.
const LEVEL: i32 = 3;
/// The largest window that is unpacked: 8 MiB. Ours is that of a frame, 4 MiB; an archive that wants gigabytes is hostile.
const WINDOW_LOG: u32 = 23;
const BLOCK: usize = 128 << 10;

/// What is known of bytes after they went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) bytes: u64,
    pub(crate) digest: Digest,
}

/// What sealing gives: the plain side and the sealed one.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) plain: Measured,
    pub(crate) stored: Measured,
}

/// The plain side while it goes through.
struct Plain<'a> {
    hasher: Hasher,
    bytes: u64,
    progress: &'a dyn Fn(u64),
}

impl<'a> Plain<'a> {
    fn new(progress: &'a dyn Fn(u64)) -> Self {
        Self { hasher: Hasher::blake3(), bytes: 0, progress }
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        (self.progress)(bytes.len() as u64);
    }

    fn end(self) -> Measured {
        Measured { bytes: self.bytes, digest: self.hasher.finish() }
    }
}

/// Reads to the end, telling `progress` how many bytes came.
pub(crate) fn measure(source: &mut dyn Read, progress: &dyn Fn(u64)) -> io::Result<Measured> {
    let (mut plain, mut block) = (Plain::new(progress), vec![0; BLOCK]);
    loop {
        match read_on(source, &mut block)? {
            0 => return Ok(plain.end()),
            read => plain.pass(&block[..read]),
        }
    }
}

/// Packs and encrypts everything that `source` has into `out`, and gives `out` back.
pub(crate) fn seal<W: Write>(
    source: &mut dyn Read,
    recipients: &[Box<dyn age::Recipient + Send>],
    out: W,
    progress: &dyn Fn(u64),
) -> io::Result<(Sealed, W)> {
    let age = AgeWriter::new(recipients, Measuring::stored(out))?;
    let mut frames = FrameWriter::new(age, LEVEL)?;
    let mut plain = Plain::new(progress);
    loop {
        match frames.read_from(source)? {
            [] => break,
            read => plain.pass(read),
        }
    }
    let (stored, out) = frames.finish()?.finish()?.end();
    Ok((Sealed { plain: plain.end(), stored }, out))
}

/// Why sealed bytes do not open.
#[derive(Debug)]
pub(crate) enum Unsealing {
    /// No identity fits.
    NoIdentity,
    /// They are not what was written.
    Damaged(String),
}

type Packed<R> = BufReader<age::stream::StreamReader<BufReader<R>>>;

/// Gives the plain bytes of sealed ones; fails on the first that is more than was promised, and at the end when they are
/// not those that were promised.
pub(crate) struct Unsealed<R: Read> {
    zstd: zstd::stream::read::Decoder<'static, Packed<R>>,
    bytes: u64,
    limit: u64,
    /// What the plain bytes have to be, and their hash so far.
    expected: Option<(Digest, Hasher)>,
}

impl<R: Read> Unsealed<R> {
    /// Opens sealed bytes that unpack to no more than `limit`.
    pub(crate) fn open<'a>(
        sealed: R,
        identities: impl Iterator<Item = &'a dyn age::Identity>,
        limit: u64,
    ) -> Result<Self, Unsealing> {
        let damaged = |error: &dyn std::fmt::Display| Unsealing::Damaged(error.to_string());
        let decryptor = age::Decryptor::new_buffered(BufReader::with_capacity(BLOCK, sealed));
        let age = decryptor.map_err(|error| damaged(&error))?.decrypt(identities).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => Unsealing::NoIdentity,
            other => damaged(&other),
        })?;
        let mut zstd = zstd::stream::read::Decoder::new(age).map_err(|error| damaged(&error))?;
        zstd.window_log_max(WINDOW_LOG).map_err(|error| damaged(&error))?;
        Ok(Self { zstd, bytes: 0, limit, expected: None })
    }

    /// Compares the hash of the plain bytes when they are read.
    pub(crate) fn expecting(mut self, digest: Digest) -> Self {
        self.expected = Some((digest, digest.hasher()));
        self
    }
}

impl<R: Read> Read for Unsealed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let read = self.zstd.read(out)?;
        self.bytes += read as u64;
        if self.bytes > self.limit {
            return Err(wrong(format!("it unpacks to more than the {} bytes that were promised", self.limit)));
        }
        if let Some((digest, hasher)) = &mut self.expected {
            hasher.update(&out[..read]);
            if read == 0 && !out.is_empty() && hasher.clone().finish() != *digest {
                return Err(wrong("its content is not what was saved".to_owned()));
            }
        }
        Ok(read)
    }
}

/// Hands bytes on, counting and hashing them.
pub(crate) struct Measuring<W> {
    out: W,
    hasher: Hasher,
    bytes: u64,
}

impl<W: Write> Measuring<W> {
    /// For what lies in the store.
    pub(crate) fn stored(out: W) -> Self {
        Self { out, hasher: Hasher::sha256(), bytes: 0 }
    }

    pub(crate) fn end(self) -> (Measured, W) {
        (Measured { bytes: self.bytes, digest: self.hasher.finish() }, self.out)
    }
}

impl<W: Write> Write for Measuring<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Cuts what is written into parts and hands them to a store.
pub(crate) struct PartWriter {
    sender: PartSender,
    part: Vec<u8>,
}

impl PartWriter {
    pub(crate) fn new(sender: PartSender) -> Self {
        Self { sender, part: Vec::new() }
    }

    /// Hands over the last part, and says that the object is whole.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.hand_over()?;
        self.sender.finish().map_err(io::Error::other)
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let part = std::mem::take(&mut self.part);
        if part.is_empty() { Ok(()) } else { self.sender.send(Bytes::from(part)).map_err(io::Error::other) }
    }
}

impl Write for PartWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Small objects take little room; a large one takes its part at one stroke.
        if self.part.len() + bytes.len() > 1 << 20 && self.part.capacity() < PART_SIZE {
            self.part.reserve_exact(PART_SIZE - self.part.len());
        }
        let taken = bytes.len().min(PART_SIZE - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        if self.part.len() == PART_SIZE {
            self.hand_over()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (age::x25519::Identity, Vec<Box<dyn age::Recipient + Send>>) {
        let identity = age::x25519::Identity::generate();
        let recipient = Box::new(identity.to_public()) as Box<dyn age::Recipient + Send>;
        (identity, vec![recipient])
    }

    fn open(sealed: &[u8], identity: &age::x25519::Identity, limit: u64) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let identities = [identity as &dyn age::Identity].into_iter();
        Unsealed::open(sealed, identities, limit).unwrap().read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn sealed_bytes_open_again() {
        let (identity, recipients) = pair();
        let plain = b"all the notes".repeat(100_000);
        let (sealed, bytes) = seal(&mut plain.as_slice(), &recipients, Vec::new(), &|_| {}).unwrap();
        assert_eq!(sealed.stored.bytes, bytes.len() as u64);
        assert_eq!(sealed.plain.bytes, plain.len() as u64);
        assert_eq!(open(&bytes, &identity, plain.len() as u64).unwrap(), plain);
    }

    #[test]
    fn a_bomb_stops_at_what_was_promised() {
        let (identity, recipients) = pair();
        let (_, bytes) = seal(&mut io::repeat(0).take(50 << 20), &recipients, Vec::new(), &|_| {}).unwrap();
        assert!(bytes.len() < 10_000);
        assert!(open(&bytes, &identity, 1000).unwrap_err().to_string().contains("promised"));
    }

    #[test]
    fn an_archive_that_wants_a_huge_window_is_refused() {
        let (identity, recipients) = pair();
        let mut zstd = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        zstd.window_log(27).unwrap();
        zstd.write_all(&vec![7; 1 << 20]).unwrap();
        let packed = zstd.finish().unwrap();
        let to = recipients.iter().map(|recipient| recipient.as_ref() as &dyn age::Recipient);
        let mut age = age::Encryptor::with_recipients(to).unwrap().wrap_output(Vec::new()).unwrap();
        age.write_all(&packed).unwrap();
        assert!(open(&age.finish().unwrap(), &identity, 1 << 30).is_err());
    }
}
