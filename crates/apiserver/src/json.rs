//! Reads JSON, and finds the fields that it gives twice.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A value, and the fields given twice in the order of the text, as `duplicate field "spec.replicas"`. Of such fields the
/// last one counts, as in Go.
pub(crate) fn read(text: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let value: Value = serde_json::from_slice(text)?;
    // Nearly always there are none, and the second look is not needed: as many keys are left as were read.
    if keys_in(&value) == keys_of(text) {
        return Ok((value, Vec::new()));
    }
    let mut found = Found::default();
    let mut reader = serde_json::Deserializer::from_slice(text);
    Look(&mut found).deserialize(&mut reader)?;
    Ok((value, found.duplicates))
}

fn keys_in(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len() + fields.values().map(keys_in).sum::<usize>(),
        Value::Array(items) => items.iter().map(keys_in).sum(),
        _ => 0,
    }
}

/// The colons outside of texts.
fn keys_of(text: &[u8]) -> usize {
    let (mut count, mut inside, mut escaped) = (0, false, false);
    for byte in text {
        match (inside, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => inside = !inside,
            (false, b':') => count += 1,
            _ => {}
        }
    }
    count
}

#[derive(Default)]
struct Found {
    path: String,
    duplicates: Vec<String>,
}

/// A look at one value.
struct Look<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let start = self.0.path.len();
        for index in 0.. {
            self.0.path.push_str(&format!("[{index}]"));
            let more = items.next_element_seed(Look(self.0))?;
            self.0.path.truncate(start);
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let start = self.0.path.len();
        let mut seen = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            if start > 0 {
                self.0.path.push('.');
            }
            self.0.path.push_str(&name);
            if !seen.insert(name) {
                self.0.duplicates.push(format!("duplicate field \"{}\"", self.0.path));
            }
            fields.next_value_seed(Look(self.0))?;
            self.0.path.truncate(start);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn fields_given_twice_are_found_where_they_are() {
        let text = br#"{"a": 1, "s": {"x": ":", "l": [{"b": 1, "b": 2}], "x": "\":"}, "a": 2}"#;
        let (value, duplicates) = read(text).expect("JSON");
        assert_eq!(value["a"], 2);
        let places = ["s.l[0].b", "s.x", "a"].map(|place| format!("duplicate field \"{place}\""));
        assert_eq!(duplicates, places);
        assert!(read(br#"{"a": {"b": 1}, "b": 1}"#).expect("JSON").1.is_empty());
    }
}
