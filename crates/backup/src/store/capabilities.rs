use serde::{Deserialize, Serialize};

/// What a store was seen to do when the repository was made. Recorded in the marker, since what servers answer to a request
/// and what they do are two things: some accept a condition and ignore it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// A second writer to the same key is refused when it asks to be.
    pub conditional_put: bool,
    /// A body that does not fit its checksum is refused. Nothing depends on it: what is read back is compared here.
    pub checks_checksums: bool,
    /// The entity tag of an object written in one piece is the MD5 of its bytes, so that every write can be compared.
    pub etag_is_md5: bool,
    /// Objects are written in parts.
    pub multipart: bool,
    /// Old versions of objects are kept: deleting frees no space until the bucket's own rules do.
    pub versioning: bool,
    /// Objects are locked for a time by the bucket's rules: deleting hides them and frees no space until the lock ends.
    pub object_lock: bool,
    /// What the server calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}
