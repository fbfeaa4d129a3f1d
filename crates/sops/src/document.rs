//! The one place that knows which module reads and prints which format.

use zeroize::Zeroizing;

use crate::scalar::Scalar;
use crate::tree::{self, Branch, Item, Node, Value};
use crate::{Error, Format, Location, dotenv, ini, json, json_print, yaml, yaml_print};

/// Reads a text into its documents.
pub(crate) fn read(text: &[u8], format: Format) -> Result<Vec<Branch>, Error> {
    match format {
        Format::Yaml => yaml::read(text),
        Format::Json | Format::Binary => Ok(vec![json::read(text)?]),
        Format::Dotenv => Ok(vec![dotenv::read(text)?]),
        Format::Ini => Ok(vec![ini::read(text)?]),
    }
}

/// Takes the metadata out of a document: as many mappings as stand there for them.
pub(crate) fn take_metadata(document: &mut Branch, format: Format) -> Result<Vec<Node>, Error> {
    match format {
        Format::Yaml | Format::Json | Format::Binary => Ok(tree::take_metadata(document)),
        Format::Dotenv => dotenv::take_metadata(document),
        Format::Ini => ini::take_metadata(document),
    }
}

/// Prints documents as `sops decrypt` does.
///
/// `capacity` is the length of the encrypted text, which the plaintext seldom exceeds: a buffer that grows leaves copies of
/// its content behind.
pub(crate) fn print(documents: &[Branch], format: Format, capacity: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    match (format, documents) {
        (Format::Json, [document]) => Ok(json_print::print(document, capacity)),
        (Format::Binary, [document]) => binary_data(document),
        (Format::Dotenv, [document]) => dotenv::print(document, capacity),
        (Format::Ini, [document]) => ini::print(document, capacity),
        (Format::Yaml, documents) => Ok(yaml_print::print(documents, capacity)),
        _ => Err(Error::Shape { at: Location::default(), reason: "only a YAML file can hold several documents" }),
    }
}

/// The bytes in the `data` entry of a binary file's envelope.
fn binary_data(document: &Branch) -> Result<Zeroizing<Vec<u8>>, Error> {
    let data = document.iter().find_map(|item| match item {
        Item::Entry { key, node } if key == "data" => Some(node),
        _ => None,
    });
    match data.map(|node| &node.value) {
        Some(Value::Scalar(Scalar::Str(bytes))) => Ok(bytes.clone()),
        _ => Err(Error::Shape { at: Location::default(), reason: "a binary file must have a `data` string" }),
    }
}
