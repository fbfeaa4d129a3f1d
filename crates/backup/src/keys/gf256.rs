//! Shamir's secret sharing: a polynomial for each byte over the field of 256 elements that AES uses.
//!
//! Small enough to have of one's own: `windlass-sops` has the same for its format, and neither imports the other.

use zeroize::Zeroizing;

use crate::Error;
use crate::identifier::fill;

/// Values of the polynomials at 1 to `shares`. Any `threshold` of them give the secret; fewer tell nothing.
pub(crate) fn split(secret: &[u8], shares: u8, threshold: u8) -> Result<Vec<Zeroizing<Vec<u8>>>, Error> {
    let mut higher = Zeroizing::new(vec![0; secret.len() * usize::from(threshold.saturating_sub(1))]);
    fill(&mut higher)?;
    let value = |at: usize, number: u8| {
        let rows = higher.chunks(secret.len().max(1)).rev();
        secret[at] ^ rows.fold(0, |sum, row| multiply(sum ^ row[at], number))
    };
    let share = |number: u8| Zeroizing::new((0..secret.len()).map(|at| value(at, number)).collect());
    Ok((1..=shares).map(share).collect())
}

/// The values at 0 of the polynomials through these points, which have different numbers, none of them 0.
pub(crate) fn join(shares: &[(u8, &[u8])]) -> Zeroizing<Vec<u8>> {
    let weight = |number: u8| {
        let others = shares.iter().map(|(other, _)| *other).filter(|other| *other != number);
        others.fold(1, |product, other| multiply(product, multiply(other, inverse(other ^ number))))
    };
    let length = shares.iter().map(|(_, share)| share.len()).min().unwrap_or_default();
    let value = |at: usize| shares.iter().fold(0, |sum, (number, share)| sum ^ multiply(share[at], weight(*number)));
    Zeroizing::new((0..length).map(value).collect())
}

/// Without a table or a branch on the operands, so that timing tells nothing of a share.
fn multiply(left: u8, right: u8) -> u8 {
    (0..8).rev().fold(0, |product: u8, bit| {
        let doubled = (product << 1) ^ (0x1B & (product >> 7).wrapping_neg());
        doubled ^ (left & ((right >> bit) & 1).wrapping_neg())
    })
}

/// The 254th power.
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
    fn inverses_are_inverses() {
        assert!((1..=255).all(|value| multiply(value, inverse(value)) == 1));
        // The example of FIPS 197, 4.2.
        assert_eq!(multiply(0x57, 0x83), 0xC1);
    }
}
