//! Objects that nobody can delete for a time, and what deleting does to them.

use std::sync::atomic::Ordering;

use aws_sdk_s3::types::{ObjectLockLegalHoldStatus, ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode};
use aws_smithy_types::DateTime;
use futures::FutureExt as _;
use jiff::Timestamp;

use super::{S3Store, clock};
use crate::format::{EVIDENCE, ITEMS, MARKER, RESTORE_TEXT, SNAPSHOTS};
use crate::store::{LockMode, Removal, Store as _, StoreError, StoreFault};

/// How an object is locked when it is written.
pub(super) struct LockedTo {
    pub(super) mode: ObjectLockMode,
    pub(super) until: DateTime,
}

impl S3Store {
    /// The lock that an object gets. What is made to be deleted soon gets none: probes, records of uploads, tombstones.
    pub(super) fn lock_of(&self, key: &str) -> Option<LockedTo> {
        let lock = self.shared.options.object_lock?;
        let lasting = [ITEMS, SNAPSHOTS, EVIDENCE].iter().any(|folder| key.starts_with(folder))
            || key == MARKER
            || key == RESTORE_TEXT;
        let until = self.server_now().checked_add(lock.period().set).unwrap_or(Timestamp::MAX);
        let mode = match lock.mode {
            LockMode::Governance => ObjectLockMode::Governance,
            LockMode::Compliance => ObjectLockMode::Compliance,
        };
        lasting.then(|| LockedTo { mode, until: DateTime::from_secs(until.as_second()) })
    }

    fn server_now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.clock_ahead().unwrap_or_default()).unwrap_or(now)
    }

    /// Looks whether the server locked what it was asked to lock: some take the request and do nothing. Once a process.
    pub(super) async fn compare_lock(&self, key: &str) -> Result<(), StoreError> {
        if self.shared.lock_seen.load(Ordering::Relaxed) {
            return Ok(());
        }
        let full = self.full("lock", key)?;
        let looked = self
            .retrying("lock", key, 0, |_| {
                let request = self.client().head_object().bucket(self.bucket()).key(&full);
                async move { request.send().await.map_err(|error| self.verdict(error)) }.boxed()
            })
            .await?;
        if looked.object_lock_retain_until_date.is_none() {
            let what = "the server took the request to lock it, and shows no lock: make the bucket with object lock, let \
                        the key see locks (s3:GetObjectRetention), or do without object-lock";
            return Err(self.error("lock", key, StoreFault::Other(what.to_owned())));
        }
        self.shared.lock_seen.store(true, Ordering::Relaxed);
        Ok(())
    }

    pub(super) async fn lock_until(&self, key: &str, until: Timestamp) -> Result<(), StoreError> {
        let full = self.full("lock", key)?;
        self.not_in_the_past("lock", key)?;
        let mode = match self.shared.options.object_lock.map(|lock| lock.mode).unwrap_or_default() {
            LockMode::Governance => ObjectLockRetentionMode::Governance,
            LockMode::Compliance => ObjectLockRetentionMode::Compliance,
        };
        let until = DateTime::from_secs(until.as_second());
        self.retrying("lock", key, 0, |_| {
            let retention = ObjectLockRetention::builder().mode(mode.clone()).retain_until_date(until).build();
            let request = self.client().put_object_retention().bucket(self.bucket()).key(&full).retention(retention);
            async move { request.send().await.map(drop).map_err(|error| self.verdict(error)) }.boxed()
        })
        .await
    }

    pub(super) async fn remove(&self, key: &str) -> Result<Removal, StoreError> {
        let full = self.full("delete", key)?;
        self.not_in_the_past("delete", key)?;
        let deleted = self
            .retrying("delete", key, 0, |_| {
                let request = self.client().delete_object().bucket(self.bucket()).key(&full);
                async move { request.send().await.map_err(|error| self.verdict(error)) }.boxed()
            })
            .await;
        match deleted {
            Ok(answer) if answer.delete_marker == Some(true) => Ok(Removal::Hidden),
            Ok(_) => Ok(Removal::Freed),
            Err(error) if error.fault == StoreFault::NotFound => Ok(Removal::Freed),
            // A lock and a missing permission have the same answer.
            Err(error) => self.lock_on(&full).await.ok_or(error),
        }
    }

    /// The lock that keeps an object from being deleted, if there is one.
    async fn lock_on(&self, full: &str) -> Option<Removal> {
        let found = self.client().head_object().bucket(self.bucket()).key(full).send().await.ok()?;
        if found.object_lock_legal_hold_status == Some(ObjectLockLegalHoldStatus::On) {
            return Some(Removal::Locked(None));
        }
        let until = clock::timestamp(&found.object_lock_retain_until_date?);
        (until > self.server_now()).then_some(Removal::Locked(Some(until)))
    }
}
