use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::table::written_name;

/// How deep one schema may be nested without naming a definition.
const MAX_DEPTH: usize = 128;

/// Why a schema has no place in the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("schemas are nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("the definition {0} is not in the documents")]
    Unresolved(String),
    #[error("the list map key {0:?} holds spaces, commas or brackets")]
    Key(String),
}

/// Writes schemas as expressions and definitions of the table.
///
/// Mappings with fields become definitions: a named one where a `$ref` leads, and otherwise one that all equal mappings
/// share.
#[derive(Default)]
pub(crate) struct Writer<'a> {
    /// The definitions that a `$ref` may name.
    named: BTreeMap<&'a str, &'a Value>,
    numbers: BTreeMap<&'a str, usize>,
    shared: BTreeMap<String, usize>,
    bodies: Vec<String>,
    /// Definitions that have a number and no body yet.
    waiting: Vec<&'a str>,
    /// Go's OpenAPI gives `{}` as the default of every field that is a struct; in a CRD it has a meaning.
    keep_empty_defaults: bool,
}

/// What is not in the schema and yet in the mapping.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrap {
    Nothing,
    /// `apiVersion`, `kind` and `metadata`, because it is an object of a custom kind.
    CustomObject,
    /// The same because an object is embedded there.
    Embedded,
}

impl<'a> Writer<'a> {
    /// A writer for documents with `named` definitions; those in `first` are numbered first, in that order.
    pub(crate) fn new(named: BTreeMap<&'a str, &'a Value>, first: impl IntoIterator<Item = &'a str>) -> Self {
        let mut writer = Self { named, ..Self::default() };
        for name in first {
            writer.number(name);
        }
        writer
    }

    /// A writer for the schemas of custom resource definitions.
    pub(crate) fn for_custom_kinds() -> Self {
        Self { keep_empty_defaults: true, ..Self::default() }
    }

    /// The names that were reached, in their order.
    pub(crate) fn reached(&self) -> Vec<&'a str> {
        self.numbers.keys().copied().collect()
    }

    /// Writes what the definition `name` is.
    pub(crate) fn reference(&mut self, name: &str) -> Result<String, Fault> {
        self.referenced(name, 0)
    }

    /// Writes what `schema` is.
    pub(crate) fn expression(&mut self, schema: &'a Value, wrap: Wrap) -> Result<String, Fault> {
        self.nested(schema, wrap, 0)
    }

    /// The definitions, once everything was written.
    pub(crate) fn finish(&mut self) -> Result<String, Fault> {
        while let Some(name) = self.waiting.pop() {
            let (Some(number), Some(schema)) = (self.numbers.get(name).copied(), self.named.get(name).copied()) else {
                continue;
            };
            let body = self.body(schema, Wrap::Nothing, short(name), 0)?;
            self.bodies[number] = body;
        }
        let numbered = self.bodies.iter().enumerate();
        Ok(numbered.map(|(number, body)| format!("@{number} {body}")).collect())
    }

    fn nested(&mut self, schema: &'a Value, wrap: Wrap, depth: usize) -> Result<String, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        let null = if is_true(schema, "nullable") { "?" } else { "" };
        let core = self.core(schema, wrap, depth)?;
        Ok(format!("{null}{core}"))
    }

    fn core(&mut self, schema: &'a Value, wrap: Wrap, depth: usize) -> Result<String, Fault> {
        let atomic = map_flag(schema);
        if let Some(name) = reference_of(schema) {
            return Ok(format!("{atomic}{}", self.referenced(name, depth + 1)?));
        }
        if is_true(schema, "x-kubernetes-int-or-string") || schema["format"] == "int-or-string" {
            return Ok(if is_quantity(schema) { "q" } else { "x" }.to_owned());
        }
        let wrap = if is_true(schema, "x-kubernetes-embedded-resource") { Wrap::Embedded } else { wrap };
        match type_of(schema) {
            Some("array") => self.list(schema, depth),
            Some("object") => self.mapping(schema, wrap, depth),
            Some(name) => Ok(scalar(name, schema["format"].as_str()).to_owned()),
            // A schema without a type still says what its fields are.
            None if has_fields(schema) || wrap != Wrap::Nothing => self.mapping(schema, wrap, depth),
            None => Ok(format!("{atomic}a")),
        }
    }

    fn referenced(&mut self, name: &str, depth: usize) -> Result<String, Fault> {
        match short(name) {
            "apimachinery.pkg.api.resource.Quantity" => return Ok("q".to_owned()),
            "apimachinery.pkg.runtime.RawExtension" => return Ok("!a".to_owned()),
            _ => {}
        }
        let Some((name, schema)) = self.named.get_key_value(name).map(|(name, schema)| (*name, *schema)) else {
            return Err(Fault::Unresolved(name.to_owned()));
        };
        if has_fields(schema) {
            return Ok(format!("@{}", self.number(name)));
        }
        self.nested(schema, Wrap::Nothing, depth)
    }

    fn number(&mut self, name: &'a str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.bodies.len();
        self.bodies.push(String::new());
        self.numbers.insert(name, number);
        self.waiting.push(name);
        number
    }

    fn list(&mut self, schema: &'a Value, depth: usize) -> Result<String, Fault> {
        let item = match schema.get("items") {
            Some(items) => self.nested(items, Wrap::Nothing, depth + 1)?,
            None => "!a".to_owned(),
        };
        Ok(format!("[{}{item}", list_flag(schema)?))
    }

    fn mapping(&mut self, schema: &'a Value, wrap: Wrap, depth: usize) -> Result<String, Fault> {
        if has_fields(schema) || wrap != Wrap::Nothing {
            let body = self.body(schema, wrap, "", depth)?;
            if let Some(number) = self.shared.get(&body) {
                return Ok(format!("@{number}"));
            }
            let number = self.bodies.len();
            self.bodies.push(body.clone());
            self.shared.insert(body, number);
            return Ok(format!("@{number}"));
        }
        let value = match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) => self.nested(values, Wrap::Nothing, depth + 1)?,
            _ => "a".to_owned(),
        };
        Ok(format!("{}{{{value}", map_flag(schema)))
    }

    /// Flags, name and fields of a mapping, without its number.
    fn body(&mut self, schema: &'a Value, wrap: Wrap, name: &str, depth: usize) -> Result<String, Fault> {
        let mut lines = BTreeMap::new();
        for (field, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let expression = self.nested(schema, Wrap::Nothing, depth + 1)?;
            lines.insert(field.as_str(), format!("{expression}{}", self.notes(schema)));
        }
        if wrap != Wrap::Nothing {
            lines.extend([("apiVersion", "s".to_owned()), ("kind", "s".to_owned()), ("metadata", "M".to_owned())]);
        }
        let fields = lines.iter().map(|(field, line)| format!(" {} {line}\n", written_name(field)));
        Ok(format!("{} {name}\n{}", flags(schema, wrap), fields.collect::<String>()))
    }

    fn notes(&self, schema: &Value) -> String {
        let mut notes = String::new();
        let key = schema["x-kubernetes-patch-merge-key"].as_str().filter(|key| is_plain_key(key));
        for word in schema["x-kubernetes-patch-strategy"].as_str().into_iter().flat_map(|words| words.split(',')) {
            match (word, key) {
                ("merge", Some(key)) => notes.push_str(&format!(" merge:{key}")),
                ("merge", None) => notes.push_str(" merge"),
                ("replace", _) => notes.push_str(" replace"),
                ("retainKeys", _) => notes.push_str(" retain"),
                _ => {}
            }
        }
        let empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
        match schema.get("default") {
            Some(default) if self.keep_empty_defaults || !empty(default) => notes + &format!(" ={default}"),
            _ => notes,
        }
    }
}

fn flags(schema: &Value, wrap: Wrap) -> String {
    let unknown = is_true(schema, "x-kubernetes-preserve-unknown-fields")
        || schema.get("additionalProperties").is_some_and(|value| *value != Value::Bool(false));
    let embedded = wrap == Wrap::Embedded;
    let flags = [(map_flag(schema) == "!", '!'), (unknown, '*'), (embedded, 'e')];
    let flags = flags.into_iter().filter_map(|(set, flag)| set.then_some(flag)).collect::<String>();
    if flags.is_empty() { "-".to_owned() } else { flags }
}

/// `io.k8s.` starts nearly every name and says nothing.
pub(crate) fn short(name: &str) -> &str {
    name.strip_prefix("io.k8s.").unwrap_or(name)
}

/// The definition that a schema refers to; version 3 wraps the reference so that it may say more about the field.
fn reference_of(schema: &Value) -> Option<&str> {
    let wrapped = || match schema.get("allOf")?.as_array()?.as_slice() {
        [only] => only.get("$ref")?.as_str(),
        _ => None,
    };
    let path = schema.get("$ref").and_then(Value::as_str).or_else(wrapped)?;
    path.rsplit('/').next()
}

fn has_fields(schema: &Value) -> bool {
    schema.get("properties").and_then(Value::as_object).is_some_and(|fields| !fields.is_empty())
}

fn type_of(schema: &Value) -> Option<&str> {
    let named = schema.get("type")?;
    named.as_str().or_else(|| named.get(0)?.as_str()).filter(|name| !name.is_empty())
}

fn is_true(schema: &Value, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

/// Controller generators write quantities in this way, having no other.
fn is_quantity(schema: &Value) -> bool {
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    pattern.starts_with(r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|")
}

fn map_flag(schema: &Value) -> &'static str {
    match schema.get("x-kubernetes-map-type").and_then(Value::as_str) {
        Some("atomic") => "!",
        Some("granular") if reference_of(schema).is_some() => "~",
        _ => "",
    }
}

/// The list type as the API server's merge sees it: where it is not given, the patch strategy speaks.
fn list_flag(schema: &Value) -> Result<String, Fault> {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    if let Some(list_type) = text("x-kubernetes-list-type") {
        let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
        return match (list_type, keys) {
            ("set", _) => Ok("=".to_owned()),
            ("map", Some(keys)) => key_flag(keys.iter().filter_map(Value::as_str)),
            _ => Ok(String::new()),
        };
    }
    match (text("x-kubernetes-patch-strategy"), text("x-kubernetes-patch-merge-key")) {
        (Some("merge" | "merge,retainKeys"), Some(key)) => key_flag([key].into_iter()),
        (Some("merge" | "merge,retainKeys"), None) => Ok("=".to_owned()),
        _ => Ok(String::new()),
    }
}

fn key_flag<'k>(keys: impl Iterator<Item = &'k str> + Clone) -> Result<String, Fault> {
    if let Some(odd) = keys.clone().find(|key| !is_plain_key(key)) {
        return Err(Fault::Key(odd.to_owned()));
    }
    Ok(format!("{}]", keys.collect::<Vec<_>>().join(",")))
}

fn is_plain_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",[]{}@".contains(&byte))
}

fn scalar(name: &str, format: Option<&str>) -> &'static str {
    match (name, format.unwrap_or_default()) {
        ("integer", _) => "i",
        ("number", _) => "n",
        ("boolean", _) => "b",
        ("string", "") => "s",
        ("string", "byte") => "y",
        ("string", "date-time") => "t",
        ("string", _) => "f",
        _ => "a",
    }
}
