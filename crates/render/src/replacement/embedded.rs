//! Fields within text: a path may go on into a scalar that holds JSON or YAML.

use serde_json::Value;
use windlass_yaml::{ReadOptions, read_documents};

use crate::generator::hash::go_json;
use crate::replacement::apply::Copied;
use crate::replacement::assign::{typed_like, untyped};
use crate::replacement::lookup::lookup;
use crate::replacement::restyle;
use crate::replacement::select::{Kind, at, select};

/// Writes a value into the text that the first part of the path leads to; says whether there was such a place.
///
/// # Errors
/// Where the place holds something of another type. kustomize writes the type beside the text then: `!!int abc`.
pub(crate) fn write(
    object: &mut Value,
    path: &[String],
    create: Option<Kind>,
    copied: &Copied,
) -> Result<bool, String> {
    for length in 1..path.len() {
        let Ok(Some(found)) = lookup(object, &path[..length]) else { continue };
        let Value::String(text) = found.value else { continue };
        let (steps, text) = (found.steps, text.clone());
        let Some(new) = changed(&text, &path[length..], create, copied)? else { return Ok(false) };
        if let Some(value) = at(object, &steps) {
            *value = Value::from(new);
        }
        return Ok(true);
    }
    Ok(false)
}

/// The text with the value in it; `None` where it has no place for it.
fn changed(text: &str, path: &[String], create: Option<Kind>, copied: &Copied) -> Result<Option<String>, String> {
    let documents = read_documents(text, &ReadOptions::resource()).unwrap_or_default();
    let Ok([document]) = <[_; 1]>::try_from(documents) else { return Ok(None) };
    let mut value = document.value;
    let places = select(&mut value, path, create).unwrap_or_default();
    if places.is_empty() {
        return Ok(None);
    }
    for place in places {
        let Some(field) = at(&mut value, &place.steps) else { continue };
        *field = match &*field {
            Value::Array(_) | Value::Object(_) => copied.value.clone(),
            _ if place.made => untyped(&copied.text),
            scalar => typed_like(scalar, &copied.text)?,
        };
    }
    if text.trim_start().starts_with(['{', '[']) {
        let pretty = text.contains('\n') && text.contains("  ");
        return Ok(Some(if pretty { pretty_json(&value) } else { go_json(&value) }));
    }
    Ok(restyle::print_like(text, &value))
}

/// JSON with two blanks for every level, as Go prints it.
fn pretty_json(value: &Value) -> String {
    let mut out = String::new();
    write_pretty(value, 0, &mut out);
    out
}

fn write_pretty(value: &Value, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(depth + 1, out);
                write_pretty(item, depth + 1, out);
            }
            line(depth, out);
            out.push(']');
        }
        Value::Object(fields) if !fields.is_empty() => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(depth + 1, out);
                out.push_str(&go_json(&Value::from(key.as_str())));
                out.push_str(": ");
                write_pretty(value, depth + 1, out);
            }
            line(depth, out);
            out.push('}');
        }
        other => out.push_str(&go_json(other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::replacement::path::split;

    fn written(text: &str, path: &str, new: &str) -> Result<Option<String>, String> {
        changed(text, &split(path), Some(Kind::Scalar), &Copied { value: json!(new), text: new.to_owned() })
    }

    #[test]
    fn json_comes_out_as_go_prints_it() {
        let text = r#"{"b": [1.50, 1e-9, 1e21], "a": {"x": "y"}}"#;
        assert_eq!(written(text, "a.x", "<"), Ok(Some(r#"{"a":{"x":"\u003c"},"b":[1.5,1e-9,1e+21]}"#.to_owned())));
        assert_eq!(written("{\n  \"a\": []\n}", "b", "1"), Ok(Some("{\n  \"a\": [],\n  \"b\": 1\n}".to_owned())));
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        assert!(written("a: 1", "a", "x").is_err());
        assert_eq!(written("plain text", "a", "x"), Ok(None));
        assert_eq!(written("a: 1\n---\nb: 2\n", "a", "2"), Ok(None));
    }
}
