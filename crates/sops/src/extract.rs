//! Prints one value of a document, as `sops decrypt --extract` does.

use zeroize::Zeroizing;

use crate::scalar::Scalar;
use crate::tree::{Node, Value};
use crate::yaml_layout::Layout;
use crate::yaml_print;
use crate::{Error, Format, Location, StoresConfig, json_print, stores};

/// A string as it is, a mapping as a document, all else as the format prints it, where it does.
pub(crate) fn print(node: &Node, format: Format, config: StoresConfig) -> Result<Zeroizing<Vec<u8>>, Error> {
    match (&node.value, format) {
        (Value::Scalar(Scalar::Str(bytes)), _) => Ok(bytes.clone()),
        (Value::Map(items), format) => stores::print(std::slice::from_ref(items), format, 0, config),
        (_, Format::Yaml) => Ok(yaml(node, Layout { step: config.yaml_step(), ..Layout::default() })),
        (_, Format::Json | Format::Ini) => {
            let indentation = (format == Format::Json).then(|| config.json_text());
            json_print::check_node(node).map(|()| json_print::value(node, indentation.as_deref()))
        }
        (_, Format::Dotenv | Format::Binary) => {
            let reason = "only a text can stand alone in this format";
            Err(Error::Shape { at: Location::default(), reason })
        }
    }
}

/// The value behind a key, moved to the left.
fn yaml(node: &Node, layout: Layout) -> Zeroizing<Vec<u8>> {
    let text = match &node.value {
        Value::List(nodes) => nodes.iter().fold(Zeroizing::new(String::new()), |mut text, node| {
            text.push_str(&yaml_print::item(node, 0, layout));
            text
        }),
        _ => yaml_print::value(node, 0, layout),
    };
    Zeroizing::new(text.trim_start_matches(' ').as_bytes().to_vec())
}
