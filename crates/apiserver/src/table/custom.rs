use jiff::Timestamp;
use serde_json::Value;

use super::columns::column;
use super::{Row, json_path, moment};
use crate::custom::CustomVersion;

/// The name, then the columns of the definition; the age where it names none.
pub(super) fn columns(version: &CustomVersion) -> Vec<Value> {
    let mut columns = vec![column("Name", "string", "name", 0)];
    if version.columns.is_empty() {
        columns.push(column("Age", "date", "", 0));
    }
    for one in &version.columns {
        let word = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let priority = one.get("priority").and_then(Value::as_i64).unwrap_or(0);
        columns.push(column(word("name"), word("type"), word("format"), priority));
    }
    columns
}

pub(super) fn cells(version: &CustomVersion, row: &Row<'_>) -> Vec<Value> {
    let mut cells = vec![row.name()];
    if version.columns.is_empty() {
        cells.push(row.age());
    }
    for one in &version.columns {
        let word = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let found = json_path::first(row.object, word("jsonPath"));
        cells.push(found.map_or(Value::Null, |found| cell(word("type"), found, row.now)));
    }
    cells
}

fn cell(kind: &str, value: &Value, now: Timestamp) -> Value {
    match kind {
        "string" => printed(value).into(),
        "integer" => {
            #[expect(clippy::cast_possible_truncation, reason = "as Go cuts off what is behind the point")]
            let cut = |number: f64| number as i64;
            value.as_i64().or_else(|| value.as_f64().map(cut)).map_or(Value::Null, Value::from)
        }
        "number" if value.is_number() => value.clone(),
        "boolean" if value.is_boolean() => value.clone(),
        "date" => match value.as_str() {
            Some(text) => match text.parse::<Timestamp>() {
                Ok(then) => moment::span(now.as_second() - then.as_second()).into(),
                Err(_) => "<invalid>".into(),
            },
            None => Value::Null,
        },
        _ => Value::Null,
    }
}

/// A value as JSON paths print it: text as it is, everything else as JSON.
fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
