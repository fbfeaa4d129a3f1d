//! FieldsV1, the format in which `metadata.managedFields` keeps sets.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::{
    element_text,
    field_set::{FieldSet, MAX_DEPTH, Node},
};

/// What is wrong with a FieldsV1 text. Reading it again cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldsV1Error {
    /// A key is none.
    #[error("parsing key as path element: {reason}: {text}")]
    Element {
        /// The key.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The set, or what stands under one of its keys, is not a mapping.
    #[error("expected a mapping under {key:?}")]
    NotAMapping {
        /// The key; empty for the set itself.
        key: String,
    },
    /// The set nests deeper than any object.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl FieldSet {
    /// Reads a set as `managedFields` has it under `fieldsV1`.
    ///
    /// The format is the one of KEP-555: a mapping of `f:<field>`, `k:<keys as JSON>`, `v:<value as JSON>` and
    /// `i:<index>`, in which a node is owned itself when it is empty or has a `.`. Kinds of keys that are not known are
    /// skipped, as the reference does.
    ///
    /// # Errors
    /// When the value, or one within it, is not a mapping, a key is malformed, or it nests deeper than 256 levels.
    pub fn from_fields_v1(value: &Value) -> Result<Self, FieldsV1Error> {
        read(value, "", 0).map(|(set, _)| set)
    }

    /// Writes the set as `managedFields` has it, keys in the reference's order: turned to text, it is what the API server
    /// stores, byte for byte.
    #[must_use]
    pub fn to_fields_v1(&self) -> Value {
        Value::Object(self.mapping(false))
    }

    fn mapping(&self, is_member: bool) -> Map<String, Value> {
        let mut mapping = Map::with_capacity(self.nodes().len() + 1);
        if is_member && !self.is_empty() {
            mapping.insert(".".to_owned(), Value::Object(Map::new()));
        }
        mapping.extend(self.nodes().iter().map(|node| {
            let below = if node.has_children() { node.below().mapping(node.member) } else { Map::new() };
            (element_text::print(&node.element).into_owned(), Value::Object(below))
        }));
        mapping
    }
}

/// The set under a key, and whether the key itself is a member.
fn read(value: &Value, key: &str, depth: usize) -> Result<(FieldSet, bool), FieldsV1Error> {
    let mapping = match value {
        Value::Object(mapping) => mapping,
        Value::Null => return Ok((FieldSet::new(), true)),
        _ => return Err(FieldsV1Error::NotAMapping { key: key.to_owned() }),
    };
    if depth > MAX_DEPTH {
        return Err(FieldsV1Error::TooDeep);
    }
    let mut nodes = Vec::with_capacity(mapping.len());
    for (key, value) in mapping.iter().filter(|(key, _)| *key != ".") {
        if let Some(element) = element_text::parse(key)? {
            let (below, is_member) = read(value, key, depth + 1)?;
            nodes.push(Node::new(element, is_member, below));
        }
    }
    let is_member = nodes.is_empty() || mapping.contains_key(".");
    Ok((without_doubles(nodes), is_member))
}

/// Different texts can mean the same element, such as `v:1` and `v:1.0`. A member it is when one says so; of what lies
/// below, the last counts.
fn without_doubles(mut nodes: Vec<Node>) -> FieldSet {
    if nodes.is_sorted_by(|left, right| left.element < right.element) {
        return FieldSet::of_sorted_nodes(nodes);
    }
    nodes.sort_by(|left, right| left.element.cmp(&right.element));
    nodes.dedup_by(|later, first| {
        let same = later.element == first.element;
        if same {
            let member = later.member || first.member;
            *first = if later.has_children() { later.with_member(member) } else { first.with_member(member) };
        }
        same
    });
    FieldSet::of_sorted_nodes(nodes)
}

/// As FieldsV1.
impl Serialize for FieldSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self, false, serializer)
    }
}

fn serialize<S: Serializer>(set: &FieldSet, is_member: bool, serializer: S) -> Result<S::Ok, S::Error> {
    struct Below<'a>(&'a Node);

    impl Serialize for Below<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serialize(self.0.below(), self.0.member, serializer)
        }
    }

    let mut mapping = serializer.serialize_map(None)?;
    if is_member && !set.is_empty() {
        mapping.serialize_entry(".", &Map::new())?;
    }
    for node in set.nodes() {
        mapping.serialize_entry(&element_text::print(&node.element), &Below(node))?;
    }
    mapping.end()
}

/// From FieldsV1.
impl<'de> Deserialize<'de> for FieldSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_fields_v1(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_set_comes_back_as_it_was_in_the_reference_s_order() {
        let text = r#"{"f:a":{".":{},"f:b":{}},"f:c":{"k:{\"name\":\"x\"}":{".":{},"f:name":{}},"v:1":{},"v:\"z\"":{},"i:0":{}}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        let set = FieldSet::from_fields_v1(&value).unwrap();
        assert_eq!(set.to_fields_v1().to_string(), text);
        assert_eq!(serde_json::to_string(&set).unwrap(), text);
        assert_eq!(serde_json::from_str::<FieldSet>(text).unwrap(), set);
        assert_eq!(set.len(), 7);
        let shown = ".a\n.a.b\n.c[name=\"x\"]\n.c[=1]\n.c[=\"z\"]\n.c[0]\n.c[name=\"x\"].name";
        assert_eq!(set.to_string(), shown);
    }

    #[test]
    fn what_is_unknown_is_dropped_and_what_is_doubled_is_one() {
        let set = |value| FieldSet::from_fields_v1(&value).unwrap().to_fields_v1();
        assert_eq!(set(json!({"f:a": {"x:b": {}}, "f:b": null, ".": {}})), json!({"f:a": {}, "f:b": {}}));
        assert_eq!(
            set(json!({"v:1": {}, "v:1.0": {"f:a": {}}, "v:0": {"f:x": {}}})),
            json!({"v:0": {"f:x": {}}, "v:1": {".": {}, "f:a": {}}})
        );
        assert_eq!(set(Value::Null), json!({}));
    }

    #[test]
    fn what_is_no_set_is_refused() {
        let error = |value| FieldSet::from_fields_v1(&value).unwrap_err();
        assert_eq!(error(json!({"f:a": 1})), FieldsV1Error::NotAMapping { key: "f:a".to_owned() });
        assert!(error(json!({"a": {}})).to_string().contains("key must be 2 characters long"));
        let deep = (0..=MAX_DEPTH + 1).fold(json!({}), |below, _| json!({"f:a": below}));
        assert_eq!(error(deep), FieldsV1Error::TooDeep);
    }
}
