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
    /// A Secret's key bears a name that Flux ignores. What is in it is used.
    #[error("{origin}: holds {what}, but Flux reads only names that end with {ending}")]
    NameIgnoredByFlux {
        /// The source.
        origin: String,
        /// `an age identity` or `a PGP private key`.
        what: &'static str,
        /// How its name should end.
        ending: &'static str,
    },
    /// A Secret's key bears a name that is ignored, by Flux too.
    #[error(
        "{origin}: is not read, by Flux neither: {}",
        if *.is_token { "the token of Vault has the name sops.vault-token" }
        else { "names end with .agekey or .asc, or are sops.vault-token" }
    )]
    Ignored {
        /// The source.
        origin: String,
        /// Whether the name says that it is a token of Vault.
        is_token: bool,
    },
    /// Credentials for a service that is not asked.
    #[error("{origin}: {service} is not asked by Windlass: let the files have an age, PGP or Vault recipient too")]
    NoService {
        /// The source.
        origin: String,
        /// `AWS KMS` and so on.
        service: &'static str,
    },
    /// A source of a kind that this program was built without.
    #[error("{origin}: this program was built without {what} (cargo feature `{feature}`)")]
    NotBuilt {
        /// The source.
        origin: String,
        /// `PGP keys` and so on.
        what: &'static str,
        /// The name of the cargo feature.
        feature: &'static str,
    },
}
