//! Buckets that keep the versions of objects: reading what was there before somebody deleted or overwrote it.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use jiff::Timestamp;

use super::listing::decoded;
use super::{S3Store, clock};
use crate::store::{Entry, StoreError, StoreFault, Version};

/// A version of some object, or that it was deleted.
#[derive(Debug, Clone)]
struct Listed {
    key: String,
    version: Version,
    deleted: bool,
    is_latest: bool,
}

impl S3Store {
    /// Refuses to change a bucket that is looked at as it was.
    pub(super) fn not_in_the_past(&self, operation: &'static str, key: &str) -> Result<(), StoreError> {
        match self.shared.options.as_of {
            None => Ok(()),
            Some(then) => {
                let what = format!("this is the bucket as it was at {then}: nothing in it can be changed");
                Err(self.error(operation, key, StoreFault::Other(what)))
            }
        }
    }

    /// The version of an object that is to be read, where the bucket is looked at as it was.
    pub(super) async fn version_then(&self, key: &str) -> Result<Option<String>, StoreError> {
        let Some(then) = self.shared.options.as_of else { return Ok(None) };
        let mut listed = self.list_versions(key).await?;
        listed.retain(|listed| listed.key == key);
        let held = as_of(listed, then).pop().ok_or_else(|| self.error("read", key, StoreFault::NotFound))?;
        Ok(Some(held.version.id))
    }

    /// The objects that were there at a time.
    pub(super) async fn list_then(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        then: Timestamp,
    ) -> Result<Vec<Entry>, StoreError> {
        let listed = self.list_versions(prefix).await?;
        let mut entries: Vec<Entry> = as_of(listed, then)
            .into_iter()
            .map(|held| Entry { key: held.key, size: held.version.size, modified: held.version.modified })
            .collect();
        entries.retain(|entry| start_after.is_none_or(|after| entry.key.as_str() > after));
        Ok(entries)
    }

    /// What the bucket still has of an object, the newest first.
    pub(super) async fn versions_of(&self, key: &str) -> Result<Vec<Version>, StoreError> {
        let mut listed = self.list_versions(key).await?;
        listed.retain(|listed| listed.key == key && !listed.deleted);
        listed.sort_by_key(|listed| std::cmp::Reverse((listed.version.modified, listed.is_latest)));
        Ok(listed.into_iter().map(|listed| listed.version).collect())
    }

    async fn list_versions(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let own = &self.shared.prefix;
        let full_prefix = format!("{own}{prefix}");
        let mut found = Vec::new();
        let (mut key_marker, mut version_marker): (Option<String>, Option<String>) = (None, None);
        loop {
            let page = self
                .retrying("list", prefix, 0, |_| {
                    let request = self
                        .client()
                        .list_object_versions()
                        .bucket(self.bucket())
                        .prefix(&full_prefix)
                        .encoding_type(aws_sdk_s3::types::EncodingType::Url)
                        .set_key_marker(key_marker.clone())
                        .set_version_id_marker(version_marker.clone());
                    async move { request.send().await.map_err(|error| self.verdict(error)) }.boxed()
                })
                .await?;
            let encoded = page.encoding_type.is_some();
            let own_key = |key: Option<String>| -> Option<String> {
                let key = key?;
                let key = if encoded { decoded(&key) } else { key };
                key.strip_prefix(own.as_str()).filter(|key| key.starts_with(prefix)).map(str::to_owned)
            };
            let version = |id: Option<String>, size: Option<i64>, modified: Option<_>| Version {
                id: id.unwrap_or_else(|| "null".to_owned()),
                size: size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                modified: modified.map_or(Timestamp::UNIX_EPOCH, |time| clock::timestamp(&time)),
            };
            found.extend(page.versions.unwrap_or_default().into_iter().filter_map(|one| {
                let (key, is_latest) = (own_key(one.key)?, one.is_latest == Some(true));
                Some(Listed {
                    key,
                    version: version(one.version_id, one.size, one.last_modified),
                    deleted: false,
                    is_latest,
                })
            }));
            found.extend(page.delete_markers.unwrap_or_default().into_iter().filter_map(|one| {
                let (key, is_latest) = (own_key(one.key)?, one.is_latest == Some(true));
                Some(Listed {
                    key,
                    version: version(one.version_id, None, one.last_modified),
                    deleted: true,
                    is_latest,
                })
            }));
            let next = (page.next_key_marker.filter(|_| page.is_truncated == Some(true)), page.next_version_id_marker);
            if next.0.is_none() {
                return Ok(found);
            }
            if (&next.0, &next.1) == (&key_marker, &version_marker) {
                let what = "the server gives the same page of the list again and again".to_owned();
                return Err(self.error("list", prefix, StoreFault::Other(what)));
            }
            (key_marker, version_marker) = next;
        }
    }
}

/// Of each key the version that was there at a time, by key; those that were deleted then are left out.
fn as_of(listed: Vec<Listed>, then: Timestamp) -> Vec<Listed> {
    let mut held: BTreeMap<String, Listed> = BTreeMap::new();
    for one in listed.into_iter().filter(|one| one.version.modified <= then) {
        // Within a second, which is all that some servers tell, the one that is there now is the last.
        let newer = |other: &Listed| (one.version.modified, one.is_latest) > (other.version.modified, other.is_latest);
        if held.get(&one.key).is_none_or(newer) {
            held.insert(one.key.clone(), one);
        }
    }
    held.into_values().filter(|one| !one.deleted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(key: &str, id: &str, at: i64, deleted: bool, is_latest: bool) -> Listed {
        let modified = Timestamp::from_second(at).unwrap();
        Listed { key: key.to_owned(), version: Version { id: id.to_owned(), size: 1, modified }, deleted, is_latest }
    }

    #[test]
    fn a_time_shows_what_was_there_then() {
        let all = vec![
            listed("a", "2", 20, false, true),
            listed("a", "1", 10, false, false),
            listed("b", "gone", 20, true, true),
            listed("b", "1", 10, false, false),
            listed("c", "1", 30, true, true),
            listed("c", "0", 30, false, false),
        ];
        let shown = |then: i64| -> Vec<String> {
            let then = Timestamp::from_second(then).unwrap();
            as_of(all.clone(), then).into_iter().map(|one| format!("{}@{}", one.key, one.version.id)).collect()
        };
        assert_eq!(shown(5), Vec::<String>::new());
        assert_eq!(shown(15), ["a@1", "b@1"]);
        assert_eq!(shown(25), ["a@2"]);
        assert_eq!(shown(35), ["a@2"], "of two in one second the latest counts");
    }
}
