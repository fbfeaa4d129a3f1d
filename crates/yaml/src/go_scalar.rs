//! What both printers of go-yaml have in common, v2 which `print` follows and v3 which sops has.

use std::fmt::Write as _;

/// The base 60 numbers of YAML 1.1, which nobody reads but go-yaml still quotes: `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`.
#[must_use]
pub fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digit_or_gap = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    let Some((first, rest)) = whole.split_once(':') else { return false };
    first.starts_with(|letter: char| letter.is_ascii_digit())
        && first.bytes().all(digit_or_gap)
        && fraction.bytes().all(digit_or_gap)
        && rest.split(':').all(|part| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
}

/// Whether a character is a line break for go-yaml: those of YAML 1.1.
#[must_use]
pub fn is_break(letter: char) -> bool {
    matches!(letter, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Writes a character as it stands escaped in double quotes.
pub fn push_escaped(letter: char, out: &mut String) {
    let short = match letter {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => letter,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            // Writing to a text does not fail.
            let _ = match u32::from(letter) {
                code @ 0..=0xff => write!(out, "\\x{code:02X}"),
                code @ 0x100..=0xffff => write!(out, "\\u{code:04X}"),
                code => write!(out, "\\U{code:08X}"),
            };
            return;
        }
    };
    out.push('\\');
    out.push(short);
}
