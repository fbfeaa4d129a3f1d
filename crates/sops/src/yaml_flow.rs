//! Prints values on one line, as they stand between brackets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::float_text;
use crate::scalar::Scalar;
use crate::tree::{Item, Node, Value};
use crate::yaml_scalar;

/// The text of a value. Comments have no place in it.
pub(crate) fn print(node: &Node, out: &mut Zeroizing<String>) {
    match &node.value {
        Value::Null | Value::Comment(_) => out.push_str("null"),
        Value::Scalar(scalar) => print_scalar(scalar, out),
        Value::List(nodes) => {
            let items = nodes.iter().filter(|node| !matches!(node.value, Value::Comment(_)));
            join(['[', ']'], items, out, print);
        }
        Value::Map(items) => {
            let entries = items.iter().filter_map(|item| match item {
                Item::Entry { key, node } => Some((key, node)),
                Item::Comment(_) => None,
            });
            join(['{', '}'], entries, out, |(key, node), out| {
                yaml_scalar::double_quoted(key, out);
                out.push_str(": ");
                print(node, out);
            });
        }
    }
}

fn join<T>(
    [open, close]: [char; 2],
    items: impl Iterator<Item = T>,
    out: &mut Zeroizing<String>,
    print: impl Fn(T, &mut Zeroizing<String>),
) {
    out.push(open);
    for (position, item) in items.enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        print(item, out);
    }
    out.push(close);
}

fn print_scalar(scalar: &Scalar, out: &mut Zeroizing<String>) {
    match scalar {
        Scalar::Int(number) => out.push_str(&number.to_string()),
        Scalar::Float(number) => out.push_str(&float_text::yaml_read_back(*number)),
        Scalar::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Scalar::Time(text) => out.push_str(text),
        // An envelope holds commas and brackets, and any other text may.
        Scalar::Str(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => yaml_scalar::double_quoted(text, out),
            Err(_) => {
                out.push_str("!!binary \"");
                out.push_str(&Zeroizing::new(STANDARD.encode(bytes.as_slice())));
                out.push('"');
            }
        },
    }
}
