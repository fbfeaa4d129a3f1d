use serde_json::Value;

use crate::admission::new_finalizers;
use crate::custom;
use crate::failure::FieldFault;
use crate::immutable;
use crate::registry::Resource;
use crate::required;
use crate::state::State;
use crate::strategy::text;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
                     validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                         '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used \
                         for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
                           '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
                           'my_value',  or '12345', regex used for validation is \
                           '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const NAME_PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
                         with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                         validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// What is wrong with a new object.
pub(crate) fn create(state: &State, resource: &Resource, object: &Value) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    name(resource, object, &mut faults);
    metadata(object, &mut faults);
    body(state, resource, None, object, &mut faults);
    faults
}

/// What is wrong with a changed object.
pub(crate) fn update(state: &State, resource: &Resource, old: &Value, object: &Value, faults: &mut Vec<FieldFault>) {
    metadata(object, faults);
    // Built-in kinds look at their metadata twice, and say so.
    let times = if resource.custom.is_some() { 1 } else { 2 };
    faults.extend(std::iter::repeat_n(new_finalizers(old, object), times).flatten());
    body(state, resource, Some(old), object, faults);
    immutable::check(resource, old, object, faults);
}

fn body(state: &State, resource: &Resource, old: Option<&Value>, object: &Value, faults: &mut Vec<FieldFault>) {
    match &resource.custom {
        Some(version) => custom::validate(&state.schema, version, old, object, faults),
        None => required::check(resource, object, faults),
    }
}

fn name(resource: &Resource, object: &Value, faults: &mut Vec<FieldFault>) {
    let name = text(object, "/metadata/name");
    if name.is_empty() {
        faults.push(FieldFault::required("metadata.name", "name or generateName is required"));
        return;
    }
    let fault = match (&*resource.group, &*resource.plural) {
        ("rbac.authorization.k8s.io", _) => path_segment(name),
        ("", "namespaces" | "services") => (!is_label(name)).then_some(LABEL),
        _ => (!is_subdomain(name)).then_some(SUBDOMAIN),
    };
    if let Some(fault) = fault {
        faults.push(FieldFault::invalid("metadata.name", &name.into(), fault));
    }
}

fn path_segment(name: &str) -> Option<&'static str> {
    match name {
        "." => Some("may not be '.'"),
        ".." => Some("may not be '..'"),
        _ if name.contains('/') => Some("may not contain '/'"),
        _ if name.contains('%') => Some("may not contain '%'"),
        _ => None,
    }
}

fn metadata(object: &Value, faults: &mut Vec<FieldFault>) {
    let entries = |name: &str| object.pointer(&format!("/metadata/{name}")).and_then(Value::as_object);
    for (key, value) in entries("labels").into_iter().flatten() {
        qualified(key, "metadata.labels", faults);
        let value = value.as_str().unwrap_or_default();
        if value.len() > 63 {
            let fault = FieldFault {
                field: "metadata.labels".to_owned(),
                reason: "FieldValueTooLong",
                message: "Too long: may not be more than 63 bytes".to_owned(),
            };
            faults.push(fault);
        } else if !value.is_empty() && !is_name_part(value) {
            faults.push(FieldFault::invalid("metadata.labels", &value.into(), LABEL_VALUE));
        }
    }
    for key in entries("annotations").into_iter().flatten().map(|entry| entry.0) {
        qualified(&key.to_lowercase(), "metadata.annotations", faults);
    }
}

fn qualified(key: &str, field: &str, faults: &mut Vec<FieldFault>) {
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    if prefix.is_some_and(|prefix| prefix.contains('/')) {
        let detail = format!(
            "a valid label key {}",
            "must consist of a name part, and an optional DNS subdomain prefix and '/'"
        );
        faults.push(FieldFault::invalid(field, &key.into(), detail));
        return;
    }
    if prefix == Some("") {
        faults.push(FieldFault::invalid(field, &key.into(), "prefix part must be non-empty"));
    } else if prefix.is_some_and(|prefix| !is_subdomain(prefix)) {
        faults.push(FieldFault::invalid(field, &key.into(), format!("prefix part {SUBDOMAIN}")));
    }
    if name.is_empty() {
        faults.push(FieldFault::invalid(field, &key.into(), "name part must be non-empty"));
    }
    if !is_name_part(name) {
        faults.push(FieldFault::invalid(field, &key.into(), NAME_PART));
    }
}

pub(crate) fn is_label(text: &str) -> bool {
    let inner = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

pub(crate) fn is_subdomain(text: &str) -> bool {
    // Parts may be longer than a label here, as the regular expression has it.
    let part = |part: &str| {
        let inner = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-';
        !part.is_empty() && part.chars().all(inner) && !part.starts_with('-') && !part.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(part)
}

fn is_name_part(text: &str) -> bool {
    let ends = |one: Option<char>| one.is_some_and(|one| one.is_ascii_alphanumeric());
    text.len() <= 63
        && ends(text.chars().next())
        && ends(text.chars().last())
        && text.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.'))
}
