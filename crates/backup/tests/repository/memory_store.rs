//! A store in memory that remembers every write, and counts requests.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use windlass_backup::{Capabilities, Download, Entry, Parts, PutMode, Removal, Store, StoreError, StoreFault};

/// A change of the store.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    Put(String, Bytes),
    Delete(String),
}

#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    objects: Mutex<BTreeMap<String, Bytes>>,
    writes: Mutex<Vec<Write>>,
    requests: Mutex<Vec<String>>,
}

impl MemoryStore {
    pub(crate) fn holding(objects: BTreeMap<String, Bytes>) -> Self {
        Self { objects: Mutex::new(objects), ..Self::default() }
    }

    pub(crate) fn writes(&self) -> Vec<Write> {
        self.writes.lock().unwrap().clone()
    }

    /// The requests since the last call.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    fn count(&self, verb: &str, key: &str) {
        self.requests.lock().unwrap().push(format!("{verb} {key}"));
    }

    fn fault(&self, operation: &'static str, key: &str, fault: StoreFault) -> StoreError {
        StoreError::new(operation, key, &self.place(), fault)
    }

    fn write(&self, key: &str, bytes: Bytes) {
        self.writes.lock().unwrap().push(Write::Put(key.to_owned(), bytes.clone()));
        self.objects.lock().unwrap().insert(key.to_owned(), bytes);
    }
}

impl Store for MemoryStore {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, mode: PutMode) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            self.count("PUT", key);
            if mode == PutMode::IfAbsent && self.objects.lock().unwrap().contains_key(key) {
                return Err(self.fault("write", key, StoreFault::Exists));
            }
            self.write(key, body);
            Ok(())
        }
        .boxed()
    }

    fn put_stream<'a>(&'a self, key: &'a str, mut parts: Parts) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            self.count("PUT", key);
            let mut all = Vec::new();
            while let Some(part) = parts.next().await.map_err(|_| self.fault("write", key, StoreFault::Abandoned))? {
                all.extend_from_slice(&part);
            }
            self.write(key, Bytes::from(all));
            Ok(())
        }
        .boxed()
    }

    fn get<'a>(&'a self, key: &'a str, range: Option<Range<u64>>) -> BoxFuture<'a, Result<Download, StoreError>> {
        async move {
            self.count("GET", key);
            let held = self.objects.lock().unwrap().get(key).cloned();
            let bytes = held.ok_or_else(|| self.fault("read", key, StoreFault::NotFound))?;
            let size = bytes.len() as u64;
            let range = range.unwrap_or(0..size);
            let wanted = bytes.slice(range.start as usize..range.end.min(size) as usize);
            Ok(Download { size, bytes: Box::pin(stream::iter([Ok(wanted)])) })
        }
        .boxed()
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        async move {
            self.count("HEAD", key);
            let size = self.objects.lock().unwrap().get(key).map(|bytes| bytes.len() as u64);
            Ok(size.map(|size| Entry { key: key.to_owned(), size, modified: Timestamp::now() }))
        }
        .boxed()
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        start_after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>> {
        async move {
            self.count("LIST", prefix);
            let objects = self.objects.lock().unwrap();
            let wanted =
                |key: &&String| key.starts_with(prefix) && start_after.is_none_or(|after| key.as_str() > after);
            let entry =
                |key: &String| Entry { key: key.clone(), size: objects[key].len() as u64, modified: Timestamp::now() };
            Ok(objects.keys().filter(wanted).map(entry).collect())
        }
        .boxed()
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Removal, StoreError>> {
        async move {
            self.count("DELETE", key);
            self.writes.lock().unwrap().push(Write::Delete(key.to_owned()));
            self.objects.lock().unwrap().remove(key);
            Ok(Removal::Freed)
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<Capabilities, StoreError>> {
        async { Ok(Capabilities { conditional_put: true, multipart: true, ..Capabilities::default() }) }.boxed()
    }

    fn sweep_unfinished(&self, _: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        async { Ok(0) }.boxed()
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        None
    }
}
