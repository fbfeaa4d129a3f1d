//! One scalar as go-yaml v3 prints it: which quotes it needs, and how a long text is laid out.
//!
//! `windlass-yaml` prints as v2 does, and only what is the same in both is taken from there: v3 folds no long line, quotes the
//! booleans of YAML 1.1 and what has a tab by other rules, escapes all beyond the basic plane, leaves a hard blank as it is, and
//! writes the indentation of its layout into the header of a literal. What is printed here is a plaintext, too: it is wiped.

use windlass_yaml::{Dialect, Style, is_base_60, is_break, push_escaped};
use zeroize::Zeroizing;

/// How a string is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// Chooses the form of a string. A key stands on one line.
pub(crate) fn form_of(text: &str, is_key: bool) -> Form {
    let allowed = Allowed::for_text(text);
    if text.contains('\n') {
        return if allowed.literal && !is_key { Form::Literal } else { Form::DoubleQuoted };
    }
    if !stays_string(text) || (is_key && text.contains(is_break)) {
        Form::DoubleQuoted
    } else if allowed.plain {
        Form::Plain
    } else if allowed.single_quoted {
        Form::SingleQuoted
    } else {
        Form::DoubleQuoted
    }
}

/// Whether plain text reads back as a string, for go-yaml v3 and for readers of YAML 1.1.
fn stays_string(text: &str) -> bool {
    let is_old_bool = matches!(
        text,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF"
    );
    let resolved = windlass_yaml::resolve(text, Style::Plain, None, Dialect::Resource);
    resolved == Some(windlass_yaml::Scalar::Str) && !is_old_bool && !is_base_60(text)
}

/// The forms that can hold a text (libyaml's `yaml_emitter_analyze_scalar`).
struct Allowed {
    plain: bool,
    single_quoted: bool,
    literal: bool,
}

impl Allowed {
    fn for_text(text: &str) -> Self {
        let pairs = || text.chars().zip(text.chars().skip(1));
        let has_break = text.contains(is_break);
        let has_tab = text.contains('\t');
        let special = text.chars().any(|letter| letter != '\t' && !is_printable(letter));
        let space_break = pairs().any(|(first, next)| first == ' ' && is_break(next));
        let break_space = pairs().any(|(first, next)| is_break(first) && next == ' ');
        let outer = |letter: char| letter == ' ' || is_break(letter);
        let single_quoted = !special && !has_tab && !space_break && !break_space;
        Self {
            plain: single_quoted
                && !has_break
                && !text.starts_with(outer)
                && !text.ends_with(outer)
                && !has_indicator(text),
            single_quoted,
            literal: !text.is_empty() && !special && !space_break && !text.ends_with(' '),
        }
    }
}

/// Whether plain text would read as something else than one scalar.
fn has_indicator(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") || text.starts_with(is_leading_indicator) {
        return true;
    }
    let blank_or_end = |letter: Option<char>| letter.is_none_or(|letter| matches!(letter, ' ' | '\t'));
    let mut before = None;
    text.char_indices().any(|(at, letter)| {
        let after = text[at + letter.len_utf8()..].chars().next();
        let found = match letter {
            '?' | '-' if at == 0 => blank_or_end(after),
            ':' => blank_or_end(after),
            '#' => blank_or_end(before),
            _ => false,
        };
        before = Some(letter);
        found
    })
}

fn is_leading_indicator(letter: char) -> bool {
    matches!(letter, '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`')
}

/// What go-yaml leaves unescaped: nothing beyond the basic plane, no byte order mark.
fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && letter != '\u{feff}'
}

/// Prints a single-quoted text. Lines behind a Unicode line break start at `indent`.
pub(crate) fn single_quoted(text: &str, indent: usize, out: &mut Zeroizing<String>) {
    out.push('\'');
    let mut after_break = false;
    for letter in text.chars() {
        if after_break && !is_break(letter) {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        after_break = is_break(letter);
        out.push(letter);
        if letter == '\'' {
            out.push('\'');
        }
    }
    out.push('\'');
}

/// Prints a double-quoted text, on one line whatever its length.
pub(crate) fn double_quoted(text: &str, out: &mut Zeroizing<String>) {
    out.push('"');
    // go-yaml looks for the mark at the start of the text only, and then takes every character for it.
    let escape_all = text.starts_with('\u{feff}');
    for letter in text.chars() {
        let is_plain =
            letter == '\u{a0}' || (is_printable(letter) && !is_break(letter) && !matches!(letter, '"' | '\\'));
        if is_plain && !escape_all {
            out.push(letter);
        } else {
            push_escaped(letter, out);
        }
    }
    out.push('"');
}

/// The indicators behind the `|` of a literal text, a level indented by `step`.
pub(crate) fn literal_hints(text: &str, step: usize) -> String {
    let mut hints = String::new();
    if text.starts_with(|letter| letter == ' ' || is_break(letter)) {
        hints.push_str(&step.to_string());
    }
    let mut ends = text.chars().rev();
    match (ends.next().is_some_and(is_break), ends.next().is_none_or(is_break)) {
        (false, _) => hints.push('-'),
        (true, true) => hints.push('+'),
        (true, false) => {}
    }
    hints
}

/// Prints the lines of a literal text below its header, each at `indent`, the last one ended.
pub(crate) fn literal_lines(text: &str, indent: usize, out: &mut Zeroizing<String>) {
    let mut at_start = true;
    for letter in text.chars() {
        if at_start && !is_break(letter) {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        at_start = is_break(letter);
        out.push(letter);
    }
    if !text.ends_with('\n') {
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_where_needed() {
        for (text, form) in [
            ("plain text", Form::Plain),
            ("", Form::DoubleQuoted),
            ("yes", Form::DoubleQuoted),
            ("null", Form::DoubleQuoted),
            ("0x1F", Form::DoubleQuoted),
            ("2020-01-01", Form::DoubleQuoted),
            ("12:30", Form::DoubleQuoted),
            ("12:99", Form::Plain),
            (" lead", Form::SingleQuoted),
            ("a: b", Form::SingleQuoted),
            ("a #b", Form::SingleQuoted),
            ("a#b:c", Form::Plain),
            ("- x", Form::SingleQuoted),
            ("-x", Form::Plain),
            ("@at", Form::SingleQuoted),
            ("tab\there", Form::DoubleQuoted),
            ("\u{1f600}", Form::DoubleQuoted),
            ("a\nb\n", Form::Literal),
            ("a \nb", Form::DoubleQuoted),
            ("a\r\nb", Form::DoubleQuoted),
        ] {
            assert_eq!(form_of(text, false), form, "{text:?}");
        }
        assert_eq!(form_of("a\nb", true), Form::DoubleQuoted);
    }

    #[test]
    fn literal_headers() {
        for (text, hints) in [("a\n", ""), ("a", "-"), ("a\n\n", "+"), (" a\n", "4"), ("\n", "4+")] {
            assert_eq!(literal_hints(text, 4), hints, "{text:?}");
        }
    }
}
