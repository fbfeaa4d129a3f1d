//! Objects of any size, part by part.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::S3Store;
use super::attempt::Verdict;
use super::read_back::END;
use crate::identifier::Ulid;
use crate::store::{Parts, PutMode, Store as _, StoreError, StoreFault, read_whole};

/// Where open uploads are written down: some servers do not list them.
const RECORDS: &str = "uploads/";
/// How much is held in memory for a server that takes no parts.
const WITHOUT_PARTS: usize = 64 << 20;

/// An open upload as it is written down.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    key: String,
    upload: String,
    started: Timestamp,
}

/// An upload that is aborted unless it is finished, also when the task is dropped.
struct Open {
    store: S3Store,
    key: String,
    full: String,
    id: String,
    record: String,
    done: bool,
}

impl S3Store {
    pub(super) async fn upload(&self, key: &str, mut parts: Parts) -> Result<(), StoreError> {
        let abandoned = |gone| self.error("write", key, StoreFault::Abandoned).because(gone);
        let first = parts.next().await.map_err(abandoned)?.unwrap_or_default();
        let Some(second) = parts.next().await.map_err(abandoned)? else {
            return self.put_whole(key, first, PutMode::Replace).await;
        };
        let open = if self.shared.no_multipart.load(Ordering::Relaxed) { None } else { self.open_upload(key).await? };
        let Some(mut open) = open else { return self.upload_without_parts(key, first, second, parts).await };
        // Copies of the ends, so that no whole part is held for them.
        let head = Bytes::copy_from_slice(&first[..first.len().min(END)]);
        let sent = open.send(first, second, parts).await;
        let finished = match sent {
            Ok((completed, size, last)) => open.complete(completed, size).await.map(|()| (size, last)),
            Err(error) => Err(error),
        };
        match finished {
            Ok((size, last)) => {
                open.done = true;
                // A record that stays is swept later; the object is there.
                let _ = self.delete(&open.record).await;
                self.compare_large(key, size, head, last).await?;
                if self.lock_of(key).is_some() { self.compare_lock(key).await } else { Ok(()) }
            }
            Err(error) => {
                open.done = true;
                open.abort().await;
                Err(error)
            }
        }
    }

    /// Opens an upload and writes it down. `None` when the server takes none.
    async fn open_upload(&self, key: &str) -> Result<Option<Open>, StoreError> {
        let full = self.full("write", key)?;
        self.not_in_the_past("write", key)?;
        let lock = self.lock_of(key);
        let created = self
            .retrying("write", key, 0, |_| {
                let request = self
                    .client()
                    .create_multipart_upload()
                    .bucket(self.bucket())
                    .key(&full)
                    .content_type("application/octet-stream")
                    .set_object_lock_mode(lock.as_ref().map(|lock| lock.mode.clone()))
                    .set_object_lock_retain_until_date(lock.as_ref().map(|lock| lock.until))
                    .set_server_side_encryption(self.encryption());
                async move {
                    match request.send().await {
                        Ok(created) => Ok(created.upload_id),
                        // An answer of success that is none: the server has its own idea of uploads.
                        Err(error) if error.raw_response().is_some_and(|answer| answer.status().is_success()) => {
                            Ok(None)
                        }
                        Err(error) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 501) => {
                            Ok(None)
                        }
                        Err(error) => Err(self.verdict(error)),
                    }
                }
                .boxed()
            })
            .await?;
        let Some(id) = created else {
            self.shared.no_multipart.store(true, Ordering::Relaxed);
            return Ok(None);
        };
        let record = format!("{RECORDS}{}.json", Ulid::now());
        let text = Record { key: key.to_owned(), upload: id.clone(), started: Timestamp::now() };
        let text = serde_json::to_vec(&text).map_err(|error| {
            self.error("write", &record, StoreFault::Other("the record cannot be printed".to_owned())).because(error)
        })?;
        let mut open = Open { store: self.clone(), key: key.to_owned(), full, id, record: record.clone(), done: false };
        if let Err(error) = self.put_whole(&record, Bytes::from(text), PutMode::Replace).await {
            open.done = true;
            open.abort().await;
            return Err(error);
        }
        Ok(Some(open))
    }

    async fn upload_without_parts(
        &self,
        key: &str,
        first: Bytes,
        second: Bytes,
        mut parts: Parts,
    ) -> Result<(), StoreError> {
        let mut all = [first, second].concat();
        while let Some(part) =
            parts.next().await.map_err(|gone| self.error("write", key, StoreFault::Abandoned).because(gone))?
        {
            if all.len() + part.len() > WITHOUT_PARTS {
                let what = "this server takes no uploads in parts, so that an item may have no more than 64 MiB packed";
                return Err(self.error("write", key, StoreFault::Other(what.to_owned())));
            }
            all.extend_from_slice(&part);
        }
        self.put_whole(key, Bytes::from(all), PutMode::Replace).await
    }

    /// Aborts uploads that were written down so long ago, and deletes their records.
    pub(super) async fn abort_old(&self, age: Duration) -> Result<u64, StoreError> {
        let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
        // The ages are by the server's clock, as is now.
        let now = Timestamp::now().saturating_add(self.clock_ahead().unwrap_or_default()).unwrap_or(Timestamp::MAX);
        let mut aborted = 0;
        for entry in self.list_all(RECORDS, None).await? {
            if now.duration_since(entry.modified) < age {
                continue;
            }
            let text = read_whole(self, &entry.key, 1 << 16).await?;
            if let Ok(record) = serde_json::from_slice::<Record>(&text)
                && let Ok(full) = self.full("delete", &record.key)
            {
                let (key, record_key) = (record.key, entry.key.clone());
                let open = Open { store: self.clone(), key, full, id: record.upload, record: record_key, done: true };
                open.abort_upload().await?;
                aborted += 1;
            }
            self.delete(&entry.key).await?;
        }
        Ok(aborted + self.abort_listed(now, age).await)
    }

    /// The same for uploads that the server lists: one that was cut off before it was written down. Not all servers do.
    async fn abort_listed(&self, now: Timestamp, age: SignedDuration) -> u64 {
        let request = self.client().list_multipart_uploads().bucket(self.bucket()).prefix(&self.shared.prefix);
        let Ok(listed) = request.send().await else { return 0 };
        let mut aborted = 0;
        for upload in listed.uploads.unwrap_or_default() {
            let (Some(full), Some(id), Some(begun)) = (upload.key, upload.upload_id, upload.initiated) else {
                continue;
            };
            let Some(key) = full.strip_prefix(&self.shared.prefix).map(str::to_owned) else { continue };
            if now.duration_since(super::clock::timestamp(&begun)) < age {
                continue;
            }
            let open = Open { store: self.clone(), key, full, id, record: String::new(), done: true };
            aborted += u64::from(open.abort_upload().await.is_ok());
        }
        aborted
    }
}

impl Open {
    /// Sends all parts, a few at a time. Returns them, the size of the whole, and the end of the last one.
    async fn send(
        &self,
        first: Bytes,
        second: Bytes,
        mut parts: Parts,
    ) -> Result<(Vec<CompletedPart>, u64, Bytes), StoreError> {
        let in_flight = self.store.shared.options.parts_in_flight.clamp(1, 3);
        let mut waiting = std::collections::VecDeque::from([first, second]);
        let mut flying = FuturesUnordered::new();
        let (mut completed, mut size, mut number, mut last) = (Vec::new(), 0, 0, Bytes::new());
        loop {
            while flying.len() < in_flight {
                let part = match waiting.pop_front() {
                    Some(part) => part,
                    None => match parts.next().await {
                        Ok(Some(part)) => part,
                        Ok(None) => break,
                        Err(gone) => return Err(self.error(StoreFault::Abandoned).because(gone)),
                    },
                };
                size += part.len() as u64;
                number += 1;
                last = Bytes::copy_from_slice(&part[part.len().saturating_sub(END)..]);
                flying.push(self.send_part(number, part));
            }
            match flying.next().await {
                Some(done) => completed.push(done?),
                None => break,
            }
        }
        completed.sort_unstable_by_key(|part: &CompletedPart| part.part_number);
        Ok((completed, size, last))
    }

    async fn send_part(&self, number: i32, part: Bytes) -> Result<CompletedPart, StoreError> {
        let store = &self.store;
        let e_tag = store
            .retrying("write", &self.key, part.len() as u64, |_| {
                let with_md5 = store.shared.wants_md5.load(Ordering::Relaxed);
                let request = store
                    .client()
                    .upload_part()
                    .bucket(store.bucket())
                    .key(&self.full)
                    .upload_id(&self.id)
                    .part_number(number)
                    .set_content_md5(with_md5.then(|| STANDARD.encode(Md5::digest(&part))))
                    .body(ByteStream::from(part.clone()));
                async move {
                    let error = match request.send().await {
                        Ok(sent) => return Ok(sent.e_tag),
                        Err(error) => error,
                    };
                    // The bucket locks by itself what is put into it, and then wants to be sure of it.
                    if !with_md5 && wants_md5(&error) {
                        store.shared.wants_md5.store(true, Ordering::Relaxed);
                        return Err(Verdict::Again { after: Some(Duration::ZERO), source: Box::new(error) });
                    }
                    Err(store.verdict(error))
                }
                .boxed()
            })
            .await?;
        Ok(CompletedPart::builder().part_number(number).set_e_tag(e_tag).build())
    }

    /// Makes the object of its parts. An answer that is lost, or that says 200 and an error, does not tell whether it is
    /// there; looking does, since nobody else writes this key.
    async fn complete(&self, parts: Vec<CompletedPart>, size: u64) -> Result<(), StoreError> {
        let store = &self.store;
        let upload = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        store
            .retrying("write", &self.key, 0, |_| {
                let request = store
                    .client()
                    .complete_multipart_upload()
                    .bucket(store.bucket())
                    .key(&self.full)
                    .upload_id(&self.id)
                    .multipart_upload(upload.clone());
                async move {
                    let verdict = match request.send().await {
                        Ok(answer) if answer.e_tag.is_some() => return Ok(()),
                        Ok(_) => Verdict::Again { after: None, source: "an answer without an entity tag".into() },
                        Err(error) => store.verdict(error),
                    };
                    // One that was completed before is not there any more.
                    let undecided = matches!(verdict, Verdict::Again { .. }) || verdict.is_missing();
                    if undecided && self.is_there(size).await { Ok(()) } else { Err(verdict) }
                }
                .boxed()
            })
            .await
    }

    async fn is_there(&self, size: u64) -> bool {
        let request = self.store.client().head_object().bucket(self.store.bucket()).key(&self.full);
        request.send().await.is_ok_and(|found| found.content_length == i64::try_from(size).ok())
    }

    /// Gives the upload up. What cannot be aborted now stays written down, and is swept later.
    async fn abort(&self) {
        if self.abort_upload().await.is_ok() {
            let _ = self.store.delete(&self.record).await;
        }
    }

    async fn abort_upload(&self) -> Result<(), StoreError> {
        let store = &self.store;
        let aborted = store
            .retrying("delete", &self.key, 0, |_| {
                let request =
                    store.client().abort_multipart_upload().bucket(store.bucket()).key(&self.full).upload_id(&self.id);
                async move { request.send().await.map(drop).map_err(|error| store.verdict(error)) }.boxed()
            })
            .await;
        match aborted {
            Err(error) if error.fault == StoreFault::NotFound => Ok(()),
            other => other,
        }
    }

    fn error(&self, fault: StoreFault) -> StoreError {
        self.store.error("write", &self.key, fault)
    }
}

/// Whether a server refuses a body because its MD5 does not come with it.
fn wants_md5<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let says = |text: Option<&str>| text.is_some_and(|text| text.to_ascii_lowercase().contains("md5"));
    says(error.code()) || says(error.message())
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        // The task was cancelled. Where a runtime is left, the upload is given up in the background.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (store, key, full) = (self.store.clone(), self.key.clone(), self.full.clone());
            let open = Self { store, key, full, id: self.id.clone(), record: self.record.clone(), done: true };
            let aborting = runtime.spawn(async move { open.abort().await });
            let mut all = self.store.shared.aborting.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|one| !one.is_finished());
            all.push(aborting);
        }
    }
}
