//! Path elements as FieldsV1 spells them: `f:name`, `k:{"name":"app"}`, `v:"a"`, `i:0`.
//!
//! The JSON inside is that of the reference's encoder (json-iterator in its standard-library mode), to the byte: keys
//! sorted, `<`, `>` and `&` escaped, floats in Go's spelling.

use std::{borrow::Cow, fmt::Write, sync::Arc};

use serde_json::{Map, Number, Value};

use crate::{
    fields_v1::FieldsV1Error,
    go_print::write_exponent,
    path::{ListKey, PathElement},
};

/// Beyond this, the reference's numbers, which it reads as floats, are no longer exact.
const EXACT_IN_FLOAT: u64 = 1 << 53;

/// Reads one key of a FieldsV1 mapping; `None` where its kind is unknown, as what a later version may add is skipped.
pub(crate) fn parse(text: &str) -> Result<Option<PathElement>, FieldsV1Error> {
    let malformed = |reason: &str| FieldsV1Error::Element { text: text.to_owned(), reason: reason.to_owned() };
    let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| malformed(&error.to_string()));
    if text.len() < 2 {
        return Err(malformed("key must be 2 characters long"));
    }
    match text.split_at_checked(2) {
        Some(("f:", name)) => Ok(Some(PathElement::field(name))),
        Some(("v:", value)) => Ok(Some(PathElement::value(as_float(json(value)?)))),
        Some(("k:", keys)) => match json(keys)? {
            Value::Object(fields) => {
                Ok(Some(PathElement::key(fields.into_iter().map(|(name, value)| (name, as_float(value))))))
            }
            Value::Null => Ok(Some(PathElement::key(Map::new()))),
            _ => Err(malformed("not a mapping")),
        },
        Some(("i:", index)) => match index.parse() {
            Ok(index) => Ok(Some(PathElement::Index(index))),
            Err(_) => Err(malformed("not an index")),
        },
        Some((kind, _)) if kind.ends_with(':') => Ok(None),
        _ => Err(malformed("missing colon")),
    }
}

/// Rounds what the reference rounds, so that what it would write is what is written.
fn as_float(value: Value) -> Value {
    match value {
        Value::Number(number) if number.as_i64().is_none_or(|whole| whole.unsigned_abs() > EXACT_IN_FLOAT) => {
            number.as_f64().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
        }
        other => other,
    }
}

/// Writes one key of a FieldsV1 mapping.
pub(crate) fn print(element: &PathElement) -> Cow<'_, str> {
    match element {
        PathElement::Field(name) => Cow::Owned(format!("f:{name}")),
        PathElement::Key(key) => Cow::Owned(print_key(key)),
        PathElement::Value(value) => {
            let mut text = "v:".to_owned();
            write_json(&mut text, value);
            Cow::Owned(text)
        }
        PathElement::Index(index) => Cow::Owned(format!("i:{index}")),
    }
}

fn print_key(key: &ListKey) -> String {
    let mut text = "k:{".to_owned();
    for (index, (name, value)) in key.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        // The one place where the reference escapes no HTML.
        write_text(&mut text, name, false);
        text.push(':');
        write_json(&mut text, value);
    }
    text.push('}');
    text
}

fn write_json(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text, true),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(out, name, true);
                out.push(':');
                write_json(out, value);
            }
            out.push('}');
        }
    }
}

fn write_number(out: &mut String, number: &Number) {
    let float = number.as_f64().unwrap_or_default();
    let size = float.abs();
    // Writing into a String cannot fail.
    let _ = if !number.is_f64() {
        write!(out, "{number}")
    } else if size != 0.0 && !(1e-6..1e21).contains(&size) {
        write_exponent(out, float)
    } else {
        write!(out, "{float}")
    };
}

fn write_text(out: &mut String, text: &str, escape_html: bool) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' => push_escape(out, letter),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if escape_html => push_escape(out, letter),
            _ => out.push(letter),
        }
    }
    out.push('"');
}

fn push_escape(out: &mut String, letter: char) {
    let _ = write!(out, "\\u{:04x}", u32::from(letter));
}

/// Names out of the schema and names out of objects, without an allocation for the first.
pub(crate) fn shared_name(known: Option<&Arc<str>>, name: &str) -> Arc<str> {
    known.map_or_else(|| Arc::from(name), Arc::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts are what the reference (v6.4.2) makes of them.
    #[test]
    fn elements_are_read_and_written_as_the_reference_does() {
        for text in [
            "f:",
            "f:a.b/c\"d",
            "v:\"a\\u003cb\"",
            "v:1",
            "v:1.5",
            "v:1e+21",
            "v:1e-07",
            "v:true",
            "v:null",
            "i:-3",
            "k:{}",
            "k:{\"name\":\"x\",\"port\":80}",
            "v:{\"a\":[1,\"\\u0000\"]}",
        ] {
            let element = parse(text).unwrap().unwrap();
            assert_eq!(print(&element), text);
        }
        for (text, written) in [
            ("k:{\"z\": 1, \"a\": \"<\"}", "k:{\"a\":\"\\u003c\",\"z\":1}"),
            ("v: 1.0 ", "v:1"),
            ("v:9007199254740993", "v:9007199254740992"),
            ("v:\"\\/\\u0041\\b\"", "v:\"/A\\u0008\""),
        ] {
            assert_eq!(print(&parse(text).unwrap().unwrap()), written);
        }
        for unknown in ["x:", "::a"] {
            assert_eq!(parse(unknown), Ok(None));
        }
        for bad in ["", "é:", "f", "fa", "v:", "v:1 2", "k:1", "k:[]", "i:x", "i:", "k:{\"a\":1}x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
