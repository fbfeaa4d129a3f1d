//! Scalars as text, the way kustomize sees a YAML node's value.

use serde_json::Value;

/// The text of a scalar; empty for mappings and lists, and `null` for null.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => String::new(),
        // The printer knows how numbers look.
        other => windlass_yaml::print(other).trim_end().to_owned(),
    }
}

/// About how many bytes a value takes.
pub(crate) fn size_of(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64 + 8,
        Value::Array(items) => items.iter().map(size_of).sum::<u64>() + 8,
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| key.len() as u64 + size_of(value) + 8).sum::<u64>() + 8
        }
        _ => 8,
    }
}

/// The type of a value in the words of an error message.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
