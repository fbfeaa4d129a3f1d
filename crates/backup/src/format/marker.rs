use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Capabilities, Recipient, WriterId};

pub(crate) const MARKER_KIND: &str = "windlass-backup marker";

/// What makes a folder a repository: who it is, for whom it encrypts, and who may write.
///
/// The first is `windlass-backup.json`; later ones stand in the row of snapshots, so that a listing of that row shows them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Marker {
    pub(crate) kind: String,
    pub(crate) format: u64,
    pub(crate) repository: String,
    /// Counts the changes; the first is 0.
    pub(crate) number: u64,
    pub(crate) created: Timestamp,
    pub(crate) tool: String,
    pub(crate) recipients: Vec<Recipient>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) second_recipient_waived: bool,
    pub(crate) writers: Vec<WriterId>,
    #[serde(default)]
    pub(crate) capabilities: Capabilities,
    pub(crate) writer: WriterId,
}
