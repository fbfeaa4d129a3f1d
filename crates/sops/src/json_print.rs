//! Prints a tree as JSON, byte for byte as sops does: tabs, Go's escapes, keys in order and as often as they stand there.

use zeroize::Zeroizing;

use crate::float_text;
use crate::scalar::Scalar;
use crate::tree::{Branch, Item, Node, Value};
use crate::{Error, Location};

/// What one level is indented with in a text, if its second line shows that.
pub(crate) fn indentation_of(text: &[u8]) -> Option<String> {
    let line = text.split(|byte| *byte == b'\n').nth(1).unwrap_or_default();
    let blanks = line.iter().take_while(|byte| **byte == b' ').count();
    match blanks {
        0 => line.starts_with(b"\t").then(|| "\t".to_owned()),
        1..=8 => Some(" ".repeat(blanks)),
        _ => None,
    }
}

/// The text of a document, with a final line break.
pub(crate) fn print_with(document: &Branch, indentation: &str, capacity: usize) -> Zeroizing<Vec<u8>> {
    let mut printer = Printer::new(Some(indentation), capacity);
    printer.map(document);
    printer.out.push('\n');
    printer.finish()
}

/// The text of one value without a final line break, all in one line where there is no indentation.
pub(crate) fn value(node: &Node, indentation: Option<&str>) -> Zeroizing<Vec<u8>> {
    let mut printer = Printer::new(indentation, 0);
    printer.node(node);
    printer.finish()
}

/// Refuses the numbers that JSON cannot say.
pub(crate) fn check(items: &[Item]) -> Result<(), Error> {
    items.iter().try_for_each(|item| match item {
        Item::Entry { node, .. } => check_node(node),
        Item::Comment(_) => Ok(()),
    })
}

/// The same for one value.
pub(crate) fn check_node(node: &Node) -> Result<(), Error> {
    match &node.value {
        Value::Map(items) => check(items),
        Value::List(nodes) => nodes.iter().try_for_each(check_node),
        Value::Scalar(Scalar::Float(number)) if !number.is_finite() => {
            Err(Error::Shape { at: Location::default(), reason: "JSON has no number that is infinite, or none" })
        }
        _ => Ok(()),
    }
}

struct Printer<'a> {
    out: Zeroizing<String>,
    depth: usize,
    /// What one level is indented with; without, there is neither a line break nor a blank.
    indentation: Option<&'a str>,
}

impl<'a> Printer<'a> {
    fn new(indentation: Option<&'a str>, capacity: usize) -> Self {
        Self { out: Zeroizing::new(String::with_capacity(capacity)), depth: 0, indentation }
    }

    fn finish(mut self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(std::mem::take(&mut *self.out).into_bytes())
    }
}

impl Printer<'_> {
    fn map(&mut self, items: &Branch) {
        let entries = items.iter().filter_map(|item| match item {
            Item::Entry { key, node } => Some((key, node)),
            Item::Comment(_) => None,
        });
        self.collection(['{', '}'], entries, |printer, (key, node)| {
            printer.string(key);
            printer.out.push_str(if printer.indentation.is_some() { ": " } else { ":" });
            printer.node(node);
        });
    }

    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::Null | Value::Comment(_) => self.out.push_str("null"),
            Value::Scalar(scalar) => self.scalar(scalar),
            Value::Map(items) => self.map(items),
            Value::List(nodes) => {
                let items = nodes.iter().filter(|node| !matches!(node.value, Value::Comment(_)));
                self.collection(['[', ']'], items, Self::node);
            }
        }
    }

    fn collection<T>(
        &mut self,
        [open, close]: [char; 2],
        items: impl Iterator<Item = T>,
        print: impl Fn(&mut Self, T),
    ) {
        self.out.push(open);
        self.depth += 1;
        let mut empty = true;
        for item in items {
            if !empty {
                self.out.push(',');
            }
            empty = false;
            self.line_break();
            print(self, item);
        }
        self.depth -= 1;
        if !empty {
            self.line_break();
        }
        self.out.push(close);
    }

    fn line_break(&mut self) {
        if let Some(indentation) = self.indentation {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(indentation, self.depth));
        }
    }

    fn scalar(&mut self, scalar: &Scalar) {
        match scalar {
            Scalar::Str(bytes) => self.string(&Zeroizing::new(String::from_utf8_lossy(bytes).into_owned())),
            Scalar::Int(number) => self.out.push_str(&number.to_string()),
            Scalar::Float(number) => self.out.push_str(&float_text::json(*number)),
            Scalar::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            Scalar::Time(text) => self.string(text),
        }
    }

    /// Go escapes what HTML and JavaScript would stumble over.
    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    self.out.push_str(&format!("\\u{:04x}", u32::from(c)));
                }
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use crate::json;

    #[test]
    fn prints_as_go_does() {
        let text = "{\n\t\"a\": [],\n\t\"b\": [\n\t\t1,\n\t\t\"\\u003c\\u0026\\u003e \\u2028\\u0001\\b\"\n\t],\n\t\"a\": {}\n}\n";
        let printed = super::print_with(&json::read(text.as_bytes()).unwrap(), "\t", 0);
        assert_eq!(std::str::from_utf8(&printed).unwrap(), text);
    }
}
