use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// Which escapes a word may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// Every character stands for itself.
    None,
    /// `$$` is a dollar.
    Dollar,
    /// Beside that, `\/` is a slash and `\\` a backslash.
    DollarAndBackslash,
}

/// A text and how far it has been read.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes have been read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Reads `expected`, if it is next.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    pub(super) fn at_expression(&self) -> bool {
        self.rest().starts_with("${")
    }

    /// Reads a variable name: Go's letters and digits, which are more than a variable's name may hold.
    pub(super) fn name(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|found| !is_name_character(found)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Reads up to a character in `stops` or the start of an expression, and takes escapes apart.
    pub(super) fn word(&mut self, stops: &[char], escapes: Escapes) -> Cow<'t, str> {
        let start = self.at;
        let mut word: Option<String> = None;
        while let Some(next) = self.peek() {
            if self.at_expression() {
                break;
            }
            if let Some(plain) = escapes.first_of(self.rest()) {
                word.get_or_insert_with(|| self.text[start..self.at].to_owned()).push(plain);
                self.at += 2;
                continue;
            }
            if stops.contains(&next) {
                break;
            }
            if let Some(word) = &mut word {
                word.push(next);
            }
            self.at += next.len_utf8();
        }
        word.map_or(Cow::Borrowed(&self.text[start..self.at]), Cow::Owned)
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }
}

impl Escapes {
    /// What the escape at the start of `text` stands for, if there is one.
    fn first_of(self, text: &str) -> Option<char> {
        let escape = text.as_bytes().get(..2)?;
        match (self, escape) {
            (Self::Dollar | Self::DollarAndBackslash, b"$$") => Some('$'),
            (Self::DollarAndBackslash, b"\\/") => Some('/'),
            (Self::DollarAndBackslash, b"\\\\") => Some('\\'),
            _ => None,
        }
    }
}

/// Letters and decimal digits of any script: the standard library's classes are wider.
fn is_name_character(found: char) -> bool {
    static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nd}]$").ok());
    if found.is_ascii() {
        return found == '_' || found.is_ascii_alphanumeric();
    }
    let mut buffer = [0; 4];
    NAME.as_ref().is_some_and(|name| name.is_match(found.encode_utf8(&mut buffer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_expressions_and_lose_their_escapes() {
        let mut scanner = Scanner::new("a$$${b}");
        assert_eq!(scanner.word(&[], Escapes::Dollar), "a$");
        assert!(scanner.take("${"));
        assert_eq!(scanner.name(), "b");
        let mut scanner = Scanner::new(r"\/\\/");
        assert_eq!(scanner.word(&['/'], Escapes::DollarAndBackslash), r"/\");
        let mut scanner = Scanner::new(r"\/");
        assert_eq!(scanner.word(&['/'], Escapes::None), r"\");
    }

    #[test]
    fn names_are_letters_and_digits_of_any_script() {
        assert_eq!(Scanner::new("éß_1٣Ⅷ").name(), "éß_1٣");
        assert_eq!(Scanner::new("-").name(), "");
    }
}
