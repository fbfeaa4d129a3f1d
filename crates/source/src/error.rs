use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::Reason;

/// The cause under an [`Error`], of whatever library it came from.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a source gave no snapshot.
///
/// URLs in it never show a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no URL that a repository can be fetched from.
    #[error("{url:?} is no URL of a git repository: {problem}")]
    InvalidUrl {
        /// The URL as given, without its password.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The reference cannot name anything in a repository.
    #[error("{reference:?} is no {kind}: {problem}")]
    InvalidReference {
        /// What it was meant to be: `branch name`, `tag name`, `reference name`, `commit id`, `semver range`.
        kind: &'static str,
        /// The text as given.
        reference: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The credentials cannot be used as they are.
    #[error("the credentials cannot be used: {problem}")]
    InvalidCredentials {
        /// What is wrong with them; never holds their text.
        problem: String,
    },
    /// The host did not answer.
    #[error("cannot reach {host} for {url}")]
    Unreachable {
        /// The repository.
        url: String,
        /// Host and port.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// The connection broke after it was made.
    #[error("the connection to {url} broke while {doing}")]
    ConnectionLost {
        /// The repository.
        url: String,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The server's certificate is not trusted, or TLS failed otherwise.
    #[error("no trusted TLS connection to {host} for {url}")]
    Tls {
        /// The repository.
        url: String,
        /// Host and port.
        host: String,
        /// What the TLS library said.
        source: Cause,
    },
    /// The server refused the credentials, or wants some and has none.
    #[error("{url} refused access: {detail}")]
    AuthenticationFailed {
        /// The repository.
        url: String,
        /// What was offered and what the server said.
        detail: String,
    },
    /// The SSH server showed a key that `known_hosts` does not hold.
    #[error("the host key of {host} is not in known_hosts: it offered {offered}, known_hosts holds {known}")]
    UnknownHostKey {
        /// The repository.
        url: String,
        /// Host and port.
        host: String,
        /// Key type and fingerprint that the server showed.
        offered: String,
        /// Key types and fingerprints that `known_hosts` holds for the host, or that it holds none.
        known: String,
    },
    /// The server has no such repository, or hides it from these credentials.
    #[error("there is no repository at {url}, or these credentials may not see it")]
    RepositoryNotFound {
        /// The repository.
        url: String,
    },
    /// The repository has no such branch or tag.
    #[error("{url} has no {reference}{}", near_text(near))]
    ReferenceNotFound {
        /// The repository.
        url: String,
        /// What was asked for, for example `branch "main"`.
        reference: String,
        /// Names that it has and that look alike, best first.
        near: Vec<String>,
    },
    /// The repository has no commits yet.
    #[error("{url} is empty: it has no {reference} since nothing was pushed to it yet")]
    EmptyRepository {
        /// The repository.
        url: String,
        /// What was asked for.
        reference: String,
    },
    /// The server does not hand out the commit.
    #[error("{url} does not hand out commit {commit}{}", branch_text(branch.as_deref()))]
    CommitNotReachable {
        /// The repository.
        url: String,
        /// The commit asked for.
        commit: String,
        /// The branch that it was looked for on, where one was named.
        branch: Option<String>,
    },
    /// The time for one operation ran out.
    #[error("{url} took longer than {} while {doing}", seconds(*limit))]
    TimedOut {
        /// The repository.
        url: String,
        /// What was being done.
        doing: &'static str,
        /// The time that was allowed.
        limit: Duration,
    },
    /// The caller cancelled the operation.
    #[error("cancelled while {doing} {url}")]
    Cancelled {
        /// The repository.
        url: String,
        /// What was being done.
        doing: &'static str,
    },
    /// The server reported a failure of its own.
    #[error("{url} answered: {message}")]
    Server {
        /// The repository.
        url: String,
        /// What it said.
        message: String,
        /// Whether the server called it its own, passing trouble (a 5xx status, or too many requests).
        transient: bool,
    },
    /// The server answered something that the git protocol does not know.
    #[error("cannot make sense of the answer of {url} while {doing}")]
    Protocol {
        /// The repository.
        url: String,
        /// What was being done.
        doing: &'static str,
        /// What was wrong with it.
        source: Cause,
    },
    /// The repository is larger than allowed.
    #[error("{url} sent more than {limit} bytes in one fetch: that is the limit")]
    TooLarge {
        /// The repository.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The repository holds an object that is larger than allowed.
    #[error("{url} holds an object larger than {limit} bytes: that is the limit")]
    ObjectTooLarge {
        /// The repository.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The store on disk failed.
    #[error("cannot {doing} {}", path.display())]
    Store {
        /// What was being done, for example `write`.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store holds objects that do not fit together.
    #[error("the object store {} is damaged at {object}", path.display())]
    Damaged {
        /// The store.
        path: PathBuf,
        /// The object that could not be read.
        object: String,
        /// What was wrong with it.
        source: Cause,
    },
    /// Another process, or another source, has the store open.
    #[error("{} is in use by another source", path.display())]
    StoreBusy {
        /// The store.
        path: PathBuf,
    },
    /// A local directory could not be read.
    #[error("cannot read {}", path.display())]
    Directory {
        /// The file or directory.
        path: PathBuf,
        /// What was wrong.
        source: Cause,
    },
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::TimedOut { .. }
            | Self::Cancelled { .. }
            | Self::Protocol { .. }
            | Self::Store { .. }
            | Self::StoreBusy { .. }
            | Self::Damaged { .. } => true,
            Self::Server { transient, .. } => *transient,
            _ => false,
        }
    }

    /// The reason that Flux's conditions give for this failure.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::InvalidUrl { .. } => Reason::UrlInvalid,
            Self::InvalidCredentials { .. } | Self::AuthenticationFailed { .. } | Self::UnknownHostKey { .. } => {
                Reason::AuthenticationFailed
            }
            Self::StoreBusy { .. } => Reason::AcquireLockFailed,
            Self::Store { .. } | Self::Damaged { .. } | Self::Directory { .. } => Reason::ReadOperationFailed,
            _ => Reason::GitOperationFailed,
        }
    }

    pub(crate) fn store(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Store { doing, path, source }
    }
}

fn near_text(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean {one:?}?"),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(|name| format!("{name:?}")).collect();
            format!("; did you mean {} or {last:?}?", most.join(", "))
        }
    }
}

fn branch_text(branch: Option<&str>) -> String {
    branch.map_or_else(String::new, |branch| format!(": it is not on branch {branch:?}"))
}

fn seconds(limit: Duration) -> String {
    format!("{}s", limit.as_secs_f32())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_read_as_a_question() {
        let mut error = Error::ReferenceNotFound {
            url: "u".into(),
            reference: "branch \"mian\"".into(),
            near: vec!["main".into()],
        };
        assert_eq!(error.to_string(), "u has no branch \"mian\"; did you mean \"main\"?");
        if let Error::ReferenceNotFound { near, .. } = &mut error {
            near.push("maint".into());
        }
        assert_eq!(error.to_string(), "u has no branch \"mian\"; did you mean \"main\" or \"maint\"?");
    }
}
