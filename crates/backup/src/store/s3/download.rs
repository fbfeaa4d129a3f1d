use std::ops::Range;

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf as _, Bytes};
use futures::{FutureExt as _, stream};

use super::S3Store;
use super::attempt::Verdict;
use crate::store::{Download, StoreError, StoreFault};

/// A body that came, and what is to be known to go on where it broke off.
struct Body {
    bytes: ByteStream,
    total: u64,
    e_tag: Option<String>,
    /// Bytes at the beginning that were not asked for: the server does not know ranges.
    surplus: u64,
}

struct Progress {
    store: S3Store,
    key: String,
    version: Option<String>,
    body: Body,
    at: u64,
    end: u64,
    breaks: u32,
}

/// So often a body may break off without a byte in between.
const BREAKS: u32 = 5;

impl S3Store {
    pub(super) async fn download(
        &self,
        key: &str,
        version: Option<String>,
        range: Option<Range<u64>>,
    ) -> Result<Download, StoreError> {
        if range.as_ref().is_some_and(|range| range.is_empty()) {
            let size = self.ask(key, version.as_deref(), None, None).await?.total;
            return Ok(Download { size, bytes: Box::pin(stream::empty()) });
        }
        let body = self.ask(key, version.as_deref(), range.clone(), None).await?;
        let size = body.total;
        let range = range.unwrap_or(0..size);
        let progress = Progress {
            store: self.clone(),
            key: key.to_owned(),
            version,
            at: range.start.min(size),
            end: range.end.min(size),
            body,
            breaks: 0,
        };
        let bytes = stream::unfold(Some(progress), |progress| async {
            let mut progress = progress.filter(|progress| progress.at < progress.end)?;
            match progress.next().await {
                Ok(bytes) => Some((Ok(bytes), Some(progress))),
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(Download { size, bytes: Box::pin(bytes) })
    }

    /// Asks for an object, or for a part of it if it still is the one with this entity tag.
    async fn ask(
        &self,
        key: &str,
        version: Option<&str>,
        range: Option<Range<u64>>,
        e_tag: Option<&str>,
    ) -> Result<Body, StoreError> {
        let full = self.full("read", key)?;
        let header = range.as_ref().map(|range| format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        let answer = self
            .retrying("read", key, 0, |_| {
                let request = self
                    .client()
                    .get_object()
                    .bucket(self.bucket())
                    .key(&full)
                    .set_version_id(version.map(str::to_owned))
                    .set_range(header.clone())
                    .set_if_match(e_tag.map(str::to_owned));
                async move { request.send().await.map_err(|error| self.verdict(error)) }.boxed()
            })
            .await
            .map_err(|error| match error.fault {
                // The only condition that is put on reading.
                StoreFault::Exists => self.error("read", key, StoreFault::Changed),
                _ => error,
            })?;
        let length = answer.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        let total = answer.content_range.as_deref().and_then(|range| range.rsplit('/').next()?.parse().ok());
        let wanted = range.map_or(0, |range| range.start);
        let surplus = if answer.content_range.is_some() { 0 } else { wanted };
        Ok(Body { bytes: answer.body, total: total.unwrap_or(length), e_tag: answer.e_tag, surplus })
    }
}

impl Progress {
    /// The next bytes. Where the body breaks off, the rest is asked for.
    async fn next(&mut self) -> Result<Bytes, StoreError> {
        loop {
            let limit = self.store.shared.options.timeouts.progress;
            let broken = match tokio::time::timeout(limit, self.body.bytes.next()).await {
                Ok(Some(Ok(bytes))) => {
                    if let Some(bytes) = self.take(bytes) {
                        self.breaks = 0;
                        return Ok(bytes);
                    }
                    continue;
                }
                Ok(Some(Err(error))) => error.to_string(),
                Ok(None) => "it ended early".to_owned(),
                Err(_) => format!("no byte within {} s", limit.as_secs()),
            };
            self.breaks += 1;
            if self.breaks > BREAKS {
                let spent = limit * self.breaks;
                let fault = StoreFault::Unavailable { tries: self.breaks, spent };
                return Err(self.store.error("read", &self.key, fault).because(broken));
            }
            tracing::debug!(key = %self.key, at = self.at, cause = %broken, "reading the rest");
            // The end stays open for nobody: the range is what is still missing.
            let (range, e_tag) = (Some(self.at..self.end), self.body.e_tag.clone());
            self.body = self.store.ask(&self.key, self.version.as_deref(), range, e_tag.as_deref()).await?;
        }
    }

    /// What of the bytes was asked for.
    fn take(&mut self, mut bytes: Bytes) -> Option<Bytes> {
        let surplus = self.body.surplus.min(bytes.len() as u64);
        bytes.advance(usize::try_from(surplus).unwrap_or(bytes.len()));
        self.body.surplus -= surplus;
        bytes.truncate(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        self.at += bytes.len() as u64;
        (!bytes.is_empty()).then_some(bytes)
    }
}

impl Verdict {
    /// Whether the object is known not to be there.
    pub(super) fn is_missing(&self) -> bool {
        self.is(&StoreFault::NotFound)
    }
}
