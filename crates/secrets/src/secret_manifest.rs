//! What a Kubernetes Secret asks of its values: those in `data` are base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use windlass_sops::{Document, PathStep};
use zeroize::Zeroizing;

use crate::Error;

/// The path of a key in the `data` of a Secret. A whole path, `data.password`, is taken as well.
///
/// # Errors
///
/// [`Error::NotASecret`] where a path leads elsewhere.
pub fn data_path(path: Vec<PathStep>) -> Result<Vec<PathStep>, Error> {
    let data = || PathStep::Key("data".to_owned());
    match &path[..] {
        [PathStep::Key(first), PathStep::Key(_)] if first == "data" => Ok(path),
        [PathStep::Key(_)] => Ok(std::iter::once(data()).chain(path).collect()),
        _ => Err(Error::NotASecret("--data takes a key of a Secret's `data`, as in `password` or data[\"tls.key\"]")),
    }
}

/// Checks that a document is a Secret.
///
/// # Errors
///
/// [`Error::NotASecret`].
pub fn check_secret(document: &Document) -> Result<(), Error> {
    let field = |name: &str| document.get(&[PathStep::Key(name.to_owned())]);
    let is = |name, wanted: &str| field(name).as_ref().and_then(Json::as_str) == Some(wanted);
    if is("kind", "Secret") && is("apiVersion", "v1") {
        Ok(())
    } else {
        Err(Error::NotASecret("this is no Secret (kind: Secret, apiVersion: v1), so there is no `data` in base64"))
    }
}

/// A value as `data` holds it.
pub fn to_data(value: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(value))
}

/// What a value of `data` holds.
///
/// # Errors
///
/// [`Error::NotASecret`] where it is no base64.
pub fn from_data(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let letters: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
    STANDARD.decode(&*letters).map(Zeroizing::new).map_err(|_| Error::NotASecret("the value in `data` is no base64"))
}

/// A new Secret without values, to which they are added.
pub fn new_secret(name: &str, namespace: Option<&str>) -> Json {
    let mut metadata = json!({ "name": name });
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_of_data() {
        let key = |text: &str| PathStep::Key(text.to_owned());
        assert_eq!(data_path(vec![key("tls.key")]).unwrap(), [key("data"), key("tls.key")]);
        assert_eq!(data_path(vec![key("data"), key("a")]).unwrap(), [key("data"), key("a")]);
        assert!(data_path(vec![key("stringData"), key("a")]).is_err());
        assert_eq!(*to_data(b"hunter2"), "aHVudGVyMg==");
        assert_eq!(*from_data(b"aHVu\ndGVyMg==\n").unwrap(), *b"hunter2");
        assert!(from_data(b"%").is_err());
    }
}
