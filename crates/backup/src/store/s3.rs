//! A repository in a bucket.
//!
//! What the SDK does by itself is switched off where it does harm with the servers people run at home: bodies are never
//! streams (some servers store the framing of those, with status 200), checksums are sent only where required, requests
//! are signed with the server's time once it is known, and tries again are ours, since a NAS takes longer to start than
//! the SDK's 2.4 seconds.

mod attempt;
mod clock;
mod connection;
mod credentials;
mod download;
mod listing;
mod locking;
mod options;
mod probe;
mod read_back;
mod upload;
mod versions;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use md5::{Digest as _, Md5};

use super::{
    Capabilities, Download, Entry, LockPeriod, Parts, PutMode, Removal, Store, StoreError, StoreFault, Version,
    check_key,
};
use attempt::Verdict;
use clock::ServerClock;

pub use credentials::S3Credentials;
pub use options::{S3Options, S3Timeouts};

/// A repository in a bucket of an S3 service.
///
/// Cloning is cheap and shares connections. Credentials are in neither its errors nor its `Debug`.
#[derive(Clone)]
pub struct S3Store {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    options: S3Options,
    /// With a slash at its end, or empty.
    prefix: String,
    clock: ServerClock,
    /// The server was seen to refuse uploads in parts.
    no_multipart: AtomicBool,
    /// Objects written in parts so far, to choose those that are read back.
    written: AtomicU64,
    /// Parts go with their MD5: servers want it where objects are locked.
    wants_md5: AtomicBool,
    /// The server was seen to lock what it was asked to.
    lock_seen: AtomicBool,
    /// Uploads that are being aborted in the background.
    aborting: Mutex<Vec<tokio::task::JoinHandle<()>>>,
}

impl std::fmt::Debug for S3Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "S3Store({})", self.place())
    }
}

impl S3Store {
    /// Prepares a connection. No request is made.
    ///
    /// # Errors
    /// When the options do not fit together, or the CA certificates cannot be read.
    pub fn connect(options: S3Options) -> Result<Self, StoreError> {
        let clock = ServerClock::default();
        let client = connection::client(&options, &clock)?;
        let prefix = match options.prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let shared = Shared {
            client,
            prefix,
            clock,
            no_multipart: AtomicBool::new(false),
            written: AtomicU64::new(0),
            wants_md5: AtomicBool::new(options.object_lock.is_some()),
            lock_seen: AtomicBool::new(false),
            aborting: Mutex::default(),
            options,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    fn client(&self) -> &Client {
        &self.shared.client
    }

    fn bucket(&self) -> &str {
        &self.shared.options.bucket
    }

    fn full(&self, operation: &'static str, key: &str) -> Result<String, StoreError> {
        check_key(key)
            .map_err(|reason| self.error(operation, key, StoreFault::Key(reason)))
            .map(|()| format!("{}{key}", self.shared.prefix))
    }

    fn error(&self, operation: &'static str, key: &str, fault: StoreFault) -> StoreError {
        StoreError::new(operation, key, &self.place(), fault)
    }

    /// Writes a body at one stroke.
    async fn put_whole(&self, key: &str, body: Bytes, mode: PutMode) -> Result<(), StoreError> {
        let full = self.full("write", key)?;
        self.not_in_the_past("write", key)?;
        let condition = (mode == PutMode::IfAbsent).then(|| "*".to_owned());
        // Buckets with locks take nothing without it, and it is needed for the comparison below in any case.
        let md5 = Md5::digest(&body);
        let lock = self.lock_of(key);
        let sent = self
            .retrying("write", key, body.len() as u64, |tries| {
                let request = self
                    .client()
                    .put_object()
                    .bucket(self.bucket())
                    .key(&full)
                    .content_type("application/octet-stream")
                    .content_md5(STANDARD.encode(md5))
                    .set_if_none_match(condition.clone())
                    .set_server_side_encryption(self.encryption())
                    .set_object_lock_mode(lock.as_ref().map(|lock| lock.mode.clone()))
                    .set_object_lock_retain_until_date(lock.as_ref().map(|lock| lock.until))
                    .body(ByteStream::from(body.clone()));
                let body = &body;
                async move {
                    match request.send().await {
                        Ok(answer) => Ok(answer.e_tag),
                        Err(error) => {
                            let verdict = self.verdict(error);
                            // Our own write whose answer was lost looks like somebody else's: what is there tells.
                            if tries > 1 && verdict.is(&StoreFault::Exists) && self.holds(key, body).await {
                                return Ok(None);
                            }
                            Err(verdict)
                        }
                    }
                }
                .boxed()
            })
            .await?;
        self.compare_small(key, &body, &md5, sent.as_deref()).await?;
        if lock.is_some() { self.compare_lock(key).await } else { Ok(()) }
    }

    async fn holds(&self, key: &str, body: &Bytes) -> bool {
        super::read_whole(self, key, body.len() as u64).await.is_ok_and(|held| held == *body)
    }

    fn encryption(&self) -> Option<aws_sdk_s3::types::ServerSideEncryption> {
        self.shared.options.server_side_encryption.as_deref().map(aws_sdk_s3::types::ServerSideEncryption::from)
    }
}

impl Store for S3Store {
    fn place(&self) -> String {
        let options = &self.shared.options;
        let path = self.shared.prefix.trim_end_matches('/');
        let at = options.endpoint.as_deref().unwrap_or("AWS");
        let slash = if path.is_empty() { "" } else { "/" };
        let then = options.as_of.map(|then| format!(" as it was at {then}")).unwrap_or_default();
        format!("s3://{}{slash}{path} at {at}{then}", options.bucket)
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, mode: PutMode) -> BoxFuture<'a, Result<(), StoreError>> {
        self.put_whole(key, body, mode).boxed()
    }

    fn put_stream<'a>(&'a self, key: &'a str, parts: Parts) -> BoxFuture<'a, Result<(), StoreError>> {
        self.upload(key, parts).boxed()
    }

    fn get<'a>(&'a self, key: &'a str, range: Option<Range<u64>>) -> BoxFuture<'a, Result<Download, StoreError>> {
        async move {
            let version = self.version_then(key).await?;
            self.download(key, version, range).await
        }
        .boxed()
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        async move {
            let full = self.full("look at", key)?;
            let version = match self.version_then(key).await {
                Err(error) if error.fault == StoreFault::NotFound => return Ok(None),
                other => other?,
            };
            let looked = self
                .retrying("look at", key, 0, |_| {
                    let request = self.client().head_object().bucket(self.bucket()).key(&full);
                    let request = request.set_version_id(version.clone());
                    async move { request.send().await.map_err(|error| self.verdict(error)) }.boxed()
                })
                .await;
            match looked {
                Ok(found) => Ok(Some(Entry {
                    key: key.to_owned(),
                    size: found.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                    modified: found.last_modified.map_or(Timestamp::UNIX_EPOCH, |time| clock::timestamp(&time)),
                })),
                Err(error) if error.fault == StoreFault::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        }
        .boxed()
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        start_after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>> {
        async move {
            match self.shared.options.as_of {
                None => self.list_all(prefix, start_after).await,
                Some(then) => self.list_then(prefix, start_after, then).await,
            }
        }
        .boxed()
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Removal, StoreError>> {
        self.remove(key).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<Capabilities, StoreError>> {
        self.find_out().boxed()
    }

    fn sweep_unfinished(&self, age: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.abort_old(age).boxed()
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.shared.clock.ahead()
    }

    fn settle(&self) -> BoxFuture<'_, ()> {
        async move {
            let aborting = || self.shared.aborting.lock().unwrap_or_else(PoisonError::into_inner).pop();
            while let Some(one) = aborting() {
                // One that failed is written down, and swept later.
                let _ = one.await;
            }
        }
        .boxed()
    }

    fn lock_period(&self) -> Option<LockPeriod> {
        self.shared.options.object_lock.map(super::ObjectLock::period)
    }

    fn lock<'a>(&'a self, key: &'a str, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        self.lock_until(key, until).boxed()
    }

    fn versions<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Vec<Version>, StoreError>> {
        self.versions_of(key).boxed()
    }

    fn get_version<'a>(&'a self, key: &'a str, version: &'a Version) -> BoxFuture<'a, Result<Download, StoreError>> {
        self.download(key, Some(version.id.clone()), None).boxed()
    }
}

impl Verdict {
    fn is(&self, wanted: &StoreFault) -> bool {
        matches!(self, Self::Final { fault, .. } if fault == wanted)
    }
}
