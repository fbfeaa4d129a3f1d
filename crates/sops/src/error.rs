//! What can go wrong when a document is opened.

use crate::identity_error::IdentityError;
use crate::{Format, Location, RecipientKind};

/// Why a document could not be opened.
///
/// No variant carries a plaintext, a key, or the text of a value. A retry with the same inputs never helps;
/// other identities can help with [`NoIdentity`](Error::NoIdentity) and
/// [`TooFewShares`](Error::TooFewShares).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not valid in its format.
    #[error("this is not valid {format}{}: {reason}", at_line(*.line))]
    Syntax {
        /// The format it was read as.
        format: Format,
        /// The line of the fault, from 1.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// The text is not valid because Git could not merge it.
    #[error("the conflict of a merge is not resolved, line {line}: both sides stand there between the markers of Git")]
    Conflict {
        /// The line of the first marker, from 1.
        line: usize,
    },
    /// The document is readable, but its shape is one that SOPS does not encrypt.
    #[error("{at}: {reason}")]
    Shape {
        /// Where it stands.
        at: Location,
        /// What is wrong.
        reason: &'static str,
    },
    /// There is no `sops` entry (in dotenv, no key that starts with `sops_`): the document was never encrypted, or the entry was removed.
    #[error("no sops metadata found: the document is not encrypted, or its `sops` entry was removed")]
    NotEncrypted,
    /// The `sops` entry is broken.
    #[error("{field} {reason}")]
    Metadata {
        /// The field, as in `sops.age[0].enc`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A selector in the metadata is not a regular expression. SOPS itself ignores such a selector, and
    /// leaves every value in clear.
    #[error("sops.{field} is not a valid regular expression")]
    Selector {
        /// `encrypted_regex`, `unencrypted_comment_regex` and so on.
        field: &'static str,
        /// The reason.
        #[source]
        source: Box<regex::Error>,
    },
    /// The document is encrypted only for kinds of keys that this version cannot use.
    #[error(
        "the document is encrypted only for {} ({}), and nothing at hand opens that; {}{}",
        join(.kinds), .recipients.join(", "), remedies(.kinds), listed(.unread)
    )]
    UnsupportedRecipients {
        /// The kinds of keys found.
        kinds: Vec<RecipientKind>,
        /// The recipients found, in their public form.
        recipients: Vec<String>,
        /// Sources of identities that could not be read.
        unread: Vec<IdentityError>,
    },
    /// None of the identities opens the document.
    #[error("no identity opens this document: {0}")]
    NoIdentity(Box<NoIdentity>),
    /// Too few of the document's key groups could be opened (Shamir's secret sharing).
    #[error("{opened} of {groups} key groups could be opened, {needed} are needed: {missing}")]
    TooFewShares {
        /// The groups opened.
        opened: usize,
        /// The groups there are.
        groups: usize,
        /// The groups needed.
        needed: usize,
        /// For whom the closed groups are encrypted, and what was tried.
        missing: Box<NoIdentity>,
    },
    /// The data key came out damaged: the stored key or a share of it was changed.
    #[error("the data key could be opened, but it is damaged: {reason}")]
    DataKey {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A value could not be decrypted.
    #[error("{at}: {fault}")]
    Value {
        /// Where it stands.
        at: Box<Location>,
        /// What is wrong with it.
        fault: ValueFault,
    },
    /// The document has no message authentication code.
    #[error("the document has no MAC, so it cannot be verified: its `sops.mac` was removed")]
    MacMissing,
    /// The message authentication code, or the time it is bound to, was changed.
    #[error("the MAC cannot be read: `sops.mac` or `sops.lastmodified` was changed after encryption")]
    MacUnreadable,
    /// The values are not those the document was encrypted with.
    #[error(
        "the document was changed after it was encrypted: MAC mismatch (a value was added, removed, moved \
         or edited without sops)"
    )]
    MacMismatch,
}

impl Error {
    /// The exit code with which the `sops` command answers the same fault.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Value { .. } | Self::DataKey { .. } => 25,
            Self::MacMissing | Self::MacUnreadable | Self::MacMismatch => 51,
            Self::NoIdentity(_) | Self::TooFewShares { .. } | Self::UnsupportedRecipients { .. } => 128,
            _ => 1,
        }
    }
}

fn join(kinds: &[RecipientKind]) -> String {
    kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

fn remedies(kinds: &[RecipientKind]) -> String {
    kinds.iter().map(|kind| format!("{kind}: {}", kind.remedy())).collect::<Vec<_>>().join("; ")
}

fn listed(unread: &[IdentityError]) -> String {
    unread.iter().map(|error| format!("; {error}")).collect()
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

/// What is wrong with one encrypted value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueFault {
    /// A selected value stands there in clear.
    #[error("this value should be encrypted, but stands there in clear")]
    Clear,
    /// It starts like an encrypted value but is not one.
    #[error("broken encrypted value: {0}")]
    Envelope(&'static str),
    /// It is encrypted in a way SOPS never had.
    #[error("unknown cipher {0:?} (SOPS writes AES256_GCM)")]
    Cipher(String),
    /// Its type is none that can be read.
    #[error("unknown type {0:?} of an encrypted value")]
    Type(String),
    /// It is not what was encrypted, or not where it was encrypted.
    #[error("cannot be decrypted: the value was damaged, or belongs to another key path or another document")]
    Authentication,
    /// It decrypts to a comment, which can stand between values but not be one.
    #[error("decrypts to a comment where a value should be: the type of the value was changed")]
    CommentAsValue,
    /// It decrypts to something that its type does not allow.
    #[error("the decrypted text is not a valid {0}")]
    Content(&'static str),
}

/// The two sides that do not fit: for whom a document is encrypted, and who tried to open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoIdentity {
    /// The recipients of the document, in their public form.
    pub recipients: Vec<String>,
    /// The public side of the identities tried.
    pub tried: Vec<Tried>,
    /// A recipient that matched an identity all the same, and whose stored key is broken.
    pub broken: Vec<String>,
    /// What keys and services of other kinds than age answered.
    pub failed: Vec<String>,
    /// Sources of identities that could not be read.
    pub unread: Vec<IdentityError>,
}

/// An identity that was tried: its recipient, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The public recipient, `age1…`.
    pub recipient: String,
    /// The source, as the caller named it.
    pub origin: String,
}

impl NoIdentity {
    /// Each identity once, with all places it was found at.
    fn tried_with_origins(&self) -> Vec<(&str, Vec<&str>)> {
        let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
        for Tried { recipient, origin } in &self.tried {
            match all.iter_mut().find(|(known, _)| known == recipient) {
                Some((_, origins)) if origins.contains(&origin.as_str()) => {}
                Some((_, origins)) => origins.push(origin),
                None => all.push((recipient, vec![origin])),
            }
        }
        all
    }
}

impl std::fmt::Display for NoIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, recipient) in self.recipients.iter().enumerate() {
            let lead = if position == 0 { "encrypted for " } else { ", " };
            write!(f, "{lead}{recipient}")?;
        }
        for (position, (recipient, origins)) in self.tried_with_origins().iter().enumerate() {
            let lead = if position == 0 { "; tried " } else { ", " };
            write!(f, "{lead}{recipient} (from {})", origins.join(", "))?;
        }
        if self.tried.is_empty() {
            f.write_str("; no identity was given")?;
        }
        for recipient in &self.broken {
            write!(f, "; the key stored for {recipient} is damaged")?;
        }
        for answer in &self.failed {
            write!(f, "; {answer}")?;
        }
        for error in &self.unread {
            write!(f, "; {error}")?;
        }
        Ok(())
    }
}
