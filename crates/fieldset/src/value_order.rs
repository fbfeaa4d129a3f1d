//! The order and equality of values as path elements and comparisons use them.
//!
//! Not `serde_json`'s equality: `1` and `1.0` are the same number here, since a key of a list that went through FieldsV1
//! comes back as a float in the reference. The order decides how sets are sorted when they are written.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// Numbers before strings before booleans before lists before mappings before null.
pub(crate) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare_numbers(left, right),
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Array(left), Value::Array(right)) => compare_all(left.iter(), right.iter(), compare),
        (Value::Object(left), Value::Object(right)) => compare_all(sorted(left), sorted(right), |left, right| {
            left.0.cmp(right.0).then_with(|| compare(left.1, right.1))
        }),
        _ => rank(left).cmp(&rank(right)),
    }
}

/// Whether two values are the same: the order of keys does not count, that of list items does.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare_numbers(left, right).is_eq(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => equal_maps(left, right),
        _ => left == right,
    }
}

fn equal_maps(left: &Map<String, Value>, right: &Map<String, Value>) -> bool {
    // Two versions of an object mostly have their keys in the same places, which saves the look-up.
    left.len() == right.len()
        && left.iter().zip(right).all(|((name, value), (beside, other))| {
            if name == beside { equal(value, other) } else { right.get(name).is_some_and(|other| equal(value, other)) }
        })
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

fn sorted(fields: &Map<String, Value>) -> std::vec::IntoIter<(&String, &Value)> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    fields.into_iter()
}

fn compare_all<T>(
    mut left: impl Iterator<Item = T>,
    mut right: impl Iterator<Item = T>,
    compare: impl Fn(T, T) -> Ordering,
) -> Ordering {
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => match compare(left, right) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

fn compare_numbers(left: &Number, right: &Number) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(left), None) => compare_mixed(left, float(right)),
        (None, Some(right)) => compare_mixed(right, float(left)).reverse(),
        (None, None) => float(left).partial_cmp(&float(right)).unwrap_or(Ordering::Equal),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or_default()
}

/// Exactly, where the reference rounds the integer to a float: rounding makes an order that is none (2⁵³ and 2⁵³+1 both
/// equal to a float between which and them there is no order), and sorting by such is undefined.
fn compare_mixed(integer: i128, float: f64) -> Ordering {
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and every JSON integer is far inside i128")]
    let whole = float.trunc() as i128;
    integer.cmp(&whole).then_with(|| 0.0.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_have_an_order_and_numbers_are_numbers() {
        let ascending =
            [json!(-1.5), json!(1), json!(1.5), json!(2), json!("a"), json!(false), json!([1]), json!({}), json!(null)];
        for (i, left) in ascending.iter().enumerate() {
            for (j, right) in ascending.iter().enumerate() {
                assert_eq!(compare(left, right), i.cmp(&j), "{left} {right}");
                assert_eq!(equal(left, right), i == j, "{left} {right}");
            }
        }
        assert!(equal(&json!({"a": 1, "b": [2]}), &json!({"b": [2.0], "a": 1.0})));
        assert_eq!(compare(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992.0)), Ordering::Greater);
    }
}
