//! Scalars with their SOPS types, and the bytes that are encrypted and hashed for each.

use std::fmt;

use windlass_yaml::{Dialect, Style};
use zeroize::Zeroizing;

use crate::error::ValueFault;
use crate::float_digits::Digits;

/// One scalar value.
#[derive(Clone, PartialEq)]
pub(crate) enum Scalar {
    /// A string. Bytes, since the binary format keeps whole files in one.
    Str(Zeroizing<Vec<u8>>),
    /// A 64-bit integer.
    Int(i64),
    /// A 64-bit float.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// A timestamp as Go's `RFC3339Nano` prints it.
    Time(String),
}

impl Scalar {
    pub(crate) fn text(text: &str) -> Self {
        Self::Str(Zeroizing::new(text.as_bytes().to_vec()))
    }

    /// The bytes that SOPS encrypts for this value and adds to the MAC.
    pub(crate) fn plain_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Str(bytes) => bytes.clone(),
            Self::Int(number) => Zeroizing::new(number.to_string().into_bytes()),
            Self::Float(number) => Zeroizing::new(float_bytes(*number)),
            // Python's spelling, from the first sops.
            Self::Bool(true) => Zeroizing::new(b"True".to_vec()),
            Self::Bool(false) => Zeroizing::new(b"False".to_vec()),
            Self::Time(text) => Zeroizing::new(text.as_bytes().to_vec()),
        }
    }

    /// The name of its type in an envelope.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Str(_) => "str",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Bool(_) => "bool",
            Self::Time(_) => "time",
        }
    }

    /// The inverse of [`plain_bytes`](Self::plain_bytes), for a type named in an envelope.
    pub(crate) fn from_plain(type_name: &str, plain: Zeroizing<Vec<u8>>) -> Result<Self, ValueFault> {
        let text = || std::str::from_utf8(&plain).ok();
        match type_name {
            "str" => Ok(Self::Str(plain)),
            "int" => text().and_then(parse_int).map(Self::Int).ok_or(ValueFault::Content("integer")),
            "float" => text().and_then(parse_float).map(Self::Float).ok_or(ValueFault::Content("number")),
            "bool" => text().and_then(parse_bool).map(Self::Bool).ok_or(ValueFault::Content("boolean")),
            "time" => text().and_then(parse_time).map(Self::Time).ok_or(ValueFault::Content("timestamp")),
            other => Err(ValueFault::Type(other.to_owned())),
        }
    }
}

/// Shows the type only: any scalar may be a secret.
impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Str(_) => "Str(<redacted>)",
            Self::Int(_) => "Int(<redacted>)",
            Self::Float(_) => "Float(<redacted>)",
            Self::Bool(_) => "Bool(<redacted>)",
            Self::Time(_) => "Time(<redacted>)",
        })
    }
}

/// Go's `FormatFloat(number, 'f', -1, 64)`.
pub(crate) fn float_bytes(number: f64) -> Vec<u8> {
    if number.is_nan() {
        b"NaN".to_vec()
    } else if number.is_infinite() {
        if number > 0.0 { b"+Inf".to_vec() } else { b"-Inf".to_vec() }
    } else {
        Digits::of(number).plain().into_bytes()
    }
}

/// Go's `strconv.Atoi`: decimal digits with an optional sign.
fn parse_int(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// Go's `strconv.ParseFloat` for what `FormatFloat` writes; both know `Inf` and `NaN` in any case.
fn parse_float(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    // Go answers a range error where Rust rounds to infinity.
    (!(digits && number.is_infinite())).then_some(number)
}

/// Go's `strconv.ParseBool`.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Some(true),
        "0" | "f" | "F" | "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// An RFC 3339 time as Go parses and prints it: trailing zeros of the fraction cut, `+00:00` as `Z`.
pub(crate) fn parse_time(text: &str) -> Option<String> {
    // YAML knows more forms of a timestamp; RFC 3339 is the one with two digits everywhere.
    let shape = b"0000-00-00T00:00:00";
    let fits = |(have, want): (u8, &u8)| {
        if *want == b'0' { have.is_ascii_digit() } else { have == *want }
    };
    if text.len() <= shape.len() || !text.bytes().zip(shape).all(fits) {
        return None;
    }
    match windlass_yaml::resolve(text, Style::Plain, Some("!!timestamp"), Dialect::Resource) {
        Some(windlass_yaml::Scalar::Timestamp(time)) => Some(time),
        _ => None,
    }
}

/// The same without the fraction: the form that a MAC is bound to.
pub(crate) fn time_in_seconds(text: &str) -> Option<String> {
    let time = parse_time(text)?;
    let is_fraction = |c: char| c == '.' || c.is_ascii_digit();
    let (seconds, rest) = time.split_at_checked(19)?;
    Some(format!("{seconds}{}", rest.trim_start_matches(is_fraction)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_never_have_an_exponent() {
        for (number, text) in [
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (1.5, "1.5"),
            (-0.0, "-0"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(float_bytes(number), text.as_bytes());
        }
    }

    #[test]
    fn types_read_back_what_they_write() {
        for (name, scalar) in [
            ("str", Scalar::text("naïve")),
            ("int", Scalar::Int(i64::MIN)),
            ("float", Scalar::Float(1e-300)),
            ("float", Scalar::Float(f64::INFINITY)),
            ("bool", Scalar::Bool(true)),
            ("time", Scalar::Time("2020-01-02T03:04:05.5+02:00".into())),
        ] {
            assert!(Scalar::from_plain(name, scalar.plain_bytes()).unwrap() == scalar, "{name}");
        }
    }

    #[test]
    fn wrong_content_and_unknown_types_are_faults() {
        let plain = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
        let int = Scalar::from_plain("int", plain("x"));
        assert_eq!(int.err(), Some(ValueFault::Content("integer")));
        let bytes = Scalar::from_plain("bytes", plain("x"));
        assert_eq!(bytes.err(), Some(ValueFault::Type("bytes".into())));
    }

    #[test]
    fn times_are_printed_as_go_does() {
        for (text, normal) in [
            ("2020-01-02T03:04:05Z", Some("2020-01-02T03:04:05Z")),
            ("2020-01-02T03:04:05.120+00:00", Some("2020-01-02T03:04:05.12Z")),
            ("2020-01-02T03:04:05-05:30", Some("2020-01-02T03:04:05-05:30")),
            ("2020-02-30T03:04:05Z", None),
            ("2020-01-02T03:04:60Z", None),
            ("2020-01-02 03:04:05Z", None),
            ("2020-01-02T03:04:05", None),
            ("2020-01-02T03:04:05.Z", None),
            ("é020-01-02T03:04:05.Z", None),
        ] {
            assert_eq!(parse_time(text).as_deref(), normal, "{text}");
        }
        assert_eq!(time_in_seconds("2020-01-02T03:04:05.9Z").as_deref(), Some("2020-01-02T03:04:05Z"));
    }
}
