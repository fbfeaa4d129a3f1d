//! What can go wrong with the secrets of a repository.

use std::io;
use std::path::PathBuf;

use windlass_sops::{RuleError, WriteError};

/// Why something could not be done. No variant shows a plaintext or a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Somebody else changed a file while it was worked on. It was left alone.
    #[error("{} was changed by somebody else meanwhile, and was left alone", .path.display())]
    ChangedMeanwhile {
        /// Its path.
        path: PathBuf,
    },
    /// Some of several files were replaced, a later one could not be, and one of the former could not be put back.
    #[error("{} was replaced and could not be put back, though another file could not be replaced", .path.display())]
    HalfDone {
        /// The file that could not be put back.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A document could not be opened or written.
    #[error("{}: {source}", .path.display())]
    Document {
        /// Its path.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: WriteError,
    },
    /// The rules in a `.sops.yaml` cannot be used.
    #[error("{}: {source}", .path.display())]
    Rules {
        /// The path of the rules.
        path: PathBuf,
        /// What is wrong with them.
        #[source]
        source: RuleError,
    },
    /// A rule says in a way that cannot be read how old values or data keys may become.
    #[error("{}: {source}", .path.display())]
    AgeLimit {
        /// The path of the rules.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: crate::AgeLimitError,
    },
    /// No creation rule is for a file.
    #[error("{}: {}", .path.display(), match .rules {
        Some(rules) => format!("no creation rule of {} is for it", rules.display()),
        None => "there is no .sops.yaml above it, and no recipient was named".to_owned(),
    })]
    NoRule {
        /// The file.
        path: PathBuf,
        /// The rules looked at.
        rules: Option<PathBuf>,
    },
    /// A pattern for file names is none.
    #[error("{pattern:?} is no pattern for file names")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: globset::Error,
    },
    /// Nothing in the repository matches what was asked for.
    #[error("{what} matches no {kind} file")]
    NoMatch {
        /// What was asked for.
        what: String,
        /// `encrypted` or `plain`.
        kind: &'static str,
    },
    /// The `git` program failed, or is not there.
    #[error("git {what}: {reason}")]
    Git {
        /// Its command.
        what: String,
        /// What it said.
        reason: String,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gives no random numbers")]
    Random,
    /// A charset for generated secrets is none.
    #[error("{0:?} is no charset: alnum, hex, base64, ascii, digits or the letters themselves (at least 2)")]
    Charset(String),
    /// A secret of this length cannot be generated.
    #[error("a secret of {0} letters cannot be generated (1 to 65536)")]
    Length(usize),
    /// A manifest is not the Secret it has to be.
    #[error("{0}")]
    NotASecret(&'static str),
    /// SealedSecrets could not be imported.
    #[error(transparent)]
    Sealed(#[from] crate::SealedError),
}

impl Error {
    /// The exit code with which the `sops` command answers the same fault.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Document { source, .. } => source.exit_code(),
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => 100,
            Self::Read { .. } => 2,
            Self::Write { .. } | Self::HalfDone { .. } => 3,
            _ => 1,
        }
    }
}
