//! Prints a tree as JSON, byte for byte as sops does: tabs, Go's escapes, keys in order and as often as they stand there.

use zeroize::Zeroizing;

use crate::float_text;
use crate::scalar::Scalar;
use crate::tree::{Branch, Item, Node, Value};

/// The text of a document, with a final line break.
pub(crate) fn print(document: &Branch, capacity: usize) -> Zeroizing<Vec<u8>> {
    print_with(document, "\t", capacity)
}

/// What one level is indented with in a text: a tab, unless its second line starts with blanks.
pub(crate) fn indentation_of(text: &[u8]) -> String {
    let line = text.split(|byte| *byte == b'\n').nth(1).unwrap_or_default();
    let blanks = line.iter().take_while(|byte| **byte == b' ').count();
    if (1..=8).contains(&blanks) { " ".repeat(blanks) } else { "\t".to_owned() }
}

/// The same with another indentation than sops'.
pub(crate) fn print_with(document: &Branch, indentation: &str, capacity: usize) -> Zeroizing<Vec<u8>> {
    let mut printer = Printer { out: Zeroizing::new(String::with_capacity(capacity)), depth: 0, indentation };
    printer.map(document);
    printer.out.push('\n');
    Zeroizing::new(std::mem::take(&mut *printer.out).into_bytes())
}

struct Printer<'a> {
    out: Zeroizing<String>,
    depth: usize,
    indentation: &'a str,
}

impl Printer<'_> {
    fn map(&mut self, items: &Branch) {
        let entries = items.iter().filter_map(|item| match item {
            Item::Entry { key, node } => Some((key, node)),
            Item::Comment(_) => None,
        });
        self.collection(['{', '}'], entries, |printer, (key, node)| {
            printer.string(key);
            printer.out.push_str(": ");
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
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(self.indentation, self.depth));
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
        let printed = super::print(&json::read(text.as_bytes()).unwrap(), 0);
        assert_eq!(std::str::from_utf8(&printed).unwrap(), text);
    }
}
