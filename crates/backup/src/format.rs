//! The objects of a repository: what is in them and what they are called.

mod commit;
mod layout;
mod manifest;
mod marker;
mod signed;

pub(crate) use commit::COMMIT_KIND;
pub use commit::{Baseline, Carried, Commit, Counts, ItemRef, Previous, SnapshotStatus, StoredManifest};
pub use manifest::{Manifest, ManifestItem, Stale};

pub(crate) use layout::*;
pub(crate) use manifest::MANIFEST_KIND;
pub(crate) use marker::{MARKER_KIND, Marker};
pub(crate) use signed::{Signed, sign};

/// The version of the format that is written, and the newest that is read.
pub const FORMAT: u64 = 1;
