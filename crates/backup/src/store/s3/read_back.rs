//! Looking at what the store really holds: some servers answer 200 and keep something else.

use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::S3Store;
use crate::identifier::hex;
use crate::store::{StoreError, StoreFault, read_whole};

/// Of objects written in parts the first is read back, and then each of so many.
const SAMPLE: u64 = 50;
/// How much of each end of such an object is compared.
pub(super) const END: usize = 64 << 10;

impl S3Store {
    /// Compares an object written at one stroke. On most servers its entity tag is its MD5, which costs no request; where
    /// it is something else, the object is read.
    pub(super) async fn compare_small(
        &self,
        key: &str,
        body: &Bytes,
        md5: &[u8],
        e_tag: Option<&str>,
    ) -> Result<(), StoreError> {
        let e_tag = e_tag.map(|tag| tag.trim_matches('"').to_ascii_lowercase());
        if e_tag.is_some_and(|tag| tag == hex(md5)) {
            return Ok(());
        }
        let held = read_whole(self, key, body.len() as u64).await;
        match held {
            Ok(held) if held == *body => Ok(()),
            Ok(_) => Err(self.error("write", key, StoreFault::Altered)),
            Err(error) if matches!(error.fault, StoreFault::TooLarge { .. }) => {
                Err(self.error("write", key, StoreFault::Altered))
            }
            Err(error) => Err(error),
        }
    }

    /// Compares both ends of an object written in parts, of the first and of a sample.
    pub(super) async fn compare_large(&self, key: &str, size: u64, head: Bytes, tail: Bytes) -> Result<(), StoreError> {
        if !self.shared.written.fetch_add(1, Ordering::Relaxed).is_multiple_of(SAMPLE) {
            return Ok(());
        }
        let altered = || self.error("write", key, StoreFault::Altered);
        for (at, expected) in [(0, head), (size - tail.len() as u64, tail)] {
            let range = at..at + expected.len() as u64;
            let mut download = self.download(key, None, Some(range)).await?;
            if download.size != size {
                return Err(altered());
            }
            let mut held = Vec::with_capacity(expected.len());
            while let Some(bytes) = futures::StreamExt::next(&mut download.bytes).await {
                held.extend_from_slice(&bytes?);
            }
            if held != expected {
                return Err(altered());
            }
        }
        Ok(())
    }
}
