//! What a string's characters forbid.

use crate::go_scalar::is_break;

/// Which styles can hold a string so that it reads back the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Analysis {
    /// Holds a line break of any kind.
    pub(crate) multiline: bool,
    pub(crate) plain_allowed: bool,
    pub(crate) single_quoted_allowed: bool,
    pub(crate) literal_allowed: bool,
    /// The same by go-yaml v3, for which a tab is no special character.
    pub(crate) folded_allowed: bool,
}

impl Analysis {
    pub(crate) fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self {
                multiline: false,
                plain_allowed: true,
                single_quoted_allowed: true,
                literal_allowed: false,
                folded_allowed: false,
            };
        }
        let has = |found: fn(char) -> bool| text.chars().any(found);
        let multiline = has(is_break);
        let special = has(|letter| !is_printable(letter));
        let special_but_tabs = has(|letter| letter != '\t' && !is_printable(letter));
        let outer_blank = text.starts_with(is_space_or_break) || text.ends_with(is_space_or_break);
        let space_break = is_followed(text, |first, next| first == ' ' && is_break(next));
        let break_space = is_followed(text, |first, next| is_break(first) && next == ' ');
        Self {
            multiline,
            plain_allowed: !multiline && !special && !outer_blank && !has_indicator(text),
            single_quoted_allowed: !special && !space_break && !break_space,
            literal_allowed: !special && !space_break && !text.ends_with(' '),
            folded_allowed: !special_but_tabs && !space_break && !text.ends_with(' '),
        }
    }
}

fn is_space_or_break(letter: char) -> bool {
    letter == ' ' || is_break(letter)
}

fn is_followed(text: &str, by: impl Fn(char, char) -> bool) -> bool {
    text.chars().zip(text.chars().skip(1)).any(|(first, next)| by(first, next))
}

/// Whether the text would read as something else than one plain scalar in block context.
fn has_indicator(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let mut letters = text.chars().peekable();
    let Some(first) = letters.next() else { return false };
    let ends_word = |next: Option<&char>| next.is_none_or(|next| is_blank_or_break(*next));
    match first {
        '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => return true,
        '?' | ':' | '-' if ends_word(letters.peek()) => return true,
        _ => {}
    }
    let mut previous = first;
    while let Some(letter) = letters.next() {
        match letter {
            ':' if ends_word(letters.peek()) => return true,
            '#' if is_blank_or_break(previous) => return true,
            _ => {}
        }
        previous = letter;
    }
    false
}

fn is_blank_or_break(letter: char) -> bool {
    matches!(letter, ' ' | '\t') || is_break(letter)
}

/// go-yaml's idea of a character that can stand unescaped: none beyond the basic plane, no tab, no byte order mark.
pub(crate) fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && letter != '\u{feff}'
}
