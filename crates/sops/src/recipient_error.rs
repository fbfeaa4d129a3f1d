//! What can be wrong with a recipient.

/// Why a text names no recipient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipientError {
    /// It is no age recipient.
    #[error("{text:?} is no age recipient (age1…, ssh-ed25519 …, ssh-rsa …): {reason}")]
    Age {
        /// The text, which is public.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// It is no name of a key of its kind.
    #[error("{text:?} is no {what}")]
    Form {
        /// The text, which is public.
        text: String,
        /// What it should be.
        what: &'static str,
    },
}
