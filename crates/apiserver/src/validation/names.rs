use serde_json::Value;

use super::Faults;
use crate::failure::FieldFault;

pub(crate) const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and \
                                must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex \
                                used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
pub(crate) const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
                                    '-' or '.', and must start and end with an alphanumeric character (e.g. \
                                    'example.com', regex used for validation is \
                                    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                           and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or \
                           '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const NAME_PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
                         an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                         validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
pub(super) const PORT: &str = "must be between 1 and 65535, inclusive";

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

/// The faults of a name that has to be a label.
pub(crate) fn label(name: &str, field: &str, faults: &mut Faults) {
    if name.len() > 63 {
        faults.push(FieldFault::invalid(field, &name.into(), "must be no more than 63 bytes"));
    }
    if !is_label(&name[..name.floor_char_boundary(63)]) {
        faults.push(FieldFault::invalid(field, &name.into(), LABEL));
    }
}

/// The faults of a name that has to be a subdomain.
pub(crate) fn subdomain(name: &str, field: &str, faults: &mut Faults) {
    if name.len() > 253 {
        faults.push(FieldFault::invalid(field, &name.into(), "must be no more than 253 characters"));
    }
    if !is_subdomain(name) && name.len() <= 253 {
        faults.push(FieldFault::invalid(field, &name.into(), SUBDOMAIN));
    }
}

/// The faults of labels, or of a selector that is given as such.
pub(crate) fn labels(labels: Option<&Value>, field: &str, faults: &mut Faults) {
    for (key, value) in labels.and_then(Value::as_object).into_iter().flatten() {
        qualified(key, field, faults);
        label_value(value.as_str().unwrap_or_default(), field, faults);
    }
}

pub(super) fn label_value(value: &str, field: &str, faults: &mut Faults) {
    if value.len() > 63 {
        faults.push(FieldFault {
            field: field.to_owned(),
            reason: "FieldValueTooLong",
            message: "Too long: may not be more than 63 bytes".to_owned(),
        });
    } else if !value.is_empty() && !is_name_part(value) {
        faults.push(FieldFault::invalid(field, &value.into(), LABEL_VALUE));
    }
}

/// The faults of a key of labels or annotations.
pub(crate) fn qualified(key: &str, field: &str, faults: &mut Faults) {
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
    } else if name.len() > 63 {
        faults.push(FieldFault::invalid(field, &key.into(), "name part must be no more than 63 bytes"));
    }
    if !has_name_letters(name) {
        faults.push(FieldFault::invalid(field, &key.into(), NAME_PART));
    }
}

fn is_name_part(text: &str) -> bool {
    text.len() <= 63 && has_name_letters(text)
}

fn has_name_letters(text: &str) -> bool {
    let ends = |one: Option<char>| one.is_some_and(|one| one.is_ascii_alphanumeric());
    ends(text.chars().next())
        && ends(text.chars().last())
        && text.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.'))
}

/// The faults of the name of a port.
pub(super) fn port_name(name: &str, field: &str, faults: &mut Faults) {
    let mut fault = |detail: &str| faults.push(FieldFault::invalid(field, &name.into(), detail));
    if name.len() > 15 {
        fault("must be no more than 15 characters");
    }
    if name.is_empty() || !name.bytes().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-') {
        fault("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.bytes().any(|one| one.is_ascii_lowercase()) {
        fault("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        fault("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        fault("must not begin or end with a hyphen");
    }
}

/// The faults of a port, given by number or by name.
pub(super) fn port(value: &Value, field: &str, faults: &mut Faults) {
    match value {
        Value::String(name) => port_name(name, field, faults),
        other => {
            let number = other.as_i64().unwrap_or(0);
            if !(1..=65_535).contains(&number) {
                faults.push(FieldFault::invalid(field, &number.into(), PORT));
            }
        }
    }
}

/// The faults of a key of a ConfigMap or Secret.
pub(super) fn config_key(key: &str, field: &str, faults: &mut Faults) {
    const KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
                       'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    let mut fault = |detail: &str| faults.push(FieldFault::invalid(field, &key.into(), detail));
    if key.len() > 253 {
        fault("must be no more than 253 bytes");
    }
    let fits = key.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.'));
    if !fits || key.is_empty() {
        fault(KEY);
    }
    match key {
        "." => fault("must not be '.'"),
        ".." => fault("must not be '..'"),
        _ if key.starts_with("..") => fault("must not start with '..'"),
        _ => {}
    }
}
