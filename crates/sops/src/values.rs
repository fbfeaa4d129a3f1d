//! Between the tree and `serde_json` values.

use serde_json::{Map, Number, Value as Json};
use zeroize::Zeroizing;

use crate::float_text;
use crate::scalar::Scalar;
use crate::tree::{Branch, Item, MAX_DEPTH, Node, Value};
use crate::{Error, Format, Location};

/// The values a reader finds in the document as sops prints it: comments gone, the last of equal keys, and a float without
/// a fraction an integer where its text is one.
pub(crate) fn to_json(items: &Branch, format: Format) -> Json {
    let entry = |item: &Item| match item {
        Item::Entry { key, node } => Some((key.clone(), node_to_json(node, format))),
        Item::Comment(_) => None,
    };
    Json::Object(items.iter().filter_map(entry).collect())
}

/// The same for any node.
pub(crate) fn node_to_json(node: &Node, format: Format) -> Json {
    match &node.value {
        Value::Null | Value::Comment(_) => Json::Null,
        Value::Map(items) => to_json(items, format),
        Value::List(nodes) => {
            let items = nodes.iter().filter(|node| !matches!(node.value, Value::Comment(_)));
            items.map(|node| node_to_json(node, format)).collect()
        }
        Value::Scalar(scalar) => scalar_to_json(scalar, format),
    }
}

fn scalar_to_json(scalar: &Scalar, format: Format) -> Json {
    match scalar {
        Scalar::Str(bytes) => Json::String(String::from_utf8_lossy(bytes).into_owned()),
        Scalar::Int(number) => Json::from(*number),
        Scalar::Bool(flag) => Json::Bool(*flag),
        Scalar::Time(text) => Json::String(text.clone()),
        Scalar::Float(number) => {
            let text = match format {
                Format::Yaml => float_text::yaml(*number),
                _ => float_text::json(*number),
            };
            let integer = text.parse::<i64>().ok().filter(|_| text != "-0").map(Number::from);
            integer.or_else(|| Number::from_f64(*number)).map_or(Json::String(text), Json::Number)
        }
    }
}

/// Reads an object into the tree. It has no lines.
pub(crate) fn from_json(object: &Map<String, Json>) -> Result<Branch, Error> {
    branch_from_json(object, 0)
}

fn branch_from_json(object: &Map<String, Json>, depth: usize) -> Result<Branch, Error> {
    let entry =
        |(key, value): (&String, &Json)| Ok(Item::Entry { key: key.clone(), node: node_from_json(value, depth + 1)? });
    object.iter().map(entry).collect()
}

/// Reads any value, that stands at some depth.
pub(crate) fn node_from_json(json: &Json, depth: usize) -> Result<Node, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::Shape { at: Location::default(), reason: "the value is nested too deeply" });
    }
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Scalar(Scalar::Bool(*flag)),
        Json::Number(number) => Value::Scalar(match number.as_i64() {
            Some(number) => Scalar::Int(number),
            None => Scalar::Float(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Json::String(text) => Value::Scalar(Scalar::Str(Zeroizing::new(text.as_bytes().to_vec()))),
        Json::Array(items) => {
            Value::List(items.iter().map(|item| node_from_json(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Json::Object(object) => Value::Map(branch_from_json(object, depth)?),
    };
    Ok(Node { value, line: None })
}
