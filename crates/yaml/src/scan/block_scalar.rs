//! Scalars below a `|` or a `>`.

use super::Scanner;
use super::token::TokenKind;
use crate::{Error, Position, Style};

/// What happens to the line breaks at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl Scanner<'_> {
    pub(super) fn scan_block_scalar(&mut self) -> Result<(), Error> {
        let start = self.cursor.position();
        let folded = self.cursor.byte(0) == b'>';
        self.cursor.skip_ascii(1);
        let (chomping, hint) = self.scan_block_header()?;
        let mut end = self.cursor.position();
        let mut breaks = String::new();
        let indent = match hint {
            Some(hint) => {
                let indent = self.indent.max(0) + hint;
                self.scan_block_breaks(Some(indent), &mut breaks, &mut end)?;
                indent
            }
            None => self.scan_block_breaks(None, &mut breaks, &mut end)?.max(self.indent + 1).max(1),
        };
        let mut text = String::new();
        let mut line_break = String::new();
        let mut after_blank = false;
        while self.column() == indent && !self.cursor.is_end() {
            let blank = self.cursor.is_blank(0);
            if folded && !after_blank && !blank && line_break == "\n" {
                if breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(&line_break);
            }
            line_break.clear();
            text.push_str(&breaks);
            breaks.clear();
            after_blank = blank;
            self.scan_block_line(&mut text);
            if self.cursor.is_break(0) {
                self.cursor.read_break(&mut line_break);
            }
            self.scan_block_breaks(Some(indent), &mut breaks, &mut end)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(&line_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&breaks);
        }
        self.push(TokenKind::Scalar { text, style: if folded { Style::Folded } else { Style::Literal } }, start);
        self.end_last_token(end);
        Ok(())
    }

    /// The indicators, in any order, and the rest of the line.
    fn scan_block_header(&mut self) -> Result<(Chomping, Option<isize>), Error> {
        let (mut chomping, mut hint) = (None, None);
        loop {
            match self.cursor.byte(0) {
                b'+' if chomping.is_none() => chomping = Some(Chomping::Keep),
                b'-' if chomping.is_none() => chomping = Some(Chomping::Strip),
                b'0' if hint.is_none() => return Err(self.cursor.error("found an indentation indicator of 0")),
                digit @ b'1'..=b'9' if hint.is_none() => hint = Some(isize::from(digit - b'0')),
                _ => break,
            }
            self.cursor.skip_ascii(1);
        }
        self.cursor.skip_blanks();
        if self.cursor.byte(0) == b'#' {
            self.cursor.skip_comment();
        }
        if !self.cursor.is_break_or_end(0) {
            return Err(self.cursor.error("expected a comment or the end of the line after a block scalar's header"));
        }
        if self.cursor.is_break(0) {
            self.cursor.skip_break();
        }
        Ok((chomping.unwrap_or(Chomping::Clip), hint))
    }

    fn scan_block_line(&mut self, text: &mut String) {
        let rest = self.cursor.rest();
        let length = rest.find(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).unwrap_or(rest.len());
        let line = &rest[..length];
        text.push_str(line);
        if line.is_ascii() {
            self.cursor.skip_ascii(length);
        } else {
            line.chars().for_each(|_| self.cursor.skip());
        }
    }

    /// Goes over empty lines and the indentation of the next one; without a given indentation the deepest one found is it.
    fn scan_block_breaks(
        &mut self,
        indent: Option<isize>,
        breaks: &mut String,
        end: &mut Position,
    ) -> Result<isize, Error> {
        *end = self.cursor.position();
        let mut deepest = 0;
        loop {
            while indent.is_none_or(|indent| self.column() < indent) && self.cursor.byte(0) == b' ' {
                self.cursor.skip_ascii(1);
            }
            deepest = deepest.max(self.column());
            if indent.is_none_or(|indent| self.column() < indent) && self.cursor.byte(0) == b'\t' {
                return Err(Error::TabIndentation { position: self.cursor.position() });
            }
            if !self.cursor.is_break(0) {
                return Ok(deepest);
            }
            self.cursor.read_break(breaks);
            *end = self.cursor.position();
        }
    }
}
