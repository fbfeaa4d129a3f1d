//! Single calls recorded from structured-merge-diff v6: the same value, the same answer.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;
use windlass_fieldset::{FieldSet, Schema, TypedValue, ValidationErrors};

#[path = "recorded/notation.rs"]
mod notation;
#[path = "recorded/recording.rs"]
mod recording;

#[derive(Deserialize)]
struct Call {
    #[serde(rename = "fn")]
    function: String,
    schema: String,
    #[serde(rename = "typeRef")]
    type_ref: String,
    value: Value,
    #[serde(rename = "in")]
    input: Value,
    out: Value,
}

#[test]
fn every_recorded_call_has_the_recorded_answer() {
    let Some(folder) = recording::folder("smd/typed") else { return };
    let calls = std::fs::read_to_string(folder.join("calls.jsonl")).unwrap();
    let mut schemas: HashMap<String, Schema> = HashMap::new();
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = Vec::new();
    for (number, line) in calls.lines().enumerate() {
        let call: Call = serde_json::from_str(line).unwrap();
        let schema = schemas.entry(call.schema.clone()).or_insert_with(|| {
            let text = std::fs::read_to_string(folder.join(format!("schema-{}.yaml", call.schema))).unwrap();
            notation::schema(&text)
        });
        let answer = answer(&call, schema);
        let expected = expected(&call);
        let count = counts.entry(call.function.clone()).or_default();
        if answer == expected {
            count.0 += 1;
        } else {
            count.1 += 1;
            failures.push(format!("line {}: {line}\n  expected {expected}\n  got      {answer}", number + 1));
        }
    }
    for (function, (passed, failed)) in &counts {
        println!("{function}: {passed} passed, {failed} failed");
    }
    assert!(failures.is_empty(), "{} calls differ:\n{}", failures.len(), failures.join("\n"));
}

fn answer(call: &Call, schema: &Schema) -> Value {
    let ty = notation::ty(schema, &call.type_ref);
    let set = || FieldSet::from_fields_v1(&call.input["set"]).expect("a recorded set");
    if call.function == "validate" {
        let allowed = call.input["allowDuplicates"] == true;
        let result = if allowed {
            TypedValue::with_duplicates(call.value.clone(), &ty)
        } else {
            TypedValue::new(call.value.clone(), &ty)
        };
        return result.map_or_else(|error| sorted_lines(&error.to_string()), |_| Value::Null);
    }
    let typed = |value: &Value| TypedValue::with_duplicates(value.clone(), &ty).expect("a recorded value");
    let value = typed(&call.value);
    let error = |error: ValidationErrors| serde_json::json!({"error": error.to_string()});
    match call.function.as_str() {
        "merge" => match value.merge(&typed(&call.input["rhs"])) {
            Ok(merged) => serde_json::json!({"error": null, "out": merged.value()}),
            Err(failed) => error(failed),
        },
        "compare" => match value.compare(&typed(&call.input["rhs"])) {
            Ok(changes) => serde_json::json!({
                "error": null,
                "added": changes.added, "modified": changes.modified, "removed": changes.removed,
            }),
            Err(failed) => error(failed),
        },
        "toFieldSet" => serde_json::json!({"error": null, "set": value.to_field_set()}),
        "removeItems" => serde_json::json!({"out": value.remove_items(&set()).value()}),
        "extractItems" if call.input["appendKeyFields"] == true => {
            serde_json::json!({"out": value.extract_items_with_keys(&set()).value()})
        }
        "extractItems" => serde_json::json!({"out": value.extract_items(&set()).value()}),
        "reconcileFieldSetWithSchema" => match value.reconcile_field_set(&set()) {
            Ok(set) => serde_json::json!({"error": null, "set": set}),
            Err(failed) => error(failed),
        },
        other => panic!("a call of {other}"),
    }
}

/// The recorder read its values with a YAML library whose mappings print otherwise than those of the API server.
fn expected(call: &Call) -> Value {
    match &call.out {
        Value::String(text) => sorted_lines(&text.replace("map[interface {}]interface {}", "map[string]interface {}")),
        other => other.clone(),
    }
}

/// The order of errors is that of Go's mappings: any.
fn sorted_lines(text: &str) -> Value {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n").into()
}
