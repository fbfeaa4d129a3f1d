//! What can be wrong with a recipient.

use std::fmt;

use crate::public_text::quoted;

/// Why a text names no recipient. A private key in its place is not shown.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipientError {
    /// It is no age recipient.
    #[error("{} is no age recipient (age1…, ssh-ed25519 …, ssh-rsa …): {reason}", quoted(.text))]
    Age {
        /// The text, which is public.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// It is no name of a key of its kind.
    #[error("{} is no {what}", quoted(.text))]
    Form {
        /// The text, which is public.
        text: String,
        /// What it should be.
        what: &'static str,
    },
}

impl fmt::Debug for RecipientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientError({self})")
    }
}
