//! How Go prints floats.

use crate::float_digits::Digits;
use crate::scalar::float_bytes;

/// As go-yaml v3 does: `strconv.FormatFloat(number, 'g', -1, 64)`, and YAML's words for what is no number.
pub(crate) fn yaml(number: f64) -> String {
    if number.is_nan() {
        ".nan".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { ".inf" } else { "-.inf" }.to_owned()
    } else {
        // Go's limit for the shortest form is 21 digits in its 'v' verb and 6 here.
        let digits = Digits::of(number);
        if (-4..6).contains(&digits.exponent()) { digits.plain() } else { digits.scientific(2) }
    }
}

/// The same, but for a negative zero, which go-yaml prints as the integer `-0`: it has a sign only as a float.
pub(crate) fn yaml_read_back(number: f64) -> String {
    if number == 0.0 && number.is_sign_negative() { "-0.0".to_owned() } else { yaml(number) }
}

/// As `encoding/json` does. JSON has no infinity and no NaN; their Go names come out for those.
pub(crate) fn json(number: f64) -> String {
    let size = number.abs();
    if number.is_finite() && size != 0.0 && !(1e-6..1e21).contains(&size) {
        // It strips the zero that pads a negative exponent.
        Digits::of(number).scientific(1)
    } else {
        plain(number)
    }
}

/// As sops does where all values are text: `strconv.FormatFloat(number, 'G', -1, 64)`, with a fraction where the text would
/// pass for an integer.
pub(crate) fn flat(number: f64) -> String {
    if !number.is_finite() {
        return plain(number);
    }
    // The same limits as in YAML, where only the case of the exponent differs.
    let text = yaml(number).to_uppercase();
    if text.contains(['.', 'E']) { text } else { format!("{text}.0") }
}

fn plain(number: f64) -> String {
    String::from_utf8_lossy(&float_bytes(number)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_turns_to_exponents_at_a_million() {
        for (number, text) in [
            (1e21, "1e+21"),
            (1e-7, "1e-07"),
            (1_234_567.5, "1.2345675e+06"),
            (685_230_150.0, "6.8523015e+08"),
            (999_999.0, "999999"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1000.0, "1000"),
            (0.0, "0"),
            (-0.0, "-0"),
            (1e300, "1e+300"),
            (f64::NEG_INFINITY, "-.inf"),
        ] {
            assert_eq!(yaml(number), text);
        }
    }

    #[test]
    fn flat_text_never_looks_like_an_integer() {
        for (number, text) in [
            (1e21, "1E+21"),
            (1e-7, "1E-07"),
            (1000.0, "1000.0"),
            (-0.0, "-0.0"),
            (0.5, "0.5"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(flat(number), text);
        }
    }

    #[test]
    fn json_turns_to_exponents_at_its_own_bounds() {
        for (number, text) in
            [(1e-7, "1e-7"), (1e-6, "0.000001"), (1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-10, "1e-10")]
        {
            assert_eq!(json(number), text);
        }
    }
}
