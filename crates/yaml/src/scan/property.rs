//! Anchors, aliases and tags.

use super::Scanner;
use super::cursor::is_word;
use super::token::TokenKind;
use crate::Error;

impl Scanner<'_> {
    pub(super) fn scan_alias(&mut self) -> Result<(), Error> {
        self.scan_name(TokenKind::Alias)
    }

    pub(super) fn scan_anchor(&mut self) -> Result<(), Error> {
        self.scan_name(TokenKind::Anchor)
    }

    fn scan_name(&mut self, kind: fn(String) -> TokenKind) -> Result<(), Error> {
        let start = self.cursor.position();
        self.cursor.skip_ascii(1);
        let name = self.scan_word();
        let ends = self.cursor.ends_word(0)
            || matches!(self.cursor.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            return Err(self.cursor.error("the name of an anchor is made of letters, digits, `-` and `_`"));
        }
        self.push(kind(name), start);
        Ok(())
    }

    pub(super) fn scan_word(&mut self) -> String {
        let mut word = String::new();
        while is_word(self.cursor.byte(0)) {
            self.cursor.read(&mut word);
        }
        word
    }

    pub(super) fn scan_tag(&mut self) -> Result<(), Error> {
        let start = self.cursor.position();
        let (handle, suffix) = if self.cursor.byte(1) == b'<' {
            self.cursor.skip_ascii(2);
            let uri = self.scan_uri("")?;
            if self.cursor.byte(0) != b'>' {
                return Err(self.cursor.error("did not find the `>` of a tag"));
            }
            self.cursor.skip_ascii(1);
            (String::new(), uri)
        } else {
            let handle = self.scan_tag_handle()?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.scan_uri("")?;
                (handle, suffix)
            } else {
                // What looked like a handle was the start of the suffix; a lone `!` is a tag by itself.
                match self.scan_uri(&handle)? {
                    suffix if suffix.is_empty() => (String::new(), "!".to_owned()),
                    suffix => ("!".to_owned(), suffix),
                }
            }
        };
        if !self.cursor.ends_word(0) {
            return Err(self.cursor.error("expected a blank or the end of the line after a tag"));
        }
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }

    /// `!`, `!!` or `!word!`; `!word` where the second `!` is missing.
    pub(super) fn scan_tag_handle(&mut self) -> Result<String, Error> {
        if self.cursor.byte(0) != b'!' {
            return Err(self.cursor.error("expected a `!`"));
        }
        self.cursor.skip_ascii(1);
        let mut handle = format!("!{}", self.scan_word());
        if self.cursor.byte(0) == b'!' {
            self.cursor.read(&mut handle);
        }
        Ok(handle)
    }

    /// The characters of a URI, after what of it was read as a handle.
    pub(super) fn scan_uri(&mut self, handle: &str) -> Result<String, Error> {
        let mut uri = handle.get(1..).unwrap_or_default().as_bytes().to_vec();
        let mut found = !handle.is_empty();
        loop {
            match self.cursor.byte(0) {
                b'%' => self.scan_uri_escape(&mut uri)?,
                byte if is_word(byte) || b";/?:@&=+$,.!~*'()[]".contains(&byte) => {
                    uri.push(byte);
                    self.cursor.skip_ascii(1);
                }
                _ => break,
            }
            found = true;
        }
        if !found {
            return Err(self.cursor.error("did not find the text of a tag"));
        }
        String::from_utf8(uri).map_err(|_| self.cursor.error("found escapes in a tag that are not UTF-8"))
    }

    fn scan_uri_escape(&mut self, uri: &mut Vec<u8>) -> Result<(), Error> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (digit(self.cursor.byte(1)), digit(self.cursor.byte(2))) {
            (Some(high), Some(low)) => {
                uri.push(high << 4 | low);
                self.cursor.skip_ascii(3);
                Ok(())
            }
            _ => Err(self.cursor.error("did not find the two digits of an escape in a tag")),
        }
    }
}
