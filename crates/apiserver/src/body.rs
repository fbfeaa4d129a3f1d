use serde_json::Value;
use windlass_schema::Schema;
use windlass_yaml::{DuplicateKeys, Limits, ReadOptions, read_document};

use crate::failure::Failure;
use crate::json;
use crate::protobuf;
use crate::registry::Resource;

/// The form of a body, by its `Content-Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Yaml,
    Protobuf,
    JsonPatch,
    MergePatch,
    StrategicPatch,
    Apply,
}

impl Format {
    /// The form of an object.
    pub(crate) fn of_object(content_type: &str) -> Result<Self, Failure> {
        match essence(content_type) {
            "" | "application/json" => Ok(Self::Json),
            "application/yaml" => Ok(Self::Yaml),
            "application/vnd.kubernetes.protobuf" => Ok(Self::Protobuf),
            _ => {
                let message = "the body of the request was in an unknown format - accepted media types include: \
                               application/json, application/yaml, application/vnd.kubernetes.protobuf";
                Err(Failure::new(415, "UnsupportedMediaType", message, None))
            }
        }
    }

    /// The form of a patch.
    pub(crate) fn of_patch(content_type: &str) -> Result<Self, Failure> {
        match essence(content_type) {
            "application/json-patch+json" => Ok(Self::JsonPatch),
            "application/merge-patch+json" => Ok(Self::MergePatch),
            "application/strategic-merge-patch+json" => Ok(Self::StrategicPatch),
            "application/apply-patch+yaml" => Ok(Self::Apply),
            "application/apply-patch+cbor" => Err(Failure::not_implemented("CBOR bodies")),
            _ => Err(unsupported("415: Unsupported Media Type")),
        }
    }
}

pub(crate) fn unsupported(message: &str) -> Failure {
    Failure::new(415, "UnsupportedMediaType", message, Some(serde_json::json!({})))
}

fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Reads an object that is created or put, and checks that it is one of the resource.
///
/// Gives back the fields that are given twice as well.
pub(crate) fn read_object(
    schema: &Schema,
    format: Format,
    body: &[u8],
    resource: &Resource,
) -> Result<(Value, Vec<String>), Failure> {
    let kind = &resource.kind;
    let unrecognized = |error: String| {
        let shown = summary(body);
        let message = format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse \
             error: {error} ({shown})"
        );
        Failure::bad_request(message)
    };
    let (mut object, duplicates) = match format {
        Format::Yaml => (read_yaml(body).map_err(unrecognized)?, Vec::new()),
        Format::Protobuf => (read_protobuf(schema, body, resource)?, Vec::new()),
        _ => json::read(body).map_err(|error| unrecognized(go_error(&error)))?,
    };
    if resource.custom.is_some() && object.get("kind").and_then(Value::as_str).is_none_or(str::is_empty) {
        let text = String::from_utf8_lossy(body);
        let message = format!(
            "the object provided is unrecognized (must be of type {kind}): Object 'Kind' is missing in '{}' ({})",
            text.trim_end(),
            summary(body)
        );
        return Err(Failure::bad_request(message));
    }
    if object.is_null() {
        object = Value::Object(serde_json::Map::new());
    }
    if !object.is_object() {
        return Err(unrecognized("cannot unmarshal into Go value of type struct".to_owned()));
    }
    let version = resource.api_version();
    let given = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (given_kind, given_version) = (given("kind"), given("apiVersion"));
    if (!given_kind.is_empty() && given_kind != **kind) || (!given_version.is_empty() && given_version != version) {
        return Err(Failure::bad_request(if given_version == version || given_version.is_empty() {
            let package = if resource.group.is_empty() { "core" } else { &*resource.group };
            format!(
                "{given_kind} in version \"{}\" cannot be handled as a {kind}: converting ({}.{given_kind}) to \
                 ({package}.{kind}): unknown conversion",
                resource.version, resource.version
            )
        } else {
            let short = given_version.rsplit('/').next().unwrap_or_default();
            format!(
                "{given_kind} in version \"{short}\" cannot be handled as a {kind}: no kind \"{given_kind}\" is \
                 registered for version \"{given_version}\" in scheme \"pkg/runtime/scheme.go:111\""
            )
        }));
    }
    complete(&mut object, resource);
    Ok((object, duplicates))
}

fn read_protobuf(schema: &Schema, body: &[u8], resource: &Resource) -> Result<Value, Failure> {
    let Some(kind) = resource.schema(schema).filter(|_| resource.custom.is_none()) else {
        let message = "the body of the request was in an unknown format - accepted media types include: \
                       application/json, application/yaml";
        return Err(Failure::new(415, "UnsupportedMediaType", message, None));
    };
    let unreadable = |error: protobuf::Unreadable| Failure::bad_request(format!("the body cannot be read: {error}"));
    let envelope = protobuf::open(body).map_err(unreadable)?;
    // Another kind's numbers mean something else.
    let own = envelope.kind.is_empty() || envelope.kind == *resource.kind;
    let message = if own { envelope.message } else { &[] };
    let mut object = protobuf::object(message, kind.root()).map_err(unreadable)?;
    object["apiVersion"] = envelope.api_version.into();
    object["kind"] = envelope.kind.into();
    Ok(object)
}

/// The start of a body, in digits where it is no JSON object.
fn summary(body: &[u8]) -> String {
    const LONGEST: usize = 30;
    let start = body.get(..LONGEST).unwrap_or(body);
    let more = if body.len() > LONGEST { " ..." } else { "" };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(start)),
        Some(_) => start.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + more,
    }
}

/// Writes apiVersion and kind, and metadata where there is none.
pub(crate) fn complete(object: &mut Value, resource: &Resource) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert("apiVersion".to_owned(), resource.api_version().into());
        fields.insert("kind".to_owned(), (*resource.kind).into());
        let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if metadata.is_null() {
            *metadata = Value::Object(serde_json::Map::new());
        }
    }
}

/// Reads YAML, of which JSON is a part, as the real server does.
pub(crate) fn read_yaml(body: &[u8]) -> Result<Value, String> {
    // Nearly always it is JSON, which is read faster as what it is.
    if body.first() == Some(&b'{')
        && let Ok(value) = serde_json::from_slice(body)
    {
        return Ok(value);
    }
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    read_document(text, &yaml_options(DuplicateKeys::LastWins)).map_err(|error| error.to_string())
}

/// Of the keys that a YAML text gives twice the first, in the words of the real server's reader.
pub(crate) fn duplicate_in_yaml(body: &[u8]) -> Option<String> {
    if body.first() == Some(&b'{') && json::read(body).is_ok_and(|(_, duplicates)| duplicates.is_empty()) {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    match read_document(text, &yaml_options(DuplicateKeys::Error)) {
        Err(windlass_yaml::Error::DuplicateKey { key, again, .. }) => {
            Some(format!("line {}: key {key:?} already set in map", again.line))
        }
        _ => None,
    }
}

fn yaml_options(duplicate_keys: DuplicateKeys) -> ReadOptions<'static> {
    // Deeper than this nothing is meant seriously, and each level takes stack.
    let limits = Limits { depth: 100, ..Limits::default() };
    ReadOptions { duplicate_keys, limits, ..ReadOptions::resource() }
}

/// The words of Go's decoder for the commonest fault.
pub(crate) fn go_error(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() }
}
