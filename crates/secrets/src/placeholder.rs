//! Values that Flux puts in after a build: they are no secrets themselves.

use serde_json::Value as Json;
use windlass_sops::Location;
use windlass_yaml::ReadOptions;

use crate::json_path::get_path;

/// The places of a manifest whose values are more than a variable.
pub(crate) fn without(places: Vec<Location>, text: &[u8]) -> Vec<Location> {
    let documents = std::str::from_utf8(text)
        .ok()
        .and_then(|text| windlass_yaml::read_documents(text, &ReadOptions::resource()).ok());
    let Some(documents) = documents else { return places };
    let is_variable = |at: &Location| {
        let value = documents.get(at.document).and_then(|document| get_path(&document.value, &at.path));
        value.and_then(Json::as_str).is_some_and(is_variable)
    };
    places.into_iter().filter(|at| !is_variable(at)).collect()
}

/// Whether a text is one variable and nothing else; one with a default holds the default.
fn is_variable(text: &str) -> bool {
    let name = text.trim().strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_no_secret_and_a_default_is_one() {
        assert!(is_variable("${PASSWORD}"));
        for text in ["${PASSWORD:=hunter2}", "x${PASSWORD}", "$PASSWORD", "${}", "hunter2"] {
            assert!(!is_variable(text), "{text}");
        }
    }
}
