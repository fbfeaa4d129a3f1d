//! A place in the text, and what stands there.

use crate::{Error, Position};

/// Walks over a text. Beyond its end every byte is 0, which no valid text contains.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// Characters before this place.
    pub(crate) index: usize,
    line: usize,
    /// Characters before this place on its line.
    pub(crate) column: usize,
}

impl<'a> Cursor<'a> {
    /// Starts after a byte order mark. Control characters anywhere in the text are an error, as in go-yaml.
    pub(crate) fn new(text: &'a str) -> Result<Self, Error> {
        let mut cursor = Self { text, at: 0, index: 0, line: 1, column: 0 };
        if text.starts_with('\u{feff}') {
            cursor.at = '\u{feff}'.len_utf8();
        }
        match text[cursor.at..].find(is_forbidden) {
            None => Ok(cursor),
            Some(found) => Err(cursor.forbidden(found)),
        }
    }

    fn forbidden(mut self, offset: usize) -> Error {
        let end = self.at + offset;
        while self.at < end {
            if self.is_break(0) { self.skip_break() } else { self.skip() }
        }
        self.error("control characters are not allowed")
    }

    pub(crate) fn position(&self) -> Position {
        Position { line: self.line, column: self.column + 1 }
    }

    pub(crate) fn line(&self) -> usize {
        self.line
    }

    pub(crate) fn error(&self, problem: &str) -> Error {
        Error::Malformed { position: self.position(), problem: problem.to_owned() }
    }

    /// The byte `ahead` bytes further on.
    pub(crate) fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn is_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub(crate) fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    pub(crate) fn is_break(&self, ahead: usize) -> bool {
        self.break_length(ahead) > 0
    }

    pub(crate) fn is_break_or_end(&self, ahead: usize) -> bool {
        self.byte(ahead) == 0 || self.is_break(ahead)
    }

    /// A blank, a line break or the end of the text.
    pub(crate) fn ends_word(&self, ahead: usize) -> bool {
        match self.byte(ahead) {
            b' ' | b'\t' | b'\n' | b'\r' | 0 => true,
            byte => byte >= 0x80 && self.is_break(ahead),
        }
    }

    /// `---` or `...` as the first thing on a line.
    pub(crate) fn is_document_indicator(&self) -> bool {
        self.column == 0
            && matches!((self.byte(0), self.byte(1), self.byte(2)), (b'-', b'-', b'-') | (b'.', b'.', b'.'))
            && self.ends_word(3)
    }

    /// Goes over one character that is no line break.
    pub(crate) fn skip(&mut self) {
        let length = match self.byte(0) {
            ..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0.. => 4,
        };
        self.at += length;
        self.index += 1;
        self.column += 1;
    }

    /// Goes over ASCII characters that are no line breaks.
    pub(crate) fn skip_ascii(&mut self, count: usize) {
        self.at += count;
        self.index += count;
        self.column += count;
    }

    pub(crate) fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while wanted(self.byte(0)) {
            self.skip();
        }
    }

    /// Goes over blanks.
    pub(crate) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip_ascii(1);
        }
    }

    /// Goes to the end of the line.
    pub(crate) fn skip_comment(&mut self) {
        while !self.is_break_or_end(0) {
            self.skip();
        }
    }

    pub(crate) fn skip_break(&mut self) {
        let length = self.break_length(0);
        self.index += if length == 2 && self.byte(0) == b'\r' { 2 } else { 1 };
        self.at += length;
        self.line += 1;
        self.column = 0;
    }

    /// Copies one character that is no line break.
    pub(crate) fn read(&mut self, into: &mut String) {
        let start = self.at;
        self.skip();
        into.push_str(&self.text[start..self.at]);
    }

    /// Copies the characters up to the first byte that `stops`, all on one line.
    pub(crate) fn read_until(&mut self, into: &mut String, stops: &[bool; 256]) {
        let rest = self.rest().as_bytes();
        let length = rest.iter().position(|byte| stops[usize::from(*byte)]).unwrap_or(rest.len());
        into.push_str(&self.rest()[..length]);
        self.skip_ascii(length);
    }

    /// Copies a line break: the three Unicode ones stay as they are but for U+0085, all others become a line feed.
    pub(crate) fn read_break(&mut self, into: &mut String) {
        match self.break_length(0) {
            3 => into.push_str(&self.text[self.at..self.at + 3]),
            _ => into.push('\n'),
        }
        self.skip_break();
    }

    /// Bytes of the line break there, 0 if there is none.
    fn break_length(&self, ahead: usize) -> usize {
        match self.byte(ahead) {
            b'\n' => 1,
            b'\r' if self.byte(ahead + 1) == b'\n' => 2,
            b'\r' => 1,
            0xc2 if self.byte(ahead + 1) == 0x85 => 2,
            0xe2 if self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xa8 | 0xa9) => 3,
            _ => 0,
        }
    }
}

fn is_forbidden(letter: char) -> bool {
    match letter {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        _ => letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}'),
    }
}

/// Bytes that name anchors, directives and tag handles.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// A table of bytes at which fast copying stops: those given, and all that are not ASCII.
pub(super) const fn stops_at(bytes: &[u8]) -> [bool; 256] {
    let mut stops = [false; 256];
    let mut index = 0;
    while index < bytes.len() {
        stops[bytes[index] as usize] = true;
        index += 1;
    }
    let mut high = 0x80;
    while high < 256 {
        stops[high] = true;
        high += 1;
    }
    stops
}
