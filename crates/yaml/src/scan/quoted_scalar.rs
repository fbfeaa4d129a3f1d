//! Scalars in quotes.

use super::Scanner;
use super::cursor::stops_at;
use super::plain_scalar::Gap;
use super::token::TokenKind;
use crate::{Error, Style};

/// What is more than itself in quotes.
const STOPS: [bool; 256] = stops_at(b"\0\t\n\r '\"\\");

impl Scanner<'_> {
    pub(super) fn scan_quoted(&mut self) -> Result<(), Error> {
        let start = self.cursor.position();
        let quote = self.cursor.byte(0);
        self.cursor.skip_ascii(1);
        let mut text = String::new();
        loop {
            if self.cursor.is_document_indicator() {
                return Err(self.cursor.error("found a document indicator in a quoted scalar"));
            }
            if self.cursor.is_end() {
                let problem = "found the end of the text in a quoted scalar".to_owned();
                return Err(Error::Malformed { position: start, problem });
            }
            let mut gap = Gap::default();
            self.scan_quoted_word(quote, &mut text, &mut gap)?;
            if self.cursor.byte(0) == quote {
                break;
            }
            while self.cursor.is_blank(0) || self.cursor.is_break(0) {
                if self.cursor.is_blank(0) { gap.blank(self) } else { gap.line_break(self) }
            }
            gap.fill(&mut text);
        }
        self.cursor.skip_ascii(1);
        let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
        self.push(TokenKind::Scalar { text, style }, start);
        Ok(())
    }

    /// Up to a blank, a line break or the closing quote.
    fn scan_quoted_word(&mut self, quote: u8, text: &mut String, gap: &mut Gap) -> Result<(), Error> {
        while !self.cursor.ends_word(0) {
            match self.cursor.byte(0) {
                b'\'' if quote == b'\'' && self.cursor.byte(1) == b'\'' => {
                    text.push('\'');
                    self.cursor.skip_ascii(2);
                }
                byte if byte == quote => return Ok(()),
                b'\\' if quote == b'"' && self.cursor.is_break(1) => {
                    // An escaped line break is none, nor are the blanks after it.
                    self.cursor.skip_ascii(1);
                    self.cursor.skip_break();
                    gap.broken = true;
                    return Ok(());
                }
                b'\\' if quote == b'"' => self.scan_escape(text)?,
                _ => {
                    self.cursor.read(text);
                    self.cursor.read_until(text, &STOPS);
                }
            }
        }
        Ok(())
    }

    fn scan_escape(&mut self, text: &mut String) -> Result<(), Error> {
        let letter = match self.cursor.byte(1) {
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\u{b}',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'e' => '\u{1b}',
            b' ' => ' ',
            b'"' => '"',
            b'\'' => '\'',
            b'\\' => '\\',
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' => return self.scan_hex(2, text),
            b'u' => return self.scan_hex(4, text),
            b'U' => return self.scan_hex(8, text),
            _ => return Err(self.cursor.error("found an unknown escape")),
        };
        text.push(letter);
        self.cursor.skip_ascii(2);
        Ok(())
    }

    fn scan_hex(&mut self, length: usize, text: &mut String) -> Result<(), Error> {
        let mut code: u32 = 0;
        for ahead in 0..length {
            let digit = char::from(self.cursor.byte(2 + ahead)).to_digit(16);
            let digit = digit.ok_or_else(|| self.cursor.error("did not find the hexadecimal digits of an escape"))?;
            code = (code << 4) | digit;
        }
        let letter =
            char::from_u32(code).ok_or_else(|| self.cursor.error("found an escape of no Unicode character"))?;
        text.push(letter);
        self.cursor.skip_ascii(2 + length);
        Ok(())
    }
}
