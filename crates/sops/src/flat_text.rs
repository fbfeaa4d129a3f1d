//! Values as text, in the formats that know nothing else: dotenv and INI.

use zeroize::Zeroizing;

use crate::float_text;
use crate::scalar::{Scalar, time_in_seconds};
use crate::tree::Value;

/// The text of a scalar, as sops' `stores.ValToString` makes it. Absent for what has none: collections and comments.
///
/// In files of these formats all values are strings, unless another program wrote them or a type was changed. But documents
/// of other formats are printed as these, and their values given to programs as variables.
pub(crate) fn of(value: &Value) -> Option<Zeroizing<Vec<u8>>> {
    let scalar = match value {
        Value::Scalar(scalar) => scalar,
        // What Go prints for nothing.
        Value::Null => return Some(Zeroizing::new(b"<nil>".to_vec())),
        Value::Map(_) | Value::List(_) | Value::Comment(_) => return None,
    };
    let text = match scalar {
        Scalar::Str(bytes) => return Some(bytes.clone()),
        Scalar::Int(number) => number.to_string(),
        Scalar::Float(number) => float_text::flat(*number),
        Scalar::Bool(flag) => flag.to_string(),
        Scalar::Time(text) => time_in_seconds(text)?,
    };
    Some(Zeroizing::new(text.into_bytes()))
}

/// The two characters `\n` for each line break.
pub(crate) fn escape_line_breaks(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let breaks = text.iter().filter(|byte| **byte == b'\n').count();
    // The full length at once: a buffer that grows leaves copies of a secret behind.
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + breaks));
    for byte in text {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            _ => out.push(*byte),
        }
    }
    out
}

/// A line break for each `\n` of two characters. A backslash cannot be escaped, so the pair itself cannot be said.
pub(crate) fn unescape_line_breaks(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(b"\\n") {
            out.push(b'\n');
            rest = behind;
        } else {
            out.push(*byte);
            rest = behind;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_types_have_a_text() {
        for (scalar, text) in [
            (Scalar::text("a\nb"), "a\nb"),
            (Scalar::Int(-5), "-5"),
            (Scalar::Float(3.0), "3.0"),
            (Scalar::Bool(true), "true"),
            (Scalar::Time("2020-01-02T03:04:05.5Z".into()), "2020-01-02T03:04:05Z"),
        ] {
            assert_eq!(*of(&Value::Scalar(scalar)).unwrap(), text.as_bytes());
        }
        assert_eq!(*of(&Value::Null).unwrap(), b"<nil>");
        assert!(of(&Value::Map(Vec::new())).is_none());
    }

    #[test]
    fn line_breaks_are_two_characters_and_back() {
        assert_eq!(*escape_line_breaks(b"a\nb\\"), b"a\\nb\\");
        assert_eq!(*unescape_line_breaks(b"a\\nb\\\\nc\\t\\"), b"a\nb\\\nc\\t\\");
    }
}
