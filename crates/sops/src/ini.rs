//! The INI store: sections of keys between the tree and the text, as sops' `stores/ini` puts them together.
//!
//! In the tree a section is a mapping at the top. Its own comment is the first item in it; the comment of a key follows the
//! key, though in the file it stands above.

use zeroize::Zeroizing;

use crate::flat_metadata::{self, Flat};
use crate::flat_text;
use crate::scalar::Scalar;
use crate::tree::{self, Branch, Comment, Item, METADATA_KEY, Node, Value};
use crate::{Error, Location, PathStep, ini_print, ini_syntax};

/// The section of the keys above all sections. It is always there, though it may be empty.
pub(crate) const DEFAULT_SECTION: &str = "DEFAULT";

/// A section with its keys in their order. Sections of one name may repeat, keys in a section do not.
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) line: Option<usize>,
    /// With the marks of its lines, or without; empty for none.
    pub(crate) comment: Zeroizing<String>,
    pub(crate) keys: Vec<Key>,
}

/// A key with its value.
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) line: Option<usize>,
    pub(crate) value: Zeroizing<Vec<u8>>,
    /// As that of a section.
    pub(crate) comment: Zeroizing<String>,
}

/// Reads sections into the tree.
pub(crate) fn read(text: &[u8]) -> Result<Branch, Error> {
    Ok(ini_syntax::read(text)?.into_iter().map(section_to_item).collect())
}

/// The text of a document, byte for byte as sops prints it.
pub(crate) fn print(document: &Branch, capacity: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let entries = document.iter().filter_map(|item| match item {
        Item::Entry { key, node } => Some((key, node)),
        Item::Comment(_) => None,
    });
    let sections = entries.map(|(name, node)| section_from_node(name, node)).collect::<Result<Vec<_>, _>>()?;
    sections.iter().try_for_each(check_names)?;
    Ok(ini_print::print(&sections, capacity))
}

/// As go-ini: neither a section nor a key goes without a name.
fn check_names(section: &Section) -> Result<(), Error> {
    let nameless =
        |path: Vec<PathStep>, line, reason| Error::Shape { at: Location { path, line, ..Location::default() }, reason };
    let path = vec![PathStep::Key(section.name.clone())];
    if section.name.is_empty() {
        return Err(nameless(path, section.line, "a section of an INI file needs a name"));
    }
    match section.keys.iter().find(|key| key.name.is_empty()) {
        Some(key) => {
            let path = [path, vec![PathStep::Key(String::new())]].concat();
            Err(nameless(path, key.line, "a key of an INI file needs a name"))
        }
        None => Ok(()),
    }
}

/// Takes the `sops` sections out of a document. A readable one has one.
pub(crate) fn take_metadata(document: &mut Branch) -> Result<Vec<Node>, Error> {
    tree::take_metadata(document).into_iter().map(nest_metadata).collect()
}

/// Puts the metadata below a document, as one section.
pub(crate) fn put_metadata(document: &mut Branch, fields: &[Item]) {
    let item = |(name, text): (String, Zeroizing<Vec<u8>>)| Item::Entry {
        key: name,
        node: Node { value: Value::Scalar(Scalar::Str(flat_text::escape_line_breaks(&text))), line: None },
    };
    let section = flat_metadata::flatten(fields).into_iter().map(item).collect();
    document.push(Item::Entry { key: METADATA_KEY.to_owned(), node: Node { value: Value::Map(section), line: None } });
}

fn nest_metadata(section: Node) -> Result<Node, Error> {
    let Value::Map(items) = section.value else {
        return Ok(section);
    };
    let path = |name: &str| vec![PathStep::Key(METADATA_KEY.to_owned()), PathStep::Key(name.to_owned())];
    let fields = items.into_iter().filter_map(|item| match item {
        Item::Entry { key, node } => {
            Some(Flat { at: Location { path: path(&key), line: node.line, ..Location::default() }, name: key, node })
        }
        Item::Comment(_) => None,
    });
    flat_metadata::nest(fields.collect())
}

fn section_to_item(section: Section) -> Item {
    let mut items = Vec::new();
    items.extend(comment_item(&section.comment));
    for Key { name, line, value, comment } in section.keys {
        items.push(Item::Entry { key: name, node: Node { value: Value::Scalar(Scalar::Str(value)), line } });
        items.extend(comment_item(&comment));
    }
    Item::Entry { key: section.name, node: Node { value: Value::Map(items), line: section.line } }
}

fn comment_item(comment: &str) -> Option<Item> {
    let text = Zeroizing::new(without_mark(comment).to_owned());
    (!comment.is_empty()).then_some(Item::Comment(Comment { text, inline: false }))
}

/// A comment without the mark of its first line; the lines below keep theirs.
fn without_mark(comment: &str) -> &str {
    match comment.chars().next() {
        Some(mark @ ('#' | ';')) => comment.trim_start_matches([mark, ' ']),
        _ => comment,
    }
}

fn section_from_node(name: &str, node: &Node) -> Result<Section, Error> {
    let fault = |key: Option<&str>, line, reason| {
        let path = std::iter::once(name).chain(key).map(|key| PathStep::Key(key.to_owned())).collect();
        Error::Shape { at: Location { path, line, ..Location::default() }, reason }
    };
    let Value::Map(items) = &node.value else {
        return Err(fault(None, node.line, "an INI file has sections only at its top"));
    };
    let mut section =
        Section { name: name.to_owned(), line: node.line, comment: Zeroizing::default(), keys: Vec::new() };
    for (position, item) in items.iter().enumerate() {
        match (item, section.keys.last_mut()) {
            (Item::Entry { key, node }, _) => {
                let value = flat_text::of(&node.value)
                    .ok_or_else(|| fault(Some(key), node.line, "a section of an INI file has text values only"))?;
                section.keys.push(Key { name: key.clone(), line: node.line, value, comment: Zeroizing::default() });
            }
            (Item::Comment(comment), None) if position == 0 => section.comment = comment.text.clone(),
            (Item::Comment(comment), Some(key)) => key.comment = comment.text.clone(),
            (Item::Comment(_), None) => {}
        }
    }
    Ok(section)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, metadata_fields};

    fn reprint(text: &str) -> String {
        let printed = print(&read(text.as_bytes()).unwrap(), 0).unwrap();
        String::from_utf8(printed.to_vec()).unwrap()
    }

    #[test]
    fn comments_stay_with_their_keys() {
        let text = "; of the section\n# more\n[a]\n; of x\nx = 1\ny = 2\n";
        let expected = ["Comment(of the section\n# more)", "x", "Comment(of x)", "y"];
        let document = read(text.as_bytes()).unwrap();
        let Item::Entry { node: Node { value: Value::Map(items), .. }, .. } = &document[1] else { panic!() };
        let shown: Vec<String> = items
            .iter()
            .map(|item| match item {
                Item::Entry { key, .. } => key.clone(),
                Item::Comment(comment) => format!("Comment({})", *comment.text),
            })
            .collect();
        assert_eq!(shown, expected);
        assert_eq!(reprint(text), text);
    }

    #[test]
    fn sections_repeat_and_the_default_one_has_no_header() {
        let text = "a = 1\n\n[DEFAULT]\nb = \n\n[x]\nc = 1\n\n[x]\nc = 2\n";
        assert_eq!(reprint(text), text);
        assert_eq!(reprint(""), "");
    }

    #[test]
    fn metadata_are_one_section() {
        let text = "[sops]\nversion=3\nage__list_0__map_enc=a\\nb\nage__list_0__map_recipient=r\n";
        let mut documents = [read(text.as_bytes()).unwrap()];
        let metadata = metadata_fields::take(&mut documents, Format::Ini).unwrap();
        assert_eq!(metadata.recipients().next().unwrap().sealed(), "a\nb");
        assert_eq!(documents[0].len(), 1, "the default section is left");

        let fault = |text: &str| {
            let mut documents = [read(text.as_bytes()).unwrap()];
            metadata_fields::take(&mut documents, Format::Ini).unwrap_err().to_string()
        };
        assert_eq!(fault(&format!("{text}{text}")), "sops stands there more than once");
        assert_eq!(
            fault("[sops]\n\nage__list_x = 1\n"),
            "sops.age__list_x (line 3): the position in a list must be a number"
        );
        assert!(fault("a = 1").starts_with("no sops metadata found"));
    }
}
