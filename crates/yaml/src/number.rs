//! Numbers, as go-yaml and Go's `strconv` read them.

use crate::Dialect;
use crate::go_float::integral_digits;

/// A number with the type that its text asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    UInt(u64),
    Float(f64),
}

/// The number that plain text is, if it is one.
pub(crate) fn parse(text: &str, dialect: Dialect) -> Option<Number> {
    match text.as_bytes().first()? {
        // Here underscores are not passed over but read as Go reads its own literals.
        b'.' if text.contains('_') && !separates_digits(text) => None,
        b'.' => parse_float(&text.replace('_', "")).map(Number::Float),
        b'0'..=b'9' | b'+' | b'-' if text.contains('_') => parse_digits(&text.replace('_', ""), dialect),
        b'0'..=b'9' | b'+' | b'-' => parse_digits(text, dialect),
        _ => None,
    }
}

fn parse_digits(text: &str, dialect: Dialect) -> Option<Number> {
    parse_int(text)
        .map(Number::Int)
        .or_else(|| parse_uint(text).map(Number::UInt))
        .or_else(|| parse_float(text).map(Number::Float))
        .or_else(|| parse_sign_after_prefix(text, dialect))
}

fn parse_int(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (radix, digits) = split_radix(digits)?;
    if digits.starts_with(['+', '-']) {
        return None;
    }
    if sign.is_empty() {
        i64::from_str_radix(digits, radix).ok()
    } else {
        i64::from_str_radix(&format!("-{digits}"), radix).ok()
    }
}

fn parse_uint(text: &str) -> Option<u64> {
    let (radix, digits) = split_radix(text)?;
    // Rust takes a `+` that Go does not.
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// Splits off the prefix that Go's base 0 knows; a lone leading zero means octal.
fn split_radix(digits: &str) -> Option<(u32, &str)> {
    Some(match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        [] => return None,
        _ => (10, digits),
    })
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, and no overflow.
fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if mantissa.is_empty() || mantissa == "." || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if digits.is_empty() || !all_digits(digits) {
            return None;
        }
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Whether every underscore stands between two digits.
fn separates_digits(text: &str) -> bool {
    let is_digit =
        |place: Option<usize>| place.and_then(|place| text.as_bytes().get(place)).is_some_and(u8::is_ascii_digit);
    text.match_indices('_').all(|(place, _)| is_digit(place.checked_sub(1)) && is_digit(Some(place + 1)))
}

/// go-yaml cuts `0b`, and v3 also `0o`, off itself and hands the rest on with its sign: `0b-101` is -5.
fn parse_sign_after_prefix(text: &str, dialect: Dialect) -> Option<Number> {
    let (radix, rest) = match text.as_bytes() {
        [b'0', b'b', ..] => (2, &text[2..]),
        [b'0', b'o', ..] if dialect == Dialect::Resource => (8, &text[2..]),
        _ => return None,
    };
    i64::from_str_radix(rest, radix).ok().map(Number::Int)
}

/// A float as JSON and back: an integral value within `i64` and `u64` is an integer.
///
/// The digits are the shortest ones that read back as the float, since that is what Go hands from the JSON to the YAML
/// printer: 2^64 less one step is 18446744073709550000, not ...49568.
pub(crate) fn through_json(value: f64) -> Number {
    if value.fract() != 0.0 || value.abs() >= 1e21 {
        return Number::Float(value);
    }
    let digits = integral_digits(value);
    if let Ok(int) = digits.parse::<i64>() {
        Number::Int(int)
    } else if let Ok(uint) = digits.parse::<u64>() {
        Number::UInt(uint)
    } else {
        Number::Float(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Number> {
        super::parse(text, Dialect::Resource)
    }

    #[test]
    fn integers() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("+12", 12),
            ("0644", 420),
            ("0o644", 420),
            ("-0o17", -15),
            ("0x1F", 31),
            ("-0X1f", -31),
            ("0b101", 5),
            ("0b-101", -5),
            ("1_000", 1000),
            ("0_7", 7),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse(text), Some(Number::Int(value)), "{text}");
        }
        assert_eq!(parse("18446744073709551615"), Some(Number::UInt(u64::MAX)));
        assert_eq!(parse("18446744073709551616"), Some(Number::Float(18_446_744_073_709_551_616.0)));
    }

    #[test]
    fn floats() {
        for (text, value) in
            [("08", 8.0), ("09.5", 9.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1_0.5", -10.5), (".0_5", 0.05)]
        {
            assert_eq!(parse(text), Some(Number::Float(value)), "{text}");
        }
    }

    #[test]
    fn not_numbers() {
        for text in [
            "", ".", "-", "+", "1e400", "12:30", "0x", "0xg", "--1", "1e", "._5", "_1", "1.2.3", "+-1", "0b2", "-.",
            "e3",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn json_makes_integers_of_integral_floats() {
        assert_eq!(through_json(1.0), Number::Int(1));
        assert_eq!(through_json(-0.0), Number::Int(0));
        assert_eq!(through_json(1e19), Number::UInt(10_000_000_000_000_000_000));
        assert_eq!(through_json(18_446_744_073_709_549_568.0), Number::UInt(18_446_744_073_709_550_000));
        assert_eq!(through_json(1e20), Number::Float(1e20));
        assert_eq!(through_json(1.5), Number::Float(1.5));
    }
}
