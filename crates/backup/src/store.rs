//! Where a repository lies: a handful of verbs on keys and bytes.

mod capabilities;
mod directory;
mod entry;
mod fault;
mod parts;
mod s3;
mod url;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use jiff::SignedDuration;

pub use capabilities::Capabilities;
pub use directory::DirectoryStore;
pub use entry::Entry;
pub use fault::{StoreError, StoreFault};
pub use parts::{Abandoned, PART_SIZE, PartSender, Parts};
pub use s3::{S3Credentials, S3Options, S3Store, S3Timeouts};
pub use url::StoreUrl;

/// What happens when the key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutMode {
    /// The object is replaced.
    Replace,
    /// The call fails with [`StoreFault::Exists`], on stores that can tell. Some S3 servers ignore the condition, so that
    /// nothing may depend on it: see [`Capabilities::conditional_put`].
    IfAbsent,
}

/// The bytes of an object on their way here.
pub struct Download {
    /// How many bytes there are in the whole object.
    pub size: u64,
    /// The bytes asked for. Resumed by the store where a connection breaks.
    pub bytes: BoxStream<'static, Result<Bytes, StoreError>>,
}

impl fmt::Debug for Download {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Download({} bytes)", self.size)
    }
}

/// A place for objects: keys are relative to the repository's own folder or prefix, with `/` between segments.
///
/// A write is there wholly or not at all, and is durable when the call returns. A store retries by itself what may pass;
/// an error is final. Calls may be made at the same time from many tasks, and from other programs.
pub trait Store: Send + Sync + fmt::Debug {
    /// Where it is, for people. Without credentials.
    fn place(&self) -> String;

    /// Writes a small object.
    fn put<'a>(&'a self, key: &'a str, body: Bytes, mode: PutMode) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Writes an object of any size, part by part, in constant memory. When the parts are [`Abandoned`], nothing is left.
    fn put_stream<'a>(&'a self, key: &'a str, parts: Parts) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Reads an object, or the bytes of it that `range` says.
    fn get<'a>(&'a self, key: &'a str, range: Option<Range<u64>>) -> BoxFuture<'a, Result<Download, StoreError>>;

    /// Looks at one key. `None` when there is nothing.
    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>>;

    /// Lists the keys that begin with `prefix` and sort after `start_after`, in order.
    ///
    /// A store may not show a key that was just written. What is absent here is not known to be gone.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        start_after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>>;

    /// Deletes an object. One that is not there is deleted already.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Finds out what the store really does, by writing, reading and deleting objects under `probe/`.
    fn probe(&self) -> BoxFuture<'_, Result<Capabilities, StoreError>>;

    /// Removes what writes that were cut off left behind, if it is older than `age`. Returns how many there were.
    fn sweep_unfinished(&self, age: Duration) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// How far the store's clock is ahead of ours, as last seen. `None` where it never told.
    fn clock_ahead(&self) -> Option<SignedDuration>;
}

/// Refuses keys that leave the repository or that some store would read otherwise.
pub(crate) fn check_key(key: &str) -> Result<(), &'static str> {
    if key.is_empty() || key.len() > 512 {
        return Err("a key has 1 to 512 bytes");
    }
    if !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) {
        return Err("a key has letters, digits, and -_./ only");
    }
    if key.split('/').any(|segment| segment.is_empty() || segment.starts_with('.')) {
        return Err("no segment of a key is empty or begins with a dot");
    }
    Ok(())
}

/// Reads a whole object that may not be larger than `limit`.
pub(crate) async fn read_whole(store: &dyn Store, key: &str, limit: u64) -> Result<Vec<u8>, StoreError> {
    use futures::StreamExt as _;
    let mut download = store.get(key, None).await?;
    let too_large = || StoreError::new("read", key, &store.place(), StoreFault::TooLarge { limit });
    if download.size > limit {
        return Err(too_large());
    }
    let mut all = Vec::with_capacity(usize::try_from(download.size).unwrap_or_default());
    while let Some(bytes) = download.bytes.next().await {
        all.extend_from_slice(&bytes?);
        if all.len() as u64 > limit {
            return Err(too_large());
        }
    }
    Ok(all)
}
