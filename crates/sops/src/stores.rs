//! The one place that knows which module reads and prints which format.

use zeroize::Zeroizing;

use crate::scalar::Scalar;
use crate::tree::{self, Branch, Item, METADATA_KEY, Node, Value};
use crate::{Error, Format, Location, StoresConfig, dotenv, ini, json, json_print, yaml, yaml_print};

/// Reads a text into its documents.
pub(crate) fn read(text: &[u8], format: Format) -> Result<Vec<Branch>, Error> {
    read_as(text, format).map_err(|error| match (&error, conflict(text)) {
        (Error::Syntax { .. }, Some(line)) => Error::Conflict { line },
        _ => error,
    })
}

/// The line of the first marker, where Git left the two sides of a merge.
fn conflict(text: &[u8]) -> Option<usize> {
    let mut lines = text.split(|byte| *byte == b'\n').enumerate();
    let (first, _) = lines.find(|(_, line)| line.starts_with(b"<<<<<<< "))?;
    lines.find(|(_, line)| line.starts_with(b"======="))?;
    lines.find(|(_, line)| line.starts_with(b">>>>>>> ")).map(|_| first + 1)
}

fn read_as(text: &[u8], format: Format) -> Result<Vec<Branch>, Error> {
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

/// Puts the metadata into a document, `behind` items from its end where the format keeps it among the values.
pub(crate) fn put_metadata(document: &mut Branch, fields: &Branch, format: Format, behind: usize) {
    match format {
        Format::Dotenv => dotenv::put_metadata(document, fields),
        Format::Ini => ini::put_metadata(document, fields),
        Format::Yaml | Format::Json | Format::Binary => {
            let node = Node { value: Value::Map(fields.clone()), line: None };
            let at = document.len().saturating_sub(behind);
            document.insert(at, Item::Entry { key: METADATA_KEY.to_owned(), node });
        }
    }
}

/// The metadata of the first document, with fields that nobody here knows.
pub(crate) fn metadata_of_first(documents: &[Branch], format: Format) -> Result<Branch, Error> {
    let mut first = documents.first().cloned().unwrap_or_default();
    match take_metadata(&mut first, format)?.into_iter().next() {
        Some(Node { value: Value::Map(items), .. }) => Ok(items),
        _ => Ok(Branch::new()),
    }
}

/// How many items stand below the metadata: comments, where nothing else follows.
pub(crate) fn items_below_metadata(document: &[Item]) -> usize {
    let is_metadata = |item: &Item| matches!(item, Item::Entry { key, .. } if key == METADATA_KEY);
    document.iter().rposition(is_metadata).map_or(0, |at| document.len() - at - 1)
}

/// Where a plaintext stands in the way of the metadata.
pub(crate) fn has_metadata_key(document: &Branch, format: Format) -> bool {
    document.iter().any(|item| matches!(item, Item::Entry { key, .. } if is_metadata_key(key, format)))
}

/// Whether a key at the top is that of the metadata.
pub(crate) fn is_metadata_key(key: &str, format: Format) -> bool {
    if format == Format::Dotenv { dotenv::is_metadata_key(key) } else { key == METADATA_KEY }
}

/// Reads a plaintext into its documents. Binary is one value, whatever it is.
pub(crate) fn read_plain(text: &[u8], format: Format) -> Result<Vec<Branch>, Error> {
    if format != Format::Binary {
        return read(text, format);
    }
    let data = Scalar::Str(Zeroizing::new(text.to_vec()));
    let node = Node { value: Value::Scalar(data), line: None };
    Ok(vec![vec![Item::Entry { key: "data".to_owned(), node }]])
}

/// Prints encrypted documents as sops does, or as near to it as the text allows that they come from.
///
/// `source` is a text whose indentation JSON keeps; without one it is that of the configuration.
pub(crate) fn print_encrypted(
    documents: &[Branch],
    format: Format,
    source: Option<&[u8]>,
    config: StoresConfig,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let capacity = source.map_or(0, <[u8]>::len) * 2;
    let own = match format {
        Format::Binary => config.json_binary_text(),
        _ => config.json_text(),
    };
    match (format, documents) {
        (Format::Json | Format::Binary, [document]) => {
            json_print::check(document)?;
            let indentation = source.and_then(json_print::indentation_of).unwrap_or(own);
            Ok(json_print::print_with(document, &indentation, capacity))
        }
        _ => print(documents, format, capacity, config),
    }
}

/// Prints documents as `sops decrypt` does.
///
/// `capacity` is the length of the encrypted text, which the plaintext seldom exceeds: a buffer that grows leaves copies of
/// its content behind.
pub(crate) fn print(
    documents: &[Branch],
    format: Format,
    capacity: usize,
    config: StoresConfig,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let json = |document: &Branch| {
        json_print::check(document).map(|()| json_print::print_with(document, &config.json_text(), capacity))
    };
    match (format, documents) {
        // Of several YAML documents, sops shows the first as JSON, and as dotenv.
        (Format::Json, [document, ..]) => json(document),
        (Format::Dotenv, [document, ..]) => dotenv::print(document, capacity),
        (Format::Binary, [document]) => binary_data(document),
        (Format::Ini, [document]) => ini::print(document, capacity),
        (Format::Yaml, documents) => Ok(yaml_print::print(documents, capacity, config.yaml_step())),
        (Format::Json, []) => json(&Branch::new()),
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
