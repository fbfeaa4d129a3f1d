use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::Value;
use windlass_manifest::FieldPath;

/// One field that differs. Values of sensitive objects are [`REDACTED`](crate::REDACTED).
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The field.
    pub path: FieldPath,
    /// What the cluster has; `None` where the field is absent.
    pub before: Option<Value>,
    /// What the repository wants; `None` where the field is to go.
    pub after: Option<Value>,
}

impl fmt::Display for Change {
    /// `spec.replicas: 5 → 2`, `+ metadata.labels.app: "web"`, `- spec.paused: true`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                write!(f, "{}: {} → {}", self.path, Short(before), Short(after))
            }
            (None, Some(after)) => write!(f, "+ {}: {}", self.path, Short(after)),
            (Some(before), None) => write!(f, "- {}: {}", self.path, Short(before)),
            (None, None) => write!(f, "{}", self.path),
        }
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut change = serializer.serialize_struct("Change", 3)?;
        change.serialize_field("path", &self.path.to_string())?;
        change.serialize_field("before", &self.before)?;
        change.serialize_field("after", &self.after)?;
        change.end()
    }
}

/// A value on one line, cut where a reader would stop reading.
struct Short<'a>(&'a Value);

const SHORT: usize = 160;

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            Value::String(text) if text == crate::REDACTED => text.clone(),
            value => value.to_string(),
        };
        match text.char_indices().nth(SHORT) {
            Some((end, _)) => write!(f, "{}…", &text[..end]),
            None => f.write_str(&text),
        }
    }
}
