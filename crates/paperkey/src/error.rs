//! What can be wrong with a key on paper.

/// Why a key could not be read, split or put together. Shows no part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The letters of a row do not fit the check letters behind it.
    #[error("row {0} does not fit its check letters: look for a slip in it")]
    Row(usize),
    /// A row is missing, or the rows are not in their order.
    #[error("row {0} is missing: type all rows, in their order")]
    Missing(usize),
    /// The text is neither a recovery key nor a share of one.
    #[error("this is neither an age identity (AGE-SECRET-KEY-1…) nor a share of one (WINDLASS-SHARE-1…)")]
    Neither,
    /// The checksum inside does not fit.
    #[error("the key is damaged: its checksum does not fit")]
    Checksum,
    /// Several keys where one is wanted.
    #[error("these are several keys, or keys and shares together")]
    Several,
    /// Shares of different keys.
    #[error("these are shares of different keys")]
    Different,
    /// The same share twice.
    #[error("the same share is there twice")]
    Twice,
    /// Not enough shares.
    #[error("{have} of {needed} shares are there")]
    TooFew {
        /// Those there are.
        have: usize,
        /// Those needed.
        needed: usize,
    },
    /// A key cannot be split like that.
    #[error(
        "a key cannot be split into {shares} shares of which {threshold} are needed (2 or more, and no more than there are)"
    )]
    Threshold {
        /// How many would be needed.
        threshold: u8,
        /// How many there would be.
        shares: u8,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gives no random numbers")]
    Random,
}
