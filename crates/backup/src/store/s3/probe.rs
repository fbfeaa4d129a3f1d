//! What a server does, as against what it answers.

use std::sync::atomic::Ordering;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::BucketVersioningStatus;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::S3Store;
use crate::identifier::{Ulid, hex};
use crate::store::{
    Capabilities, PART_SIZE, PartSender, Parts, PutMode, Store as _, StoreError, StoreFault, read_whole,
};

impl S3Store {
    pub(super) async fn find_out(&self) -> Result<Capabilities, StoreError> {
        let key = format!("probe/{}", Ulid::now());
        let found = self.find_out_with(&key).await;
        // Nothing of the probe stays, whatever it found.
        let cleaned = self.delete(&key).await;
        let found = found?;
        cleaned?;
        self.probe_lock(&key, &found).await?;
        Ok(found)
    }

    async fn find_out_with(&self, key: &str) -> Result<Capabilities, StoreError> {
        let body = Bytes::from(format!("{key} first").repeat(20));
        // Compares what is held with what was sent: the first thing to know of a server.
        self.put_whole(key, body.clone(), PutMode::IfAbsent).await?;
        let conditional_put = match self.put_whole(key, body.clone(), PutMode::IfAbsent).await {
            Ok(()) => false,
            Err(error) if error.fault == StoreFault::Exists => true,
            // A condition that is not understood is not a server that cannot be used.
            Err(error) if matches!(error.fault, StoreFault::Other(_)) => false,
            Err(error) => return Err(error),
        };
        self.probe_range(key, &body).await?;
        let etag_is_md5 = self.probe_etag(key, &body).await?;
        let checks_checksums = self.probe_checksum(key).await?;
        let multipart = self.probe_parts(key).await?;
        let versioning = self.client().get_bucket_versioning().bucket(self.bucket()).send().await;
        let object_lock = self.client().get_object_lock_configuration().bucket(self.bucket()).send().await;
        Ok(Capabilities {
            conditional_put,
            checks_checksums,
            etag_is_md5,
            multipart,
            versioning: versioning.is_ok_and(|answer| answer.status == Some(BucketVersioningStatus::Enabled)),
            object_lock: object_lock.is_ok_and(|answer| {
                answer.object_lock_configuration.is_some_and(|lock| lock.object_lock_enabled.is_some())
            }),
            server: self.shared.clock.server(),
        })
    }

    /// Where locks are wanted they must be there before the first backup relies on them.
    async fn probe_lock(&self, key: &str, found: &Capabilities) -> Result<(), StoreError> {
        if self.shared.options.object_lock.is_none() || found.object_lock {
            return Ok(());
        }
        let what = "the bucket has no object lock, which is chosen when a bucket is made: make another one, or do \
                    without object-lock";
        Err(self.error("lock", key, StoreFault::Other(what.to_owned())))
    }

    async fn probe_range(&self, key: &str, body: &Bytes) -> Result<(), StoreError> {
        let mut download = self.download(key, None, Some(3..9)).await?;
        let mut held = Vec::new();
        while let Some(bytes) = futures::StreamExt::next(&mut download.bytes).await {
            held.extend_from_slice(&bytes?);
        }
        if held == body[3..9] { Ok(()) } else { Err(self.error("read", key, StoreFault::Altered)) }
    }

    async fn probe_etag(&self, key: &str, body: &Bytes) -> Result<bool, StoreError> {
        let full = self.full("look at", key)?;
        let looked = self.client().head_object().bucket(self.bucket()).key(&full).send().await;
        let tag = looked.ok().and_then(|found| found.e_tag);
        Ok(tag.is_some_and(|tag| tag.trim_matches('"').eq_ignore_ascii_case(&hex(&Md5::digest(body)))))
    }

    /// Sends a body with the checksum of another.
    async fn probe_checksum(&self, key: &str) -> Result<bool, StoreError> {
        let request = self
            .client()
            .put_object()
            .bucket(self.bucket())
            .key(self.full("write", key)?)
            .content_md5(STANDARD.encode(Md5::digest(b"something else")))
            .body(ByteStream::from_static(b"not what the checksum says"));
        Ok(request.send().await.is_err())
    }

    /// Writes two parts, so that the first has the size that servers ask for, and compares the ends.
    async fn probe_parts(&self, key: &str) -> Result<bool, StoreError> {
        let (sender, parts) = Parts::channel();
        let send = |sender: PartSender| -> Result<(), crate::Abandoned> {
            sender.send(Bytes::from(vec![b'w'; PART_SIZE]))?;
            sender.send(Bytes::from_static(b"last"))?;
            sender.finish()
        };
        let sending = tokio::task::spawn_blocking(move || send(sender));
        // The first of a process is always read back.
        self.shared.written.store(0, Ordering::Relaxed);
        let written = self.upload(key, parts).await;
        let _ = sending.await;
        written?;
        if self.shared.no_multipart.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let held = read_whole(self, key, PART_SIZE as u64 + 4).await?;
        let whole = held.len() == PART_SIZE + 4
            && held.ends_with(b"wlast")
            && held.iter().take(PART_SIZE).all(|byte| *byte == b'w');
        if whole { Ok(true) } else { Err(self.error("write", key, StoreFault::Altered)) }
    }
}
