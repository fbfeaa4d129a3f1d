use std::collections::BTreeSet;

use futures::FutureExt as _;
use jiff::Timestamp;

use super::{S3Store, clock};
use crate::store::{Entry, StoreError, StoreFault};

impl S3Store {
    /// Follows the pages to the end. Neither order nor uniqueness is taken for granted.
    pub(super) async fn list_all(&self, prefix: &str, start_after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        let own = &self.shared.prefix;
        let full_prefix = format!("{own}{prefix}");
        let after = start_after.map(|after| format!("{own}{after}"));
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        let mut tokens = BTreeSet::new();
        loop {
            let page = self
                .retrying("list", prefix, 0, |_| {
                    let request = self
                        .client()
                        .list_objects_v2()
                        .bucket(self.bucket())
                        .prefix(&full_prefix)
                        .encoding_type(aws_sdk_s3::types::EncodingType::Url)
                        .set_start_after(after.clone().filter(|_| token.is_none()))
                        .set_continuation_token(token.clone());
                    async move { request.send().await.map_err(|error| self.verdict(error)) }.boxed()
                })
                .await?;
            let encoded = page.encoding_type.is_some();
            for object in page.contents.unwrap_or_default() {
                let Some(key) = object.key else { continue };
                let key = if encoded { decoded(&key) } else { key };
                let Some(key) = key.strip_prefix(own.as_str()).filter(|key| key.starts_with(prefix)) else { continue };
                if start_after.is_some_and(|after| key <= after) {
                    continue;
                }
                found.push(Entry {
                    key: key.to_owned(),
                    size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                    modified: object.last_modified.map_or(Timestamp::UNIX_EPOCH, |time| clock::timestamp(&time)),
                });
            }
            token = page.next_continuation_token.filter(|_| page.is_truncated == Some(true));
            match &token {
                None => break,
                Some(token) if tokens.insert(token.clone()) => {}
                Some(_) => {
                    let what = "the server gives the same page of the list again and again".to_owned();
                    return Err(self.error("list", prefix, StoreFault::Other(what)));
                }
            }
        }
        found.sort_unstable_by(|left, right| left.key.cmp(&right.key));
        found.dedup_by(|left, right| left.key == right.key);
        Ok(found)
    }
}

/// Undoes the encoding of keys in a list. What is no encoding is left as it is.
pub(super) fn decoded(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_lists_are_decoded() {
        assert_eq!(decoded("a%2Fb+c%zz%4"), "a/b c%zz%4");
        assert_eq!(
            decoded("snapshots/00000001-20261120T072520Z-01/commit.json"),
            "snapshots/00000001-20261120T072520Z-01/commit.json"
        );
    }
}
