use std::fmt;

/// The reasons that Flux's source conditions give for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The credentials, or the proof of the server's identity, did not do.
    AuthenticationFailed,
    /// The git operation itself failed.
    GitOperationFailed,
    /// The URL is malformed or of an unknown kind.
    UrlInvalid,
    /// The store is in use.
    AcquireLockFailed,
    /// The store, or a directory, could not be read or written.
    ReadOperationFailed,
}

impl Reason {
    /// The text as it stands in a condition.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthenticationFailed => "AuthenticationFailed",
            Self::GitOperationFailed => "GitOperationFailed",
            Self::UrlInvalid => "URLInvalid",
            Self::AcquireLockFailed => "AcquireLockFailed",
            Self::ReadOperationFailed => "ReadOperationFailed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
