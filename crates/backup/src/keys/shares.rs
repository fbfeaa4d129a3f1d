//! One identity in the hands of several, of whom some have to come together.

use ring::digest;
use zeroize::Zeroizing;

use super::{gf256, text};
use crate::Error;

const SHARE: &str = "windlass-share-";
/// Threshold, number, and four bytes that tell whether shares belong together.
const HEAD: usize = 6;

/// Splits an age identity into texts of which any `threshold` give it back, and fewer tell nothing.
///
/// # Errors
/// When the text is no `AGE-SECRET-KEY-1…`, or the numbers make no sense.
pub fn split_identity(identity: &str, shares: u8, threshold: u8) -> Result<Vec<Zeroizing<String>>, Error> {
    if threshold < 2 || shares < threshold {
        let reason = format!("{threshold} of {shares} makes no sense: it takes at least 2, and at most all of them");
        return Err(Error::KeyText { what: "a number of shares", reason });
    }
    let secret = text::decode("an identity of age", text::AGE_BEGINNING, identity)?;
    let mark = mark(&secret[..]);
    let split = gf256::split(&secret[..], shares, threshold)?;
    let print = |(number, share): (u8, &Zeroizing<Vec<u8>>)| {
        let mut bytes = Zeroizing::new(vec![threshold, number]);
        bytes.extend_from_slice(&mark);
        bytes.extend_from_slice(share);
        Zeroizing::new(text::encode(SHARE, &bytes).to_ascii_uppercase())
    };
    Ok((1..=shares).zip(&split).map(print).collect())
}

/// Puts an age identity together from shares.
///
/// # Errors
/// When a share is mistyped, when they are of different keys, when one is given twice, or when they are too few.
pub fn join_identity<'a>(shares: impl IntoIterator<Item = &'a str>) -> Result<Zeroizing<String>, Error> {
    let what = "shares of an identity";
    let refuse = |reason: String| Error::KeyText { what, reason };
    let mut read: Vec<Zeroizing<Vec<u8>>> = Vec::new();
    for (at, share) in shares.into_iter().enumerate() {
        let bytes = text::decode_bytes(what, SHARE, share)
            .map_err(|error| refuse(format!("number {} of those given: {error}", at + 1)))?;
        if bytes.len() != HEAD + 32 || bytes[0] < 2 || bytes[1] == 0 {
            return Err(refuse(format!("number {} of those given is no share", at + 1)));
        }
        if read.iter().any(|known| known[1] == bytes[1]) {
            return Err(refuse(format!("share {} is given twice", bytes[1])));
        }
        read.push(bytes);
    }
    let Some(first) = read.first() else { return Err(refuse("there are none".to_owned())) };
    if read.iter().any(|share| share[0] != first[0] || share[2..HEAD] != first[2..HEAD]) {
        return Err(refuse("they are of different keys".to_owned()));
    }
    if read.len() < usize::from(first[0]) {
        return Err(refuse(format!("it takes {}, and {} are given", first[0], read.len())));
    }
    let points: Vec<(u8, &[u8])> = read.iter().map(|share| (share[1], &share[HEAD..])).collect();
    let secret = gf256::join(&points);
    if mark(&secret) != first[2..HEAD] {
        return Err(refuse("put together they give no key".to_owned()));
    }
    Ok(Zeroizing::new(text::encode(text::AGE_BEGINNING, &secret).to_ascii_uppercase()))
}

/// Tells shares of one key from those of another. Of a random key, four bytes of a hash give nothing away.
fn mark(secret: &[u8]) -> [u8; 4] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"windlass share of ");
    context.update(secret);
    let mut mark = [0; 4];
    mark.copy_from_slice(&context.finish().as_ref()[..4]);
    mark
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;
    use proptest::prelude::*;

    use super::*;

    fn identity() -> String {
        age::x25519::Identity::generate().to_string().expose_secret().to_owned()
    }

    proptest! {
        #[test]
        fn enough_shares_in_any_order_give_the_key(
            order in Just((0..5_usize).collect::<Vec<_>>()).prop_shuffle(),
            threshold in 2..=5_u8,
        ) {
            let identity = identity();
            let shares = split_identity(&identity, 5, threshold).unwrap();
            let some = order.iter().take(usize::from(threshold)).map(|at| shares[*at].as_str());
            prop_assert_eq!(&*join_identity(some).unwrap(), &identity);
            let fewer = order.iter().take(usize::from(threshold) - 1).map(|at| shares[*at].as_str());
            prop_assert!(join_identity(fewer).is_err());
        }
    }

    #[test]
    fn shares_of_other_keys_and_repeated_ones_are_refused() {
        let (one, other) = (split_identity(&identity(), 3, 2).unwrap(), split_identity(&identity(), 3, 2).unwrap());
        let mixed = join_identity([one[0].as_str(), other[1].as_str()]).unwrap_err().to_string();
        assert!(mixed.contains("different keys"), "{mixed}");
        assert!(join_identity([one[0].as_str(), one[0].as_str()]).unwrap_err().to_string().contains("twice"));
        assert!(split_identity(&identity(), 3, 1).is_err() && split_identity(&identity(), 2, 3).is_err());
    }
}
