//! Floats as Go's `strconv.FormatFloat` prints them with format `'g'` and the shortest precision.
//!
//! The digits are Ryū's. Rust's own formatting takes other ones where two shortest texts are equally near.

/// The text of a 64-bit float. Infinities and not-a-number in YAML's words.
pub(crate) fn format_g(value: f64) -> String {
    words(value).unwrap_or_else(|| Decimal::of(ryu::Buffer::new().format_finite(value)).format_g())
}

/// The text of a float cut to 32 bits, which is how `sigs.k8s.io/yaml` makes text of float keys.
pub(crate) fn format_g32(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the cut is what is asked for")]
    let cut = value as f32;
    words(f64::from(cut)).unwrap_or_else(|| Decimal::of(ryu::Buffer::new().format_finite(cut)).format_g())
}

/// The digits of a finite float without a fraction, filled up with zeros where the shortest text ends earlier.
pub(crate) fn integral_digits(value: f64) -> String {
    let decimal = Decimal::of(ryu::Buffer::new().format_finite(value));
    format!("{}{}", decimal.sign, decimal.positional())
}

fn words(value: f64) -> Option<String> {
    let word = match value {
        value if value.is_nan() => ".nan",
        f64::INFINITY => ".inf",
        f64::NEG_INFINITY => "-.inf",
        _ => return None,
    };
    Some(word.to_owned())
}

/// `0.digits` times ten to the power of `point`.
struct Decimal {
    sign: &'static str,
    digits: String,
    point: i32,
}

impl Decimal {
    /// Takes Ryū's text apart, `-12.5` or `1.25e-7`.
    fn of(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let (sign, mantissa) = match mantissa.strip_prefix('-') {
            Some(mantissa) => ("-", mantissa),
            None => ("", mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let leading = all.len() - all.trim_start_matches('0').len();
        let digits = all.trim_matches('0');
        if digits.is_empty() {
            return Self { sign, digits: "0".to_owned(), point: 1 };
        }
        let length = |text: usize| i32::try_from(text).unwrap_or(i32::MAX);
        Self { sign, digits: digits.to_owned(), point: exponent + length(whole.len()) - length(leading) }
    }

    /// Go's choice: with an exponent below 1e-4 and from 1e6.
    fn format_g(&self) -> String {
        let exponent = self.point - 1;
        if (-4..6).contains(&exponent) {
            return format!("{}{}", self.sign, self.positional());
        }
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        format!("{}{first}{point}{rest}e{exponent_sign}{:02}", self.sign, exponent.abs())
    }

    fn positional(&self) -> String {
        let digits = &self.digits;
        match usize::try_from(self.point) {
            Ok(0) | Err(_) => format!("0.{}{digits}", "0".repeat(self.point.unsigned_abs() as usize)),
            Ok(point) if point >= digits.len() => format!("{digits}{}", "0".repeat(point - digits.len())),
            Ok(point) => format!("{}.{}", &digits[..point], &digits[point..]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_g() {
        for (value, text) in [
            (0.5, "0.5"),
            (-0.0001, "-0.0001"),
            (0.00001, "1e-05"),
            (1e20, "1e+20"),
            (123_456.5, "123456.5"),
            (1_234_567.5, "1.2345675e+06"),
            (18_446_744_073_709_551_616.0, "1.8446744073709552e+19"),
            (1e-300, "1e-300"),
            (100.0, "100"),
            (0.0, "0"),
            (-1_365_132_880_256_487.2, "-1.3651328802564872e+15"),
            (f64::NEG_INFINITY, "-.inf"),
        ] {
            assert_eq!(format_g(value), text);
        }
        assert_eq!(format_g32(0.1), "0.1");
        assert_eq!(format_g32(1_234_567_890.5), "1.234568e+09");
    }
}
