//! What can go wrong when a document is encrypted or edited.

use crate::recipient_error::RecipientError;
use crate::{Error, Format, Location, RecipientKind};

/// Why a document could not be written.
///
/// No variant carries a plaintext, a key, or the text of a value. Nothing has been written when one is returned. A retry
/// with the same inputs helps with [`MasterKey`](WriteError::MasterKey) alone, where a service answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The encrypted document could not be opened.
    #[error(transparent)]
    Open(#[from] Error),
    /// The plaintext is not valid in its format, or of a shape that SOPS does not encrypt.
    #[error("the plaintext cannot be encrypted: {0}")]
    Plaintext(#[source] Error),
    /// The plaintext has a `sops` entry (in dotenv, a key that starts with `sops_`), which the metadata would collide with.
    #[error(
        "the document has a `sops` entry already: it is encrypted, or a key has to be renamed (dotenv: `sops_…`) before"
    )]
    AlreadyEncrypted,
    /// The text has no document.
    #[error("the text is empty: there is no document to encrypt")]
    Empty,
    /// Nobody is named who could open the document.
    #[error("no recipient is given: nobody could open the document")]
    NoRecipients,
    /// A recipient is none.
    #[error(transparent)]
    Recipient(#[from] RecipientError),
    /// A key group has no recipient.
    #[error("key group {group} has no recipient")]
    EmptyGroup {
        /// Its position, from 0.
        group: usize,
    },
    /// The threshold cannot be met, or one share alone would be the key.
    #[error("a threshold of {threshold} is impossible with {groups} key groups (from 2 up to the number of groups)")]
    Threshold {
        /// The threshold asked for.
        threshold: usize,
        /// The number of groups.
        groups: usize,
    },
    /// A recipient is of a kind that nothing at hand can encrypt for.
    #[error("cannot encrypt for {kind} {recipient}: no master key for this kind is at hand ({})", kind.remedy())]
    UnsupportedRecipient {
        /// The kind.
        kind: RecipientKind,
        /// Its public name.
        recipient: String,
    },
    /// The key or service of a recipient failed.
    #[error("cannot encrypt for {kind} {recipient}")]
    MasterKey {
        /// The kind.
        kind: RecipientKind,
        /// Its public name.
        recipient: String,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is nothing at a path.
    #[error("{0}: there is nothing at this path")]
    Missing(Location),
    /// A path does not fit what stands there.
    #[error("{at}: {reason}")]
    Path {
        /// The path.
        at: Location,
        /// What is wrong.
        reason: &'static str,
    },
    /// The format cannot hold the document.
    #[error("{format} cannot hold this document: {source}")]
    Emit {
        /// The format.
        format: Format,
        /// The reason.
        #[source]
        source: Error,
    },
    /// The text written does not read back as what it should be; SOPS would have written it all the same.
    #[error("refusing to write a document that does not read back as it should{}", .0.as_ref().map(|error| format!(": {error}")).unwrap_or_default())]
    Unreadable(Option<Error>),
    /// The operating system gave no randomness.
    #[error("the operating system gives no random numbers")]
    Random,
    /// The time of the change is beyond the calendar.
    #[error("the time of the change is no date of the years 1 to 9999")]
    Time,
}

impl WriteError {
    /// The exit code with which the `sops` command answers the same fault.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Open(error) => error.exit_code(),
            // A key that is no string is read by sops, and refused when it is encrypted.
            Self::Plaintext(Error::Shape { at, reason }) if !at.path.is_empty() || reason.contains("key") => 23,
            Self::Plaintext(Error::Syntax { .. } | Error::Shape { .. } | Error::Conflict { .. }) => 2,
            Self::Emit { .. } => 4,
            Self::Empty => 92,
            Self::AlreadyEncrypted => 203,
            _ => 1,
        }
    }
}
