use serde_json::Value;

/// Nanos are the finest that the server keeps.
const NANO: i128 = 1_000_000_000;

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Binary,
    Decimal,
    Exponent,
}

/// A quantity as the server writes it: `1000m` is `1`, `1024Mi` is `1Gi`, `2e9` stays.
///
/// `None` where it is none.
pub(crate) fn canonical(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (nanos, format) = parse(&text)?;
    Some(print(nanos, format))
}

/// The amount in nanos, for comparisons.
pub(crate) fn nanos(value: &Value) -> Option<i128> {
    parse(value.as_str()?).map(|parsed| parsed.0)
}

fn parse(text: &str) -> Option<(i128, Format)> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = digits.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && part.is_empty()) || part.contains('.') {
        return None;
    }
    let (base, exponent, format) = scale(suffix)?;
    let mantissa: i128 = format!("{whole}{part}").parse().ok()?;
    let down = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let up = match (base, exponent >= 0) {
        (10, true) => 10_i128.checked_pow(exponent.unsigned_abs())?.checked_mul(NANO)?,
        (10, false) => NANO.checked_div(10_i128.checked_pow(exponent.unsigned_abs())?)?,
        _ => 1024_i128.checked_pow(exponent.unsigned_abs())?.checked_mul(NANO)?,
    };
    let product = mantissa.checked_mul(up)?;
    // What is finer than a nano is rounded away from zero.
    let nanos = product / down + i128::from(product % down != 0);
    Some((if negative { -nanos } else { nanos }, format))
}

fn scale(suffix: &str) -> Option<(i32, i32, Format)> {
    let decimal = |exponent| Some((10, exponent, Format::Decimal));
    let binary = |exponent| Some((1024, exponent, Format::Binary));
    match suffix {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            (-9..=18).contains(&exponent).then_some((10, exponent, Format::Exponent))
        }
    }
}

fn print(nanos: i128, format: Format) -> String {
    if nanos == 0 {
        return "0".to_owned();
    }
    let whole = nanos % NANO == 0;
    if format == Format::Binary && whole && nanos.abs() >= 1024 * NANO {
        let (mut number, mut exponent) = (nanos / NANO, 0);
        while number % 1024 == 0 && exponent < 6 {
            number /= 1024;
            exponent += 1;
        }
        return format!("{number}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][exponent]);
    }
    let (mut number, mut exponent) = (nanos, -9_i32);
    while number % 1000 == 0 && exponent < 18 {
        number /= 1000;
        exponent += 3;
    }
    if format == Format::Exponent {
        return if exponent == 0 { number.to_string() } else { format!("{number}e{exponent}") };
    }
    let suffix = match exponent {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        18 => "E",
        _ => "",
    };
    format!("{number}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_the_same_amount() {
        for (written, stored) in [
            ("1000m", "1"),
            ("1.5", "1500m"),
            ("1024Mi", "1Gi"),
            ("2e9", "2e9"),
            ("0.5Gi", "512Mi"),
            ("100Ki", "100Ki"),
            ("1000Ki", "1000Ki"),
            ("0.5Ki", "512"),
            ("1500000", "1500k"),
            ("0", "0"),
            ("0Mi", "0"),
            ("-1000m", "-1"),
            ("1e3", "1e3"),
            ("12e2", "1200"),
        ] {
            assert_eq!(canonical(&written.into()).as_deref(), Some(stored), "{written}");
        }
        assert_eq!(canonical(&"1 Gi".into()), None);
        assert_eq!(canonical(&"".into()), None);
        assert_eq!(canonical(&1.into()).as_deref(), Some("1"));
    }
}
