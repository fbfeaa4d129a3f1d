//! Reads objects of built-in kinds in protobuf, which is what client-go's typed clients send, kubectl's `create` among them.
//!
//! The numbers of fields are in a table made from the Go types; what a field is, the schema says. Answers are JSON, which
//! those clients take as well.

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use windlass_schema::{Node, Scalar, Shape};

/// How deep messages may stand in each other.
const DEEPEST: usize = 64;
const MAGIC: &[u8] = b"k8s\0";
const METADATA: &str = "apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The fields of each type by their numbers.
static NUMBERS: LazyLock<HashMap<&str, HashMap<u64, Field>>> = LazyLock::new(|| {
    let lines = include_str!("protobuf.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(read_type).collect()
});

enum Field {
    Named(&'static str),
    /// A message whose fields are those of the type itself.
    Part(&'static str),
}

fn read_type(line: &'static str) -> Option<(&'static str, HashMap<u64, Field>)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let fields = words.filter_map(|word| match word.strip_prefix('^') {
        Some(part) => part.split_once('=').and_then(|(number, of)| Some((number.parse().ok()?, Field::Part(of)))),
        None => word.split_once('=').and_then(|(field, number)| Some((number.parse().ok()?, Field::Named(field)))),
    });
    Some((name, fields.collect()))
}

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it does not start as Kubernetes' protobuf does")]
    Envelope,
    #[error("a message ends too early, or a number is too long")]
    Broken,
    #[error("messages stand too deep in each other")]
    Deep,
}

/// The version and kind that an envelope names, and the message in it.
pub(crate) struct Envelope<'a> {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) message: &'a [u8],
}

/// Opens an envelope.
pub(crate) fn open(body: &[u8]) -> Result<Envelope<'_>, Unreadable> {
    let inside = body.strip_prefix(MAGIC).ok_or(Unreadable::Envelope)?;
    let mut envelope = Envelope { api_version: String::new(), kind: String::new(), message: &[] };
    for part in parts(inside)? {
        match part {
            (1, Part::Bytes(of)) => {
                for part in parts(of)? {
                    match part {
                        (1, Part::Bytes(text)) => envelope.api_version = String::from_utf8_lossy(text).into_owned(),
                        (2, Part::Bytes(text)) => envelope.kind = String::from_utf8_lossy(text).into_owned(),
                        _ => {}
                    }
                }
            }
            (2, Part::Bytes(message)) => envelope.message = message,
            _ => {}
        }
    }
    Ok(envelope)
}

/// Reads the message of an object.
pub(crate) fn object(message: &[u8], root: Node<'_>) -> Result<Value, Unreadable> {
    let mut fields = Map::new();
    read_message(message, root, root.definition_name().unwrap_or_default(), &mut fields, DEEPEST)?;
    Ok(Value::Object(fields))
}

fn read_message(
    message: &[u8],
    node: Node<'_>,
    name: &str,
    into: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), Unreadable> {
    let depth = depth.checked_sub(1).ok_or(Unreadable::Deep)?;
    let Some(numbers) = NUMBERS.get(name) else { return Ok(()) };
    for (number, part) in parts(message)? {
        match (numbers.get(&number), part) {
            (Some(Field::Part(of)), Part::Bytes(inner)) => read_message(inner, node, of, into, depth)?,
            (Some(Field::Named(field)), part) => {
                let Some(below) = node.field(field) else { continue };
                let fine = matches!(
                    (name.rsplit('.').next().unwrap_or_default(), *field),
                    ("LeaseSpec", _) | ("EventSeries", "lastObservedTime") | ("Event", "eventTime")
                );
                match below.shape() {
                    Shape::List(_) => {
                        let Some(item) = below.item() else { continue };
                        let value = read_value(part, item, fine, depth)?;
                        let list = into.entry(*field).or_insert_with(|| Value::Array(Vec::new()));
                        if let Some(list) = list.as_array_mut() {
                            list.push(value);
                        }
                    }
                    Shape::Map(_) => {
                        let Some(value_node) = below.value() else { continue };
                        let (key, value) = read_entry(part, value_node, depth)?;
                        let map = into.entry(*field).or_insert_with(|| Value::Object(Map::new()));
                        if let Some(map) = map.as_object_mut() {
                            map.insert(key, value);
                        }
                    }
                    _ => {
                        into.insert((*field).to_owned(), read_value(part, below, fine, depth)?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn read_entry(part: Part<'_>, node: Node<'_>, depth: usize) -> Result<(String, Value), Unreadable> {
    let (mut key, mut value) = (String::new(), Value::Null);
    let Part::Bytes(entry) = part else { return Err(Unreadable::Broken) };
    for part in parts(entry)? {
        match part {
            (1, Part::Bytes(text)) => key = String::from_utf8_lossy(text).into_owned(),
            (2, Part::Bytes(items)) if matches!(node.shape(), Shape::List(_)) => {
                let Some(item) = node.item() else { continue };
                let list = parts(items)?.into_iter().map(|(_, part)| read_value(part, item, false, depth));
                value = Value::Array(list.collect::<Result<_, _>>()?);
            }
            (2, part) => value = read_value(part, node, false, depth)?,
            _ => {}
        }
    }
    // An empty value is not written.
    if value.is_null()
        && matches!(node.shape(), Shape::Scalar(Scalar::String | Scalar::FormattedString | Scalar::Bytes))
    {
        value = "".into();
    }
    Ok((key, value))
}

fn read_value(part: Part<'_>, node: Node<'_>, fine: bool, depth: usize) -> Result<Value, Unreadable> {
    let text = |bytes: &[u8]| Value::String(String::from_utf8_lossy(bytes).into_owned());
    Ok(match (node.shape(), part) {
        (Shape::Object(_), Part::Bytes(message)) => match node.definition_name() {
            Some(name) if !NUMBERS.contains_key(name) => raw(message)?,
            name => {
                let mut fields = Map::new();
                read_message(message, node, name.unwrap_or(METADATA), &mut fields, depth)?;
                Value::Object(fields)
            }
        },
        (Shape::Scalar(Scalar::Boolean), Part::Number(number)) => (number != 0).into(),
        (Shape::Scalar(_), Part::Number(number)) => number.cast_signed().into(),
        (Shape::Scalar(_), Part::Double(number)) => number.into(),
        (Shape::Scalar(Scalar::Bytes), Part::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        (Shape::Scalar(Scalar::Time), Part::Bytes(message)) => time(message, fine)?,
        (Shape::Scalar(Scalar::Quantity), Part::Bytes(message)) => match parts(message)?.first() {
            Some((1, Part::Bytes(amount))) => text(amount),
            _ => "0".into(),
        },
        (Shape::Scalar(Scalar::IntOrString), Part::Bytes(message)) => int_or_string(message)?,
        (Shape::Scalar(_), Part::Bytes(bytes)) => text(bytes),
        // What may be anything is JSON inside of a message.
        (_, Part::Bytes(message)) => raw(message)?,
        _ => Value::Null,
    })
}

/// `RawExtension`, `FieldsV1`, `JSON`: a text in a message.
fn raw(message: &[u8]) -> Result<Value, Unreadable> {
    Ok(match parts(message)?.first() {
        Some((1, Part::Bytes(json))) => serde_json::from_slice(json).unwrap_or(Value::Null),
        Some((1, Part::Number(number))) => number.cast_signed().into(),
        _ => Value::Null,
    })
}

fn time(message: &[u8], fine: bool) -> Result<Value, Unreadable> {
    let (mut seconds, mut nanos) = (0, 0);
    for part in parts(message)? {
        match part {
            (1, Part::Number(number)) => seconds = number.cast_signed(),
            (2, Part::Number(number)) => nanos = i32::try_from(number).unwrap_or(0),
            _ => {}
        }
    }
    // The zero time is none.
    if message.is_empty() || seconds == -62_135_596_800 {
        return Ok(Value::Null);
    }
    let format = if fine { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    let time = Timestamp::new(seconds, nanos).map_err(|_| Unreadable::Broken)?;
    Ok(time.strftime(format).to_string().into())
}

fn int_or_string(message: &[u8]) -> Result<Value, Unreadable> {
    let (mut is_text, mut number, mut text) = (false, 0, String::new());
    for part in parts(message)? {
        match part {
            (1, Part::Number(kind)) => is_text = kind == 1,
            (2, Part::Number(value)) => number = value.cast_signed(),
            (3, Part::Bytes(value)) => text = String::from_utf8_lossy(value).into_owned(),
            _ => {}
        }
    }
    Ok(if is_text { text.into() } else { number.into() })
}

/// What stands behind a number.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Number(u64),
    Double(f64),
    Bytes(&'a [u8]),
}

fn parts(mut message: &[u8]) -> Result<Vec<(u64, Part<'_>)>, Unreadable> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let part = match key & 7 {
            0 => Part::Number(varint(&mut message)?),
            1 => Part::Double(f64::from_le_bytes(*take::<8>(&mut message)?)),
            2 => {
                let length = usize::try_from(varint(&mut message)?).map_err(|_| Unreadable::Broken)?;
                let (bytes, rest) = message.split_at_checked(length).ok_or(Unreadable::Broken)?;
                message = rest;
                Part::Bytes(bytes)
            }
            5 => Part::Double(f32::from_le_bytes(*take::<4>(&mut message)?).into()),
            _ => return Err(Unreadable::Broken),
        };
        found.push((key >> 3, part));
    }
    Ok(found)
}

fn take<'a, const LENGTH: usize>(message: &mut &'a [u8]) -> Result<&'a [u8; LENGTH], Unreadable> {
    let (bytes, rest) = message.split_first_chunk().ok_or(Unreadable::Broken)?;
    *message = rest;
    Ok(bytes)
}

fn varint(message: &mut &[u8]) -> Result<u64, Unreadable> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = *take::<1>(message)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Unreadable::Broken)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_schema::Schema;

    use super::*;

    #[test]
    fn a_message_is_read_by_table_and_schema() {
        let schema = Schema::builtin();
        let service = schema.kind("", "v1", "Service").expect("it is built in");
        // metadata {name: "a"}, spec {ports: [{port: 80, targetPort: "x"}], selector: {a: b}}
        let body = b"k8s\0\x0a\x0d\x0a\x02v1\x12\x07Service\x12\x1e\x0a\x03\x0a\x01a\x12\x17\
                     \x0a\x0d\x18\x50\x22\x09\x08\x01\x10\x00\x1a\x03abc\x12\x06\x0a\x01a\x12\x01b";
        let envelope = open(body).expect("an envelope");
        assert_eq!((&*envelope.api_version, &*envelope.kind), ("v1", "Service"));
        let read = object(envelope.message, service.root()).expect("a message");
        let spec = json!({"ports": [{"port": 80, "targetPort": "abc"}], "selector": {"a": "b"}});
        assert_eq!(read, json!({"metadata": {"name": "a"}, "spec": spec}));
        assert_eq!(object(b"\xff\xff", service.root()), Err(Unreadable::Broken));
        assert!(open(b"{}").is_err());
    }
}
