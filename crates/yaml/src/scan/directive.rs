//! Lines that start with `%`.

use super::Scanner;
use super::token::TokenKind;
use crate::Error;

impl Scanner<'_> {
    pub(super) fn scan_directive(&mut self) -> Result<(), Error> {
        let start = self.cursor.position();
        self.cursor.skip_ascii(1);
        let name = self.scan_word();
        if !self.cursor.ends_word(0) {
            return Err(self.cursor.error("the name of a directive is made of letters"));
        }
        self.cursor.skip_blanks();
        let kind = match name.as_str() {
            "YAML" => self.scan_version()?,
            "TAG" => self.scan_tag_prefix()?,
            _ => return Err(Error::Directive { position: start }),
        };
        self.push(kind, start);
        self.cursor.skip_blanks();
        if self.cursor.byte(0) == b'#' {
            self.cursor.skip_comment();
        }
        if !self.cursor.is_break_or_end(0) {
            return Err(self.cursor.error("expected a comment or the end of the line after a directive"));
        }
        if self.cursor.is_break(0) {
            self.cursor.skip_break();
        }
        Ok(())
    }

    fn scan_version(&mut self) -> Result<TokenKind, Error> {
        let major = self.scan_version_number()?;
        if self.cursor.byte(0) != b'.' {
            return Err(self.cursor.error("expected a `.` in the version"));
        }
        self.cursor.skip_ascii(1);
        Ok(TokenKind::Version(major, self.scan_version_number()?))
    }

    /// One or two digits.
    fn scan_version_number(&mut self) -> Result<u8, Error> {
        let rest = self.cursor.rest();
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = rest[..length].parse().ok().filter(|_| length <= 2);
        let number = number.ok_or_else(|| self.cursor.error("expected a version number"))?;
        self.cursor.skip_ascii(length);
        Ok(number)
    }

    fn scan_tag_prefix(&mut self) -> Result<TokenKind, Error> {
        let handle = self.scan_tag_handle()?;
        if handle != "!" && !handle.ends_with('!') {
            return Err(self.cursor.error("expected a `!`"));
        }
        if !self.cursor.is_blank(0) {
            return Err(self.cursor.error("expected a blank after a tag handle"));
        }
        self.cursor.skip_blanks();
        let prefix = self.scan_uri("")?;
        if !self.cursor.ends_word(0) {
            return Err(self.cursor.error("expected a blank or the end of the line after a tag prefix"));
        }
        Ok(TokenKind::TagPrefix { handle, prefix })
    }
}
