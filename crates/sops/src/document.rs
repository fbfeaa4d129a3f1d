//! The one place that knows how each format is read.

use zeroize::Zeroizing;

use crate::scalar::Scalar;
use crate::tree::{Branch, Item, Value};
use crate::{Error, Format, Location, json, json_print, yaml, yaml_print};

/// Reads a text into its documents.
pub(crate) fn read(text: &[u8], format: Format) -> Result<Vec<Branch>, Error> {
    match format {
        Format::Yaml => yaml::read(text),
        Format::Json | Format::Binary => Ok(vec![json::read(text)?]),
        Format::Dotenv | Format::Ini => Err(Error::FormatNotSupported(format)),
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
        (Format::Yaml, documents) => Ok(yaml_print::print(documents, capacity)),
        _ => Err(Error::FormatNotSupported(format)),
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
