//! Tokens in order, with the ones that only show later: a `:` makes a key of what stands before it.

use std::collections::VecDeque;

use super::cursor::Cursor;
use super::token::{Token, TokenKind};
use crate::{Dialect, Error, Position};

/// A key must have its `:` within as many characters.
const SIMPLE_KEY_LENGTH: usize = 1024;

/// Deeper than this nothing is read, whatever the limits: the parser's own limit is far below.
const MAX_LEVELS: usize = 10_000;

/// Makes tokens of a text, as many as are asked for.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    pub(super) cursor: Cursor<'a>,
    tokens: VecDeque<Token>,
    /// Tokens handed out so far: the number of the one at the front of the queue.
    taken: usize,
    /// Column of the innermost block collection, -1 outside of all.
    pub(super) indent: isize,
    indents: Vec<isize>,
    /// What could be a key, one for each flow collection around and one for the block.
    keys: Vec<Option<PossibleKey>>,
    /// Whether a key may start here.
    pub(super) key_allowed: bool,
    ended: bool,
    /// Tokens to scan beyond the one asked for.
    lookahead: usize,
}

/// Something that is a key if a `:` follows.
#[derive(Debug, Clone)]
struct PossibleKey {
    /// It stands where only a key can stand.
    required: bool,
    token: usize,
    position: Position,
    index: usize,
    column: isize,
}

impl<'a> Scanner<'a> {
    /// Starts before a text. go-yaml v3 looks two tokens ahead, for the sake of comments, and so finds faults after the end of
    /// a document that v2 does not see.
    pub(crate) fn new(text: &'a str, dialect: Dialect) -> Result<Self, Error> {
        Ok(Self {
            cursor: Cursor::new(text)?,
            tokens: VecDeque::new(),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            keys: vec![None],
            key_allowed: true,
            ended: false,
            lookahead: if dialect == Dialect::Resource { 2 } else { 0 },
        })
    }

    /// The next token, which stays. After the end of the text that is the end, for ever.
    pub(crate) fn peek(&mut self) -> Result<&Token, Error> {
        self.fill()?;
        if self.tokens.is_empty() {
            self.push(TokenKind::StreamEnd, self.cursor.position());
        }
        Ok(&self.tokens[0])
    }

    /// Takes the next token.
    pub(crate) fn next(&mut self) -> Result<Token, Error> {
        self.peek()?;
        self.taken += 1;
        let position = self.cursor.position();
        let end = || Token { kind: TokenKind::StreamEnd, start: position, end: position };
        Ok(self.tokens.pop_front().unwrap_or_else(end))
    }

    /// Scans until it is certain what the first token is.
    fn fill(&mut self) -> Result<(), Error> {
        while !self.ended && (self.tokens.len() <= self.lookahead || self.front_may_become_key()?) {
            self.fetch()?;
        }
        Ok(())
    }

    fn front_may_become_key(&mut self) -> Result<bool, Error> {
        let front = self.taken;
        match self.keys.iter().rposition(|key| key.as_ref().is_some_and(|key| key.token == front)) {
            Some(level) => self.is_key_alive(level),
            None => Ok(false),
        }
    }

    /// Whether the `:` of a possible key can still come.
    fn is_key_alive(&mut self, level: usize) -> Result<bool, Error> {
        let Some(key) = &self.keys[level] else { return Ok(false) };
        if key.position.line == self.cursor.line() && key.index + SIMPLE_KEY_LENGTH >= self.cursor.index {
            return Ok(true);
        }
        self.drop_key(level)?;
        Ok(false)
    }

    fn drop_key(&mut self, level: usize) -> Result<(), Error> {
        match self.keys[level].take() {
            Some(PossibleKey { required: true, position, .. }) => {
                Err(Error::Malformed { position, problem: "could not find expected `:`".to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn drop_current_key(&mut self) -> Result<(), Error> {
        self.drop_key(self.keys.len() - 1)
    }

    /// Notes that a key may start here.
    fn save_key(&mut self) -> Result<(), Error> {
        if !self.key_allowed {
            return Ok(());
        }
        self.drop_current_key()?;
        let column = self.column();
        let key = PossibleKey {
            required: !self.in_flow() && self.indent == column,
            token: self.taken + self.tokens.len(),
            position: self.cursor.position(),
            index: self.cursor.index,
            column,
        };
        if let Some(last) = self.keys.last_mut() {
            *last = Some(key);
        }
        Ok(())
    }

    pub(super) fn in_flow(&self) -> bool {
        self.keys.len() > 1
    }

    #[expect(clippy::cast_possible_wrap, reason = "no text is that long")]
    pub(super) fn column(&self) -> isize {
        self.cursor.column as isize
    }

    fn fetch(&mut self) -> Result<(), Error> {
        self.skip_to_token();
        self.close_blocks(self.column());
        if self.cursor.is_end() {
            return self.fetch_end();
        }
        let at_line_start = self.cursor.column == 0;
        match self.cursor.byte(0) {
            b'%' if at_line_start => self.fetch_directive(),
            b'-' if self.cursor.is_document_indicator() => self.fetch_document(TokenKind::DocumentStart),
            b'.' if self.cursor.is_document_indicator() => self.fetch_document(TokenKind::DocumentEnd),
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if self.cursor.ends_word(1) => self.fetch_block_entry(),
            b'?' if self.in_flow() || self.cursor.ends_word(1) => self.fetch_key(),
            b':' if self.in_flow() || self.cursor.ends_word(1) => self.fetch_value(),
            b'*' => self.fetch_word(Self::scan_alias),
            b'&' => self.fetch_word(Self::scan_anchor),
            b'!' => self.fetch_word(Self::scan_tag),
            b'\'' | b'"' => self.fetch_word(Self::scan_quoted),
            b'|' | b'>' if !self.in_flow() => self.fetch_block_scalar(),
            b'|' | b'>' | b'%' | b'@' | b'`' | b'#' | b'\t' => Err(self.cannot_start()),
            // A `-` before a tab has come by above; here it starts a word.
            _ => self.fetch_word(Self::scan_plain),
        }
    }

    fn cannot_start(&self) -> Error {
        if self.cursor.byte(0) == b'\t' {
            return Error::TabIndentation { position: self.cursor.position() };
        }
        self.cursor.error("found a character that cannot start any token")
    }

    /// Goes over blanks, comments and line breaks.
    fn skip_to_token(&mut self) {
        loop {
            // Where a key may start a tab would be indentation.
            let tabs = self.in_flow() || !self.key_allowed;
            self.cursor.skip_while(|byte| byte == b' ' || (tabs && byte == b'\t'));
            if self.cursor.byte(0) == b'#' {
                self.cursor.skip_comment();
            }
            if !self.cursor.is_break(0) {
                return;
            }
            self.cursor.skip_break();
            if !self.in_flow() {
                self.key_allowed = true;
            }
        }
    }

    pub(super) fn push(&mut self, kind: TokenKind, start: Position) {
        let end = self.cursor.position();
        self.tokens.push_back(Token { kind, start, end });
    }

    /// Puts a token before the one of that number, which is still in the queue.
    fn insert(&mut self, before: usize, kind: TokenKind, position: Position) {
        let place = before.saturating_sub(self.taken).min(self.tokens.len());
        self.tokens.insert(place, Token { kind, start: position, end: position });
    }

    /// Corrects where the token just pushed ends: scalars look for more behind their end.
    pub(super) fn end_last_token(&mut self, end: Position) {
        if let Some(token) = self.tokens.back_mut() {
            token.end = end;
        }
    }

    fn push_ascii(&mut self, kind: TokenKind, length: usize) {
        let start = self.cursor.position();
        self.cursor.skip_ascii(length);
        self.push(kind, start);
    }

    /// Opens a block collection at a column, before the token of that number or after all.
    fn open_block(&mut self, column: isize, kind: TokenKind, before: Option<(usize, Position)>) -> Result<(), Error> {
        if self.in_flow() || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_LEVELS {
            return Err(self.cursor.error("nested too deeply"));
        }
        match before {
            Some((token, position)) => self.insert(token, kind, position),
            None => self.push(kind, self.cursor.position()),
        }
        Ok(())
    }

    /// Ends the block collections that are further right than a column.
    pub(super) fn close_blocks(&mut self, column: isize) {
        while !self.in_flow() && self.indent > column {
            self.push(TokenKind::BlockEnd, self.cursor.position());
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn fetch_end(&mut self) -> Result<(), Error> {
        self.close_blocks(-1);
        self.drop_current_key()?;
        self.key_allowed = false;
        self.ended = true;
        self.push(TokenKind::StreamEnd, self.cursor.position());
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Error> {
        self.close_blocks(-1);
        self.drop_current_key()?;
        self.key_allowed = false;
        self.scan_directive()
    }

    fn fetch_document(&mut self, kind: TokenKind) -> Result<(), Error> {
        self.close_blocks(-1);
        self.drop_current_key()?;
        self.key_allowed = false;
        self.push_ascii(kind, 3);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind) -> Result<(), Error> {
        self.save_key()?;
        self.keys.push(None);
        if self.keys.len() > MAX_LEVELS {
            return Err(self.cursor.error("nested too deeply"));
        }
        self.key_allowed = true;
        self.push_ascii(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind) -> Result<(), Error> {
        self.drop_current_key()?;
        if self.in_flow() {
            self.keys.pop();
        }
        self.key_allowed = false;
        self.push_ascii(kind, 1);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), Error> {
        self.drop_current_key()?;
        self.key_allowed = true;
        self.push_ascii(TokenKind::FlowEntry, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Error> {
        if !self.in_flow() {
            if !self.key_allowed {
                return Err(self.cursor.error("block sequence entries are not allowed here"));
            }
            self.open_block(self.column(), TokenKind::BlockSequenceStart, None)?;
        }
        self.drop_current_key()?;
        self.key_allowed = true;
        self.push_ascii(TokenKind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Error> {
        if !self.in_flow() {
            if !self.key_allowed {
                return Err(self.cursor.error("mapping keys are not allowed here"));
            }
            self.open_block(self.column(), TokenKind::BlockMappingStart, None)?;
        }
        self.drop_current_key()?;
        self.key_allowed = !self.in_flow();
        self.push_ascii(TokenKind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Error> {
        let level = self.keys.len() - 1;
        let key = if self.is_key_alive(level)? { self.keys[level].take() } else { None };
        if let Some(PossibleKey { token, position, column, .. }) = key {
            self.insert(token, TokenKind::Key, position);
            self.open_block(column, TokenKind::BlockMappingStart, Some((token, position)))?;
            self.key_allowed = false;
        } else {
            if !self.in_flow() {
                if !self.key_allowed {
                    return Err(self.cursor.error("mapping values are not allowed here"));
                }
                self.open_block(self.column(), TokenKind::BlockMappingStart, None)?;
            }
            self.key_allowed = !self.in_flow();
        }
        self.push_ascii(TokenKind::Value, 1);
        Ok(())
    }

    /// A token that may be a key.
    fn fetch_word(&mut self, scan: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.save_key()?;
        self.key_allowed = false;
        scan(self)
    }

    fn fetch_block_scalar(&mut self) -> Result<(), Error> {
        self.drop_current_key()?;
        self.key_allowed = true;
        self.scan_block_scalar()
    }
}
