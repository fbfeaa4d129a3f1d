//! JSON patches as the real server's library applies them, which is looser than RFC 6902 in places: what is replaced need
//! not be there, a test for null passes where nothing is, and indexes may count from the end.

use serde_json::Value;

/// Why a patch does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misfit;

/// Applies operations, in their order.
pub(crate) fn apply(object: &mut Value, operations: &[Value]) -> Result<(), Misfit> {
    operations.iter().try_for_each(|operation| one(object, operation))
}

fn one(object: &mut Value, operation: &Value) -> Result<(), Misfit> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let path = text("path").ok_or(Misfit)?;
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    match text("op") {
        Some("add") => add(object, path, value()),
        Some("remove") => remove(object, path).map(drop),
        Some("replace") => replace(object, path, value()),
        Some("test") => {
            let found = get(object, path)?;
            let wanted = value();
            if found.map_or(wanted.is_null(), |found| same(found, &wanted)) { Ok(()) } else { Err(Misfit) }
        }
        Some("copy") => {
            let found = get(object, text("from").ok_or(Misfit)?)?.cloned().unwrap_or(Value::Null);
            add(object, path, found)
        }
        Some("move") => {
            let from = text("from").ok_or(Misfit)?;
            let found = remove(object, from)?;
            add(object, path, found)
        }
        _ => Err(Misfit),
    }
}

/// The container in which a path ends, and the last step.
fn parent<'a, 'p>(object: &'a mut Value, path: &'p str) -> Result<(&'a mut Value, String), Misfit> {
    let mut steps: Vec<&'p str> = path.split('/').collect();
    if steps.len() < 2 || !steps[0].is_empty() {
        return Err(Misfit);
    }
    let last = steps.pop().map(decoded).ok_or(Misfit)?;
    let mut at = object;
    for step in steps.into_iter().skip(1) {
        at = match at {
            Value::Object(fields) => fields.get_mut(&decoded(step)).filter(|one| !one.is_null()).ok_or(Misfit)?,
            Value::Array(items) => {
                let index = index(step, items.len())?;
                items.get_mut(index).ok_or(Misfit)?
            }
            _ => return Err(Misfit),
        };
    }
    Ok((at, last))
}

fn decoded(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

fn index(step: &str, length: usize) -> Result<usize, Misfit> {
    let given: i64 = step.parse().map_err(|_| Misfit)?;
    let length = i64::try_from(length).map_err(|_| Misfit)?;
    let index = if given < 0 { length + given } else { given };
    usize::try_from(index).map_err(|_| Misfit)
}

fn get<'a>(object: &'a mut Value, path: &str) -> Result<Option<&'a Value>, Misfit> {
    let (parent, last) = parent(object, path)?;
    match parent {
        Value::Object(fields) => Ok(fields.get(&last)),
        Value::Array(items) => {
            let index = index(&last, items.len())?;
            items.get(index).map(Some).ok_or(Misfit)
        }
        _ => Err(Misfit),
    }
}

fn add(object: &mut Value, path: &str, value: Value) -> Result<(), Misfit> {
    let (parent, last) = parent(object, path)?;
    match parent {
        Value::Object(fields) => {
            fields.insert(last, value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            // One place more than there are items.
            let index = index(&last, items.len() + usize::from(last.starts_with('-')))?;
            if index > items.len() {
                return Err(Misfit);
            }
            items.insert(index, value);
        }
        _ => return Err(Misfit),
    }
    Ok(())
}

fn replace(object: &mut Value, path: &str, value: Value) -> Result<(), Misfit> {
    let (parent, last) = parent(object, path)?;
    match parent {
        Value::Object(fields) => {
            fields.insert(last, value);
        }
        Value::Array(items) => {
            let index = index(&last, items.len())?;
            *items.get_mut(index).ok_or(Misfit)? = value;
        }
        _ => return Err(Misfit),
    }
    Ok(())
}

fn remove(object: &mut Value, path: &str) -> Result<Value, Misfit> {
    let (parent, last) = parent(object, path)?;
    match parent {
        Value::Object(fields) => fields.shift_remove(&last).ok_or(Misfit),
        Value::Array(items) => {
            let index = index(&last, items.len())?;
            if index < items.len() { Ok(items.remove(index)) } else { Err(Misfit) }
        }
        _ => Err(Misfit),
    }
}

/// Numbers are the same where their amounts are.
fn same(left: &Value, right: &Value) -> bool {
    left == right || (left.is_number() && right.is_number() && left.as_f64() == right.as_f64())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Misfit, apply};

    #[test]
    fn operations_are_as_loose_as_the_real_servers() {
        let start = json!({"a": {"b": 1}, "list": [1, 2]});
        let after = |operations: serde_json::Value| {
            let mut object = start.clone();
            apply(&mut object, operations.as_array().expect("a list")).map(|()| object)
        };
        let list = |list: serde_json::Value| Ok(json!({"a": {"b": 1}, "list": list}));
        assert_eq!(after(json!([{"op": "add", "path": "/list/-", "value": 3}])), list(json!([1, 2, 3])));
        assert_eq!(after(json!([{"op": "add", "path": "/list/1", "value": 3}])), list(json!([1, 3, 2])));
        assert_eq!(after(json!([{"op": "remove", "path": "/list/-1"}])), list(json!([1])));
        assert_eq!(after(json!([{"op": "remove", "path": "/list/2"}])), Err(Misfit));
        let replaced = after(json!([{"op": "replace", "path": "/a/c", "value": 2}]));
        assert_eq!(replaced, Ok(json!({"a": {"b": 1, "c": 2}, "list": [1, 2]})));
        assert_eq!(after(json!([{"op": "replace", "path": "/x/c", "value": 2}])), Err(Misfit));
        assert!(after(json!([{"op": "test", "path": "/a/c", "value": null}])).is_ok());
        assert_eq!(after(json!([{"op": "test", "path": "/a/b", "value": 2}])), Err(Misfit));
        let moved = after(json!([{"op": "move", "from": "/a/b", "path": "/b"}]));
        assert_eq!(moved, Ok(json!({"a": {}, "list": [1, 2], "b": 1})));
        assert_eq!(after(json!([{"op": "add", "path": "", "value": 2}])), Err(Misfit));
    }
}
