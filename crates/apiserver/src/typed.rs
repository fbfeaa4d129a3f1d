use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use windlass_schema::{Node, Scalar, Shape};

use crate::quantity;

/// How Go writes each field of each type; see the table's head.
static GO_TYPES: LazyLock<HashMap<&str, HashMap<&str, u8>>> = LazyLock::new(|| {
    let lines = include_str!("go_types.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(read_type).collect()
});

fn read_type(line: &'static str) -> Option<(&'static str, HashMap<&'static str, u8>)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let mut codes = HashMap::new();
    for word in words {
        let (code, fields) = word.split_once('=')?;
        let code = *code.as_bytes().first()?;
        codes.extend(fields.split(',').map(|field| (field, code)));
    }
    Some((name, codes))
}

/// What reading an object into its Go type came to.
pub(crate) struct Decoded {
    /// The object as Go writes it again.
    pub(crate) value: Value,
    /// Fields that the type does not have, as `unknown field "spec.foo"`.
    pub(crate) unknown: Vec<String>,
}

/// Reads an object of a built-in kind as the real server does, through its Go type, and writes it again: nulls and empty
/// values go, quantities and times take their one form, what the type lacks is dropped.
///
/// # Errors
/// The message of Go's JSON decoder where a value is of another type.
pub(crate) fn decode(value: &Value, root: Node<'_>, kind: &str) -> Result<Decoded, String> {
    let mut walk = Walk { unknown: Vec::new(), path: Vec::new() };
    let value = walk.object(value, root, kind)?.unwrap_or_else(|| Value::Object(Map::new()));
    Ok(Decoded { value, unknown: walk.unknown })
}

struct Walk {
    unknown: Vec<String>,
    /// Fields, and `[3]` for items.
    path: Vec<String>,
}

impl Walk {
    fn value(&mut self, value: &Value, node: Node<'_>, owner: &str) -> Result<Option<Value>, String> {
        match node.shape() {
            Shape::Object(_) => self.object(value, node, owner),
            Shape::List(_) => self.list(value, node, owner),
            Shape::Map(_) => self.map(value, node, owner),
            Shape::Scalar(scalar) => self.scalar(value, scalar, owner).map(Some),
            _ => Ok(Some(value.clone())),
        }
    }

    fn object(&mut self, value: &Value, node: Node<'_>, owner: &str) -> Result<Option<Value>, String> {
        let fields = match value {
            Value::Object(fields) => fields,
            Value::Null => return Ok(None),
            other => return Err(self.mismatch(other, owner, go_name(node.definition_name()))),
        };
        let codes = node.definition_name().and_then(|name| GO_TYPES.get(name));
        let name = go_name(node.definition_name());
        let mut out = Map::new();
        for (field, below) in node.fields() {
            let code = codes.and_then(|codes| codes.get(&*field)).copied().unwrap_or(0);
            self.path.push(field.to_string());
            if let Some(kept) = self.field(fields.get(&*field), below, code, name)? {
                out.insert(field.into_owned(), kept);
            }
            self.path.pop();
        }
        for (field, there) in fields {
            match node.field(field) {
                None => self.unknown.push(format!("unknown field \"{}\"", self.place(field))),
                Some(_) if out.contains_key(field) || node.fields().any(|known| known.0 == *field) => {}
                // A mapping that keeps what it does not declare.
                Some(_) => {
                    out.insert(field.clone(), there.clone());
                }
            }
        }
        Ok(Some(Value::Object(out)))
    }

    fn field(&mut self, value: Option<&Value>, node: Node<'_>, code: u8, owner: &str) -> Result<Option<Value>, String> {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Ok(match code {
                b'r' => Some(zero(node)),
                b'n' | b't' => Some(Value::Null),
                b's' => self.object(&Value::Object(Map::new()), node, owner)?,
                b'q' => Some("0".into()).filter(|_| node.shape() == Shape::Scalar(Scalar::Quantity)),
                _ => None,
            });
        };
        let kept = self.value(value, node, owner)?;
        Ok(match code {
            b'z' | b'l' | b'o' => kept.filter(|kept| !is_empty(kept)),
            // Stored as protobuf, an empty list is no list.
            b'n' => Some(kept.filter(|kept| !kept.as_array().is_some_and(Vec::is_empty)).unwrap_or(Value::Null)),
            _ => kept,
        })
    }

    fn list(&mut self, value: &Value, node: Node<'_>, owner: &str) -> Result<Option<Value>, String> {
        let items = match value {
            Value::Array(items) => items,
            Value::Null => return Ok(None),
            other => {
                let item = node.item().and_then(Node::definition_name);
                let named = item.map_or_else(|| "string".to_owned(), short_go_type);
                return Err(self.mismatch(other, owner, &format!("[]{named}")));
            }
        };
        let Some(item) = node.item() else { return Ok(Some(value.clone())) };
        let mut out = Vec::with_capacity(items.len());
        for (index, there) in items.iter().enumerate() {
            self.path.push(format!("[{index}]"));
            let there = if there.is_null() { zero(item) } else { there.clone() };
            out.push(self.value(&there, item, owner)?.unwrap_or(Value::Null));
            self.path.pop();
        }
        Ok(Some(Value::Array(out)))
    }

    fn map(&mut self, value: &Value, node: Node<'_>, owner: &str) -> Result<Option<Value>, String> {
        let entries = match value {
            Value::Object(entries) => entries,
            Value::Null => return Ok(None),
            other => return Err(self.mismatch(other, owner, "map[string]string")),
        };
        let Some(below) = node.value() else { return Ok(Some(value.clone())) };
        let mut out = Map::new();
        for (key, there) in entries {
            let there = if there.is_null() { zero(below) } else { there.clone() };
            out.insert(key.clone(), self.value(&there, below, owner)?.unwrap_or(Value::Null));
        }
        // Go writes the keys of a map in their order.
        out.sort_keys();
        Ok(Some(Value::Object(out)))
    }

    fn scalar(&mut self, value: &Value, scalar: Scalar, owner: &str) -> Result<Value, String> {
        match (scalar, value) {
            (Scalar::String | Scalar::FormattedString, Value::String(_))
            | (Scalar::Boolean, Value::Bool(_))
            | (Scalar::Number, Value::Number(_))
            | (Scalar::IntOrString, Value::String(_)) => Ok(value.clone()),
            (Scalar::Integer | Scalar::IntOrString, Value::Number(number)) if number.is_i64() || number.is_u64() => {
                Ok(value.clone())
            }
            (Scalar::Bytes, Value::String(text)) => {
                let clean: String = text.chars().filter(|one| !matches!(one, '\n' | '\r')).collect();
                match STANDARD.decode(&clean) {
                    Ok(bytes) => Ok(STANDARD.encode(bytes).into()),
                    Err(error) => Err(format!("illegal base64 data at input byte {}", offset(&error, &clean))),
                }
            }
            (Scalar::Time, Value::String(text)) => Ok(time(text)?.into()),
            (Scalar::Quantity, _) => quantity::canonical(value).map(Value::String).ok_or_else(|| {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".to_owned()
            }),
            (scalar, other) => Err(self.mismatch(other, owner, go_scalar(scalar))),
        }
    }

    fn mismatch(&self, value: &Value, owner: &str, wanted: &str) -> String {
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(number) if wanted.starts_with("int") => format!("number {number}"),
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
        };
        let path: Vec<&str> = self.path.iter().map(String::as_str).filter(|step| !step.starts_with('[')).collect();
        format!("json: cannot unmarshal {found} into Go struct field {owner}.{} of type {wanted}", path.join("."))
    }

    fn place(&self, field: &str) -> String {
        let mut place = String::new();
        for step in self.path.iter().map(String::as_str).chain([field]) {
            if !place.is_empty() && !step.starts_with('[') {
                place.push('.');
            }
            place.push_str(step);
        }
        place
    }
}

fn zero(node: Node<'_>) -> Value {
    match node.shape() {
        Shape::Scalar(Scalar::Boolean) => Value::Bool(false),
        Shape::Scalar(Scalar::Integer | Scalar::Number | Scalar::IntOrString) => 0.into(),
        Shape::Scalar(Scalar::Quantity) => "0".into(),
        Shape::Scalar(Scalar::Time) => Value::Null,
        Shape::Scalar(_) => "".into(),
        Shape::Object(_) => Value::Object(Map::new()),
        _ => Value::Null,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn go_name(definition: Option<&str>) -> &str {
    definition.and_then(|name| name.rsplit('.').next()).unwrap_or_default()
}

/// `v1.Container` of `api.core.v1.Container`.
fn short_go_type(definition: &str) -> String {
    let mut parts = definition.rsplit('.');
    let (name, package) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{package}.{name}")
}

fn go_scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Integer => "int32",
        Scalar::Number => "float64",
        Scalar::Boolean => "bool",
        Scalar::IntOrString => "intstr.IntOrString",
        _ => "string",
    }
}

fn offset(error: &base64::DecodeError, text: &str) -> usize {
    match error {
        base64::DecodeError::InvalidByte(at, _) => *at,
        _ => text.len() / 4 * 4,
    }
}

/// A time as the server writes it: UTC, to the second, or to the microsecond where it was given finer.
fn time(text: &str) -> Result<String, String> {
    let parsed: jiff::Timestamp = text.parse().map_err(|_| {
        format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\"")
    })?;
    let format = if parsed.subsec_nanosecond() == 0 || !text.contains('.') {
        "%Y-%m-%dT%H:%M:%SZ"
    } else {
        "%Y-%m-%dT%H:%M:%S.%6fZ"
    };
    Ok(parsed.strftime(format).to_string())
}
