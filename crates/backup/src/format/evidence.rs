use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::WriterId;

pub(crate) const EVIDENCE_KIND: &str = "windlass-backup evidence";

/// That something was tried, what was seen, and when: signed, and kept beside the backups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub(crate) kind: String,
    pub(crate) format: u64,
    /// The repository that it belongs to.
    pub repository: String,
    /// Its id.
    pub id: String,
    /// What was tried.
    pub what: EvidenceKind,
    /// When it was finished.
    pub at: Timestamp,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The program that did it.
    pub tool: String,
    /// Whether everything was as it should be.
    pub good: bool,
    /// Snapshots that were found whole: every object that they need was compared or opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<String>,
    /// Objects that were compared and are as they were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<String>,
    /// Objects that are not, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<crate::Fault>,
    /// More that was seen: rows counted, databases opened, which key opened what. No content.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub facts: Map<String, Value>,
    /// Who says so.
    pub writer: WriterId,
}

/// What evidence is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EvidenceKind {
    /// Ciphertext was compared with what the commits say.
    Verify,
    /// A snapshot was restored somewhere, and its data opened.
    Drill,
    /// An offline key opened what is encrypted to it.
    Prove,
    /// A cluster was rebuilt: how long it took is the recovery time that was measured for real.
    Rebuild,
}
