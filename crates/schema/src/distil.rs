use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::table::HEADER;
use crate::writer::{Fault, Wrap, Writer};

/// Why documents could not be made into a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DistilError {
    /// No discovery document names a kind.
    #[error(
        "no kinds: give the documents of /api and /apis in the form of apidiscovery.k8s.io/v2 (APIGroupDiscoveryList)"
    )]
    NoKinds,
    /// A kind that is served has no definition in the OpenAPI documents.
    #[error("{kind} of {group}/{version} is served, and no OpenAPI document defines it")]
    Undefined {
        /// The API group.
        group: String,
        /// The version.
        version: String,
        /// The kind.
        kind: String,
    },
    /// A schema cannot be written down.
    #[error("the OpenAPI documents cannot be made into a table: {0}")]
    Schema(String),
}

/// Makes a table, for [`Schema::from_table`](crate::Schema::from_table), from what an API server says of itself.
///
/// `openapi` are documents of `/openapi/v3/…` (or the one of `/openapi/v2`), `discovery` those of `/api` and `/apis` as
/// `APIGroupDiscoveryList`. The table holds the kinds that discovery names, lists and subresources aside, and all that these
/// reach. The same documents in any order give the same table.
///
/// # Errors
/// Where discovery names no kind, a kind has no definition, or a reference leads nowhere.
pub fn distil(openapi: &[Value], discovery: &[Value], server_version: &str) -> Result<String, DistilError> {
    let named = definitions(openapi);
    let by_kind = definitions_by_kind(&named);
    let served = served_kinds(discovery);
    if served.is_empty() {
        return Err(DistilError::NoKinds);
    }
    // Written twice: the first pass finds what is reached, the second numbers it by name, so that a new definition moves
    // few lines.
    let mut first = Writer::new(named.clone(), []);
    kind_lines(&mut first, &served, &by_kind)?;
    first.finish().map_err(schema)?;
    let mut writer = Writer::new(named, first.reached());
    let kinds = kind_lines(&mut writer, &served, &by_kind)?;
    let definitions = writer.finish().map_err(schema)?;
    Ok(format!("{HEADER}{}\n{kinds}{definitions}", one_line(server_version)))
}

fn kind_lines<'a>(
    writer: &mut Writer<'a>,
    served: &BTreeSet<Served<'a>>,
    by_kind: &BTreeMap<Gvk<'a>, &'a str>,
) -> Result<String, DistilError> {
    let mut lines = String::new();
    for Served { version, kind, group, namespaced } in served {
        let Some(name) = by_kind.get(&(group, version, kind)) else {
            let (group, version, kind) = ((*group).to_owned(), (*version).to_owned(), (*kind).to_owned());
            return Err(DistilError::Undefined { group, version, kind });
        };
        let expression = writer.reference(name).map_err(schema)?;
        lines.push_str(&kind_line([version, kind, group], *namespaced, &expression));
    }
    Ok(lines)
}

pub(crate) fn kind_line([version, kind, group]: [&str; 3], namespaced: bool, expression: &str) -> String {
    let scope = if namespaced { "namespaced" } else { "cluster" };
    let group = if group.is_empty() { String::new() } else { format!(" {group}") };
    format!("kind {version} {kind} {scope} {expression}{group}\n")
}

/// In the order in which the table is searched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Served<'a> {
    version: &'a str,
    kind: &'a str,
    group: &'a str,
    namespaced: bool,
}

/// Group, version and kind.
type Gvk<'a> = (&'a str, &'a str, &'a str);

fn definitions(openapi: &[Value]) -> BTreeMap<&str, &Value> {
    openapi.iter().filter_map(schemas).flatten().map(|(name, schema)| (name.as_str(), schema)).collect()
}

/// Where a document of version 2 or 3 has its definitions.
fn schemas(document: &Value) -> Option<&Map<String, Value>> {
    document.get("definitions").or_else(|| document.get("components")?.get("schemas"))?.as_object()
}

fn definitions_by_kind<'a>(named: &BTreeMap<&'a str, &'a Value>) -> BTreeMap<Gvk<'a>, &'a str> {
    let mut found = BTreeMap::new();
    for (name, schema) in named {
        let kinds = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
        for kind in kinds.into_iter().flatten() {
            found.insert((text(kind, "group"), text(kind, "version"), text(kind, "kind")), *name);
        }
    }
    found
}

fn served_kinds(discovery: &[Value]) -> BTreeSet<Served<'_>> {
    let mut served = BTreeSet::new();
    for group in discovery.iter().flat_map(|list| list_of(list, "items")) {
        let name = group.get("metadata").map_or("", |metadata| text(metadata, "name"));
        for version in list_of(group, "versions") {
            for resource in list_of(version, "resources") {
                let kind = resource.get("responseKind").map_or("", |kind| text(kind, "kind"));
                let version = text(version, "version");
                // The text of the table has one word for each.
                if [kind, version].iter().all(|word| is_word(word)) && (name.is_empty() || is_word(name)) {
                    let namespaced = text(resource, "scope") == "Namespaced";
                    served.insert(Served { version, kind, group: name, namespaced });
                }
            }
        }
    }
    served
}

pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list_of<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn one_line(version: &str) -> String {
    version.chars().filter(|found| !found.is_control()).collect()
}

fn schema(fault: Fault) -> DistilError {
    DistilError::Schema(fault.to_string())
}

/// The table of one custom kind.
pub(crate) fn custom_table(
    group: &str,
    kind: &str,
    namespaced: bool,
    versions: &BTreeMap<&str, Value>,
) -> Result<String, Fault> {
    let mut writer = Writer::for_custom_kinds();
    let mut kinds = String::new();
    for (version, schema) in versions {
        let expression = writer.expression(schema, Wrap::CustomObject)?;
        kinds.push_str(&kind_line([version, kind, group], namespaced, &expression));
    }
    let definitions = writer.finish()?;
    Ok(format!("{HEADER}custom\n{kinds}{definitions}"))
}
