//! Where a repository lies: a handful of verbs on keys and bytes.

mod capabilities;
mod directory;
mod entry;
mod fault;
mod lock;
mod parts;
mod s3;
mod unfinished;
mod url;
mod version;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};

pub use capabilities::Capabilities;
pub use directory::DirectoryStore;
pub use entry::Entry;
pub use fault::{StoreError, StoreFault};
pub use lock::{LockMode, LockPeriod, ObjectLock};
pub use parts::{Abandoned, PART_SIZE, PartSender, Parts};
pub use s3::{S3Credentials, S3Options, S3Store, S3Timeouts};
pub use url::StoreUrl;
pub use version::{Removal, Version};

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

    /// Deletes an object, and says what that did. One that is not there is deleted already. A store that keeps versions
    /// hides it, and one that locked it keeps it: neither is an error.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Removal, StoreError>>;

    /// Finds out what the store really does, by writing, reading and deleting objects under `probe/`.
    fn probe(&self) -> BoxFuture<'_, Result<Capabilities, StoreError>>;

    /// Removes what writes that were cut off left behind, if it is older than `age`. Returns how many there were.
    fn sweep_unfinished(&self, age: Duration) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// How far the store's clock is ahead of ours, as last seen. `None` where it never told.
    fn clock_ahead(&self) -> Option<SignedDuration>;

    /// Waits for what was given up to be cleared away: uploads whose task was dropped are aborted in the background. To be
    /// called before a process ends that dropped a run. Default: there is nothing.
    fn settle(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// For how long what is written is locked. Default: not at all.
    fn lock_period(&self) -> Option<LockPeriod> {
        None
    }

    /// Locks an object that is there until a time, or longer if it is locked for longer. Default: does nothing.
    fn lock<'a>(&'a self, key: &'a str, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        let _ = (key, until);
        Box::pin(std::future::ready(Ok(())))
    }

    /// The versions of an object that the store still has, the newest first, also where it is deleted. Default: none.
    fn versions<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Vec<Version>, StoreError>> {
        let _ = key;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Reads a version of an object, as [`versions`](Self::versions) names it. Default: there is none.
    fn get_version<'a>(&'a self, key: &'a str, version: &'a Version) -> BoxFuture<'a, Result<Download, StoreError>> {
        let _ = version;
        let error = StoreError::new("read", key, &self.place(), StoreFault::NotFound);
        Box::pin(std::future::ready(Err(error)))
    }
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
