use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use windlass_capture::{Facts, Format};

use crate::digest::Digest;

pub(crate) const MANIFEST_KIND: &str = "windlass-backup manifest";

/// What is in a snapshot, by name. Encrypted like the items: names say much about a household.
///
/// It holds no time and is printed in one order, so that an unchanged run has an unchanged manifest and refers to the
/// former one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub(crate) kind: String,
    pub(crate) format: u64,
    pub(crate) repository: String,
    /// The items by their logical names, such as `cluster/objects` or `sqlite/home/notes`.
    pub items: BTreeMap<String, ManifestItem>,
    /// What was to be saved and could not be, with no former version to stand in: name and reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
}

/// One item of a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestItem {
    /// The name of its content, keyed: equal ids are equal content.
    pub id: String,
    /// The form of its bytes.
    pub format: Format,
    /// The size of the plain bytes. Unknown (0) in the manifest of a stale item; the commit has it.
    #[serde(default)]
    pub size: u64,
    /// The hash of the plain bytes, to compare after a restore. Absent for a stale item whose own snapshot is gone.
    #[serde(default, alias = "sha256", skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// What the source knows of it: counts, checks passed.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub facts: Facts,
    /// What the caller wants to know when it is restored.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
    /// Present when this run could not save it, so that a former version stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Stale>,
}

impl ManifestItem {
    /// Since when the item is not what was to be saved, if it is stale.
    #[must_use]
    pub fn stale_since(&self) -> Option<Timestamp> {
        self.stale.as_ref().map(|stale| stale.since)
    }
}

/// Why an item is an older one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// When the version that stands in was saved.
    pub since: Timestamp,
    /// The snapshot that saved it.
    pub snapshot: String,
    /// What went wrong in this run.
    pub reason: String,
}
