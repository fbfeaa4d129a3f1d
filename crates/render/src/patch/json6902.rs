//! JSON 6902 patches, with the semantics of the library that kustomize is built with.
//!
//! That library is laxer than the standard: `replace` adds what a mapping does not have, `copy` from a missing key
//! writes null, negative positions count from the end, and an operation without a value has null. All numbers of the object go through
//! floats on the way, so that integers beyond 2^53 lose digits.

use serde_json::{Number, Value};

use crate::patch::json_pointer::Pointer;
use crate::transform::scalar::size_of;

/// How large a copied value may be.
const LARGEST_COPY: u64 = 8 << 20;

/// A patch: operations that are applied one after the other.
#[derive(Debug, Clone)]
pub(crate) struct JsonPatch(Vec<Operation>);

#[derive(Debug, Clone)]
enum Operation {
    Add(Pointer, Value),
    Remove(Pointer),
    Replace(Pointer, Value),
    Move {
        from: Pointer,
        to: Pointer,
    },
    Copy {
        from: Pointer,
        to: Pointer,
    },
    Test(Pointer, Value),
    /// `replace` without a path.
    ReplaceAll(Value),
}

impl JsonPatch {
    /// Takes a list of operations as a patch.
    ///
    /// # Errors
    /// Which operation is none, and why.
    pub(crate) fn new(operations: &[Value]) -> Result<Self, String> {
        let operation =
            |(index, value)| Operation::new(value).map_err(|problem| format!("operation {}: {problem}", index + 1));
        operations.iter().enumerate().map(operation).collect::<Result<_, String>>().map(Self)
    }

    /// The paths in which kustomize overlooks what stands before the first slash.
    pub(crate) fn sloppy_paths(&self) -> impl Iterator<Item = &str> {
        let pointers = self.0.iter().flat_map(Operation::pointers);
        pointers.filter(|pointer| pointer.is_sloppy()).map(Pointer::text)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies the patch; on an error the object is left half patched and of no use.
    ///
    /// # Errors
    /// Which operation failed, and why.
    pub(crate) fn apply(&self, object: &mut Value) -> Result<(), String> {
        for (index, operation) in self.0.iter().enumerate() {
            operation
                .apply(object)
                .map_err(|problem| format!("operation {} ({}): {problem}", index + 1, operation.describe()))?;
        }
        Ok(())
    }
}

/// Makes of all integers what floats keep of them; says whether that changed any.
pub(crate) fn through_floats(value: &mut Value) -> bool {
    match value {
        Value::Number(number) => {
            let kept = number.as_f64().filter(|_| !number.is_f64()).map(shortest);
            let changed = kept.filter(|kept| kept != number);
            changed.map(|kept| *number = kept).is_some()
        }
        Value::Array(items) => items.iter_mut().fold(false, |changed, item| through_floats(item) | changed),
        Value::Object(fields) => fields.values_mut().fold(false, |changed, field| through_floats(field) | changed),
        _ => false,
    }
}

/// The integer with the fewest digits that is this float.
fn shortest(float: f64) -> Number {
    let text = float.to_string();
    let unsigned = text.parse::<u64>().map(Number::from);
    let number = unsigned.or_else(|_| text.parse::<i64>().map(Number::from));
    number.ok().or_else(|| Number::from_f64(float)).unwrap_or_else(|| Number::from(0))
}

impl Operation {
    fn new(value: &Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or("expected a mapping with op and path")?;
        let text = |key: &str| match fields.get(key) {
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(format!("{key} must be a string")),
            None => Err(format!("{key} is missing")),
        };
        let op = text("op")?;
        let value = || fields.get("value").cloned().unwrap_or(Value::Null);
        let path = || Pointer::parse(text("path")?);
        let from = || Pointer::parse(text("from")?);
        Ok(match op {
            "add" => Self::Add(path()?, value()),
            "remove" => Self::Remove(path()?),
            "replace" if text("path")?.is_empty() => Self::ReplaceAll(value()),
            "replace" => Self::Replace(path()?, value()),
            "move" => Self::Move { from: from()?, to: path()? },
            "copy" => Self::Copy { from: from()?, to: path()? },
            "test" => Self::Test(path()?, value()),
            other => return Err(format!("{other:?} is none of add, remove, replace, move, copy, test")),
        })
    }

    fn pointers(&self) -> Vec<&Pointer> {
        match self {
            Self::Add(path, _) | Self::Remove(path) | Self::Replace(path, _) | Self::Test(path, _) => vec![path],
            Self::Move { from, to } | Self::Copy { from, to } => vec![from, to],
            Self::ReplaceAll(_) => Vec::new(),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Add(path, _) => format!("add {}", path.text()),
            Self::Remove(path) => format!("remove {}", path.text()),
            Self::Replace(path, _) => format!("replace {}", path.text()),
            Self::Move { from, to } => format!("move {} to {}", from.text(), to.text()),
            Self::Copy { from, to } => format!("copy {} to {}", from.text(), to.text()),
            Self::Test(path, _) => format!("test {}", path.text()),
            Self::ReplaceAll(_) => "replace everything".to_owned(),
        }
    }

    fn apply(&self, object: &mut Value) -> Result<(), String> {
        match self {
            Self::Add(path, value) => path.add(object, value.clone()),
            Self::Remove(path) => path.remove(object).map(drop),
            Self::Replace(path, value) => path.replace(object, value.clone()),
            Self::ReplaceAll(value) => {
                object.clone_from(value);
                Ok(())
            }
            Self::Move { from, to } => {
                let value = from.remove(object)?;
                to.add(object, value)
            }
            Self::Copy { from, to } => {
                let value = from.get(object)?.unwrap_or(&Value::Null);
                // Copies of copies grow by the power; no object that an API server takes is this large.
                if size_of(value) > LARGEST_COPY {
                    return Err("the value is too large to be copied".to_owned());
                }
                to.add(object, value.clone())
            }
            Self::Test(path, wanted) => {
                let found = path.get(object)?.unwrap_or(&Value::Null);
                if same(found, wanted) { Ok(()) } else { Err("the value there is another".to_owned()) }
            }
        }
    }
}

/// Equality by structure: the order of keys counts for nothing, and 1 is 1.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(object: Value, operations: Value) -> Result<Value, String> {
        let mut object = object;
        JsonPatch::new(operations.as_array().unwrap())?.apply(&mut object)?;
        Ok(object)
    }

    #[test]
    fn the_library_is_laxer_than_the_standard() {
        let replace = json!([{"op": "replace", "path": "/b", "value": 2}]);
        assert_eq!(patched(json!({"a": 1}), replace), Ok(json!({"a": 1, "b": 2})));
        let copy = json!([{"op": "copy", "from": "/x", "path": "/b"}]);
        assert_eq!(patched(json!({}), copy), Ok(json!({"b": null})));
        let add = json!([{"op": "add", "path": "/l/-1", "value": 9}, {"op": "add", "path": "/l/-", "value": 8}]);
        assert_eq!(patched(json!({"l": [1]}), add), Ok(json!({"l": [1, 9, 8]})));
    }

    #[test]
    fn large_integers_lose_digits() {
        let mut value = json!({"a": [12345678901234567890u64, 9007199254740993i64, -9007199254740993i64, 7, 1.5]});
        assert!(through_floats(&mut value));
        let kept = json!({"a": [12345678901234567000u64, 9007199254740992i64, -9007199254740992i64, 7, 1.5]});
        assert_eq!(value, kept);
        assert!(!through_floats(&mut value));
    }

    #[test]
    fn faults_name_the_operation() {
        let fault = |operations| patched(json!({"l": [], "s": "x"}), operations).unwrap_err();
        assert_eq!(fault(json!([{"op": "remove", "path": "/x"}])), "operation 1 (remove /x): /x does not exist");
        assert_eq!(
            fault(json!([{"op": "add", "path": "/x/y", "value": 1}])),
            "operation 1 (add /x/y): there is nothing above /x/y: add that first"
        );
        assert_eq!(
            fault(json!([{"op": "replace", "path": "/l/0", "value": 1}])),
            "operation 1 (replace /l/0): position 0 is past the end of a list with 0 places"
        );
        assert_eq!(fault(json!([{"op": "add", "path": "s"}])), "operation 1: the path \"s\" must start with a slash");
        assert_eq!(
            fault(json!([{"op": "set", "path": "/s"}])),
            "operation 1: \"set\" is none of add, remove, replace, move, copy, test"
        );
    }
}
