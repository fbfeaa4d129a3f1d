//! Randomness of the operating system.

use zeroize::Zeroizing;

use crate::WriteError;

/// Bytes nobody can guess.
pub(crate) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, WriteError> {
    let mut bytes = Zeroizing::new([0; N]);
    fill(&mut *bytes)?;
    Ok(bytes)
}

/// The same for a buffer.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<(), WriteError> {
    getrandom::fill(buffer).map_err(|_| WriteError::Random)
}
