//! The objects that generators make.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::generator::sources::Pair;
use crate::kustomization::generator_fields::{Generator, GeneratorOptions};
use crate::transform::labels;

/// Which kind a generator makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ConfigMap,
    Secret,
}

impl Kind {
    /// The field of the kustomization.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::ConfigMap => "configMapGenerator",
            Self::Secret => "secretGenerator",
        }
    }

    /// The name of the generator in build metadata.
    pub(crate) fn plugin(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMapGenerator",
            Self::Secret => "SecretGenerator",
        }
    }
}

/// Makes the object from its data.
///
/// # Errors
/// Where a key is given twice, or is no text.
pub(crate) fn make(
    kind: Kind,
    generator: &Generator,
    options: &GeneratorOptions,
    pairs: Vec<Pair>,
) -> Result<Value, String> {
    let mut object = match kind {
        Kind::ConfigMap => json!({"apiVersion": "v1", "kind": "ConfigMap"}),
        Kind::Secret => {
            let secret_type = if generator.secret_type.is_empty() { "Opaque" } else { &generator.secret_type };
            json!({"apiVersion": "v1", "kind": "Secret", "type": secret_type})
        }
    };
    object["metadata"] = metadata(generator, options);
    let mut known: BTreeMap<String, Zeroizing<Vec<u8>>> = BTreeMap::new();
    for (key, value) in pairs {
        if known.contains_key(&key) {
            return Err(format!("the key {key:?} is given twice"));
        }
        if labels::is_typed(&key) {
            return Err(labels::typed_key(&key));
        }
        known.insert(key, value);
    }
    if kind == Kind::Secret {
        object["data"] = Value::Object(Map::new());
    }
    for (key, value) in known {
        let (field, text) = match (kind, std::str::from_utf8(&value)) {
            (Kind::ConfigMap, Ok(text)) => ("data", text.to_owned()),
            (Kind::ConfigMap, Err(_)) => ("binaryData", encoded(&value)),
            (Kind::Secret, _) => ("data", encoded(&value)),
        };
        object[field][&key] = Value::from(text);
    }
    if options.immutable {
        object["immutable"] = Value::Bool(true);
    }
    Ok(object)
}

fn metadata(generator: &Generator, options: &GeneratorOptions) -> Value {
    let mut metadata = json!({"name": generator.name});
    if !generator.namespace.is_empty() {
        metadata["namespace"] = Value::from(generator.namespace.as_str());
    }
    for (field, pairs) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        if !pairs.is_empty() {
            metadata[field] = json!(pairs);
        }
    }
    metadata
}

/// Base64 in lines of 70 columns. The line breaks are part of the value.
fn encoded(bytes: &[u8]) -> String {
    const COLUMNS: usize = 70;
    let text = STANDARD.encode(bytes);
    if text.len() <= COLUMNS {
        return text;
    }
    let mut lines = String::with_capacity(text.len() + text.len() / COLUMNS + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(COLUMNS));
        lines.push_str(line);
        lines.push('\n');
        rest = after;
    }
    lines
}
