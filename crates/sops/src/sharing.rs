//! Splitting any secret among several holders.

use zeroize::Zeroizing;

use crate::{WriteError, shamir};

/// Splits a secret into shares of which any `threshold` give it back, and fewer tell nothing about it: the sharing that key
/// groups use (Shamir's, over the field of AES). Each share is the length of the secret plus one byte, its number, from 1.
///
/// ```
/// use windlass_sops::{join_shares, split_secret};
///
/// let shares = split_secret(b"the key", 3, 2)?;
/// assert_eq!(*join_shares(&shares[1..]).unwrap(), *b"the key");
/// # Ok::<(), windlass_sops::WriteError>(())
/// ```
///
/// # Errors
///
/// [`WriteError::Threshold`] where fewer than two shares, or more than there are, would be needed; [`WriteError::Random`].
pub fn split_secret(secret: &[u8], shares: u8, threshold: u8) -> Result<Vec<Zeroizing<Vec<u8>>>, WriteError> {
    if threshold < 2 || threshold > shares {
        return Err(WriteError::Threshold { threshold: threshold.into(), groups: shares.into() });
    }
    shamir::split(secret, shares, threshold)
}

/// Puts a secret together again. None where there are fewer than two shares, two have one number, or their lengths differ.
///
/// Shares that are too few, wrong, or of different secrets are not noticed: they give another secret. Put a checksum into it.
pub fn join_shares(shares: &[Zeroizing<Vec<u8>>]) -> Option<Zeroizing<Vec<u8>>> {
    shamir::combine(shares).ok()
}
