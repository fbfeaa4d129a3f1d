use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::WriterId;

pub(crate) const TOMBSTONE_KIND: &str = "windlass-backup tombstone";

/// What is going to be deleted, said a day before it is.
///
/// One that names snapshots stays when they are gone: it tells a gap that was meant from one that was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tombstone {
    pub(crate) kind: String,
    pub(crate) format: u64,
    pub(crate) repository: String,
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    /// Snapshots that retention lets go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) snapshots: Vec<String>,
    /// Objects that no snapshot referred to when this was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) objects: Vec<String>,
    pub(crate) writer: WriterId,
}
