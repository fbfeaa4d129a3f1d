//! Reads the lines of an INI file as go-ini 1.67 does with the options of sops: sections and keys may be written in any of
//! its ways, no key goes without a value, no line is passed over.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::ini::{DEFAULT_SECTION, Key, Section};
use crate::ini_value::{self, Lines};
use crate::{Error, Format};

/// What stands between a key and its value.
pub(crate) const DELIMITERS: [char; 2] = ['=', ':'];

/// What starts a comment.
pub(crate) const COMMENT_MARKS: [char; 2] = ['#', ';'];

/// Reads sections in the order of the file, that of the keys above all sections first.
pub(crate) fn read(text: &[u8]) -> Result<Vec<Section>, Error> {
    let fault = |line, reason: &str| Error::Syntax { format: Format::Ini, line: Some(line), reason: reason.to_owned() };
    let text = std::str::from_utf8(text).map_err(|error| {
        fault(1 + text[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count(), "not UTF-8")
    })?;
    let mut reader = Reader {
        lines: Lines::new(text.strip_prefix('\u{feff}').unwrap_or(text)),
        comment: Zeroizing::default(),
        sections: Vec::new(),
        section: new_section(DEFAULT_SECTION, None),
        positions: BTreeMap::new(),
        counter: 0,
    };
    while let Some(line) = reader.lines.next() {
        let number = reader.lines.number();
        reader.line(line.trim_start(), number).map_err(|reason| fault(number, reason))?;
    }
    reader.sections.push(reader.section);
    Ok(reader.sections)
}

struct Reader<'a> {
    lines: Lines<'a>,
    /// The comment lines since the last key or section.
    comment: Zeroizing<String>,
    sections: Vec<Section>,
    /// The open section.
    section: Section,
    /// Where its keys stand in it.
    positions: BTreeMap<String, usize>,
    /// How many keys of it are written `-`.
    counter: usize,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str, number: usize) -> Result<(), &'static str> {
        if line.is_empty() {
            return Ok(());
        }
        if line.starts_with(COMMENT_MARKS) {
            // With its line break: it sets the line apart from a following one.
            self.comment.push_str(line);
            return Ok(());
        }
        match line.strip_prefix('[') {
            Some(header) => self.header(header, number),
            None => self.key(line, number),
        }
    }

    fn header(&mut self, header: &str, number: usize) -> Result<(), &'static str> {
        let (name, behind) = header.rsplit_once(']').ok_or("the name of a section has no closing bracket")?;
        if name.is_empty() {
            return Err("a section has no name");
        }
        if let Some(start) = behind.find(COMMENT_MARKS) {
            self.comment.push_str(&behind[start..]);
        }
        let mut section = new_section(name, Some(number));
        section.comment = self.take_comment();
        self.sections.push(std::mem::replace(&mut self.section, section));
        self.positions.clear();
        self.counter = 0;
        Ok(())
    }

    fn key(&mut self, line: &'a str, number: usize) -> Result<(), &'static str> {
        let (name, value) = split_key(line)?;
        let name = match name {
            "-" => {
                self.counter += 1;
                format!("#{}", self.counter)
            }
            name => name.to_owned(),
        };
        let value = ini_value::read(value, &mut self.lines, &mut self.comment)?;
        if name.is_empty() {
            return Err("a key has no name");
        }
        let value = Zeroizing::new(value.as_bytes().to_vec());
        let key = Key { name: name.clone(), line: Some(number), value, comment: self.take_comment() };
        // Of equal keys the place is that of the first; value and comment are those of the last.
        match self.positions.get(&name) {
            Some(position) => self.section.keys[*position] = key,
            None => {
                self.positions.insert(name, self.section.keys.len());
                self.section.keys.push(key);
            }
        }
        Ok(())
    }

    fn take_comment(&mut self) -> Zeroizing<String> {
        let comment = std::mem::take(&mut self.comment);
        Zeroizing::new(comment.trim().to_owned())
    }
}

fn new_section(name: &str, line: Option<usize>) -> Section {
    Section { name: name.to_owned(), line, comment: Zeroizing::default(), keys: Vec::new() }
}

/// The name of a key, which may stand in quotes, and what follows its delimiter.
fn split_key(line: &str) -> Result<(&str, &str), &'static str> {
    const NO_DELIMITER: &str = "a line that is no section and no comment must be `key = value`";
    let quote = match line.as_bytes() {
        // go-ini wants a seventh byte, which may be a line break.
        bytes if bytes.len() > 6 && bytes.starts_with(b"\"\"\"") => "\"\"\"",
        [b'"', ..] => "\"",
        [b'`', ..] => "`",
        _ => {
            let (name, value) = line.split_once(DELIMITERS).ok_or(NO_DELIMITER)?;
            return if name.is_empty() { Err("a key has no name") } else { Ok((name.trim(), value)) };
        }
    };
    let (name, behind) = line[quote.len()..].split_once(quote).ok_or("a key in quotes has no closing quote")?;
    let (_, value) = behind.split_once(DELIMITERS).ok_or(NO_DELIMITER)?;
    Ok((name.trim(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<(String, String)> {
        let section = read(text.as_bytes()).unwrap().into_iter().next().unwrap();
        let shown = |key: Key| (key.name, String::from_utf8(key.value.to_vec()).unwrap());
        section.keys.into_iter().map(shown).collect()
    }

    #[test]
    fn keys_stand_in_any_quotes_before_either_delimiter() {
        for (text, name, value) in [
            ("a=b", "a", "b"),
            ("  a b : c = d\r\n", "a b", "c = d"),
            ("\"a = b\" = c", "a = b", "c"),
            ("`a:b` x = c", "a:b", "c"),
            ("\"\"\"a\"b\"\"\" = c", "a\"b", "c"),
            ("- = c", "#1", "c"),
            ("\u{feff}a = b", "a", "b"),
        ] {
            assert_eq!(keys(text), [(name.to_owned(), value.to_owned())], "{text}");
        }
    }

    #[test]
    fn the_last_of_equal_keys_counts_at_the_place_of_the_first() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(keys("a = 1\nb = 2\na = 3\n"), [pair("a", "3"), pair("b", "2")]);
    }

    #[test]
    fn faults_name_the_line_and_not_its_text() {
        let no_pair = "a line that is no section and no comment must be `key = value`";
        for (text, line, reason) in [
            ("\n[hunter2\n", 2, "the name of a section has no closing bracket"),
            ("[]", 1, "a section has no name"),
            ("# c\n\nhunter2\n", 3, no_pair),
            ("= hunter2", 1, "a key has no name"),
            ("\"\" = hunter2", 1, "a key has no name"),
            ("\"hunter2 = x", 1, "a key in quotes has no closing quote"),
            ("\"hunter2\" x", 1, no_pair),
            ("a = 1\nb = `hunter2\nmore\n", 2, "a value in quotes has no closing quote"),
        ] {
            let error = read(text.as_bytes()).err().unwrap().to_string();
            assert_eq!(error, format!("this is not valid INI, line {line}: {reason}"));
        }
        assert_eq!(read(b"a=1\n\xff").err().unwrap().to_string(), "this is not valid INI, line 2: not UTF-8");
    }
}
