//! The metadata as dotenv and INI hold them: one level of fields, in whose names `__map_` and `__list_` lead to what is
//! nested, as in `age__list_0__map_enc` (sops, `stores/flatten.go`).

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::flat_text::{self, unescape_line_breaks};
use crate::scalar::Scalar;
use crate::tree::{Item, MAX_DEPTH, Node, Value};
use crate::{Error, Location};

const MAP: &str = "__map_";
const LIST: &str = "__list_";

/// One field.
pub(crate) struct Flat {
    /// Where it stands in the file.
    pub(crate) at: Location,
    /// Its name, without what the file puts before it.
    pub(crate) name: String,
    /// Its text.
    pub(crate) node: Node,
}

/// Nests the fields: the mapping that YAML and JSON hold as such. Of equal names the last counts.
pub(crate) fn nest(fields: Vec<Flat>) -> Result<Node, Error> {
    let line = fields.first().and_then(|field| field.at.line);
    let mut top = Nest::Map(BTreeMap::new());
    for Flat { at, name, node } in fields {
        let node = typed(&name, node);
        put(&mut top, &name, node).map_err(|reason| Error::Shape { at, reason })?;
    }
    Ok(Node { line, ..top.into_node() })
}

/// The fields of a mapping under flat names, sorted: the inverse of [`nest`]. Nothing is left of empty lists.
pub(crate) fn flatten(items: &[Item]) -> Vec<(String, Zeroizing<Vec<u8>>)> {
    let mut fields = Vec::new();
    flatten_items(items, "", &mut fields);
    fields.sort_by(|(left, _), (right, _)| left.cmp(right));
    fields
}

fn flatten_items(items: &[Item], prefix: &str, fields: &mut Vec<(String, Zeroizing<Vec<u8>>)>) {
    for item in items {
        if let Item::Entry { key, node } = item {
            flatten_node(node, format!("{prefix}{key}"), fields);
        }
    }
}

fn flatten_node(node: &Node, name: String, fields: &mut Vec<(String, Zeroizing<Vec<u8>>)>) {
    match &node.value {
        Value::Map(items) => flatten_items(items, &format!("{name}{MAP}"), fields),
        Value::List(nodes) => {
            for (position, node) in nodes.iter().enumerate() {
                flatten_node(node, format!("{name}{LIST}{position}"), fields);
            }
        }
        Value::Null => {}
        value => fields.extend(flat_text::of(value).map(|text| (name, text))),
    }
}

/// The two fields that are no text elsewhere become what they are there.
fn typed(name: &str, node: Node) -> Node {
    let Value::Scalar(Scalar::Str(bytes)) = &node.value else {
        return node;
    };
    let scalar = match name {
        "mac_only_encrypted" => Scalar::Bool(**bytes == *b"true"),
        // Older versions wrote it as a float.
        "shamir_threshold" => match std::str::from_utf8(bytes).map(str::parse::<f64>) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a threshold is one byte, and checked where it is used"
            )]
            Ok(Ok(number)) if number.fract() == 0.0 => Scalar::Int(number as i64),
            _ => return node,
        },
        _ => Scalar::Str(unescape_line_breaks(bytes)),
    };
    Node { value: Value::Scalar(scalar), line: node.line }
}

fn put(top: &mut Nest, name: &str, node: Node) -> Result<(), &'static str> {
    let mut place = top;
    let mut rest = Some((Step::Key as fn(_) -> _, name));
    let mut depth = 0;
    while let Some((step, text)) = rest {
        let next = [(MAP, Step::Key as fn(_) -> _), (LIST, Step::position as fn(_) -> _)]
            .into_iter()
            .filter_map(|(separator, step)| Some((text.find(separator)?, separator, step)))
            .min_by_key(|(at, ..)| *at);
        let end = next.map_or(text.len(), |(at, ..)| at);
        place = place.child(&step(&text[..end]))?;
        rest = next.map(|(at, separator, step)| (step, &text[at + separator.len()..]));
        depth += 1;
        if depth > MAX_DEPTH {
            return Err("nested too deeply");
        }
    }
    match place {
        Nest::Empty | Nest::Leaf(_) => *place = Nest::Leaf(node),
        _ => return Err(CONFLICT),
    }
    Ok(())
}

const CONFLICT: &str = "this name stands for a text here and for a list or a mapping elsewhere";

/// One step of a flat name.
enum Step<'a> {
    Key(&'a str),
    Position(Option<usize>),
}

impl<'a> Step<'a> {
    fn position(text: &'a str) -> Self {
        Self::Position(text.parse().ok())
    }
}

/// Fields on their way into a tree. Positions order the items of a list; a gap between them is none in the list, so that a
/// large number costs nothing.
#[derive(Default)]
enum Nest {
    #[default]
    Empty,
    Leaf(Node),
    Map(BTreeMap<String, Nest>),
    List(BTreeMap<usize, Nest>),
}

impl Nest {
    fn child(&mut self, step: &Step<'_>) -> Result<&mut Self, &'static str> {
        if let Self::Empty = self {
            *self = match step {
                Step::Key(_) => Self::Map(BTreeMap::new()),
                Step::Position(_) => Self::List(BTreeMap::new()),
            };
        }
        match (self, step) {
            (Self::Map(map), Step::Key(key)) => Ok(map.entry((*key).to_owned()).or_default()),
            (Self::List(list), Step::Position(Some(at))) => Ok(list.entry(*at).or_default()),
            (Self::List(_), Step::Position(None)) => Err("the position in a list must be a number"),
            _ => Err(CONFLICT),
        }
    }

    /// Recurses no deeper than [`MAX_DEPTH`], which [`put`] keeps to.
    fn into_node(self) -> Node {
        let value = match self {
            Self::Empty => Value::Null,
            Self::Leaf(node) => return node,
            Self::List(list) => Value::List(list.into_values().map(Self::into_node).collect()),
            Self::Map(map) => {
                let entry = |(key, nest): (String, Self)| Item::Entry { key, node: nest.into_node() };
                Value::Map(map.into_iter().map(entry).collect())
            }
        };
        Node { value, line: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values;
    use crate::{Format, PathStep};

    fn nested(fields: &[(&str, &str)]) -> Result<serde_json::Value, String> {
        let fields = fields.iter().zip(1..).map(|((name, text), line)| Flat {
            at: Location { path: vec![PathStep::Key((*name).into())], line: Some(line), ..Location::default() },
            name: (*name).to_owned(),
            node: Node { value: Value::Scalar(Scalar::text(text)), line: Some(line) },
        });
        match nest(fields.collect()).map_err(|error| error.to_string())?.value {
            Value::Map(items) => Ok(values::to_json(&items, Format::Ini)),
            _ => Err("no mapping".to_owned()),
        }
    }

    #[test]
    fn names_lead_into_maps_and_lists() {
        let json = nested(&[
            ("key_groups__list_1__map_age__list_0__map_enc", "a\\nb"),
            ("key_groups__list_0__map_pgp__list_12__map_fp", "c"),
            ("key_groups__list_0__map_pgp__list_2__map_fp", "b"),
            ("shamir_threshold", "2.000000"),
            ("mac_only_encrypted", "true"),
            ("mac", "first"),
            ("mac", "last"),
        ]);
        let expected = serde_json::json!({
            "key_groups": [{"pgp": [{"fp": "b"}, {"fp": "c"}]}, {"age": [{"enc": "a\nb"}]}],
            "shamir_threshold": 2,
            "mac_only_encrypted": true,
            "mac": "last",
        });
        assert_eq!(json.unwrap(), expected);
    }

    #[test]
    fn faults_point_to_the_field() {
        let fault = |fields: &[(&str, &str)]| nested(fields).unwrap_err();
        assert_eq!(
            fault(&[("age__list_x__map_enc", "e")]),
            "age__list_x__map_enc (line 1): the position in a list must be a number"
        );
        assert_eq!(fault(&[("age", "e"), ("age__map_a", "e")]), format!("age__map_a (line 2): {CONFLICT}"));
        assert_eq!(fault(&[("age__map_a", "e"), ("age", "e")]), format!("age (line 2): {CONFLICT}"));
        assert!(fault(&[(&"__map_".repeat(1000), "e")]).ends_with("nested too deeply"));
    }
}
