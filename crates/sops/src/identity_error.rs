//! What can be wrong with a source of identities.

/// Why identities could not be read. Names the source and the line, never the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A line is no identity.
    #[error("{origin}, line {line}: not an age identity (AGE-SECRET-KEY-1…)")]
    Malformed {
        /// The source, as the caller named it.
        origin: String,
        /// The line, from 1.
        line: usize,
    },
    /// A line is an identity of a kind that this version cannot use.
    #[error("{origin}, line {line}: {kind} are not supported yet")]
    Unsupported {
        /// The source, as the caller named it.
        origin: String,
        /// The line, from 1.
        line: usize,
        /// `post-quantum identities`, `plugin identities` and so on.
        kind: &'static str,
    },
    /// A line is an identity of a plugin that is not installed.
    #[error("{origin}, line {line}: the plugin {plugin} is not installed (not found on the path)")]
    NoPlugin {
        /// The source, as the caller named it.
        origin: String,
        /// The line, from 1.
        line: usize,
        /// The name of the program.
        plugin: String,
    },
    /// An SSH private key that cannot be used.
    #[error("{origin}: {reason}")]
    Ssh {
        /// The source, as the caller named it.
        origin: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The source holds comments and blank lines only.
    #[error("{origin}: no identity found")]
    Empty {
        /// The source, as the caller named it.
        origin: String,
    },
    /// The source could not be read.
    #[error("{origin}: cannot be read: {reason}")]
    Unreadable {
        /// The source.
        origin: String,
        /// The reason.
        reason: String,
    },
    /// A Secret's key bears a name that Flux ignores. The identity in it is used.
    #[error("{origin}: holds an age identity, but Flux reads only names that end with .agekey")]
    NameIgnoredByFlux {
        /// The source.
        origin: String,
    },
}
