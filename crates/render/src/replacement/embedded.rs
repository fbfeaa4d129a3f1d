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
pub(crate) fn write(object: &mut Value, path: &[String], create: Option<Kind>, copied: &Copied) -> bool {
    for length in 1..path.len() {
        let Ok(Some(found)) = lookup(object, &path[..length]) else { continue };
        let Value::String(text) = found.value else { continue };
        let (steps, text) = (found.steps, text.clone());
        let Some(new) = changed(&text, &path[length..], create, copied) else { return false };
        if let Some(value) = at(object, &steps) {
            *value = Value::from(new);
        }
        return true;
    }
    false
}

/// The text with the value in it; `None` where it has no place for it.
fn changed(text: &str, path: &[String], create: Option<Kind>, copied: &Copied) -> Option<String> {
    let documents = read_documents(text, &ReadOptions::resource()).ok()?;
    let [document] = <[_; 1]>::try_from(documents).ok()?;
    let mut value = document.value;
    let places = select(&mut value, path, create).ok().filter(|places| !places.is_empty())?;
    for place in places {
        let field = at(&mut value, &place.steps)?;
        *field = match &*field {
            Value::Array(_) | Value::Object(_) => copied.value.clone(),
            _ if place.made => untyped(&copied.text),
            scalar => typed_like(scalar, &copied.text).ok()?,
        };
    }
    if text.trim_start().starts_with(['{', '[']) {
        let pretty = text.contains('\n') && text.contains("  ");
        return Some(if pretty { pretty_json(&value) } else { go_json(&value) });
    }
    restyle::print_like(text, &value)
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
