//! Scalars without quotes.

use super::Scanner;
use super::cursor::stops_at;
use super::token::TokenKind;
use crate::{Error, Style};

/// Where a plain scalar may end or fold.
const STOPS: [bool; 256] = stops_at(b"\0\t\n\r :,?[]{}");

impl Scanner<'_> {
    pub(super) fn scan_plain(&mut self) -> Result<(), Error> {
        let start = self.cursor.position();
        let mut end = start;
        let mut text = String::new();
        let mut gap = Gap::default();
        loop {
            if self.cursor.is_document_indicator() || self.cursor.byte(0) == b'#' {
                break;
            }
            if self.plain_word_goes_on() {
                gap.fill(&mut text);
                while self.plain_word_goes_on() {
                    self.cursor.read(&mut text);
                    self.cursor.read_until(&mut text, &STOPS);
                }
                end = self.cursor.position();
            }
            if !self.cursor.is_blank(0) && !self.cursor.is_break(0) {
                break;
            }
            self.scan_plain_gap(&mut gap)?;
            if !self.in_flow() && self.column() <= self.indent {
                break;
            }
        }
        if gap.broken {
            self.key_allowed = true;
        }
        self.push(TokenKind::Scalar { text, style: Style::Plain }, start);
        self.end_last_token(end);
        Ok(())
    }

    fn plain_word_goes_on(&self) -> bool {
        match self.cursor.byte(0) {
            b':' => !self.cursor.ends_word(1),
            b',' | b'?' | b'[' | b']' | b'{' | b'}' => !self.in_flow(),
            _ => !self.cursor.ends_word(0),
        }
    }

    fn scan_plain_gap(&mut self, gap: &mut Gap) -> Result<(), Error> {
        loop {
            if self.cursor.is_blank(0) {
                if gap.broken && self.column() <= self.indent && self.cursor.byte(0) == b'\t' {
                    return Err(Error::TabIndentation { position: self.cursor.position() });
                }
                gap.blank(self);
            } else if self.cursor.is_break(0) {
                gap.line_break(self);
            } else {
                return Ok(());
            }
        }
    }
}

/// What stands between two words of a plain or quoted scalar: blanks on one line, or line breaks.
#[derive(Debug, Default)]
pub(super) struct Gap {
    blanks: String,
    first_break: String,
    more_breaks: String,
    pub(super) broken: bool,
}

impl Gap {
    pub(super) fn blank(&mut self, scanner: &mut Scanner<'_>) {
        if self.broken { scanner.cursor.skip() } else { scanner.cursor.read(&mut self.blanks) }
    }

    pub(super) fn line_break(&mut self, scanner: &mut Scanner<'_>) {
        if self.broken {
            scanner.cursor.read_break(&mut self.more_breaks);
        } else {
            self.blanks.clear();
            scanner.cursor.read_break(&mut self.first_break);
            self.broken = true;
        }
    }

    /// Writes what the gap reads as: one line break is a blank, further ones are themselves, and so is a Unicode one.
    pub(super) fn fill(&mut self, text: &mut String) {
        if !self.broken {
            text.push_str(&self.blanks);
        } else if self.first_break == "\n" && self.more_breaks.is_empty() {
            text.push(' ');
        } else {
            if self.first_break != "\n" {
                text.push_str(&self.first_break);
            }
            text.push_str(&self.more_breaks);
        }
        self.blanks.clear();
        self.first_break.clear();
        self.more_breaks.clear();
        self.broken = false;
    }
}
