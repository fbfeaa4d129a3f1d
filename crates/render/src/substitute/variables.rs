use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

/// The values that expressions are filled with, by name.
///
/// Values lie in memory that is wiped, and `Debug` shows no secret one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables {
    values: BTreeMap<String, Variable>,
}

#[derive(Clone, PartialEq, Eq)]
struct Variable {
    value: Zeroizing<String>,
    secret: bool,
}

/// A name that no expression could hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} cannot be the name of a variable: letters (a to z), digits and underscores may stand in one, and no digit first"
)]
pub struct InvalidName {
    /// The name.
    pub name: String,
}

impl Variables {
    /// No variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a variable, in place of an earlier one of that name. Line feeds are taken out of the value.
    ///
    /// Flux inserts `postBuild.substituteFrom` in the order of the list, then `postBuild.substitute`.
    ///
    /// # Errors
    /// Where `name` does not match `^[_[:alpha:]][_[:alpha:][:digit:]]*$`: Flux refuses the whole ConfigMap or Secret.
    pub fn insert(&mut self, name: &str, value: &str) -> Result<(), InvalidName> {
        self.put(name, value, false)
    }

    /// Sets a variable whose value must not be shown.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn insert_secret(&mut self, name: &str, value: &str) -> Result<(), InvalidName> {
        self.put(name, value, true)
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|variable| variable.value.as_str())
    }

    /// Whether the value of a variable must not be shown.
    #[must_use]
    pub fn is_secret(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|variable| variable.secret)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn put(&mut self, name: &str, value: &str, secret: bool) -> Result<(), InvalidName> {
        if !is_valid_name(name) {
            return Err(InvalidName { name: name.to_owned() });
        }
        // Never longer than the value, so the buffer does not grow and leave a copy behind.
        let mut kept = Zeroizing::new(String::with_capacity(value.len()));
        value.split('\n').for_each(|line| kept.push_str(line));
        self.values.insert(name.to_owned(), Variable { value: kept, secret });
        Ok(())
    }
}

fn is_valid_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte == b'_' || byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |variable: &Variable| {
            if variable.secret { "<redacted>".to_owned() } else { variable.value.to_string() }
        };
        f.debug_map().entries(self.values.iter().map(|(name, variable)| (name, shown(variable)))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_feeds_go_and_the_last_value_stays() {
        let mut variables = Variables::new();
        variables.insert("A", "one").unwrap();
        variables.insert_secret("A", "two\r\nlines\n").unwrap();
        assert_eq!(variables.get("A"), Some("two\rlines"));
        assert!(variables.is_secret("A"));
        assert_eq!(format!("{variables:?}"), r#"{"A": "<redacted>"}"#);
    }

    #[test]
    fn names_are_those_of_shell_variables() {
        let mut variables = Variables::new();
        for name in ["", "1A", "a-b", "a.b", "é", "a\n"] {
            assert!(variables.insert(name, "").is_err(), "{name}");
        }
        for name in ["_", "a1", "A_B"] {
            assert!(variables.insert(name, "").is_ok(), "{name}");
        }
    }
}
