//! Floats as Go's `strconv.FormatFloat` prints them with format `'g'` and the shortest precision.

/// The text of a 64-bit float. Infinities and not-a-number in YAML's words.
pub(crate) fn format_g(value: f64) -> String {
    words(value).unwrap_or_else(|| from_scientific(&format!("{value:e}")))
}

/// The text of a float cut to 32 bits, which is how `sigs.k8s.io/yaml` makes text of float keys.
pub(crate) fn format_g32(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the cut is what is asked for")]
    let cut = value as f32;
    words(f64::from(cut)).unwrap_or_else(|| from_scientific(&format!("{cut:e}")))
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

/// From Rust's shortest `-1.25e-7` to Go's choice: an exponent below 1e-4 and from 1e6.
fn from_scientific(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if exponent < -4 || exponent >= 6 {
        return format!("{sign}{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    format!("{sign}{}", positional(&digits, exponent))
}

fn positional(digits: &str, exponent: i32) -> String {
    let point = exponent + 1;
    match usize::try_from(point) {
        Ok(0) | Err(_) => format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
        Ok(point) if point >= digits.len() => format!("{digits}{}", "0".repeat(point - digits.len())),
        Ok(point) => format!("{}.{}", &digits[..point], &digits[point..]),
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
            (f64::NEG_INFINITY, "-.inf"),
        ] {
            assert_eq!(format_g(value), text);
        }
        assert_eq!(format_g32(0.1), "0.1");
        assert_eq!(format_g32(1_234_567_890.5), "1.234568e+09");
    }
}
