//! Prints the sections of an INI file, byte for byte as go-ini 1.67 does for sops: keys padded to one width, an empty line
//! between sections, quotes where a value needs them.

use zeroize::Zeroizing;

use crate::ini::{DEFAULT_SECTION, Key, Section};
use crate::ini_syntax::{COMMENT_MARKS, DELIMITERS};

/// The text of all sections.
pub(crate) fn print(sections: &[Section], capacity: usize) -> Zeroizing<Vec<u8>> {
    let mut printer = Printer { out: Zeroizing::new(Vec::with_capacity(capacity)) };
    for (position, section) in sections.iter().enumerate() {
        printer.section(section, position == 0, position + 1 == sections.len());
    }
    printer.out
}

struct Printer {
    out: Zeroizing<Vec<u8>>,
}

impl Printer {
    fn section(&mut self, section: &Section, is_first: bool, is_last: bool) {
        self.comment(&section.comment, str::to_owned);
        if !is_first || section.name.to_uppercase() != DEFAULT_SECTION {
            self.text(&["[", &section.name, "]\n"]);
        } else if section.keys.is_empty() {
            return;
        }
        let width = section.keys.iter().map(|key| width(&key.name)).max().unwrap_or_default();
        for key in &section.keys {
            self.key(key, width);
        }
        if !is_last {
            self.text(&["\n"]);
        }
    }

    fn key(&mut self, key: &Key, width: usize) {
        self.comment(&key.comment, |line| line.trim().to_owned());
        let [open, close] = name_quotes(&key.name);
        self.text(&[open, &key.name, close]);
        let printed = open.len() + key.name.len() + close.len();
        self.text(&[&" ".repeat(width.saturating_sub(printed)), " = "]);
        let quote = value_quote(&key.value);
        self.text(&[quote]);
        self.out.extend_from_slice(&key.value);
        self.text(&[quote, "\n"]);
    }

    /// Prints a comment, each line behind its own mark or, where it has none, behind `;`.
    fn comment(&mut self, comment: &str, clean: fn(&str) -> String) {
        if comment.is_empty() {
            return;
        }
        for line in comment.split('\n') {
            match line.split_at_checked(1) {
                Some((mark, rest)) if mark.starts_with(COMMENT_MARKS) => self.text(&[mark, " ", rest.trim(), "\n"]),
                _ => {
                    let line = Zeroizing::new(clean(line));
                    self.text(&["; ", &line, "\n"]);
                }
            }
        }
    }

    fn text(&mut self, parts: &[&str]) {
        parts.iter().for_each(|part| self.out.extend_from_slice(part.as_bytes()));
    }
}

fn width(name: &str) -> usize {
    let [open, close] = name_quotes(name);
    open.len() + name.len() + close.len()
}

fn name_quotes(name: &str) -> [&'static str; 2] {
    if name.contains('"') || name.contains(DELIMITERS) {
        ["`"; 2]
    } else if name.contains('`') {
        ["\"\"\""; 2]
    } else {
        [""; 2]
    }
}

/// A value may hold the very quote that is put around it. go-ini does not look, and reads it back as well as it can.
fn value_quote(value: &[u8]) -> &'static str {
    let has = |wanted: &[u8]| value.iter().any(|byte| wanted.contains(byte));
    if has(b"\n`") {
        "\"\"\""
    } else if has(b"#;") {
        "`"
    } else if has_outer_space(value) {
        "\""
    } else {
        ""
    }
}

fn has_outer_space(value: &[u8]) -> bool {
    let first = value.utf8_chunks().next();
    let last = value.utf8_chunks().last();
    first.is_some_and(|chunk| chunk.valid().starts_with(char::is_whitespace))
        || last.is_some_and(|chunk| chunk.invalid().is_empty() && chunk.valid().ends_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, value: &[u8], comment: &str) -> Key {
        Key {
            name: name.to_owned(),
            line: None,
            value: Zeroizing::new(value.to_vec()),
            comment: Zeroizing::new(comment.to_owned()),
        }
    }

    #[test]
    fn names_values_and_comments_are_printed_as_go_ini_does() {
        let section = Section {
            name: "a".into(),
            line: None,
            comment: Zeroizing::new(" of a \n#b".into()),
            keys: vec![
                key("x", b"1", " of x \n\n;  two "),
                key("a=b", b" lead", ""),
                key("back`tick", b"a;b", ""),
                key("two", b"1\n2", ""),
                key("bytes", b"\xff \xff", ""),
                key("none", b"", ""),
            ],
        };
        let expected = b";  of a \n# b\n[a]\n\
            ; of x\n; \n; two\nx               = 1\n\
            `a=b`           = \" lead\"\n\
            \"\"\"back`tick\"\"\" = `a;b`\n\
            two             = \"\"\"1\n2\"\"\"\n\
            bytes           = \xff \xff\n\
            none            = \n";
        assert_eq!(print(&[section], 0).escape_ascii().to_string(), expected.escape_ascii().to_string());
    }
}
