use std::sync::Arc;

use serde_json::Value;
use windlass_yaml::{Document, ReadOptions};

use crate::manifest::type_name;
use crate::{Error, Manifest, Origin};

/// Reads every object of a YAML (or JSON) text, as kustomize reads a resource file.
///
/// Empty documents vanish. Any kind that ends in `List` and has `items` is taken apart, and its items come after the
/// other objects of the file, which is where kustomize puts them. Annotation values keep the text they were written
/// with, since kustomize turns them into strings. `file` is only used to say where an object or a fault is.
///
/// # Errors
/// The first fault of the text, with its line.
pub fn read_manifests(text: &str, file: &str) -> Result<Vec<Manifest>, Error> {
    read(text, file, &ReadOptions { text_below: &[ANNOTATIONS], ..ReadOptions::resource() })
}

/// As [`read_manifests`], and refuses keys that are no text (`1: x`), as `kustomize build` does.
///
/// # Errors
/// The first fault of the text, with its line.
pub fn read_kustomize_manifests(text: &str, file: &str) -> Result<Vec<Manifest>, Error> {
    read(text, file, &ReadOptions { text_below: &[ANNOTATIONS], refuse_typed_keys: true, ..ReadOptions::resource() })
}

const ANNOTATIONS: &[&str] = &["metadata", "annotations"];

fn read(text: &str, file: &str, options: &ReadOptions<'_>) -> Result<Vec<Manifest>, Error> {
    let documents =
        windlass_yaml::read_documents(text, options).map_err(|source| Error::Yaml { file: file.to_owned(), source })?;
    let file: Arc<str> = file.into();
    let documents = documents.into_iter().map(|Document { value, line }| (value, Origin::new(Arc::clone(&file), line)));
    manifests_from_values(documents)
}

/// Takes values that were read elsewhere (decrypted, generated) as manifests, with the same treatment of lists as
/// [`read_manifests`].
///
/// # Errors
/// The first value that is no object, at its origin.
pub fn manifests_from_values(values: impl IntoIterator<Item = (Value, Origin)>) -> Result<Vec<Manifest>, Error> {
    let mut manifests = Vec::new();
    let mut from_lists = Vec::new();
    for (value, origin) in values {
        collect(value, origin, &mut manifests, &mut from_lists)?;
    }
    manifests.append(&mut from_lists);
    Ok(manifests)
}

fn collect(
    mut value: Value,
    origin: Origin,
    plain: &mut Vec<Manifest>,
    from_lists: &mut Vec<Manifest>,
) -> Result<(), Error> {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    if !kind.ends_with("List") || value.get("items").is_none() {
        plain.push(Manifest::new(value, origin)?);
        return Ok(());
    }
    match value["items"].take() {
        Value::Null => Ok(()),
        Value::Array(items) => {
            let mut inner = Vec::new();
            for item in items {
                collect(item, origin.clone(), &mut inner, from_lists)?;
            }
            from_lists.append(&mut inner);
            Ok(())
        }
        other => Err(Error::ItemsNotAList { kind: kind_of(&value), found: type_name(&other), origin }),
    }
}

fn kind_of(value: &Value) -> String {
    value["kind"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        read_manifests(text, "f.yaml").unwrap().iter().map(|m| m.name().to_owned()).collect()
    }

    #[test]
    fn lists_are_taken_apart_behind_the_other_documents() {
        let text = "kind: List\nitems:\n- {kind: A, metadata: {name: in-list}}\n- kind: BList\n  items: \
                    [{kind: B, metadata: {name: nested}}]\n---\nkind: C\nmetadata: {name: plain}\n";
        assert_eq!(names(text), ["plain", "nested", "in-list"]);
    }

    #[test]
    fn null_items_are_nothing_and_a_list_kind_without_items_is_an_object() {
        assert!(names("kind: List\nitems:\n").is_empty());
        assert_eq!(names("kind: AllowList\nmetadata: {name: x}\n"), ["x"]);
    }

    #[test]
    fn items_that_are_no_list_are_refused() {
        let error = read_manifests("\nkind: List\nitems: {a: b}\n", "f.yaml").unwrap_err();
        assert_eq!(error.to_string(), "f.yaml:2: items of a List must be a list, found a mapping");
    }

    #[test]
    fn annotations_keep_their_text() {
        let text = "kind: A\nmetadata: {name: x, annotations: {v: 1.10, b: yes}}\n";
        let manifests = read_manifests(text, "f.yaml").unwrap();
        assert_eq!(manifests[0].annotation("v"), Some("1.10"));
        assert_eq!(manifests[0].annotation("b"), Some("yes"));
    }
}
