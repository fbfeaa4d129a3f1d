use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use md5::{Digest as _, Md5};

#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) tag: String,
    pub(crate) modified: Timestamp,
}

/// An object in the making.
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) parts: BTreeMap<u32, Bytes>,
    pub(crate) begun: Timestamp,
}

/// What the bucket holds.
#[derive(Default)]
pub(crate) struct Objects {
    pub(crate) all: BTreeMap<String, Object>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    counter: u64,
}

impl Objects {
    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        self.all.keys().filter_map(|key| key.strip_prefix(prefix)).map(str::to_owned).collect()
    }

    pub(crate) fn put(&mut self, key: &str, bytes: Bytes, now: Timestamp, opaque: bool) -> String {
        self.counter += 1;
        let hash = || -> String { Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect() };
        let tag = if opaque { format!("\"opaque-{}\"", self.counter) } else { format!("\"{}\"", hash()) };
        self.all.insert(key.to_owned(), Object { bytes, tag: tag.clone(), modified: now });
        tag
    }

    pub(crate) fn create(&mut self, key: &str, begun: Timestamp) -> String {
        self.counter += 1;
        let id = format!("upload-{}", self.counter);
        self.uploads.insert(id.clone(), Upload { key: key.to_owned(), parts: BTreeMap::new(), begun });
        id
    }

    pub(crate) fn complete(&mut self, id: &str, now: Timestamp) -> Option<String> {
        let Upload { key, parts, .. } = self.uploads.remove(id)?;
        let parts: Vec<Bytes> = parts.into_values().collect();
        let bytes = parts.concat();
        self.put(&key, Bytes::from(bytes), now, true);
        let tag = self.all[&key].tag.clone();
        Some(tag)
    }

    /// Changes one bit in the middle.
    pub(crate) fn rot(&mut self, key: &str) {
        let object = self.all.get_mut(key).unwrap();
        object.bytes = flipped(&object.bytes);
    }
}

pub(crate) fn flipped(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    Bytes::from(bytes)
}
