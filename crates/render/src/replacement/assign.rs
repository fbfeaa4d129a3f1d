//! Putting the text of one scalar in the place of another, whose type stays.

use serde_json::{Number, Value};
use windlass_yaml::{Dialect, Scalar, Style, resolve};

/// A text with the type that it has without quotes.
pub(crate) fn untyped(text: &str) -> Value {
    value_of(resolve(text, Style::Plain, None, Dialect::Resource), text).unwrap_or_else(|| Value::from(text))
}

/// Makes text of a scalar that has no type, where it still is what it was made.
pub(crate) fn make_text(value: &mut Value, pointer: &str, text: &str) {
    if let Some(scalar) = value.pointer_mut(pointer).filter(|found| **found == untyped(text)) {
        *scalar = Value::from(text);
    }
}

/// Whether a text is something else without quotes, so that there were some around it.
pub(crate) fn needs_quotes(text: &str) -> bool {
    let is_text = |dialect| matches!(resolve(text, Style::Plain, None, dialect), Some(Scalar::Str));
    !(is_text(Dialect::Resource) && is_text(Dialect::Config))
}

/// A text with the type of the scalar in whose place it is put.
///
/// # Errors
/// Where the text is nothing of that type.
pub(crate) fn typed_like(old: &Value, text: &str) -> Result<Value, String> {
    let (tag, name) = match old {
        Value::String(_) => return Ok(Value::from(text)),
        Value::Null => ("!!null", "null"),
        Value::Bool(_) => ("!!bool", "a boolean"),
        Value::Number(number) if number.is_f64() => ("!!float", "a number"),
        Value::Number(_) => ("!!int", "a whole number"),
        Value::Array(_) | Value::Object(_) => return Err("a list or a mapping has no text".to_owned()),
    };
    value_of(resolve(text, Style::Plain, Some(tag), Dialect::Resource), text)
        .ok_or_else(|| format!("the field holds {name}, and {text:?} is none: put quotes around its value"))
}

fn value_of(scalar: Option<Scalar>, text: &str) -> Option<Value> {
    Some(match scalar? {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::from(value),
        Scalar::Int(value) => Value::from(value),
        Scalar::UInt(value) => Value::from(value),
        Scalar::Float(value) => Value::Number(Number::from_f64(value)?),
        Scalar::Timestamp(text) => Value::from(text),
        Scalar::Str => Value::from(text),
        Scalar::Binary(bytes) => Value::from(String::from_utf8(bytes).ok()?),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_type_of_the_target_stays() {
        assert_eq!(typed_like(&json!("x"), "80"), Ok(json!("80")));
        assert_eq!(typed_like(&json!(1), "0x1F"), Ok(json!(31)));
        assert_eq!(typed_like(&json!(1.5), "5"), Ok(json!(5.0)));
        for (old, text) in [(json!(1), "true"), (json!(true), "yes"), (json!(null), "1"), (json!(1), "")] {
            assert!(typed_like(&old, text).is_err(), "{old} {text}");
        }
        assert_eq!([untyped("80"), untyped("yes"), untyped("null")], [json!(80), json!("yes"), json!(null)]);
    }
}
