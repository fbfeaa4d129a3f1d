//! The type of a scalar, as go-yaml finds it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::number::{self, Number};
use crate::{Style, timestamp};

/// Which of Go's two readings of a scalar applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// How kustomize reads resources and strategic merge patches (go-yaml v3): `yes`, `on` and `y` are strings, an unquoted
    /// date is a timestamp.
    Resource,
    /// How `sigs.k8s.io/yaml` reads kustomization files, Helm values and JSON 6902 patches (go-yaml v2): YAML 1.1's `yes`,
    /// `on` and `y` are booleans, dates stay strings.
    Config,
}

/// A scalar with its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// Nothing: an empty plain scalar, `~`, `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits an `i64`.
    Int(i64),
    /// A larger integer that fits a `u64`.
    UInt(u64),
    /// Any other number, `.inf` and `.nan` included. `1.0` is a float here.
    Float(f64),
    /// A date or a time, in the RFC 3339 form that Go prints. In the Config dialect only `!!timestamp` asks for one, and
    /// [`read_documents`](crate::read_documents) keeps the text.
    Timestamp(String),
    /// Text, exactly the text given to [`resolve`].
    Str,
    /// `!!binary`, decoded.
    Binary(Vec<u8>),
}

/// Finds the type of a scalar from its text, its style and its tag (short form, as in [`Node::tag`](crate::Node::tag)).
///
/// Only plain text, or text with a tag, is anything but a string. Unknown tags mean string. `None`: the tag is one of the
/// core tags and the text is no such thing, which Go refuses.
///
/// Integers: decimal, `0x`, `0b`, `0o` and, as in YAML 1.1, a leading `0` for octal (`0644` is 420), all with `_` anywhere.
/// `08` is no octal and becomes the float 8. Floats that overflow are strings. `12:30` is a string.
#[must_use]
pub fn resolve(text: &str, style: Style, tag: Option<&str>, dialect: Dialect) -> Option<Scalar> {
    match tag {
        None if style == Style::Plain => Some(resolve_plain(text, dialect)),
        // v3 forgets the `!` of a plain scalar, v2 takes it for "not plain".
        Some("!") if style == Style::Plain && dialect == Dialect::Resource => Some(resolve_plain(text, dialect)),
        None | Some("!" | "!!str") => Some(Scalar::Str),
        Some("!!binary") => decode_base64(text).map(Scalar::Binary),
        Some(tag @ ("!!null" | "!!bool" | "!!int" | "!!float" | "!!timestamp")) => resolve_tagged(text, tag, dialect),
        Some(_) => Some(Scalar::Str),
    }
}

/// The type of plain text without a tag.
pub(crate) fn resolve_plain(text: &str, dialect: Dialect) -> Scalar {
    if let Some(word) = resolve_word(text, dialect) {
        return word;
    }
    if dialect == Dialect::Resource
        && let Some(time) = timestamp::parse(text)
    {
        return Scalar::Timestamp(time);
    }
    resolve_number(text, dialect).unwrap_or(Scalar::Str)
}

/// Whether Go's printer has to quote the text for it to stay a string: it asks the YAML 1.1 reading.
pub(crate) fn is_plain_string(text: &str) -> bool {
    matches!(resolve_plain(text, Dialect::Config), Scalar::Str) && timestamp::parse(text).is_none()
}

fn resolve_tagged(text: &str, tag: &str, dialect: Dialect) -> Option<Scalar> {
    let resolved = match tag {
        "!!timestamp" => return timestamp::parse(text).map(Scalar::Timestamp),
        _ => resolve_word(text, dialect).or_else(|| resolve_number(text, dialect)).unwrap_or(Scalar::Str),
    };
    match (tag, resolved) {
        ("!!null", Scalar::Null) => Some(Scalar::Null),
        ("!!bool", Scalar::Bool(value)) => Some(Scalar::Bool(value)),
        ("!!int", Scalar::Int(value)) => Some(Scalar::Int(value)),
        ("!!int", Scalar::UInt(value)) => Some(Scalar::UInt(value)),
        ("!!float", Scalar::Float(value)) => Some(Scalar::Float(value)),
        #[expect(clippy::cast_precision_loss, reason = "the tag asks for the nearest float")]
        ("!!float", Scalar::Int(value)) => Some(Scalar::Float(value as f64)),
        _ => None,
    }
}

fn resolve_word(text: &str, dialect: Dialect) -> Option<Scalar> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if dialect == Dialect::Config => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if dialect == Dialect::Config => Scalar::Bool(false),
        _ => return None,
    })
}

fn resolve_number(text: &str, dialect: Dialect) -> Option<Scalar> {
    number::parse(text, dialect).map(|number| match number {
        Number::Int(value) => Scalar::Int(value),
        Number::UInt(value) => Scalar::UInt(value),
        Number::Float(value) => Scalar::Float(value),
    })
}

/// Go's decoder passes over line breaks and is strict about everything else.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|letter| !matches!(letter, '\n' | '\r')).collect();
    BASE64.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> Scalar {
        resolve_plain(text, Dialect::Resource)
    }

    fn config(text: &str) -> Scalar {
        resolve_plain(text, Dialect::Config)
    }

    #[test]
    fn yaml_1_1_words_are_booleans_in_config_only() {
        for word in ["y", "Y", "yes", "Yes", "on", "ON"] {
            assert_eq!(resource(word), Scalar::Str, "{word}");
            assert_eq!(config(word), Scalar::Bool(true), "{word}");
        }
        for word in ["n", "no", "NO", "off"] {
            assert_eq!(config(word), Scalar::Bool(false), "{word}");
        }
        assert_eq!(config("yEs"), Scalar::Str);
    }

    #[test]
    fn dates_are_timestamps_in_resources_only() {
        assert_eq!(resource("2020-01-01"), Scalar::Timestamp("2020-01-01T00:00:00Z".to_owned()));
        assert_eq!(config("2020-01-01"), Scalar::Str);
        assert!(!is_plain_string("2020-01-01"));
    }

    #[test]
    fn a_tag_binds() {
        let plain = |text, tag| resolve(text, Style::Plain, Some(tag), Dialect::Resource);
        assert_eq!(plain("5", "!!str"), Some(Scalar::Str));
        assert_eq!(plain("5", "!!float"), Some(Scalar::Float(5.0)));
        assert_eq!(plain("five", "!!int"), None);
        assert_eq!(plain("1.5", "!!int"), None);
        assert_eq!(plain("aGk=", "!!binary"), Some(Scalar::Binary(b"hi".to_vec())));
        assert_eq!(plain("5", "!foo"), Some(Scalar::Str));
        assert_eq!(resolve("5", Style::DoubleQuoted, Some("!!int"), Dialect::Config), Some(Scalar::Int(5)));
    }

    #[test]
    fn quoted_text_is_a_string() {
        assert_eq!(resolve("0644", Style::SingleQuoted, None, Dialect::Resource), Some(Scalar::Str));
    }
}
