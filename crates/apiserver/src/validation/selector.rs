use serde_json::Value;

use super::{Faults, each, is_empty, names, word};
use crate::failure::FieldFault;

/// The faults of a label selector.
pub(super) fn check(selector: &Value, path: &str, faults: &mut Faults) {
    names::labels(selector.get("matchLabels"), &format!("{path}.matchLabels"), faults);
    for (place, rule) in each(selector, "matchExpressions", path) {
        let operator = word(rule, "operator");
        match operator {
            "In" | "NotIn" if is_empty(rule, "values") => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                faults.push(FieldFault::required(format!("{place}.values"), detail));
            }
            "Exists" | "DoesNotExist" if !is_empty(rule, "values") => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                faults.push(FieldFault::forbidden(format!("{place}.values"), detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                let detail = "not a valid selector operator";
                faults.push(FieldFault::invalid(format!("{place}.operator"), &other.into(), detail));
            }
        }
        names::qualified(word(rule, "key"), &format!("{place}.key"), faults);
        for (index, value) in rule.get("values").and_then(Value::as_array).into_iter().flatten().enumerate() {
            names::label_value(value.as_str().unwrap_or_default(), &format!("{place}.values[{index}]"), faults);
        }
    }
}

/// Whether a selector can be used, whatever else is wrong with it.
pub(super) fn is_usable(selector: &Value) -> bool {
    let rules = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    rules.into_iter().all(|rule| match word(rule, "operator") {
        "In" | "NotIn" => !is_empty(rule, "values"),
        "Exists" | "DoesNotExist" => is_empty(rule, "values"),
        _ => false,
    })
}

/// Whether labels fit a selector.
pub(super) fn fits(selector: &Value, labels: &Value) -> bool {
    let has = |key: &str| labels.get(key).and_then(Value::as_str);
    let listed = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let mut rules = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    listed.into_iter().all(|(key, value)| has(key) == value.as_str())
        && rules.all(|rule| {
            let values = rule.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let found = has(word(rule, "key"));
            let listed = found.is_some_and(|found| values.iter().any(|one| one == found));
            match word(rule, "operator") {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => true,
            }
        })
}
