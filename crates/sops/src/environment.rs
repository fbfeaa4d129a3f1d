//! The variables that `sops exec-env` gives to a program.

use std::fmt;

use zeroize::Zeroizing;

use crate::tree::{Item, Value};
use crate::{Location, PathStep, WriteError, flat_text};

/// A variable of the environment. Its `Debug` does not show the value.
#[non_exhaustive]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, any bytes.
    pub value: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The entries of a document as variables.
pub(crate) fn of(items: &[Item]) -> Result<Vec<Variable>, WriteError> {
    let mut variables = Vec::new();
    for item in items {
        let Item::Entry { key, node } = item else { continue };
        let fault = |reason| WriteError::Path {
            at: Location { path: vec![PathStep::Key(key.clone())], ..Location::default() },
            reason,
        };
        if matches!(node.value, Value::Map(_) | Value::List(_)) {
            return Err(fault("a list or a mapping cannot be a variable"));
        }
        if key.contains('=') {
            return Err(fault("a key with a = cannot be a variable"));
        }
        variables.extend(flat_text::of(&node.value).map(|value| Variable { name: key.clone(), value }));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    #[test]
    fn entries_are_variables() {
        let of = |text: &str| super::of(&crate::yaml::read(text.as_bytes()).unwrap()[0]);
        let variables = of("# c\na: x\nb: 1.0\nc: ~\nd: 2020-01-01\ne: 'two\n\n  lines'\n").unwrap();
        let shown: Vec<_> =
            variables.iter().map(|v| format!("{}={}", v.name, String::from_utf8_lossy(&v.value))).collect();
        assert_eq!(shown, ["a=x", "b=1.0", "c=<nil>", "d=2020-01-01T00:00:00Z", "e=two\nlines"]);
        for (text, message) in [
            ("a: []", "a: a list or a mapping cannot be a variable"),
            ("a=b: x", "[\"a=b\"]: a key with a = cannot be a variable"),
        ] {
            assert_eq!(of(text).unwrap_err().to_string(), message);
        }
    }
}
