//! Reads the fields of a `sops` entry, whose forms stand in sops' `stores/stores.go`.
//!
//! Unknown fields are passed over, as sops does; `null` counts as absent.

use std::collections::BTreeSet;

use crate::metadata::{KeyGroup, Metadata};
use crate::recipient::{Recipient, RecipientKind, SEALED};
use crate::scalar::Scalar;
use crate::selector::Selector;
use crate::tree::{Branch, Item, METADATA_KEY, Node, Value};
use crate::{Error, Format, stores, values};

/// Takes the metadata out of all documents and reads those of the first, which hold for all of them.
pub(crate) fn take(documents: &mut [Branch], format: Format) -> Result<Metadata, Error> {
    if format == Format::Yaml {
        documents.first().map_or(Ok(()), |first| refuse_repeated_keys(first))?;
    }
    let mut first = None;
    for (position, document) in documents.iter_mut().enumerate() {
        let found = stores::take_metadata(document, format)?;
        if position == 0 {
            if found.len() > 1 {
                return Err(fault("sops", "stands there more than once"));
            }
            first = found.into_iter().next();
        }
    }
    read(&first.ok_or(Error::NotEncrypted)?, format)
}

/// sops reads no YAML with a key twice at the top of the first document, or in its metadata; it does not look further.
fn refuse_repeated_keys(items: &[Item]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for item in items {
        let Item::Entry { key, node } = item else { continue };
        if !seen.insert(key) {
            let reason = format!("the key {key:?} is given twice in one mapping");
            return Err(Error::Syntax { format: Format::Yaml, line: node.line, reason });
        }
        if key == METADATA_KEY {
            refuse_repeated_keys_below(node)?;
        }
    }
    Ok(())
}

fn refuse_repeated_keys_below(node: &Node) -> Result<(), Error> {
    match &node.value {
        Value::Map(items) => {
            refuse_repeated_keys(items)?;
            items.iter().try_for_each(|item| match item {
                Item::Entry { node, .. } => refuse_repeated_keys_below(node),
                Item::Comment(_) => Ok(()),
            })
        }
        Value::List(nodes) => nodes.iter().try_for_each(refuse_repeated_keys_below),
        _ => Ok(()),
    }
}

/// Reads a `sops` entry.
fn read(node: &Node, format: Format) -> Result<Metadata, Error> {
    let fields = Fields::of(node, "sops".to_owned(), format)?;
    let mut groups = vec![read_group(&fields)?];
    // Lists at the top win over key groups.
    if groups[0].recipients.is_empty() {
        let listed = fields.list("key_groups")?;
        if !listed.is_empty() {
            groups = listed.iter().map(read_group).collect::<Result<_, _>>()?;
        }
    }
    if groups.iter().all(|group| group.recipients.is_empty()) {
        return Err(fault("sops", "names no recipient, so nobody can open the document"));
    }
    Ok(Metadata {
        groups,
        shamir_threshold: fields.count("shamir_threshold")?,
        selector: read_selector(&fields)?,
        mac_only_encrypted: fields.flag("mac_only_encrypted")?,
        last_modified: fields.text("lastmodified")?,
        version: fields.text("version")?,
        mac: fields.text("mac")?,
    })
}

fn read_group(fields: &Fields<'_>) -> Result<KeyGroup, Error> {
    let mut group = KeyGroup::default();
    for kind in RecipientKind::ALL {
        for entry in fields.list(kind.list_name())? {
            for (name, field) in entry.each() {
                if entry.text_of(field).is_none() && !matches!(field.value, Value::Map(_) | Value::Null) {
                    return Err(fault(&entry.name(name), "must be text"));
                }
            }
            // One without a data key cannot open the document, and keeps nobody else from it.
            entry.text(SEALED)?;
            group.recipients.push(Recipient::from_fields(kind, entry.to_json()));
        }
    }
    Ok(group)
}

fn read_selector(fields: &Fields<'_>) -> Result<Selector, Error> {
    let mut selector = None;
    for (name, make) in Selector::FIELDS {
        let Some(text) = fields.text(name)?.filter(|text| !text.is_empty()) else {
            continue;
        };
        if selector.replace(make(text)).is_some() {
            return Err(fault(&fields.name(name), "is a second selector, and a document can have one only"));
        }
    }
    Ok(selector.unwrap_or_default())
}

/// A mapping in the metadata with its place in them.
struct Fields<'a> {
    items: &'a [Item],
    place: String,
    /// Go takes other types for a field from YAML than from JSON, which binary files are in too.
    format: Format,
}

impl<'a> Fields<'a> {
    fn of(node: &'a Node, place: String, format: Format) -> Result<Self, Error> {
        match &node.value {
            Value::Map(items) => Ok(Self { items, place, format }),
            _ => Err(fault(&place, "must be a mapping")),
        }
    }

    fn name(&self, field: &str) -> String {
        format!("{}.{field}", self.place)
    }

    /// The value of a field. Of two equal ones the last counts, as in Go.
    fn get(&self, field: &str) -> Option<&'a Node> {
        self.items
            .iter()
            .rev()
            .find_map(|item| match item {
                Item::Entry { key, node } if key == field => Some(node),
                _ => None,
            })
            .filter(|node| node.value != Value::Null)
    }

    fn each(&self) -> impl Iterator<Item = (&'a str, &'a Node)> {
        self.items.iter().filter_map(|item| match item {
            Item::Entry { key, node } => Some((key.as_str(), node)),
            Item::Comment(_) => None,
        })
    }

    /// All fields, scalars as their texts.
    fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
        let field = |(key, node): (&str, &Node)| {
            let value =
                node.as_text().map_or_else(|| values::node_to_json(node, Format::Json), serde_json::Value::from);
            (key.to_owned(), value)
        };
        self.each().map(field).collect()
    }

    fn is_json(&self) -> bool {
        matches!(self.format, Format::Json | Format::Binary)
    }

    /// In YAML every scalar is a text where one is wanted.
    fn text_of(&self, node: &Node) -> Option<String> {
        let is_string = matches!(node.value, Value::Scalar(Scalar::Str(_)));
        if self.is_json() && !is_string { None } else { node.as_text() }
    }

    fn text(&self, field: &str) -> Result<Option<String>, Error> {
        let no_text = || fault(&self.name(field), "must be text");
        self.get(field).map(|node| self.text_of(node).ok_or_else(no_text)).transpose()
    }

    /// A number above zero. One that is not counts as absent.
    fn count(&self, field: &str) -> Result<Option<usize>, Error> {
        let Some(node) = self.get(field) else { return Ok(None) };
        let number = match &node.value {
            Value::Scalar(Scalar::Int(number)) => Some(*number),
            Value::Scalar(Scalar::Float(_)) if !self.is_json() => node.as_text().and_then(|text| text.parse().ok()),
            _ => None,
        };
        let number = number.ok_or_else(|| fault(&self.name(field), "must be a number"))?;
        Ok(usize::try_from(number).ok().filter(|number| *number > 0))
    }

    fn flag(&self, field: &str) -> Result<bool, Error> {
        let flag = match self.get(field).map(|node| &node.value) {
            None => Some(false),
            Some(Value::Scalar(Scalar::Bool(flag))) => Some(*flag),
            // Words of YAML 1.1, which Go's reader takes where it wants a flag.
            Some(Value::Scalar(Scalar::Str(word))) if !self.is_json() => match word.as_slice() {
                b"y" | b"Y" | b"yes" | b"Yes" | b"YES" | b"on" | b"On" | b"ON" => Some(true),
                b"n" | b"N" | b"no" | b"No" | b"NO" | b"off" | b"Off" | b"OFF" => Some(false),
                _ => None,
            },
            Some(_) => None,
        };
        flag.ok_or_else(|| fault(&self.name(field), "must be true or false"))
    }

    /// A list of mappings.
    fn list(&self, field: &str) -> Result<Vec<Fields<'a>>, Error> {
        let name = self.name(field);
        match self.get(field).map(|node| &node.value) {
            None => Ok(Vec::new()),
            Some(Value::List(nodes)) => {
                let entries = nodes.iter().filter(|node| !matches!(node.value, Value::Comment(_)));
                entries.enumerate().map(|(at, node)| Fields::of(node, format!("{name}[{at}]"), self.format)).collect()
            }
            Some(_) => Err(fault(&name, "must be a list")),
        }
    }
}

fn fault(field: &str, reason: &str) -> Error {
    Error::Metadata { field: field.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn parse(metadata: &str) -> Result<Metadata, Error> {
        take(&mut [json::read(format!("{{\"sops\": {metadata}}}").as_bytes())?], Format::Json)
    }

    fn message(metadata: &str) -> String {
        parse(metadata).unwrap_err().to_string()
    }

    #[test]
    fn empty_lists_and_nulls_of_older_versions_are_absent() {
        let metadata = parse(r#"{"kms": [], "pgp": null, "age": [{"recipient": "r", "enc": "e"}]}"#).unwrap();
        assert_eq!(metadata.groups.len(), 1);
        assert_eq!(metadata.recipients().count(), 1);
        assert_eq!(metadata.selector, Selector::default());
    }

    #[test]
    fn lists_at_the_top_win_over_key_groups() {
        let group = r#""age": [{"recipient": "r", "enc": "e"}]"#;
        let groups = format!(r#""key_groups": [{{{group}}}, {{{group}, "hc_vault": []}}]"#);
        assert_eq!(parse(&format!("{{{groups}, \"shamir_threshold\": 2}}")).unwrap().groups.len(), 2);
        assert_eq!(parse(&format!("{{{group}, {groups}}}")).unwrap().groups.len(), 1);
    }

    /// As sops 3.11.0 takes and refuses them.
    #[test]
    fn types_are_those_that_go_takes_from_each_format() {
        let read = |format, field: &str| {
            let text = match format {
                Format::Json => {
                    format!("{{\"sops\": {{\"age\": [{{\"recipient\": \"r\", \"enc\": \"e\"}}], {field}}}}}")
                }
                _ => format!("sops:\n  age: [{{recipient: r, enc: e}}]\n  {field}\n"),
            };
            take(&mut stores::read(text.as_bytes(), format).unwrap(), format)
        };
        for (field, threshold) in [("2", Some(2)), ("-1", None), ("0x2", Some(2)), ("1.0", Some(1)), ("0", None)] {
            let metadata = read(Format::Yaml, &format!("shamir_threshold: {field}")).unwrap();
            assert_eq!(metadata.shamir_threshold, threshold, "{field}");
        }
        assert_eq!(read(Format::Json, r#""shamir_threshold": -2"#).unwrap().shamir_threshold, None);
        for field in ["yes", "ON", "\"y\"", "true"] {
            assert!(read(Format::Yaml, &format!("mac_only_encrypted: {field}")).unwrap().mac_only_encrypted, "{field}");
        }
        assert_eq!(read(Format::Yaml, "version: 3").unwrap().version.as_deref(), Some("3"));
        for field in [
            "shamir_threshold: \"2\"",
            "mac_only_encrypted: \"true\"",
            "mac_only_encrypted: 1",
            "mac_only_encrypted: yEs",
        ] {
            assert!(matches!(read(Format::Yaml, field), Err(Error::Metadata { .. })), "{field}");
        }
        for field in [
            r#""shamir_threshold": "2""#,
            r#""shamir_threshold": 2.0"#,
            r#""mac_only_encrypted": "yes""#,
            r#""lastmodified": 3"#,
            r#""version": 3"#,
            r#""mac": true"#,
        ] {
            assert!(matches!(read(Format::Json, field), Err(Error::Metadata { .. })), "{field}");
        }
    }

    #[test]
    fn faults_name_the_field() {
        assert_eq!(message("3"), "sops must be a mapping");
        assert_eq!(message(r#"{"age": [{"recipient": "r", "enc": []}]}"#), "sops.age[0].enc must be text");
        assert_eq!(message(r#"{"age": {}}"#), "sops.age must be a list");
        assert_eq!(message(r#"{"age": [{"recipient": "r", "enc": "e"}], "version": []}"#), "sops.version must be text");
        assert!(
            message(r#"{"age": [{"recipient": "r", "enc": "e"}], "encrypted_regex": "a", "encrypted_suffix": "b"}"#)
                .contains("second selector")
        );
        assert!(matches!(take(&mut [Vec::new()], Format::Json), Err(Error::NotEncrypted)));
        assert!(matches!(take(&mut [], Format::Yaml), Err(Error::NotEncrypted)));
    }
}
