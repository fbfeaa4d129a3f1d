mod schema_check;

use serde_json::{Map, Value};
use windlass_schema::Schema;

use crate::failure::FieldFault;
use crate::registry::{ALL_VERBS, Resource, Subresource};
use crate::strategy::text;
use crate::typed;

/// One served version of a custom kind.
#[derive(Debug)]
pub(crate) struct CustomVersion {
    pub(crate) schema: Value,
    pub(crate) scale: Option<ScalePaths>,
    /// The fields that lists may select by.
    pub(crate) selectable: Vec<String>,
    /// What tables show of it.
    pub(crate) columns: Vec<Value>,
}

/// Where the scale subresource finds its numbers.
#[derive(Debug, Clone)]
pub(crate) struct ScalePaths {
    pub(crate) spec: String,
    pub(crate) status: String,
    pub(crate) selector: Option<String>,
}

/// The resources that a definition serves.
pub(crate) fn resources(definition: &Value) -> Vec<Resource> {
    let names = definition.pointer("/spec/names").cloned().unwrap_or_default();
    let strings = |name: &str| -> Vec<String> {
        let list = names.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let group = text(definition, "/spec/group");
    let namespaced = text(definition, "/spec/scope") == "Namespaced";
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    let served = versions.filter(|version| version.get("served") == Some(&Value::Bool(true)));
    let mut resources: Vec<Resource> = served
        .map(|version| {
            let name = text(version, "/name");
            let kind = text(&names, "/kind");
            let status = version.pointer("/subresources/status").is_some();
            let scale = version.pointer("/subresources/scale").map(|scale| ScalePaths {
                spec: pointer(text(scale, "/specReplicasPath")),
                status: pointer(text(scale, "/statusReplicasPath")),
                selector: scale.get("labelSelectorPath").and_then(Value::as_str).map(pointer),
            });
            let verbs = || ["get", "patch", "update"].map(str::to_owned).to_vec();
            let mut subresources = Vec::new();
            if status {
                let kind = kind.to_owned();
                let group_version = format!("{group}/{name}");
                subresources.push(Subresource { name: "status".to_owned(), group_version, kind, verbs: verbs() });
            }
            if scale.is_some() {
                let (kind, group_version) = ("Scale".to_owned(), "autoscaling/v1".to_owned());
                subresources.push(Subresource { name: "scale".to_owned(), group_version, kind, verbs: verbs() });
            }
            let selectable = version.get("selectableFields").and_then(Value::as_array).into_iter().flatten();
            let selectable = selectable.map(|field| text(field, "/jsonPath").trim_start_matches('.').to_owned());
            let custom = CustomVersion {
                schema: version.pointer("/schema/openAPIV3Schema").cloned().unwrap_or_default(),
                scale,
                selectable: selectable.collect(),
                columns: version.get("additionalPrinterColumns").and_then(Value::as_array).cloned().unwrap_or_default(),
            };
            let list_kind = text(&names, "/listKind");
            Resource {
                group: group.into(),
                version: name.into(),
                plural: text(&names, "/plural").into(),
                kind: kind.into(),
                list_kind: if list_kind.is_empty() { format!("{kind}List") } else { list_kind.to_owned() },
                namespaced,
                singular: text(&names, "/singular").to_owned(),
                verbs: ALL_VERBS.map(str::to_owned).to_vec(),
                short_names: strings("shortNames"),
                categories: strings("categories"),
                subresources,
                custom: Some(std::sync::Arc::new(custom)),
            }
        })
        .collect();
    // The version of which discovery says that it is preferred comes first.
    resources.sort_by_key(|resource| priority(&resource.version));
    resources
}

/// Kubernetes' order of versions: stable before beta before alpha, the higher number first.
fn priority(version: &str) -> (u8, i64, i64, String) {
    let parsed = version.strip_prefix('v').and_then(|rest| {
        let end = rest.find(|one: char| !one.is_ascii_digit()).unwrap_or(rest.len());
        let major: i64 = rest.get(..end)?.parse().ok()?;
        let (rank, minor) = match rest.get(end..)? {
            "" => (0, 0),
            tail if tail.starts_with("beta") => (1, tail[4..].parse().ok()?),
            tail if tail.starts_with("alpha") => (2, tail[5..].parse().ok()?),
            _ => return None,
        };
        Some((rank, -major, -minor))
    });
    let (rank, major, minor) = parsed.unwrap_or((3, 0, 0));
    (rank, major, minor, version.to_owned())
}

fn pointer(json_path: &str) -> String {
    json_path.replace('.', "/")
}

/// Prunes and defaults a custom object; gives back also the fields that were pruned.
///
/// Nulls where none may stand are no more than a slip in what is read; in what an apply merged they are kept.
pub(crate) fn form(
    schema: &Schema,
    version: &CustomVersion,
    object: &Value,
    source: typed::Source,
) -> Result<(Value, Vec<String>), String> {
    let mut unknown = Vec::new();
    let mut object = object.clone();
    prune(&mut object, &version.schema, true, "", &mut unknown);
    default(&mut object, &version.schema, source == typed::Source::Json);
    // Metadata is the server's own type everywhere.
    let node = schema.kind("", "v1", "ConfigMap").and_then(|kind| kind.field("metadata"));
    if let (Some(node), Some(metadata)) = (node, object.get("metadata")) {
        let decoded = typed::decode(metadata, node, "ObjectMeta", typed::Source::Json)?;
        let pruned = decoded.unknown.into_iter().map(|field| field.replacen('"', "\"metadata.", 1));
        unknown.extend(pruned);
        object["metadata"] = decoded.value;
    }
    Ok((object, unknown))
}

fn flag(schema: &Value, name: &str) -> bool {
    schema.get(name) == Some(&Value::Bool(true))
}

fn prune(value: &mut Value, schema: &Value, whole_object: bool, path: &str, unknown: &mut Vec<String>) {
    let keeps = flag(schema, "x-kubernetes-preserve-unknown-fields");
    match value {
        Value::Object(fields) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let additional = schema.get("additionalProperties");
            let names: Vec<String> = fields.keys().cloned().collect();
            for name in names {
                if whole_object && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                    continue;
                }
                let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match properties
                    .and_then(|properties| properties.get(&name))
                    .or(additional.filter(|one| one.is_object()))
                {
                    Some(below) => {
                        let whole = flag(below, "x-kubernetes-embedded-resource");
                        if let Some(value) = fields.get_mut(&name) {
                            prune(value, below, whole, &place, unknown);
                        }
                    }
                    None if keeps || additional == Some(&Value::Bool(true)) => {}
                    None => {
                        fields.shift_remove(&name);
                        unknown.push(format!("unknown field \"{place}\""));
                    }
                }
            }
        }
        Value::Array(items) => {
            if let Some(below) = schema.get("items") {
                let whole = flag(below, "x-kubernetes-embedded-resource");
                for (index, item) in items.iter_mut().enumerate() {
                    prune(item, below, whole, &format!("{path}[{index}]"), unknown);
                }
            }
        }
        _ => {}
    }
}

fn default(value: &mut Value, schema: &Value, forgets_nulls: bool) {
    match value {
        Value::Object(fields) => {
            for (name, below) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let given = below.get("default");
                // Null is a value only where the schema says so; a default takes its place.
                let absent = match fields.get(name) {
                    None => true,
                    Some(Value::Null) => !flag(below, "nullable"),
                    Some(_) => false,
                };
                if let (true, Some(given)) = (absent, given) {
                    fields.insert(name.clone(), given.clone());
                } else if absent && forgets_nulls {
                    fields.shift_remove(name);
                }
                if let Some(there) = fields.get_mut(name) {
                    default(there, below, forgets_nulls);
                }
            }
            if let Some(below) = schema.get("additionalProperties").filter(|one| one.is_object()) {
                let declared = schema.get("properties").and_then(Value::as_object);
                let is_declared = |name: &str| declared.is_some_and(|declared| declared.contains_key(name));
                if forgets_nulls && !flag(below, "nullable") {
                    fields.retain(|name, value| !value.is_null() || is_declared(name));
                }
                for (name, there) in fields.iter_mut() {
                    if declared.is_none_or(|declared| !declared.contains_key(name)) {
                        default(there, below, forgets_nulls);
                    }
                }
            }
        }
        Value::Array(items) => {
            if let Some(below) = schema.get("items") {
                items.iter_mut().for_each(|item| default(item, below, forgets_nulls));
            }
        }
        _ => {}
    }
}

/// What is wrong with a custom object by its definition.
pub(crate) fn validate(
    _schema: &Schema,
    version: &CustomVersion,
    _old: Option<&Value>,
    object: &Value,
    faults: &mut Vec<FieldFault>,
) {
    let mut body = object.as_object().cloned().unwrap_or_else(Map::new);
    // The server validates metadata by its own rules.
    body.shift_remove("metadata");
    let mut schema = version.schema.clone();
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != "metadata");
    }
    schema_check::check(&Value::Object(body), &schema, "", faults);
}

/// What is wrong with the status that was put through its own path: nothing else is looked at, and messages name fields
/// from there on.
pub(crate) fn validate_status(version: &CustomVersion, object: &Value, faults: &mut Vec<FieldFault>) {
    let Some(schema) = version.schema.pointer("/properties/status") else { return };
    let Some(status) = object.get("status") else { return };
    let mut found = Vec::new();
    schema_check::check(status, schema, "", &mut found);
    faults.extend(found.into_iter().map(|fault| {
        let dot = if fault.field.is_empty() || fault.field.starts_with('[') { "" } else { "." };
        FieldFault { field: format!("status{dot}{}", fault.field), ..fault }
    }));
}
