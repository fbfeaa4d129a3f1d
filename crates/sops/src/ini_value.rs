//! Reads the value behind a key of an INI file as go-ini 1.67 does: in quotes, over several lines, with a comment behind it.

use std::str::SplitInclusive;

use zeroize::Zeroizing;

use crate::ini_syntax::COMMENT_MARKS;

/// The lines of a file with their line breaks.
pub(crate) struct Lines<'a> {
    lines: SplitInclusive<'a, char>,
    number: usize,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { lines: text.split_inclusive('\n'), number: 0 }
    }

    /// The number of the line read last, from 1.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    pub(crate) fn next(&mut self) -> Option<&'a str> {
        let line = self.lines.next();
        self.number += usize::from(line.is_some());
        line
    }
}

/// Reads a value that starts in `text`, the rest of the key's line, and may go on in the lines below.
///
/// A comment behind it is added to `comment`.
pub(crate) fn read(
    text: &str,
    lines: &mut Lines<'_>,
    comment: &mut Zeroizing<String>,
) -> Result<Zeroizing<String>, &'static str> {
    let text = text.trim_start();
    for quote in ["\"\"\"", "`"] {
        if let Some(inner) = text.strip_prefix(quote).filter(|_| text.len() > 3 || quote.len() == 1) {
            return match inner.rfind(quote) {
                Some(end) => Ok(Zeroizing::new(inner[..end].to_owned())),
                None => read_quoted_lines(inner, quote, lines, comment),
            };
        }
    }
    let text = text.trim_end();
    if let Some(start) = text.strip_suffix('\\') {
        return Ok(read_continued_lines(start, lines));
    }
    // A mark starts a comment wherever it stands, in quotes too.
    let end = text.find(COMMENT_MARKS).unwrap_or(text.len());
    comment.push_str(&text[end..]);
    Ok(Zeroizing::new(without_quotes(text[..end].trim()).to_owned()))
}

/// The rest of a value whose closing quote stands on a line below.
fn read_quoted_lines(
    start: &str,
    quote: &str,
    lines: &mut Lines<'_>,
    comment: &mut Zeroizing<String>,
) -> Result<Zeroizing<String>, &'static str> {
    let mut value = Zeroizing::new(start.to_owned());
    while let Some(line) = lines.next() {
        let Some(end) = line.rfind(quote) else {
            value.push_str(line);
            continue;
        };
        value.push_str(&line[..end]);
        if let Some(mark) = line[end..].find(COMMENT_MARKS) {
            comment.push_str(line[end + mark..].trim());
        }
        return Ok(value);
    }
    Err("a value in quotes has no closing quote")
}

/// The rest of a value whose first line ends in a backslash. Quotes and comments are nothing special here.
fn read_continued_lines(start: &str, lines: &mut Lines<'_>) -> Zeroizing<String> {
    let mut value = Zeroizing::new(start.to_owned());
    while let Some(line) = lines.next().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_suffix('\\') {
            Some(line) => value.push_str(line),
            None => {
                value.push_str(line);
                break;
            }
        }
    }
    value
}

/// Takes off a pair of quotes around a text that has no third one.
fn without_quotes(text: &str) -> &str {
    ['\'', '"']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| !inner.contains(quote)))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value, its comment, and the line after it.
    fn parts(text: &str) -> (String, String, Option<&str>) {
        let mut lines = Lines::new(text);
        let mut comment = Zeroizing::default();
        let first = lines.next().unwrap_or_default();
        let value = read(first, &mut lines, &mut comment).unwrap();
        ((*value).clone(), (*comment).clone(), lines.next())
    }

    #[test]
    fn values_are_read_as_go_ini_does() {
        for (text, value, comment) in [
            ("", "", ""),
            (" a b \r\n", "a b", ""),
            ("'a'", "a", ""),
            ("\"a\"b\"", "\"a\"b\"", ""),
            ("\"", "\"", ""),
            ("\"a ; b\"", "\"a", "; b\""),
            ("a;b", "a", ";b"),
            ("; b", "", "; b"),
            ("`a;b` # lost", "a;b", ""),
            ("\"\"\"a\"\"\" # lost", "a", ""),
            ("\"\"\"", "\"\"\"", ""),
            ("\"\"\"a\n\n b\"\"\" ;c \n", "a\n\n b", ";c"),
            ("`\n`", "\n", ""),
            ("a\\\n  b # c \\\n\n", "ab # c ", ""),
            ("\"a\\\n b\"\n", "\"ab\"", ""),
            ("a\\", "a", ""),
        ] {
            assert_eq!(parts(text), (value.to_owned(), comment.to_owned(), None), "{text:?}");
        }
        assert_eq!(parts("a\\\nb\nnext").2, Some("next"));
    }
}
