//! Prints one value of a document, as `sops decrypt --extract` does.

use zeroize::Zeroizing;

use crate::scalar::Scalar;
use crate::tree::{Item, Node, Value};
use crate::yaml_layout::Layout;
use crate::yaml_print;
use crate::{Error, Format, Location, flat_text, json_print, stores};

/// A string as it is, a mapping as a document, all else as the format prints it.
pub(crate) fn print(node: &Node, format: Format) -> Result<Zeroizing<Vec<u8>>, Error> {
    match (&node.value, format) {
        (Value::Scalar(Scalar::Str(bytes)), _) => Ok(bytes.clone()),
        (Value::Map(items), format) => stores::print(std::slice::from_ref(items), format, 0),
        (_, Format::Yaml) => Ok(yaml(node)),
        (_, Format::Json) => Ok(json(node)),
        (value, _) => flat_text::of(value)
            .ok_or(Error::Shape { at: Location::default(), reason: "the value cannot stand alone in this format" }),
    }
}

/// The value behind a key, moved to the left.
fn yaml(node: &Node) -> Zeroizing<Vec<u8>> {
    let text = match &node.value {
        Value::List(nodes) => nodes.iter().fold(Zeroizing::new(String::new()), |mut text, node| {
            text.push_str(&yaml_print::item(node, 0, Layout::default()));
            text
        }),
        _ => yaml_print::value(node, 0, Layout::default()),
    };
    Zeroizing::new(text.trim_start_matches(' ').as_bytes().to_vec())
}

fn json(node: &Node) -> Zeroizing<Vec<u8>> {
    let document = vec![Item::Entry { key: String::new(), node: node.clone() }];
    let text = json_print::print_with(&document, "\t", 0);
    // `{`, a line break, one level, `"": ` in front; a line break, `}` and another one behind.
    let inner = text.get(7..text.len().saturating_sub(3)).unwrap_or_default();
    let lines = inner.split(|byte| *byte == b'\n');
    let lines: Vec<_> = lines.map(|line| line.strip_prefix(b"\t").unwrap_or(line)).collect();
    let mut out = Zeroizing::new(lines.join(&b'\n'));
    out.push(b'\n');
    out
}
