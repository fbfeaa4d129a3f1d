//! Shamir's secret sharing as SOPS does it (after HashiCorp Vault): GF(2^8) with the polynomial of AES, one polynomial per
//! byte, and the share's number as its last byte.

use zeroize::Zeroizing;

use crate::{WriteError, random};

/// Splits a secret into shares of which `threshold` give it back. There must be at least two, and no more than 255.
///
/// The numbers are 1, 2, 3 and so on, in the order of the shares.
pub(crate) fn split(secret: &[u8], shares: u8, threshold: u8) -> Result<Vec<Zeroizing<Vec<u8>>>, WriteError> {
    // One row per power, each with a coefficient per byte of the secret.
    let mut powers = Vec::new();
    for _ in 1..threshold {
        let mut row = Zeroizing::new(vec![0; secret.len()]);
        random::fill(&mut row)?;
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

/// Puts a secret together from at least two shares of one length with different numbers.
///
/// Too few or wrong shares are not noticed here: they give another secret.
pub(crate) fn combine(shares: &[Zeroizing<Vec<u8>>]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let [first, _, ..] = shares else {
        return Err("one share is not enough to put the key together");
    };
    let length = first.len();
    if length < 2 || shares.iter().any(|share| share.len() != length) {
        return Err("its shares differ in length");
    }
    let numbers: Vec<u8> = shares.iter().map(|share| share[length - 1]).collect();
    let repeats = |(at, number): (usize, &u8)| *number == 0 || numbers[..at].contains(number);
    if numbers.iter().enumerate().any(repeats) {
        return Err("two of its shares have the same number");
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
            assert_eq!(*combine(&pair.map(share)).unwrap(), secret);
        }
        assert_eq!(*combine(&[1, 2, 3].map(share)).unwrap(), secret);
    }

    #[test]
    fn a_split_secret_comes_back_from_as_many_shares_as_it_takes() {
        let secret: Vec<u8> = (0..32).collect();
        for (count, threshold) in [(2, 2), (3, 2), (5, 3), (255, 255)] {
            let shares = super::split(&secret, count, threshold).unwrap();
            assert_eq!(shares.len(), usize::from(count));
            let needed = usize::from(threshold);
            assert_eq!(*combine(&shares[shares.len() - needed..]).unwrap(), secret);
            if needed > 2 {
                assert_ne!(*combine(&shares[..needed - 1]).unwrap(), secret);
            }
        }
    }

    #[test]
    fn unusable_shares_are_refused() {
        let share = |number| split(&[1], &[1], number);
        assert!(combine(&[share(1)]).is_err());
        assert!(combine(&[share(1), share(1)]).is_err());
        assert!(combine(&[share(1), Zeroizing::new(vec![1, 2, 3])]).is_err());
        assert!(combine(&[Zeroizing::new(vec![1]), Zeroizing::new(vec![2])]).is_err());
    }
}
