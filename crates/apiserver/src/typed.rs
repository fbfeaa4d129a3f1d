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

const NO_QUANTITY: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// What reading an object into its Go type came to.
pub(crate) struct Decoded {
    /// The object as Go writes it again.
    pub(crate) value: Value,
    /// Fields that the type does not have, as `unknown field "spec.foo"`.
    pub(crate) unknown: Vec<String>,
    /// Pointers to what storage, which is protobuf, writes otherwise, and what that is: empty lists that are not told from
    /// none, and quantities that were kept as they were given.
    pub(crate) settled: Vec<(String, Value)>,
}

/// What an object is read from, which the messages of faults tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// JSON.
    Json,
    /// Values that were merged before.
    Values,
}

/// Reads an object of a built-in kind as the real server does, through its Go type, and writes it again: nulls and empty
/// values go, quantities and times take their one form, what the type lacks is dropped.
///
/// # Errors
/// The message of Go's JSON decoder where a value is of another type.
pub(crate) fn decode(value: &Value, root: Node<'_>, kind: &str, source: Source) -> Result<Decoded, String> {
    let mut walk = Walk { unknown: Vec::new(), settled: Vec::new(), path: Vec::new(), source, misfit: None };
    let decoded = walk.object(value, root, kind)?.unwrap_or_else(|| Value::Object(Map::new()));
    if let Some(misfit) = walk.misfit {
        return Err(misfit);
    }
    let mut unknown = walk.unknown;
    if unknown.len() > 1 {
        unknown.sort_by_cached_key(|(path, _)| order(value, path));
    }
    let unknown = unknown.into_iter().map(|one| one.1).collect();
    Ok(Decoded { value: decoded, unknown, settled: walk.settled })
}

/// Where a path stands in a document.
fn order(value: &Value, path: &[String]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = value;
    for step in path {
        let found = match at {
            Value::Object(fields) => fields.iter().position(|one| one.0 == step).zip(fields.get(step)),
            Value::Array(items) => {
                let index = step.trim_matches(['[', ']']).parse::<usize>().ok();
                index.and_then(|index| Some((index, items.get(index)?)))
            }
            _ => None,
        };
        let Some((place, below)) = found else { break };
        places.push(place);
        at = below;
    }
    places
}

struct Walk {
    /// With the steps that lead there.
    unknown: Vec<(Vec<String>, String)>,
    settled: Vec<(String, Value)>,
    /// Fields, and `[3]` for items.
    path: Vec<String>,
    source: Source,
    /// The first value of another type: Go reads on, and tells it in the end.
    misfit: Option<String>,
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
            other => {
                self.mismatch(other, owner, go_name(node.definition_name()), "struct from:");
                return Ok(None);
            }
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
                None => {
                    let steps = self.path.iter().chain([field]).cloned().collect();
                    self.unknown.push((steps, format!("unknown field \"{}\"", self.place(field))));
                }
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
            b'n' => {
                if kept.as_ref().and_then(Value::as_array).is_some_and(Vec::is_empty) {
                    self.settled.push((self.pointer(), Value::Null));
                }
                Some(kept.unwrap_or(Value::Null))
            }
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
                self.mismatch(other, owner, &format!("[]{named}"), "slice from");
                return Ok(None);
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
            other => {
                self.mismatch(other, owner, "map[string]string", "map from");
                return Ok(None);
            }
        };
        let Some(below) = node.value() else { return Ok(Some(value.clone())) };
        let mut out = Map::new();
        for (key, there) in entries {
            let there = if there.is_null() { zero(below) } else { there.clone() };
            let there = match below.shape() {
                // The amounts of a list of resources are rounded, and lose the way in which they were written.
                Shape::Scalar(Scalar::Quantity) => quantity::canonical(&there).map(Value::String).ok_or(NO_QUANTITY)?,
                _ => self.value(&there, below, owner)?.unwrap_or(Value::Null),
            };
            out.insert(key.clone(), there);
        }
        // Go writes the keys of a map in their order.
        out.sort_keys();
        Ok(Some(Value::Object(out)))
    }

    fn pointer(&self) -> String {
        let steps = self.path.iter().map(|step| step.trim_matches(['[', ']']).replace('/', "~1"));
        steps.fold(String::new(), |pointer, step| pointer + "/" + &step)
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
                    Err(error) => {
                        let before = if self.source == Source::Values { "error decoding from json: " } else { "" };
                        Err(format!("{before}illegal base64 data at input byte {}", offset(&error, &clean)))
                    }
                }
            }
            (Scalar::Time, Value::String(text)) if self.is_fine_time(owner) => Ok(fine_time(text)?.into()),
            (Scalar::Time, Value::String(text)) => Ok(time(text)?.into()),
            (Scalar::Quantity, _) => {
                let canonical = Value::String(quantity::canonical(value).ok_or(NO_QUANTITY)?);
                match value {
                    Value::String(text) if canonical != *value && !(text.contains('.') && text.ends_with('i')) => {
                        self.settled.push((self.pointer(), canonical));
                        Ok(value.clone())
                    }
                    _ => Ok(canonical),
                }
            }
            (scalar, other) => {
                self.mismatch(other, owner, go_scalar(scalar), "");
                Ok(Value::Null)
            }
        }
    }

    /// Whether the field that is being read is one of the few times that are kept to the microsecond.
    fn is_fine_time(&self, owner: &str) -> bool {
        let field = self.path.last().map_or("", String::as_str);
        matches!((owner, field), ("LeaseSpec", _) | ("EventSeries", "lastObservedTime") | ("Event", "eventTime"))
    }

    /// Notes a value of another type; `restored` is what of, in the words for values that were merged.
    fn mismatch(&mut self, value: &Value, owner: &str, wanted: &str, restored: &str) {
        if self.misfit.is_some() {
            return;
        }
        let misfit = match self.source {
            Source::Json => self.json_mismatch(value, owner, wanted),
            Source::Values if restored.is_empty() => format!("cannot convert {} to {wanted}", go_type(value)),
            Source::Values => format!("cannot restore {restored} {}", go_kind(value)),
        };
        self.misfit = Some(misfit);
    }

    fn json_mismatch(&self, value: &Value, owner: &str, wanted: &str) -> String {
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

/// What Go calls the type of a value that it read without knowing what it is.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "map[string]interface {}",
        Value::Array(_) => "[]interface {}",
        other => go_kind(other),
    }
}

fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

fn offset(error: &base64::DecodeError, text: &str) -> usize {
    match error {
        base64::DecodeError::InvalidByte(at, _) => *at,
        _ => text.len() / 4 * 4,
    }
}

/// A time as the server writes it: UTC, to the second.
fn time(text: &str) -> Result<String, String> {
    let parsed: jiff::Timestamp = text.parse().map_err(|_| {
        format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\"")
    })?;
    Ok(parsed.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A time to the microsecond, all six digits of which have to be given.
fn fine_time(text: &str) -> Result<String, String> {
    const FORM: &str = "2006-01-02T15:04:05.000000Z07:00";
    let refused = |part: &str, of: &str| format!("parsing time {text:?} as {FORM:?}: cannot parse {part:?} as {of:?}");
    let parsed: jiff::Timestamp = text.parse().map_err(|_| refused(text, "2006"))?;
    let rest = text.get(19..).unwrap_or_default();
    let digits = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    if digits != 6 {
        return Err(refused(rest, ".000000"));
    }
    Ok(parsed.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string())
}
