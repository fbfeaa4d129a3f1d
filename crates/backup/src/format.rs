//! The objects of a repository: what is in them and what they are called.
//!
//! ```text
//! windlass-backup.json                             marker: who the repository is, recipients, writers; signed; written once
//! RESTORE.txt                                      how to restore with age, zstd, tar, sqlite3
//! items/<2>/<own>.<form>.zst.age                   data; never changed
//! snapshots/<seq>-<utc>-<ulid>/manifest.json.zst.age   names, facts; used again by later commits that say the same
//! snapshots/<seq>-<utc>-<ulid>/commit.json         clear and signed; written last: with it the snapshot is there
//! snapshots/<seq>-<utc>-<ulid>/marker.json         a change of recipients or writers, in the same row
//! evidence/<ulid>.json                             what verifications, drills and proofs saw; signed
//! trash/<ulid>.json                                what goes in a day or later; signed
//! uploads/<ulid>.json                              an upload in parts that is open (S3 only)
//! probe/…                                          for moments
//! ```
//!
//! * `<own>` is given once: age encrypts the same content to other bytes each time, and a key that a commit refers to is
//!   never written over. It says nothing of the content, so that a new item is sent while it is read.
//! * An item's id, in commit and manifest, is HMAC-SHA-256 under the writer's naming key of the form, a zero byte, and the
//!   BLAKE3 of the plain bytes (in the first repositories their SHA-256). A bare hash of a small secret could be guessed.
//! * Data is zstd (level 3, with its checksum, windows of 8 MiB at most), then age to all recipients.
//! * The naming key and the signing key come of the writer's secret by HKDF-SHA-256.
//! * Signed documents are JSON over several lines; the signature is the last line but one, Ed25519 over the bytes before
//!   that line. They begin with their kind and name their repository and themselves.
//! * A commit has no names. Its items have a tag each, the keyed name, by which the next run finds what it replaces.

mod commit;
mod evidence;
mod layout;
mod manifest;
mod marker;
mod signed;
mod tombstone;

pub(crate) use commit::COMMIT_KIND;
pub use commit::{Baseline, Carried, Commit, Counts, ItemRef, Previous, SnapshotStatus, StoredManifest};
pub use evidence::{Evidence, EvidenceKind};
pub use manifest::{Manifest, ManifestItem, Stale};

pub(crate) use evidence::EVIDENCE_KIND;
pub(crate) use layout::*;
pub(crate) use manifest::MANIFEST_KIND;
pub(crate) use marker::{MARKER_KIND, Marker};
pub(crate) use signed::{Signed, sign};
pub(crate) use tombstone::{TOMBSTONE_KIND, Tombstone};

/// The version of the format that is written, and the newest that is read.
pub const FORMAT: u64 = 1;
