//! Packing with zstd (RFC 8878) in frames of a few megabytes, one behind the other. Every decoder reads them as one stream.
//!
//! A frame that lies in memory as a whole is packed with less work than the same bytes of an endless stream: nothing is
//! copied into a window, and nothing is looked up across the seams of one. What repeats in another frame is not found, so that
//! a tree of text becomes a little larger.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;
use zstd::bulk::Compressor;

/// What a frame holds: twice the window of level 3.
pub(crate) const FRAME: usize = 4 << 20;
/// How much is read at once.
const BLOCK: usize = 128 << 10;

/// Packs what it reads. Must be [finished](Self::finish): what is left of the last frame is written then.
pub(crate) struct FrameWriter<W: Write> {
    out: W,
    compressor: Compressor<'static>,
    /// The frame in the making: small at first, since most of what is packed is.
    plain: Zeroizing<Vec<u8>>,
    filled: usize,
    packed: Vec<u8>,
    has_frames: bool,
}

impl<W: Write> FrameWriter<W> {
    pub(crate) fn new(out: W, level: i32) -> io::Result<Self> {
        let mut compressor = Compressor::new(level)?;
        compressor.include_checksum(true)?;
        let plain = Zeroizing::new(vec![0; BLOCK]);
        Ok(Self { out, compressor, plain, filled: 0, packed: Vec::new(), has_frames: false })
    }

    /// Reads on, and gives what came: nothing at the end.
    pub(crate) fn read_from(&mut self, source: &mut dyn Read) -> io::Result<&[u8]> {
        if self.filled == FRAME {
            self.pack()?;
        }
        if self.filled == self.plain.len() {
            let mut whole = Zeroizing::new(vec![0; FRAME]);
            whole[..self.filled].copy_from_slice(&self.plain);
            self.plain = whole;
        }
        let end = self.plain.len().min(self.filled + BLOCK);
        let read = read_on(source, &mut self.plain[self.filled..end])?;
        let read = self.filled..self.filled + read;
        self.filled = read.end;
        Ok(&self.plain[read])
    }

    /// Writes the last frame, and gives back what is written to.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        // A file without a frame is none.
        if self.filled > 0 || !self.has_frames {
            self.pack()?;
        }
        Ok(self.out)
    }

    fn pack(&mut self) -> io::Result<()> {
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(self.filled));
        self.compressor.compress_to_buffer(&self.plain[..self.filled], &mut self.packed)?;
        self.filled = 0;
        self.has_frames = true;
        self.out.write_all(&self.packed)
    }
}

/// Reads what there is; a signal that comes between is none of the caller's business.
pub(crate) fn read_on(source: &mut dyn Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives less than it is asked for.
    struct Halting<'a>(&'a [u8]);

    impl Read for Halting<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let wanted = buffer.len().min(100_003);
            self.0.read(&mut buffer[..wanted])
        }
    }

    #[test]
    fn what_is_packed_is_unpacked_at_every_length() {
        let all: Vec<u8> = (0..2 * FRAME + 17).map(|at| (at % 251) as u8).collect();
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, all.len()] {
            for source in [&mut &all[..length] as &mut dyn Read, &mut Halting(&all[..length])] {
                let mut writer = FrameWriter::new(Vec::new(), 3).unwrap();
                let mut seen = Vec::new();
                loop {
                    let read = writer.read_from(source).unwrap();
                    if read.is_empty() {
                        break;
                    }
                    seen.extend_from_slice(read);
                }
                assert!(seen == all[..length], "{length}");
                let packed = writer.finish().unwrap();
                assert!(!packed.is_empty());
                assert!(zstd::decode_all(packed.as_slice()).unwrap() == all[..length], "{length}");
            }
        }
    }
}
