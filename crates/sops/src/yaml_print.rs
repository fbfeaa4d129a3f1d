//! Prints a tree as sops prints YAML: go-yaml v3 with an indentation of four, every collection in block form, comments as
//! sops hangs them on the nodes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::float_text;
use crate::scalar::Scalar;
use crate::tree::{Branch, Comment, Item, Node, Value};
use crate::yaml_heads::{has_entries, head_comments, lost_comments};
use crate::yaml_layout::Layout;
use crate::yaml_scalar::{self, Form};

/// The longest key, in bytes, that stands before a `:` without a `?`.
const LONGEST_SIMPLE_KEY: usize = 128;

/// go-yaml's form of the text `<<`. sops does not carry out merges, so that it stays where it stands.
const MERGE: &str = "!!merge <<";

/// The text of a stream, a level indented by `step` blanks.
pub(crate) fn print(documents: &[Branch], capacity: usize, step: usize) -> Zeroizing<Vec<u8>> {
    let out = Zeroizing::new(String::with_capacity(capacity));
    let mut printer = Printer { out, started: false, foot: None, layout: Layout { step, ..Layout::default() } };
    for (number, document) in documents.iter().enumerate() {
        if number > 0 {
            printer.foot = None;
            printer.out.push_str("---\n");
        }
        printer.document(document);
    }
    Zeroizing::new(std::mem::take(&mut *printer.out).into_bytes())
}

/// The lines of an entry of a block mapping, each ended.
pub(crate) fn entry(item: &Item, indent: usize, layout: Layout) -> Zeroizing<String> {
    part(layout, |printer| printer.map(std::slice::from_ref(item), indent))
}

/// The lines of an item of a block list, each ended.
pub(crate) fn item(node: &Node, indent: usize, layout: Layout) -> Zeroizing<String> {
    part(layout, |printer| printer.list(std::slice::from_ref(node), indent))
}

/// What follows the `:` of a key that stands at an indentation: a blank and a scalar, or a line break and the lines of a
/// collection.
pub(crate) fn value(node: &Node, indent: usize, layout: Layout) -> Zeroizing<String> {
    part(layout, |printer| printer.value(node, indent, None))
}

fn part(layout: Layout, print: impl FnOnce(&mut Printer)) -> Zeroizing<String> {
    let mut printer = Printer { out: Zeroizing::default(), started: false, foot: None, layout };
    print(&mut printer);
    printer.out
}

struct Printer {
    out: Zeroizing<String>,
    /// The line has been started by a `-` or `:`, and the next thing goes on it.
    started: bool,
    /// The indentation of the trailing comment just printed; a line at the same one keeps a distance.
    foot: Option<usize>,
    layout: Layout,
}

impl Printer {
    fn document(&mut self, items: &Branch) {
        if items.iter().any(|item| matches!(item, Item::Entry { .. })) {
            self.map(items, 0);
            return;
        }
        for item in items {
            if let Item::Comment(comment) = item {
                self.comment_line(comment, 0);
            }
        }
        self.line(0);
        self.out.push_str("{}\n");
    }

    /// Starts a line.
    fn line(&mut self, indent: usize) {
        if !std::mem::take(&mut self.started) {
            if self.foot == Some(indent) {
                self.out.push('\n');
            }
            self.out.extend(std::iter::repeat_n(' ', indent));
        }
        self.foot = None;
    }

    fn comment_line(&mut self, comment: &Comment, indent: usize) {
        self.line(indent);
        self.out.push('#');
        // Of other formats, one comment can have several lines.
        for (number, line) in comment.text.split('\n').enumerate() {
            if number > 0 && !line.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', indent));
                self.out.push_str(if line.starts_with('#') { "" } else { "# " });
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    fn end_line(&mut self, beside: Option<&Comment>) {
        if let Some(comment) = beside {
            self.out.push_str(" #");
            self.out.push_str(&comment.text);
        }
        self.out.push('\n');
    }

    fn map(&mut self, items: &[Item], indent: usize) {
        let mut beside = None;
        let last_entry = items.iter().rposition(|item| matches!(item, Item::Entry { .. }));
        for (position, item) in items.iter().enumerate() {
            match item {
                Item::Comment(comment) if comment.inline => beside = Some(comment),
                Item::Comment(comment) => {
                    // Trailing comments keep a distance to what follows them, and none to each other.
                    if matches!(position.checked_sub(1).map(|before| &items[before]), Some(Item::Comment(_))) {
                        self.foot = None;
                    }
                    self.comment_line(comment, indent);
                    if last_entry.is_some_and(|last| position > last) {
                        self.foot = Some(indent);
                    }
                }
                Item::Entry { key, node } => {
                    self.line(indent);
                    let beside = beside.take();
                    if self.key(key, indent) || beside.is_some() || !has_entries(&node.value) {
                        self.value(node, indent, beside);
                    } else {
                        self.value_of_complex_key(&node.value, indent);
                    }
                }
            }
        }
    }

    /// Says whether it stands on the line of its value.
    fn key(&mut self, key: &str, indent: usize) -> bool {
        if key == "<<" {
            self.out.push_str(MERGE);
            self.out.push(':');
            return true;
        }
        let is_literal = self.layout.as_sops && self.is_literal(key);
        let is_simple = key.len() <= LONGEST_SIMPLE_KEY && !is_literal;
        if !is_simple {
            self.out.push_str("? ");
        }
        if is_literal {
            self.out.push('|');
            self.out.push_str(&yaml_scalar::literal_hints(key, self.layout.step));
            self.out.push('\n');
            yaml_scalar::literal_lines(key, self.next_indent(indent), &mut self.out);
            self.line(indent);
            self.out.push(':');
            return false;
        }
        match yaml_scalar::form_of(key, true) {
            Form::Plain | Form::Literal => self.out.push_str(key),
            Form::SingleQuoted => yaml_scalar::single_quoted(key, indent, &mut self.out),
            Form::DoubleQuoted => yaml_scalar::double_quoted(key, &mut self.out),
        }
        if !is_simple {
            self.out.push('\n');
            self.line(indent);
        }
        self.out.push(':');
        is_simple
    }

    /// A collection starts on the line of the `:` that follows a `?`.
    fn value_of_complex_key(&mut self, value: &Value, indent: usize) {
        let below = self.next_indent(indent);
        self.out.extend(std::iter::repeat_n(' ', (below - indent - 1).max(1)));
        self.started = true;
        match value {
            Value::Map(items) => self.map(items, below),
            Value::List(nodes) => self.list(&nodes[lost_comments(nodes)..], below),
            _ => {}
        }
    }

    /// What follows a `:`.
    fn value(&mut self, node: &Node, indent: usize, beside: Option<&Comment>) {
        let below = self.next_indent(indent);
        match &node.value {
            Value::Map(items) if has_entries(&node.value) => {
                self.end_line(beside);
                self.map(items, below);
            }
            Value::List(nodes) if has_entries(&node.value) => {
                self.end_line(beside);
                self.list(&nodes[lost_comments(nodes)..], below);
            }
            // Comments in an empty list come below it.
            Value::List(nodes) if !nodes.is_empty() => {
                self.out.push_str(" []");
                self.end_line(beside);
                for node in nodes {
                    if let Value::Comment(comment) = &node.value {
                        self.comment_line(comment, indent);
                    }
                }
            }
            _ => {
                self.out.push(' ');
                self.leaf(&node.value, below, beside);
            }
        }
    }

    fn list(&mut self, nodes: &[Node], indent: usize) {
        let mut beside = None;
        let last_item = nodes.iter().rposition(|node| !matches!(node.value, Value::Comment(_)));
        for (position, node) in nodes.iter().enumerate() {
            match &node.value {
                Value::Comment(comment) if comment.inline => beside = Some(comment),
                Value::Comment(comment) => {
                    if matches!(position.checked_sub(1).map(|before| &nodes[before].value), Some(Value::Comment(_))) {
                        self.foot = None;
                    }
                    self.comment_line(comment, indent);
                    if last_item.is_some_and(|last| position > last) {
                        self.foot = Some(indent);
                    }
                }
                value => self.item(value, indent, beside.take()),
            }
        }
    }

    /// A dash and what follows it. The comments at the head of a collection stand above its dash.
    fn item(&mut self, value: &Value, indent: usize, beside: Option<&Comment>) {
        let head = head_comments(value);
        for comment in &head {
            self.comment_line(comment, indent);
        }
        self.line(indent);
        self.out.push_str("- ");
        // Inside a list the first step is as wide as the dash.
        let below = indent + 2;
        match value {
            Value::Map(items) if has_entries(value) => {
                self.started = true;
                self.map(&items[head.len()..], below);
            }
            Value::List(nodes) if has_entries(value) => {
                self.started = true;
                self.list(&nodes[head.len()..], below);
            }
            _ => self.leaf(value, below, beside),
        }
    }

    fn leaf(&mut self, value: &Value, indent: usize, beside: Option<&Comment>) {
        match value {
            // Of an INI section that holds nothing else.
            Value::Map(items) if self.layout.as_sops && !items.is_empty() => {
                self.out.push_str("{\n");
                for item in items {
                    if let Item::Comment(comment) = item {
                        self.comment_line(comment, indent);
                    }
                }
                self.out.extend(std::iter::repeat_n(' ', indent.saturating_sub(self.layout.step)));
                self.out.push('}');
            }
            Value::Map(_) => self.out.push_str("{}"),
            Value::List(_) => self.out.push_str("[]"),
            Value::Null | Value::Comment(_) => self.out.push_str("null"),
            Value::Scalar(Scalar::Int(number)) => self.out.push_str(&number.to_string()),
            Value::Scalar(Scalar::Float(number)) if self.layout.as_sops => {
                self.out.push_str(&float_text::yaml(*number));
            }
            Value::Scalar(Scalar::Float(number)) => self.out.push_str(&float_text::yaml_read_back(*number)),
            Value::Scalar(Scalar::Bool(flag)) => self.out.push_str(if *flag { "true" } else { "false" }),
            Value::Scalar(Scalar::Time(text)) => self.out.push_str(text),
            Value::Scalar(Scalar::Str(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) if self.is_literal(text) => {
                    self.out.push('|');
                    self.out.push_str(&yaml_scalar::literal_hints(text, self.layout.step));
                    self.end_line(beside);
                    yaml_scalar::literal_lines(text, indent, &mut self.out);
                    return;
                }
                Ok("<<") => self.out.push_str(MERGE),
                Ok(text) => self.string(text, indent),
                Err(_) => {
                    self.out.push_str("!!binary ");
                    self.out.push_str(&Zeroizing::new(STANDARD.encode(bytes.as_slice())));
                }
            },
        }
        self.end_line(beside);
    }

    fn string(&mut self, text: &str, indent: usize) {
        match yaml_scalar::form_of(text, false) {
            Form::SingleQuoted => yaml_scalar::single_quoted(text, indent, &mut self.out),
            Form::DoubleQuoted | Form::Literal => yaml_scalar::double_quoted(text, &mut self.out),
            Form::Plain => self.out.push_str(text),
        }
    }

    fn is_literal(&self, text: &str) -> bool {
        self.layout.literals
            && (self.layout.as_sops || !text.starts_with(char::is_whitespace))
            && yaml_scalar::form_of(text, false) == Form::Literal
    }

    /// go-yaml steps to the next multiple of its indentation.
    fn next_indent(&self, indent: usize) -> usize {
        self.layout.step * (indent / self.layout.step + 1)
    }
}

#[cfg(test)]
mod tests {
    /// What sops prints is a fixed point.
    #[test]
    fn prints_what_it_reads() {
        let text = "\
# head
a: 1
b:
    # above c
    c: x
    d:
        # in the list
        - e: |-
            two
            lines
          f:
            - - nested
              - 1e+21
        - 'it''s # quoted'
        # foot
g: [] # beside
h: {}
i: \"\"
j: null
k: 2020-01-01T00:00:00Z
---
# only
{}
";
        let documents = crate::yaml::read(text.as_bytes()).unwrap();
        let printed = super::print(&documents, 0, 4);
        // Below an empty list, as sops has it.
        let expected = text.replace("[] # beside", "[]\n# beside");
        assert_eq!(std::str::from_utf8(&printed).unwrap(), expected);
    }
}
