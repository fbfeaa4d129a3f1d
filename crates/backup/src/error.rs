use std::io;

use crate::StoreError;

/// Why something could not be backed up, read, or judged.
///
/// Nothing secret is in a message: keys of objects, labels of recipients and fingerprints only.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store could not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was to be kept could not be read.
    #[error("cannot read what is to be kept as {name}")]
    Source {
        /// The logical name of the item.
        name: String,
        /// What the source says.
        source: windlass_capture::Error,
    },
    /// Reading, packing or unpacking failed on this machine.
    #[error("cannot {doing}")]
    Io {
        /// What was tried.
        doing: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// A source gave other bytes each time it was read.
    #[error("{name} keeps changing while it is read: {tries} tries gave {tries} different contents")]
    KeepsChanging {
        /// The logical name of the item.
        name: String,
        /// How often it was read.
        tries: u32,
    },
    /// A run without a single item.
    #[error("nothing was saved, so there is no snapshot: {reason}")]
    NothingSaved {
        /// Why, as far as it is known.
        reason: String,
    },
    /// A logical name that cannot be used.
    #[error("{name:?} cannot name an item: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A text that should be a key is none.
    #[error("not {what}: {reason}")]
    KeyText {
        /// What was expected, such as `a writer key`.
        what: &'static str,
        /// What is wrong with it. Never the text.
        reason: String,
    },
    /// A recipient that age cannot encrypt to.
    #[error("recipient {label} cannot be encrypted to: {reason}")]
    Recipient {
        /// Its label.
        label: String,
        /// What is wrong.
        reason: String,
    },
    /// Fewer than two recipients, and that was not waived.
    #[error(
        "{given} recipient given: a second key, kept elsewhere than the first, is what saves the backup when the first is \
         lost; add one, or waive it on purpose"
    )]
    TooFewRecipients {
        /// How many there are.
        given: usize,
    },
    /// There is no repository.
    #[error("no backup repository at {place}: {key} is missing; run init, or check bucket and prefix")]
    NoRepository {
        /// Where was looked.
        place: String,
        /// The object that makes a repository.
        key: String,
    },
    /// There is one already.
    #[error("{place} holds the repository {id} already; open it, or choose another prefix")]
    AlreadyThere {
        /// Where.
        place: String,
        /// The one that is there.
        id: String,
    },
    /// Somebody else makes a repository at the same place, and the store cannot choose between two.
    #[error("somebody else is making a repository at {place} at this moment; nothing was written: try again")]
    BeingMade {
        /// Where.
        place: String,
    },
    /// Another repository than the one seen here before.
    #[error(
        "{place} held the repository {known} before, and holds {found} now; if that is meant, clear the cache folder"
    )]
    OtherRepository {
        /// Where.
        place: String,
        /// The identity of the one in the cache.
        known: String,
        /// The identity of the one found.
        found: String,
    },
    /// Written by a newer Windlass.
    #[error("{key} has format {found}, this program reads up to {known}: use a newer windlass")]
    FutureFormat {
        /// The object.
        key: String,
        /// Its format.
        found: u64,
        /// The newest that is known here.
        known: u64,
    },
    /// An object does not hold what it should.
    #[error("{key} is not well-formed: {reason}")]
    Malformed {
        /// The object.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// A signature does not fit: the object was changed, or was never signed by the writer it names.
    #[error("the signature of {key} does not fit: it was changed after it was signed, or forged")]
    Forged {
        /// The object.
        key: String,
    },
    /// Signed by a writer that is not trusted.
    #[error(
        "{key} is signed by {writer}, whom you do not trust; if that writer is yours, add it to the trusted writers \
         (it stands on the recovery card and in Git)"
    )]
    Untrusted {
        /// The object.
        key: String,
        /// Who signed.
        writer: String,
    },
    /// The marker names recipients in the name of somebody else, so nothing is encrypted to them.
    #[error(
        "{key} is signed by {writer}, not by this writer: recipients named there could be anybody's; trust that writer \
         explicitly to write here"
    )]
    ForeignMarker {
        /// The marker.
        key: String,
        /// Who signed it.
        writer: String,
    },
    /// Bytes in the store are not those that were written.
    #[error("{key} is damaged: {reason}; restore it from another copy of the store, or use an older snapshot")]
    Damaged {
        /// The object.
        key: String,
        /// What does not fit.
        reason: String,
    },
    /// No identity opens it.
    #[error("none of the {given} identities given opens this: it is encrypted to {}", .recipients.join(", "))]
    NoIdentity {
        /// How many identities were tried.
        given: usize,
        /// For whom it is encrypted: labels and fingerprints.
        recipients: Vec<String>,
    },
    /// No such snapshot.
    #[error("no snapshot {wanted}; there are {known} snapshots, see `windlass backup list`")]
    NoSnapshot {
        /// What was asked for.
        wanted: String,
        /// How many there are.
        known: usize,
    },
    /// No such item in the snapshot.
    #[error("snapshot {snapshot} holds no {name}")]
    NoItem {
        /// The snapshot.
        snapshot: String,
        /// The name asked for.
        name: String,
    },
    /// Deletion stands still, for a reason that has to go away first.
    #[error("nothing is deleted: {reason}")]
    Suspended {
        /// Why.
        reason: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// A thread of this program ended abruptly.
    #[error("a worker ended abruptly while it was to {doing}")]
    Worker {
        /// What it did.
        doing: &'static str,
    },
}

impl Error {
    /// Whether the same call may succeed later without anything being changed by a person.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::KeepsChanging { .. } => true,
            _ => false,
        }
    }

    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    pub(crate) fn malformed(key: &str, reason: impl ToString) -> Self {
        Self::Malformed { key: key.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn damaged(key: &str, reason: impl Into<String>) -> Self {
        Self::Damaged { key: key.to_owned(), reason: reason.into() }
    }
}
