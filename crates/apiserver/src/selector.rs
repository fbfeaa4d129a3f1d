use serde_json::Value;

use crate::call::Query;
use crate::failure::Failure;
use crate::registry::Resource;

/// Which objects a list or watch is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) namespace: String,
    pub(crate) name: String,
    labels: Vec<Requirement>,
    /// Path, value, and whether they have to be equal.
    fields: Vec<(String, String, bool)>,
}

#[derive(Debug, Clone)]
enum Requirement {
    Present(String),
    Absent(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
}

impl Filter {
    pub(crate) fn read(resource: &Resource, namespace: &str, name: &str, query: &Query) -> Result<Self, Failure> {
        Ok(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            labels: labels(query.get("labelSelector").unwrap_or_default())?,
            fields: fields(resource, query.get("fieldSelector").unwrap_or_default())?,
        })
    }

    /// Whether anything but the namespace narrows the list, so that the rest cannot be counted.
    pub(crate) fn selects(&self) -> bool {
        !self.labels.is_empty() || !self.fields.is_empty()
    }

    pub(crate) fn covers(&self, key: &(String, String), object: &Value) -> bool {
        (self.namespace.is_empty() || self.namespace == key.0)
            && (self.name.is_empty() || self.name == key.1)
            && self.labels.iter().all(|one| one.fits(object))
            && self.fields.iter().all(|(path, value, equal)| (field(object, path) == *value) == *equal)
    }
}

impl Requirement {
    fn fits(&self, object: &Value) -> bool {
        let label = |key: &str| object.get("metadata")?.get("labels")?.get(key)?.as_str();
        match self {
            Self::Present(key) => label(key).is_some(),
            Self::Absent(key) => label(key).is_none(),
            Self::In(key, values) => label(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Self::NotIn(key, values) => label(key).is_none_or(|value| values.iter().all(|one| one != value)),
        }
    }
}

fn field(object: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(object, |value, step| value.get(step));
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn labels(selector: &str) -> Result<Vec<Requirement>, Failure> {
    let mut found = Vec::new();
    for part in split(selector) {
        let part = part.trim();
        let set = |part: &str, word: &str| -> Option<(String, Vec<String>)> {
            let (key, rest) = part.split_once(word)?;
            let list = rest.trim().strip_prefix('(')?.strip_suffix(')')?;
            Some((key.trim().to_owned(), list.split(',').map(|one| one.trim().to_owned()).collect()))
        };
        let one = if let Some((key, values)) = set(part, " notin ") {
            Requirement::NotIn(key, values)
        } else if let Some((key, values)) = set(part, " in ") {
            Requirement::In(key, values)
        } else if let Some((key, value)) = part.split_once("!=") {
            Requirement::NotIn(key.trim().to_owned(), vec![value.trim().to_owned()])
        } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            if value.starts_with('=') {
                let message = "unable to parse requirement: found '=', expected: identifier";
                return Err(Failure::bad_request(message));
            }
            Requirement::In(key.trim().to_owned(), vec![value.trim().to_owned()])
        } else if let Some(key) = part.strip_prefix('!') {
            Requirement::Absent(key.trim().to_owned())
        } else {
            Requirement::Present(part.to_owned())
        };
        found.push(one);
    }
    Ok(found)
}

/// The requirements, which commas divide but for those in brackets.
fn split(selector: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, one) in selector.char_indices() {
        match one {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&selector[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&selector[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn fields(resource: &Resource, selector: &str) -> Result<Vec<(String, String, bool)>, Failure> {
    let mut found = Vec::new();
    for part in selector.split(',').filter(|part| !part.is_empty()) {
        let (path, value, equal) = if let Some((path, value)) = part.split_once("!=") {
            (path, value, false)
        } else if let Some((path, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            (path, value, true)
        } else {
            let message = format!("invalid selector: '{selector}'; can't understand '{part}'");
            return Err(Failure::bad_request(message));
        };
        let extra = known(resource);
        let custom = resource.custom.iter().flat_map(|version| version.selectable.iter());
        let ours = path == "metadata.name" || (path == "metadata.namespace" && resource.namespaced);
        if !ours && !extra.contains(&path) && !custom.into_iter().any(|one| one == path) {
            let message = if extra.is_empty() {
                format!("{path:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
            } else {
                format!("field label not supported: {path}")
            };
            return Err(Failure::bad_request(message));
        }
        found.push((path.to_owned(), value.to_owned(), equal));
    }
    Ok(found)
}

fn known(resource: &Resource) -> &'static [&'static str] {
    match (&*resource.group, &*resource.plural) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "secrets") => &["type"],
        ("", "namespaces") => &["status.phase"],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("", "replicationcontrollers") | ("apps", "replicasets") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        _ => &[],
    }
}
