use std::fmt;
use std::sync::Arc;

use windlass_manifest::{Gvk, ObjectId, Origin};

use crate::keep::KeepError;

/// Why something could not be done to an object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The cluster does not serve the kind.
    #[error("{subject}: no CRD for {gvk} is installed or part of this build")]
    UnknownKind {
        /// The object.
        subject: Box<Subject>,
        /// Its type.
        gvk: Gvk,
    },
    /// The kind is namespaced, and the manifest states no namespace.
    #[error("{subject}: metadata.namespace is missing, and {kind} objects live in a namespace", kind = subject.id.kind)]
    NoNamespace {
        /// The object.
        subject: Box<Subject>,
    },
    /// The server does not allow it to us.
    #[error("{subject}: not allowed to {doing} it: {message}")]
    Forbidden {
        /// The object.
        subject: Box<Subject>,
        /// What was tried.
        doing: Doing,
        /// The server's words: user, verb, resource.
        message: String,
    },
    /// A field that cannot change in place differs.
    #[error(
        "{subject}: cannot be changed in place: {reason}; to delete it and make it anew, set force: true on the \
         Kustomization or the annotation {marker} on the object"
    )]
    Immutable {
        /// The object.
        subject: Box<Subject>,
        /// The fields, in the server's words.
        reason: String,
        /// The annotation that allows it.
        marker: String,
    },
    /// The server refused.
    #[error("{subject}: the server refused to {doing} it ({reason}): {message}")]
    Rejected {
        /// The object.
        subject: Box<Subject>,
        /// What was tried.
        doing: Doing,
        /// The reason in one word, `Invalid`, or the HTTP status.
        reason: String,
        /// The HTTP status.
        code: u16,
        /// The server's words, without values where the object is sensitive.
        message: String,
    },
    /// The server could not be reached.
    #[error("{subject}: cannot {doing} it: the API server does not answer")]
    Unavailable {
        /// The object.
        subject: Box<Subject>,
        /// What was tried.
        doing: Doing,
        /// Why.
        source: Arc<kube::Error>,
    },
    /// An object that was deleted did not go in time.
    #[error("{subject}: still there {seconds}s after it was deleted{finalizers}", finalizers = Finalizers(finalizers))]
    StillThere {
        /// The object.
        subject: Box<Subject>,
        /// How long it was waited for.
        seconds: u64,
        /// The finalizers that keep it.
        finalizers: Vec<String>,
    },
    /// An object that was to be deleted could not be saved first, so it was left.
    #[error("{subject}: not deleted, since it could not be saved first")]
    NotKept {
        /// The object.
        subject: Box<Subject>,
        /// Why not.
        source: Arc<KeepError>,
    },
    /// An object that others need (a CRD, a Namespace, a class) did not become ready in time.
    #[error("{subject}: not ready after {seconds}s: {health}")]
    NotReady {
        /// The object.
        subject: Box<Subject>,
        /// How long it was waited for.
        seconds: u64,
        /// What it is instead.
        health: String,
    },
    /// A text is no inventory id.
    #[error("{text:?} is no inventory id: expected <namespace>_<name>_<group>_<kind>")]
    BadInventoryId {
        /// The text.
        text: String,
    },
}

/// The object that an error is about, and where its manifest stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The object.
    pub id: ObjectId,
    /// Where its manifest stands; unknown for objects that were read from the cluster.
    pub origin: Origin,
}

impl fmt::Display for Subject {
    /// `apps/web.yaml:7: Deployment/shop/web`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin.file().is_some() {
            write!(f, "{}: ", self.origin)?;
        }
        write!(f, "{}", self.id)
    }
}

/// What was being done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doing {
    /// Asking which kinds there are.
    Discover,
    /// Reading the object.
    Get,
    /// Asking what an apply would do.
    DryRun,
    /// Applying it.
    Apply,
    /// Taking over the fields that others set.
    TakeOver,
    /// Deleting it.
    Delete,
    /// Making it.
    Create,
    /// Putting it in the place of another.
    Replace,
    /// Changing some of its fields.
    Change,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discover => "discover the kind of",
            Self::Get => "read",
            Self::DryRun => "dry-run",
            Self::Apply => "apply",
            Self::TakeOver => "take over",
            Self::Delete => "delete",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Change => "change",
        })
    }
}

struct Finalizers<'a>(&'a [String]);

impl fmt::Display for Finalizers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ", held by the finalizers {}", self.0.join(", ")) }
    }
}

impl Error {
    /// The object that the error is about.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::UnknownKind { subject, .. }
            | Self::NoNamespace { subject }
            | Self::Forbidden { subject, .. }
            | Self::Immutable { subject, .. }
            | Self::Rejected { subject, .. }
            | Self::Unavailable { subject, .. }
            | Self::StillThere { subject, .. }
            | Self::NotKept { subject, .. }
            | Self::NotReady { subject, .. } => Some(subject),
            Self::BadInventoryId { .. } => None,
        }
    }

    /// Whether the same call may succeed later although nothing was changed in the repository.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::StillThere { .. } | Self::NotKept { .. } | Self::NotReady { .. } => true,
            // A write in between, a server that is overloaded or starting, a webhook that does not answer.
            Self::Rejected { code, .. } => matches!(code, 408 | 409 | 429 | 500..),
            _ => false,
        }
    }
}

/// Everything that went wrong in one go; never empty.
#[derive(Debug)]
pub struct Failures(Vec<Error>);

impl Failures {
    /// `Err` with the failures, if there are any.
    pub(crate) fn check(failures: Vec<Error>) -> Result<(), Self> {
        if failures.is_empty() { Ok(()) } else { Err(Self(failures)) }
    }

    /// The failures, in the order of the objects.
    #[must_use]
    pub fn errors(&self) -> &[Error] {
        &self.0
    }

    /// Whether a retry alone may help: every single failure is transient.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.0.iter().all(Error::is_transient)
    }
}

impl From<Error> for Failures {
    fn from(error: Error) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for Failures {
    /// One line for each failure, its causes included, since a list has no single source.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                write!(f, ": {cause}")?;
                source = cause.source();
            }
        }
        Ok(())
    }
}

impl std::error::Error for Failures {}
