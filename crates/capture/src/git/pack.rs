use std::io::{self, Read};
use std::vec::IntoIter;

use gix_hash::{Hasher, ObjectId};
use gix_object::Kind;

use crate::Error;
use crate::git::repository::Repository;

/// An object for a pack.
pub(super) enum Item {
    /// One of the repository.
    Stored(ObjectId),
    /// A commit made for the bundle.
    Commit(Vec<u8>),
}

/// A pack of objects, each whole and in a zlib stream that compresses nothing, made as it is read.
pub(super) struct PackReader {
    repository: Repository,
    items: IntoIter<Item>,
    hasher: Option<Hasher>,
    ready: Vec<u8>,
    given: usize,
    buffer: Vec<u8>,
    failed: bool,
}

impl PackReader {
    pub(super) fn new(repository: Repository, items: Vec<Item>) -> Result<Self, Error> {
        let too_many = |_| repository.fail("pack", "it has more objects than a pack can hold".into());
        let count = u32::try_from(items.len()).map_err(too_many)?;
        let mut ready = b"PACK\0\0\0\x02".to_vec();
        ready.extend_from_slice(&count.to_be_bytes());
        let mut hasher = gix_hash::hasher(repository.hash);
        hasher.update(&ready);
        let (items, hasher) = (items.into_iter(), Some(hasher));
        Ok(Self { repository, items, hasher, ready, given: 0, buffer: Vec::new(), failed: false })
    }

    fn advance(&mut self) -> Result<(), Error> {
        self.ready.clear();
        self.given = 0;
        let Some(hasher) = &mut self.hasher else {
            return Ok(());
        };
        match self.items.next() {
            Some(Item::Stored(id)) => {
                let kind = self.repository.read(id, &mut self.buffer)?;
                write_entry(&mut self.ready, kind, &self.buffer);
            }
            Some(Item::Commit(text)) => write_entry(&mut self.ready, Kind::Commit, &text),
            None => {
                let sum = self.hasher.take().map(Hasher::try_finalize).transpose();
                let sum = sum.map_err(|error| self.repository.fail("pack", error.into()))?;
                self.ready.extend(sum.iter().flat_map(|sum| sum.as_slice()));
                return Ok(());
            }
        }
        hasher.update(&self.ready);
        Ok(())
    }
}

impl Read for PackReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Err(io::Error::other("the bundle cannot be read on after an error"));
        }
        if self.given == self.ready.len() && !buffer.is_empty() {
            self.advance().inspect_err(|_| self.failed = true)?;
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// See `gitformat-pack(5)`.
fn write_entry(out: &mut Vec<u8>, kind: Kind, content: &[u8]) {
    let kind = match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
        Kind::Tag => 4,
    };
    let mut size = content.len();
    let mut byte = kind << 4 | (size & 0xf) as u8;
    size >>= 4;
    while size > 0 {
        out.push(byte | 0x80);
        byte = (size & 0x7f) as u8;
        size >>= 7;
    }
    out.push(byte);
    write_stored(out, content);
}

/// A zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4).
fn write_stored(out: &mut Vec<u8>, content: &[u8]) {
    const MAX: usize = u16::MAX as usize;
    out.extend_from_slice(&[0x78, 0x01]);
    let blocks = content.len().div_ceil(MAX).max(1);
    for number in 0..blocks {
        let block = &content[number * MAX..content.len().min((number + 1) * MAX)];
        let length = block.len() as u16;
        out.push(u8::from(number + 1 == blocks));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.extend_from_slice(&adler32(content).to_be_bytes());
}

fn adler32(content: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1, 0);
    // The most bytes after which the sums still fit.
    for chunk in content.chunks(5552) {
        for byte in chunk {
            a += u32::from(*byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_rfc() {
        assert_eq!(adler32(b""), 1);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(adler32(&[0xff; 70_000]), {
            let (a, b) = (0..70_000_u64).fold((1_u64, 0_u64), |(a, b), _| ((a + 255) % 65_521, (b + a + 255) % 65_521));
            (b << 16 | a) as u32
        });
    }

    #[test]
    fn a_stored_stream_has_its_blocks() {
        let mut out = Vec::new();
        write_stored(&mut out, b"");
        assert_eq!(out, [0x78, 1, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 1]);
        out.clear();
        write_stored(&mut out, &[7; 65_536]);
        assert_eq!(out[2..7], [0, 0xff, 0xff, 0, 0]);
        assert_eq!(out.len(), 2 + 5 + 65_535 + 5 + 1 + 4);
    }
}
