//! The shortest digits of a float, as Go finds them.
//!
//! They are Ryū's. Rust's own formatting takes other ones where two shortest texts are equally near: 576247228034139.25 is
//! `…139.3` there and `…139.2` in Go, and a MAC over the one does not fit the other.

/// A finite float as `0.digits` times ten to the power of `point`.
pub(crate) struct Digits {
    sign: &'static str,
    digits: String,
    point: i32,
}

impl Digits {
    pub(crate) fn of(number: f64) -> Self {
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(number.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or_default();
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let leading = all.bytes().take_while(|digit| *digit == b'0').count();
        let digits = all.trim_matches('0').to_owned();
        let sign = if number.is_sign_negative() { "-" } else { "" };
        if digits.is_empty() {
            return Self { sign, digits: "0".to_owned(), point: 1 };
        }
        let length = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        Self { sign, digits, point: exponent + length(whole.len()) - length(leading) }
    }

    /// The exponent with one digit before the point.
    pub(crate) fn exponent(&self) -> i32 {
        self.point - 1
    }

    /// Without an exponent.
    pub(crate) fn plain(&self) -> String {
        let Self { sign, digits, point } = self;
        match usize::try_from(*point) {
            Ok(0) | Err(_) => format!("{sign}0.{}{digits}", "0".repeat(usize::try_from(-point).unwrap_or_default())),
            Ok(point) if point < digits.len() => format!("{sign}{}.{}", &digits[..point], &digits[point..]),
            Ok(point) => format!("{sign}{digits}{}", "0".repeat(point - digits.len())),
        }
    }

    /// With a signed exponent of at least `width` digits.
    pub(crate) fn scientific(&self, width: usize) -> String {
        let (first, rest) = self.digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let exponent = self.exponent();
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        format!("{}{first}{dot}{rest}e{exponent_sign}{:0width$}", self.sign, exponent.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_shortest_texts_the_even_one() {
        for (number, text) in [
            (576_247_228_034_139.3, "576247228034139.2"),
            (-0.0, "-0"),
            (0.000_012, "0.000012"),
            (-12.5, "-12.5"),
            (1e21, "1000000000000000000000"),
            (0.1, "0.1"),
        ] {
            assert_eq!(Digits::of(number).plain(), text);
        }
        assert_eq!(Digits::of(-1.25e-7).scientific(2), "-1.25e-07");
        assert_eq!(Digits::of(1e100).scientific(1), "1e+100");
    }
}
