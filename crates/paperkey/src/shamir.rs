//! Shamir's secret sharing as HashiCorp Vault and SOPS do it: GF(2^8) with the polynomial of AES, one polynomial per byte, and
//! the share's number as its last byte.

use zeroize::Zeroizing;

use crate::Error;

/// Splits a secret into shares of which any `threshold` give it back, and fewer tell nothing about it. Each share is the length of
/// the secret plus one byte, its number: 1, 2, 3 and so on, in their order.
///
/// ```
/// use windlass_paperkey::{join_shares, split_secret};
///
/// let shares = split_secret(b"the key", 3, 2)?;
/// assert_eq!(*join_shares(&shares[1..]).unwrap(), *b"the key");
/// # Ok::<(), windlass_paperkey::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Threshold`] where fewer than two shares, or more than there are, would be needed; [`Error::Random`].
pub fn split_secret(secret: &[u8], shares: u8, threshold: u8) -> Result<Vec<Zeroizing<Vec<u8>>>, Error> {
    if threshold < 2 || threshold > shares {
        return Err(Error::Threshold { threshold, shares });
    }
    // One row per power, each with a coefficient per byte of the secret.
    let mut powers = Vec::new();
    for _ in 1..threshold {
        let mut row = Zeroizing::new(vec![0; secret.len()]);
        getrandom::fill(&mut row).map_err(|_| Error::Random)?;
        powers.push(row);
    }
    let share = |number: u8| {
        let byte = |at: usize| {
            let higher = powers.iter().rev().fold(0, |sum, row| multiply(sum ^ row[at], number));
            secret[at] ^ higher
        };
        Zeroizing::new((0..secret.len()).map(byte).chain([number]).collect())
    };
    Ok((1..=shares).map(share).collect())
}

/// Puts a secret together again.
///
/// Shares that are too few, wrong, or of different secrets are not noticed: they give another secret. Put a checksum into it.
///
/// # Errors
///
/// [`Error::TooFew`] where there are not even two, [`Error::Twice`] where two have one number, [`Error::Different`] where their
/// lengths differ.
pub fn join_shares(shares: &[Zeroizing<Vec<u8>>]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let [first, _, ..] = shares else {
        return Err(Error::TooFew { have: shares.len(), needed: 2 });
    };
    let length = first.len();
    if length < 2 || shares.iter().any(|share| share.len() != length) {
        return Err(Error::Different);
    }
    let numbers: Vec<u8> = shares.iter().map(|share| share[length - 1]).collect();
    let repeats = |(at, number): (usize, &u8)| *number == 0 || numbers[..at].contains(number);
    if numbers.iter().enumerate().any(repeats) {
        return Err(Error::Twice);
    }
    let weights: Vec<u8> = numbers.iter().map(|number| weight_at_zero(*number, &numbers)).collect();
    let byte =
        |at: usize| shares.iter().zip(&weights).fold(0, |sum, (share, weight)| sum ^ multiply(share[at], *weight));
    Ok(Zeroizing::new((0..length - 1).map(byte).collect()))
}

/// The Lagrange coefficient of one share for the value at zero.
fn weight_at_zero(own: u8, numbers: &[u8]) -> u8 {
    numbers
        .iter()
        .filter(|other| **other != own)
        .fold(1, |product, other| multiply(product, multiply(*other, inverse(*other ^ own))))
}

/// Multiplies without a table and without a branch on the operands, so that timing tells nothing of a share.
fn multiply(left: u8, right: u8) -> u8 {
    let (mut left, mut product) = (left, 0);
    for bit in 0..8 {
        product ^= left & 0u8.wrapping_sub((right >> bit) & 1);
        left = (left << 1) ^ (0x1b & 0u8.wrapping_sub(left >> 7));
    }
    product
}

/// `value` to the power of 254, which is its inverse.
fn inverse(value: u8) -> u8 {
    let mut power = value;
    for _ in 0..6 {
        power = multiply(multiply(power, power), value);
    }
    multiply(power, power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_is_that_of_aes() {
        // FIPS 197, sections 4.2 and 4.2.1.
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        assert_eq!(multiply(0x57, 0x13), 0xfe);
        for value in 1..=255 {
            assert_eq!(multiply(value, inverse(value)), 1);
        }
    }

    fn split(secret: &[u8], slopes: &[u8], number: u8) -> Zeroizing<Vec<u8>> {
        let mut share: Vec<u8> = secret.iter().zip(slopes).map(|(s, slope)| s ^ multiply(*slope, number)).collect();
        share.push(number);
        Zeroizing::new(share)
    }

    #[test]
    fn any_two_of_three_give_the_secret() {
        let secret = [1, 2, 250];
        let share = |number| split(&secret, &[9, 0, 77], number);
        for pair in [[1, 2], [1, 3], [3, 2]] {
            assert_eq!(*join_shares(&pair.map(share)).unwrap(), secret);
        }
        assert_eq!(*join_shares(&[1, 2, 3].map(share)).unwrap(), secret);
    }

    #[test]
    fn a_split_secret_comes_back_from_as_many_shares_as_it_takes() {
        let secret: Vec<u8> = (0..32).collect();
        for (count, threshold) in [(2, 2), (3, 2), (5, 3), (255, 255)] {
            let shares = split_secret(&secret, count, threshold).unwrap();
            assert_eq!(shares.len(), usize::from(count));
            let needed = usize::from(threshold);
            assert_eq!(*join_shares(&shares[shares.len() - needed..]).unwrap(), secret);
            if needed > 2 {
                assert_ne!(*join_shares(&shares[..needed - 1]).unwrap(), secret);
            }
        }
    }

    #[test]
    fn unusable_shares_are_refused() {
        let share = |number| split(&[1], &[1], number);
        assert!(join_shares(&[share(1)]).is_err());
        assert!(join_shares(&[share(1), share(1)]).is_err());
        assert!(join_shares(&[share(1), Zeroizing::new(vec![1, 2, 3])]).is_err());
        assert!(join_shares(&[Zeroizing::new(vec![1]), Zeroizing::new(vec![2])]).is_err());
    }
}
