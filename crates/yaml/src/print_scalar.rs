//! One string as text: which quotes it needs, where its lines break.

use crate::analysis::Analysis;
use crate::go_scalar::{is_base_60, is_break, push_escaped};
use crate::scalar::is_plain_string;

/// The column after which a line is folded at the next single blank.
const BEST_WIDTH: usize = 80;

/// The longest key, in bytes, that stands before a `:` without a `?`.
const SIMPLE_KEY_BYTES: usize = 128;

/// Where a string stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Before a `:`, on one line.
    Key,
    /// Anywhere else; its further lines start at this column.
    Value { indent: usize },
}

/// Text being printed.
#[derive(Debug)]
pub(crate) struct Printer {
    out: String,
    /// Characters on the line so far.
    column: usize,
    /// Whether the next word needs no blank before it.
    after_blank: bool,
    /// Whether nothing but indentation and indicators stands on the line so far.
    at_indentation: bool,
}

impl Default for Printer {
    fn default() -> Self {
        Self { out: String::new(), column: 0, after_blank: true, at_indentation: true }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

impl Printer {
    /// The whole text.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// Ends the last line of a document.
    pub(crate) fn end_line(&mut self) {
        if self.column > 0 || self.out.is_empty() {
            self.put_break();
        }
    }

    /// Starts another document behind one that has ended.
    pub(crate) fn next_document(&mut self) {
        let mut out = std::mem::take(&mut self.out);
        out.push_str("---\n");
        *self = Self { out, ..Self::default() };
    }

    /// Starts a line at a column, unless the line so far is just the indicators up to it.
    pub(crate) fn line(&mut self, indent: usize) {
        if !self.at_indentation || self.column > indent || (self.column == indent && !self.after_blank) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.after_blank = true;
        self.at_indentation = true;
    }

    /// `-`, `?` or the `:` that answers a `?`: more may follow on the line at deeper indentation.
    pub(crate) fn indicator(&mut self, indicator: char) {
        self.separate();
        self.put(indicator);
        self.after_blank = false;
    }

    /// The `:` after a key.
    pub(crate) fn colon(&mut self) {
        self.put(':');
        self.after_blank = false;
        self.at_indentation = false;
    }

    /// Something that needs no quotes and has no blanks.
    pub(crate) fn word(&mut self, word: &str) {
        self.separate();
        self.out.push_str(word);
        self.column += word.len();
        self.after_blank = false;
        self.at_indentation = false;
    }

    /// Whether a key stands before a `:`.
    pub(crate) fn is_simple_key(key: &str) -> bool {
        key.len() <= SIMPLE_KEY_BYTES && (is_word(key) || !Analysis::of(key).multiline)
    }

    /// A string, with what quotes it needs there.
    pub(crate) fn string(&mut self, text: &str, place: Place) {
        if is_word(text) && is_plain_string(text) {
            return self.word(text);
        }
        match choose(text, place) {
            Written::Plain => self.plain(text, place),
            Written::SingleQuoted => self.single_quoted(text, place),
            Written::DoubleQuoted => self.double_quoted(text, place),
            // Its last line break is the one that ends the line.
            Written::Literal => return self.literal(text, place),
        }
        self.after_blank = false;
        self.at_indentation = false;
    }

    fn plain(&mut self, text: &str, place: Place) {
        self.separate();
        self.folded(text, place, false);
    }

    fn single_quoted(&mut self, text: &str, place: Place) {
        self.separate();
        self.put('\'');
        self.after_blank = false;
        self.at_indentation = false;
        self.folded(text, place, true);
        self.put('\'');
    }

    /// Text with its own line breaks (only the two Unicode ones can be there) and with breaks at single blanks beyond the width.
    fn folded(&mut self, text: &str, place: Place, quoted: bool) {
        let (mut after_space, mut after_break) = (false, false);
        // Within quotes the outermost blanks have to stay.
        let may_fold = |index| !quoted || (index > 0 && index < text.len() - 1);
        for (index, letter) in text.char_indices() {
            match (letter, place) {
                (' ', Place::Value { indent })
                    if !after_space
                        && self.column > BEST_WIDTH
                        && may_fold(index)
                        && !text[index + 1..].starts_with(' ') =>
                {
                    self.line(indent);
                    after_space = true;
                }
                (' ', _) => {
                    self.put(' ');
                    after_space = true;
                }
                ('\n' | '\u{85}' | '\u{2028}' | '\u{2029}', _) => {
                    if letter == '\n' && !after_break {
                        self.put_break();
                    }
                    self.put_own_break(letter);
                    self.at_indentation = true;
                    after_break = true;
                }
                _ => {
                    if let (true, Place::Value { indent }) = (after_break, place) {
                        self.line(indent);
                    }
                    if letter == '\'' && quoted {
                        self.put('\'');
                    }
                    self.put(letter);
                    self.at_indentation = false;
                    (after_space, after_break) = (false, false);
                }
            }
        }
    }

    fn double_quoted(&mut self, text: &str, place: Place) {
        self.separate();
        self.put('"');
        self.after_blank = false;
        self.at_indentation = false;
        // go-yaml looks for the mark at the start of the text whichever character it is at.
        let escape_all = text.starts_with('\u{feff}');
        let mut after_space = false;
        for (index, letter) in text.char_indices() {
            if escape_all || must_escape(letter) {
                self.escape(letter);
                after_space = false;
                continue;
            }
            match (letter, place) {
                (' ', Place::Value { indent })
                    if !after_space && self.column > BEST_WIDTH && index > 0 && index < text.len() - 1 =>
                {
                    self.line(indent);
                    if text[index + 1..].starts_with(' ') {
                        self.put('\\');
                    }
                    after_space = true;
                }
                _ => {
                    self.put(letter);
                    after_space = letter == ' ';
                }
            }
        }
        self.put('"');
    }

    fn literal(&mut self, text: &str, place: Place) {
        self.separate();
        self.put('|');
        if text.starts_with([' ', '\n', '\u{2028}', '\u{2029}']) {
            self.put('2');
        }
        let mut ends = text.chars().rev();
        match (ends.next().is_some_and(is_break), ends.next().is_none_or(is_break)) {
            (false, _) => self.put('-'),
            (true, true) => self.put('+'),
            (true, false) => {}
        }
        self.put_break();
        self.at_indentation = true;
        self.after_blank = true;
        let indent = match place {
            Place::Value { indent } => indent,
            Place::Key => 0,
        };
        let mut after_break = true;
        for letter in text.chars() {
            if is_break(letter) {
                self.put_own_break(letter);
                self.at_indentation = true;
                after_break = true;
            } else {
                if after_break {
                    self.line(indent);
                }
                self.put(letter);
                self.at_indentation = false;
                after_break = false;
            }
        }
    }

    fn escape(&mut self, letter: char) {
        let before = self.out.len();
        push_escaped(letter, &mut self.out);
        // All of it is ASCII.
        self.column += self.out.len() - before;
    }

    fn separate(&mut self) {
        if !self.after_blank {
            self.put(' ');
        }
    }

    fn put(&mut self, letter: char) {
        self.out.push(letter);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn put_own_break(&mut self, letter: char) {
        self.out.push(letter);
        self.column = 0;
    }
}

/// Whether a text is a letter, and then letters, digits, dots, slashes and dashes: most are, and nothing in them needs quotes
/// unless all of it is some other type's word.
fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'-' | b'_'))
}

fn choose(text: &str, place: Place) -> Written {
    let analysis = Analysis::of(text);
    let wanted = if text.contains('\n') {
        Written::Literal
    } else if is_plain_string(text) && !is_base_60(text) {
        Written::Plain
    } else {
        Written::DoubleQuoted
    };
    match wanted {
        _ if place == Place::Key && analysis.multiline => Written::DoubleQuoted,
        Written::Plain if analysis.plain_allowed => Written::Plain,
        Written::Plain if analysis.single_quoted_allowed => Written::SingleQuoted,
        Written::Literal if analysis.literal_allowed && place != Place::Key => Written::Literal,
        _ => Written::DoubleQuoted,
    }
}

fn must_escape(letter: char) -> bool {
    !crate::analysis::is_printable(letter) || is_break(letter) || matches!(letter, '"' | '\\' | '\u{feff}')
}
