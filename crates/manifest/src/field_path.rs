use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A path to a field of an object, as people write it: `spec.containers[name=app].ports[0]`.
///
/// Keys that hold a dot, a bracket or a quote stand in quotes: `metadata.labels["app.kubernetes.io/name"]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FieldPath(Vec<Step>);

/// One step of a [`FieldPath`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A field of a mapping.
    Field(String),
    /// The item of a list at this position, from 0.
    Index(usize),
    /// The item of a list whose fields have these values, each given as text.
    Item(Vec<(String, String)>),
}

/// Why a text is no field path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field path {text:?}: {problem} at character {at}")]
pub struct FieldPathError {
    /// The text.
    pub text: String,
    /// What is wrong.
    pub problem: &'static str,
    /// Where, in bytes from 0.
    pub at: usize,
}

impl FieldPath {
    /// The path of the object itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// This path and one field more.
    #[must_use]
    pub fn field(&self, name: impl Into<String>) -> Self {
        self.step(Step::Field(name.into()))
    }

    /// This path and one list position more.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// This path and one step more.
    #[must_use]
    pub fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The steps from the root.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// What stands at this path in `value`; a [`Step::Item`] takes the first item that fits.
    #[must_use]
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Field(name) => value.get(name.as_str()),
            Step::Index(index) => value.get(index),
            Step::Item(keys) => value.as_array()?.iter().find(|item| fits(item, keys)),
        })
    }

    /// The JSON pointer (RFC 6901) of this path in `value`, with list items by position; `None` where it leads nowhere.
    #[must_use]
    pub fn pointer(&self, value: &Value) -> Option<String> {
        let mut pointer = String::new();
        let mut here = value;
        for step in &self.0 {
            let (name, next) = match step {
                Step::Field(name) => (name.replace('~', "~0").replace('/', "~1"), here.get(name.as_str())?),
                Step::Index(index) => (index.to_string(), here.get(index)?),
                Step::Item(keys) => {
                    let index = here.as_array()?.iter().position(|item| fits(item, keys))?;
                    (index.to_string(), &here[index])
                }
            };
            pointer.push('/');
            pointer.push_str(&name);
            here = next;
        }
        Some(pointer)
    }
}

impl FromIterator<Step> for FieldPath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

fn fits(item: &Value, keys: &[(String, String)]) -> bool {
    keys.iter().all(|(key, wanted)| match item.get(key) {
        Some(Value::String(text)) => text == wanted,
        // Numbers and booleans as JSON writes them.
        Some(other) => serde_json::from_str::<Value>(wanted).is_ok_and(|wanted| wanted == *other),
        None => false,
    })
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(".");
        }
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if is_plain(name) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(name)?;
                }
                Step::Field(name) => write!(f, "[{}]", Value::from(name.as_str()))?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Item(keys) => {
                    f.write_str("[")?;
                    for (position, (key, value)) in keys.iter().enumerate() {
                        if position > 0 {
                            f.write_str(",")?;
                        }
                        write_word(f, key)?;
                        f.write_str("=")?;
                        write_word(f, value)?;
                    }
                    f.write_str("]")?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a name can stand without quotes.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['.', '[', ']', '"', '=', ',', '\\']) && !name.contains(char::is_control)
}

fn write_word(f: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
    // An all-digit key in brackets would read as a position.
    if is_plain(word) { f.write_str(word) } else { write!(f, "{}", Value::from(word)) }
}

impl FromStr for FieldPath {
    type Err = FieldPathError;

    fn from_str(text: &str) -> Result<Self, FieldPathError> {
        Reader { text, at: 0 }.path()
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn path(mut self) -> Result<FieldPath, FieldPathError> {
        let mut steps = Vec::new();
        if self.text == "." || self.text.is_empty() {
            return Ok(FieldPath(steps));
        }
        while self.at < self.text.len() {
            if self.take('[') {
                steps.push(self.bracket()?);
                continue;
            }
            if !steps.is_empty() && !self.take('.') {
                return Err(self.fault("expected '.' or '['"));
            }
            let name = self.plain();
            if name.is_empty() {
                return Err(self.fault("expected a field name"));
            }
            steps.push(Step::Field(name));
        }
        Ok(FieldPath(steps))
    }

    fn bracket(&mut self) -> Result<Step, FieldPathError> {
        let quoted = self.rest().starts_with('"');
        let first = self.word()?;
        if self.take(']') {
            return match first.parse() {
                Ok(index) if !quoted => Ok(Step::Index(index)),
                _ if quoted => Ok(Step::Field(first)),
                _ => Err(self.fault("expected a position, a quoted key or key=value in brackets")),
            };
        }
        let mut keys = Vec::new();
        let mut key = first;
        loop {
            if !self.take('=') {
                return Err(self.fault("expected '=' or ']'"));
            }
            keys.push((key, self.word()?));
            if self.take(']') {
                return Ok(Step::Item(keys));
            }
            if !self.take(',') {
                return Err(self.fault("expected ',' or ']'"));
            }
            key = self.word()?;
        }
    }

    fn word(&mut self) -> Result<String, FieldPathError> {
        if !self.rest().starts_with('"') {
            return Ok(self.plain());
        }
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        match values.next() {
            Some(Ok(word)) => {
                self.at += values.byte_offset();
                Ok(word)
            }
            _ => Err(self.fault("expected a closing quote")),
        }
    }

    fn plain(&mut self) -> String {
        let rest = self.rest();
        let end = rest.find(['.', '[', ']', '"', '=', ',', '\\']).unwrap_or(rest.len());
        let word = rest[..end].to_owned();
        self.at += end;
        word
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn fault(&self, problem: &'static str) -> FieldPathError {
        FieldPathError { text: self.text.to_owned(), problem, at: self.at }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_print_as_people_write_them() {
        let path = FieldPath::root()
            .field("spec")
            .field("containers")
            .step(Step::Item(vec![("name".into(), "app".into())]))
            .field("ports")
            .index(0);
        assert_eq!(path.to_string(), "spec.containers[name=app].ports[0]");
        let label = FieldPath::root().field("metadata").field("labels").field("app.kubernetes.io/name");
        assert_eq!(label.to_string(), "metadata.labels[\"app.kubernetes.io/name\"]");
    }

    #[test]
    fn values_are_found_by_key_and_pointed_at_by_position() {
        let value = json!({"spec": {"ports": [{"port": 80}, {"port": 443, "a/b": 1}]}});
        let path: FieldPath = "spec.ports[port=443].a/b".parse().unwrap();
        assert_eq!(path.find(&value), Some(&json!(1)));
        assert_eq!(path.pointer(&value).as_deref(), Some("/spec/ports/1/a~1b"));
        assert_eq!("spec.ports[port=1]".parse::<FieldPath>().unwrap().find(&value), None);
    }

    #[test]
    fn faults_say_where() {
        let error = |text: &str| text.parse::<FieldPath>().unwrap_err().to_string();
        assert_eq!(error("a..b"), "field path \"a..b\": expected a field name at character 2");
        assert_eq!(error("a[b"), "field path \"a[b\": expected '=' or ']' at character 3");
        assert_eq!(error("a[\"b"), "field path \"a[\\\"b\": expected a closing quote at character 2");
    }

    fn step() -> impl Strategy<Value = Step> {
        let word = prop_oneof!["[a-z]{1,4}", "[0-9]{1,3}", any::<String>()];
        prop_oneof![
            word.clone().prop_map(Step::Field),
            any::<u16>().prop_map(|index| Step::Index(index.into())),
            prop::collection::vec((word.clone(), word), 1..3).prop_map(Step::Item),
        ]
    }

    proptest! {
        #[test]
        fn reading_is_the_inverse_of_printing(steps in prop::collection::vec(step(), 0..6)) {
            let path = FieldPath(steps);
            prop_assert_eq!(path.to_string().parse::<FieldPath>(), Ok(path));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = text.parse::<FieldPath>();
        }
    }
}
