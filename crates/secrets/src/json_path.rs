//! Paths into `serde_json` values.

use serde_json::{Map, Value as Json};
use windlass_sops::PathStep;
use zeroize::Zeroize as _;

/// Sets the value at a path, with the mappings and lists it takes, as `windlass_sops::Document::set` does: what is in the way
/// goes, a position beyond the end of a list adds to it.
pub fn set_path(at: &mut Json, path: &[PathStep], value: Json) {
    let Some((step, rest)) = path.split_first() else {
        *at = value;
        return;
    };
    match step {
        PathStep::Key(key) => {
            if !at.is_object() {
                *at = Json::Object(Map::new());
            }
            if let Some(entries) = at.as_object_mut() {
                set_path(entries.entry(key.clone()).or_insert(Json::Null), rest, value);
            }
        }
        PathStep::Index(position) => {
            if !at.is_array() {
                *at = Json::Array(Vec::new());
            }
            if let Some(items) = at.as_array_mut() {
                let position = (*position).min(items.len());
                if position == items.len() {
                    items.push(Json::Null);
                }
                set_path(&mut items[position], rest, value);
            }
        }
    }
}

/// The value at a path.
pub fn get_path<'v>(at: &'v Json, path: &[PathStep]) -> Option<&'v Json> {
    path.iter().try_fold(at, |at, step| match step {
        PathStep::Key(key) => at.get(key),
        PathStep::Index(position) => at.get(position),
    })
}

/// Removes the value at a path, if there is one.
pub(crate) fn unset_path(at: &mut Json, path: &[PathStep]) {
    let Some((last, above)) = path.split_last() else { return };
    let parent = above.iter().try_fold(at, |at, step| match step {
        PathStep::Key(key) => at.get_mut(key),
        PathStep::Index(position) => at.get_mut(position),
    });
    match (parent, last) {
        (Some(Json::Object(entries)), PathStep::Key(key)) => drop(entries.shift_remove(key)),
        (Some(Json::Array(items)), PathStep::Index(position)) if *position < items.len() => {
            drop(items.remove(*position))
        }
        _ => {}
    }
}

/// Overwrites the texts of a value. Numbers and booleans live inline and are left to the allocator.
pub fn wipe(value: &mut Json) {
    match value {
        Json::String(text) => text.zeroize(),
        Json::Array(items) => items.iter_mut().for_each(wipe),
        Json::Object(entries) => entries.values_mut().for_each(wipe),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_sops::parse_dotted_path;

    use super::*;

    #[test]
    fn what_a_path_needs_is_made() {
        let mut value = json!({"a": 1, "list": [1, 2]});
        for (path, new) in
            [("a.b", json!("x")), ("list[0]", json!(5)), ("list[9].name", json!("y")), ("c[0][0]", json!(1))]
        {
            set_path(&mut value, &parse_dotted_path(path).unwrap(), new);
        }
        assert_eq!(value, json!({"a": {"b": "x"}, "list": [5, 2, {"name": "y"}], "c": [[1]]}));
    }
}
