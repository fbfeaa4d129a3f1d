//! What objects are called.

use jiff::{Timestamp, tz};

use crate::Error;
use crate::identifier::{Ulid, fill, hex};

pub(crate) const MARKER: &str = "windlass-backup.json";
pub(crate) const RESTORE_TEXT: &str = "RESTORE.txt";
pub(crate) const ITEMS: &str = "items/";
pub(crate) const SNAPSHOTS: &str = "snapshots/";
pub(crate) const EVIDENCE: &str = "evidence/";
pub(crate) const TRASH: &str = "trash/";

const COMMIT_FILE: &str = "commit.json";
const MARKER_FILE: &str = "marker.json";
const MANIFEST_FILE: &str = "manifest.json.zst.age";

/// What one folder below `snapshots/` is named: a number that counts up, the time, and a part that nobody else gives, so
/// that two writers at the same instant do not meet.
pub(crate) fn snapshot_id(seq: u64, time: Timestamp) -> Result<String, Error> {
    let utc = time.to_zoned(tz::TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ");
    Ok(format!("{seq:08}-{utc}-{}", Ulid::at(time)?))
}

/// The number in a snapshot's id, if it is one.
pub(crate) fn seq_of(id: &str) -> Option<u64> {
    let mut parts = id.split('-');
    let (seq, utc, ulid) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let upper = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let well_formed = parts.next().is_none()
        && (8..=12).contains(&seq.len())
        && digits(seq)
        && utc.len() == 16
        && utc.bytes().all(upper)
        && ulid.len() == 26
        && ulid.bytes().all(upper);
    well_formed.then(|| seq.parse().ok()).flatten()
}

pub(crate) fn commit_key(id: &str) -> String {
    format!("{SNAPSHOTS}{id}/{COMMIT_FILE}")
}

pub(crate) fn manifest_key(id: &str) -> String {
    format!("{SNAPSHOTS}{id}/{MANIFEST_FILE}")
}

pub(crate) fn marker_key(id: &str) -> String {
    format!("{SNAPSHOTS}{id}/{MARKER_FILE}")
}

pub(crate) fn tombstone_key(id: &str) -> String {
    format!("{TRASH}{id}.json")
}

/// What a key below `snapshots/` is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SnapshotFile<'a> {
    Commit(&'a str),
    Marker(&'a str),
    Manifest(&'a str),
}

pub(crate) fn snapshot_file(key: &str) -> Option<SnapshotFile<'_>> {
    let (id, file) = key.strip_prefix(SNAPSHOTS)?.split_once('/')?;
    seq_of(id)?;
    match file {
        COMMIT_FILE => Some(SnapshotFile::Commit(id)),
        MARKER_FILE => Some(SnapshotFile::Marker(id)),
        MANIFEST_FILE => Some(SnapshotFile::Manifest(id)),
        _ => None,
    }
}

/// A new key for an item, which nobody else gives: age encrypts the same content to other bytes each time, and an object
/// that a commit refers to is never written over. It says nothing of the content, so that sending can begin before all of
/// it was read.
pub(crate) fn item_key(extension: &str) -> Result<String, Error> {
    let mut own = [0; 16];
    fill(&mut own)?;
    let own = hex(&own);
    Ok(format!("{ITEMS}{}/{own}.{extension}.zst.age", own.get(..2).unwrap_or("00")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_number_and_are_read_back() {
        let time: Timestamp = "2026-11-20T07:25:20.5Z".parse().unwrap();
        let id = snapshot_id(41, time).unwrap();
        assert!(id.starts_with("00000041-20261120T072520Z-01"), "{id}");
        assert_eq!(seq_of(&id), Some(41));
        assert_eq!(snapshot_file(&commit_key(&id)), Some(SnapshotFile::Commit(&id)));
        assert_eq!(snapshot_file("snapshots/../commit.json"), None);
        assert_eq!(seq_of("00000041-20261120T072520Z-../../x"), None);
    }
}
