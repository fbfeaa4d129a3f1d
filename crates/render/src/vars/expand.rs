//! Expanding `$(NAME)` in text.

use serde_json::Value;

use crate::transform::scalar::{text_of, type_of};
use crate::vars::Defined;

/// The values of all vars.
#[derive(Debug, Default)]
pub(crate) struct Values(Defined);

impl Values {
    pub(crate) fn define(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), (value, false));
    }

    pub(crate) fn was_used(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|(_, used)| *used)
    }

    /// Expands a text, the texts of a list, or those of a mapping.
    ///
    /// # Errors
    /// Where a list holds something other than text.
    pub(crate) fn expand_in(&mut self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| match item {
                Value::String(text) => {
                    *item = self.expand(text);
                    Ok(())
                }
                other => Err(format!("expected a list of strings, and it holds {}", type_of(other))),
            }),
            Value::Object(fields) => {
                for value in fields.values_mut() {
                    if let Value::String(text) = value {
                        *value = self.expand(text);
                    }
                }
                Ok(())
            }
            Value::String(text) => {
                *value = self.expand(text);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A text with values in the places of names. A name that is the whole text keeps the type of its value; `$$` is a
    /// dollar sign; what is no name stays.
    pub(crate) fn expand(&mut self, text: &str) -> Value {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let behind = &rest[at + 1..];
            if let Some(after) = behind.strip_prefix('$') {
                out.push('$');
                rest = after;
                continue;
            }
            let name = behind.strip_prefix('(').and_then(|inner| inner.split_once(')'));
            let Some((name, after)) = name else {
                out.push('$');
                rest = behind;
                continue;
            };
            let value = self.value(name);
            match value {
                Some(value) if text.len() == name.len() + 3 => return value,
                Some(value) => out.push_str(&text_of(&value)),
                None => out.push_str(&rest[at..at + name.len() + 3]),
            }
            rest = after;
        }
        out.push_str(rest);
        Value::from(out)
    }

    fn value(&mut self, name: &str) -> Option<Value> {
        let (value, used) = self.0.get_mut(name)?;
        // kustomize does not know how to write those into text.
        if value.is_object() || value.is_array() {
            return None;
        }
        *used = true;
        Some(value.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_replaced_and_everything_else_stays() {
        let mut values = Values::default();
        values.define("A", json!("x"));
        values.define("N", json!(5));
        for (text, expected) in [
            ("$(N)", json!(5)),
            ("-$(A)$(N)-", json!("-x5-")),
            ("$$(A) $(B) $(A $ü", json!("$(A) $(B) $(A $ü")),
            ("$$$(A)$", json!("$x$")),
            ("$($(A))", json!("$($(A))")),
        ] {
            assert_eq!(values.expand(text), expected, "{text}");
        }
        assert!(values.was_used("A") && !values.was_used("B"));
    }
}
