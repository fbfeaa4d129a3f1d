//! The hash that is put behind the names of generated objects.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The hash of a ConfigMap's or a Secret's content; `None` for other kinds.
///
/// Kind, type and data count; the name does not, although it was meant to: what is hashed has an empty one.
pub(crate) fn of(object: &Value) -> Option<String> {
    let field = |name: &str| match object.get(name) {
        // A missing mapping is hashed as an empty text, and so is null.
        None | Some(Value::Null) => "\"\"".to_owned(),
        Some(value) => go_json(value),
    };
    let only_mapping = |name: &str| match object.get(name) {
        Some(value @ Value::Object(_)) => format!(",\"{name}\":{}", go_json(value)),
        _ => String::new(),
    };
    let text = match object.get("kind")?.as_str()? {
        "ConfigMap" => {
            let binary = match object.get("binaryData") {
                Some(value @ Value::Object(_)) => format!("\"binaryData\":{},", go_json(value)),
                _ => String::new(),
            };
            format!("{{{binary}\"data\":{},\"kind\":\"ConfigMap\",\"name\":\"\"}}", field("data"))
        }
        "Secret" => format!(
            "{{\"data\":{},\"kind\":\"Secret\",\"name\":\"\"{},\"type\":{}}}",
            field("data"),
            only_mapping("stringData"),
            field("type")
        ),
        _ => return None,
    };
    let hex = Sha256::digest(text.as_bytes()).iter().take(5).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    // Letters that could make words are swapped for others.
    Some(
        hex.chars()
            .map(|c| match c {
                '0' => 'g',
                '1' => 'h',
                '3' => 'k',
                'a' => 'm',
                'e' => 't',
                other => other,
            })
            .collect(),
    )
}

/// JSON as Go prints it: sorted keys, and the characters that mean something in HTML escaped.
pub(crate) fn go_json(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, &mut out);
    out
}

fn write_json(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write_json(value, out);
            }
            out.push('}');
        }
        Value::String(text) => write_text(text, out),
        // Go leaves out what a whole number has behind its point.
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            let _ = match float.abs() {
                0.0 | 1e-6..1e21 => write!(out, "{float}"),
                size if size < 1.0 => write!(out, "{float:e}"),
                _ => write!(out, "{}", format!("{float:e}").replace('e', "e+")),
            };
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..'\u{20}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_hashes() {
        let config_map = |data: Value| of(&json!({"kind": "ConfigMap", "data": data}));
        assert_eq!(of(&json!({"kind": "ConfigMap"})).as_deref(), Some("6ct58987ht"));
        assert_eq!(config_map(json!({"a": "b"})).as_deref(), Some("4h2mbtbbt6"));
        let secret = json!({"kind": "Secret", "type": "Opaque", "data": {}});
        assert_eq!(of(&secret).as_deref(), Some("46f8b28mk5"));
        assert_eq!(of(&json!({"kind": "Pod"})), None);
    }
}
