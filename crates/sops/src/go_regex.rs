//! Regular expressions as Go reads them.
//!
//! sops compiles the expressions of selectors and rules with Go's `regexp`. Its syntax and that of the `regex` crate have one
//! root (RE2) and part in a few places: here `\d`, `\w`, `\s` and `\b` know ASCII only, a brace that repeats nothing is a
//! brace, `[`, `&&` and `--` mean nothing in a class, and `\Q…\E` quotes. An expression is rewritten so that the crate
//! matches what Go does, which decides what is encrypted.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;

use crate::plain_pattern::PlainPattern;

/// How many expressions a thread keeps.
const KEPT: usize = 64;

thread_local! {
    /// All files of a repository are under a few rules, and to compile an expression takes longer than to encrypt a file.
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::new(HashMap::new());
}

/// An expression of Go.
pub(crate) enum GoRegex {
    /// One that is simple, and its text.
    Plain(PlainPattern, String),
    Compiled(Regex),
}

impl GoRegex {
    pub(crate) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Plain(plain, pattern) => plain.matches(text).unwrap_or_else(|| {
                // Every plain pattern is an expression.
                compile_always(pattern).is_ok_and(|regex| regex.is_match(text))
            }),
            Self::Compiled(regex) => regex.is_match(text),
        }
    }
}

/// Makes an expression of Go ready to be asked.
pub(crate) fn compile(pattern: &str) -> Result<GoRegex, regex::Error> {
    match PlainPattern::of(pattern) {
        Some(plain) => Ok(GoRegex::Plain(plain, pattern.to_owned())),
        None => compile_always(pattern).map(GoRegex::Compiled),
    }
}

/// Compiles an expression of Go, once for each thread.
pub(crate) fn compile_always(pattern: &str) -> Result<Regex, regex::Error> {
    COMPILED.with_borrow_mut(|compiled| {
        if let Some(regex) = compiled.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = translate_and_compile(pattern)?;
        if compiled.len() == KEPT {
            compiled.clear();
        }
        compiled.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    })
}

fn translate_and_compile(pattern: &str) -> Result<Regex, regex::Error> {
    let mut translator = Translator { rest: pattern, out: String::with_capacity(pattern.len() * 2) };
    let fault = |reason: &str| regex::Error::Syntax(format!("{reason} in {pattern:?}"));
    translator.run().map_err(fault)?;
    Regex::new(&translator.out)
}

/// The most repetitions that Go counts.
const MOST_REPETITIONS: u32 = 1000;

struct Translator<'p> {
    rest: &'p str,
    out: String,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<(), &'static str> {
        // What was just repeated cannot be repeated again.
        let mut repeated = false;
        while let Some(first) = self.rest.chars().next() {
            let repeats = self.is_repetition(first)?;
            if repeats && repeated {
                return Err("a repetition is repeated");
            }
            repeated = repeats;
            match first {
                _ if repeats => self.repetition(first),
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '{' | '}' | ']' => self.literal(first),
                _ => {
                    self.out.push(first);
                    self.skip(first);
                }
            }
        }
        Ok(())
    }

    fn skip(&mut self, c: char) {
        self.rest = &self.rest[c.len_utf8()..];
    }

    fn literal(&mut self, c: char) {
        self.skip(c);
        push_literal(&mut self.out, c);
    }

    fn is_repetition(&self, first: char) -> Result<bool, &'static str> {
        match first {
            '*' | '+' | '?' => Ok(true),
            '{' => match counts(self.rest) {
                None => Ok(false),
                Some((counts, _)) if counts.iter().flatten().any(|count| *count > MOST_REPETITIONS) => {
                    Err("more than 1000 repetitions")
                }
                Some(_) => Ok(true),
            },
            _ => Ok(false),
        }
    }

    fn repetition(&mut self, first: char) {
        let length = if first == '{' { counts(self.rest).map_or(1, |(_, length)| length) } else { 1 };
        let (text, rest) = self.rest.split_at(length);
        self.out.push_str(text);
        self.rest = rest;
        if let Some(rest) = rest.strip_prefix('?') {
            self.out.push('?');
            self.rest = rest;
        }
    }

    fn group(&mut self) -> Result<(), &'static str> {
        // No flags at all: to Go that is nothing, and a repetition behind it one of what stands before it.
        if let Some(rest) = self.rest.strip_prefix("(?)") {
            self.rest = rest;
            return Ok(());
        }
        self.skip('(');
        self.out.push('(');
        let Some(rest) = self.rest.strip_prefix('?') else { return Ok(()) };
        if rest.starts_with("P<") || rest.starts_with('<') {
            let end = rest.find('>').ok_or("a name that does not end")?;
            self.out.push_str(&self.rest[..end + 2]);
            self.rest = &rest[end + 1..];
            return Ok(());
        }
        let end = rest.find([':', ')']).ok_or("flags that do not end")?;
        if !rest[..end].chars().all(|flag| matches!(flag, 'i' | 'm' | 's' | 'U' | '-')) {
            return Err("a group that is unknown");
        }
        self.out.push_str(&self.rest[..end + 2]);
        self.rest = &rest[end + 1..];
        Ok(())
    }

    fn escape(&mut self) -> Result<(), &'static str> {
        let rest = &self.rest[1..];
        let kind = rest.chars().next().ok_or("a backslash at its end")?;
        match kind {
            'Q' => {
                let (quoted, behind) = rest[1..].split_once("\\E").unwrap_or((&rest[1..], ""));
                quoted.chars().for_each(|c| push_literal(&mut self.out, c));
                self.rest = behind;
            }
            'b' => self.replace(2, r"(?-u:\b)"),
            // The crate has no `\B` for ASCII that could not stand inside of a letter.
            'A' | 'z' | 'B' => self.copy(2),
            'p' | 'P' => self.copy_property()?,
            _ => match perl_class(kind) {
                Some((negated, ranges)) => {
                    self.skip('\\');
                    self.skip(kind);
                    self.out.push_str(if negated { "[^" } else { "[" });
                    self.out.push_str(ranges);
                    self.out.push(']');
                }
                None => {
                    let c = self.escaped_char()?;
                    push_literal(&mut self.out, c);
                }
            },
        }
        Ok(())
    }

    fn replace(&mut self, length: usize, text: &str) {
        self.out.push_str(text);
        self.rest = &self.rest[length..];
    }

    fn copy(&mut self, length: usize) {
        let (text, rest) = self.rest.split_at(length);
        self.out.push_str(text);
        self.rest = rest;
    }

    /// `\pL`, `\p{Greek}`, `\P{^Lu}`.
    fn copy_property(&mut self) -> Result<(), &'static str> {
        let name = &self.rest[2..];
        let length = match name.chars().next() {
            Some('{') => name.find('}').ok_or("a property that does not end")? + 1,
            Some(c) => c.len_utf8(),
            None => return Err("a property without a name"),
        };
        self.copy(2 + length);
        Ok(())
    }

    /// A backslash and what stands for one character.
    fn escaped_char(&mut self) -> Result<char, &'static str> {
        let rest = &self.rest[1..];
        let kind = rest.chars().next().ok_or("a backslash at its end")?;
        let (code, length) = match kind {
            'a' => (0x07, 1),
            'f' => (0x0c, 1),
            't' => (0x09, 1),
            'n' => (0x0a, 1),
            'r' => (0x0d, 1),
            'v' => (0x0b, 1),
            '0'..='7' => {
                let digits = rest.bytes().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
                if kind != '0' && digits < 2 {
                    return Err("a reference to a group");
                }
                (u32::from_str_radix(&rest[..digits], 8).map_err(|_| "a number that is none")?, digits)
            }
            'x' => hexadecimal(rest)?,
            _ if kind.is_ascii_punctuation() || kind == ' ' || kind.is_ascii_control() => {
                (u32::from(kind), kind.len_utf8())
            }
            _ => return Err("an escape that is unknown"),
        };
        self.rest = &rest[length..];
        char::from_u32(code).ok_or("a number that is no character")
    }

    fn class(&mut self) -> Result<(), &'static str> {
        self.skip('[');
        self.out.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.out.push('^');
            self.rest = rest;
        }
        let mut first = true;
        loop {
            let c = self.rest.chars().next().ok_or("a class that does not end")?;
            match c {
                ']' if !first => {
                    self.copy(1);
                    return Ok(());
                }
                '[' if self.rest.starts_with("[:") && self.rest[2..].contains(":]") => {
                    let end = self.rest[2..].find(":]").map_or(0, |at| at + 4);
                    self.copy(end);
                }
                '\\' if self.rest[1..].starts_with(['p', 'P']) => self.copy_property()?,
                '\\' if self.rest[1..].chars().next().is_some_and(|kind| perl_class(kind).is_some()) => {
                    let kind = self.rest[1..].chars().next().unwrap_or_default();
                    let (negated, ranges) = perl_class(kind).unwrap_or_default();
                    self.out.push_str(if negated { "[^" } else { "[" });
                    self.out.push_str(ranges);
                    self.out.push(']');
                    self.rest = &self.rest[2..];
                }
                _ => self.range()?,
            }
            first = false;
        }
    }

    /// One character of a class, or a range of them.
    fn range(&mut self) -> Result<(), &'static str> {
        let low = self.class_char()?;
        let high = match self.rest.strip_prefix('-') {
            Some(rest) if !rest.starts_with(']') => {
                self.rest = rest;
                Some(self.class_char()?)
            }
            _ => None,
        };
        push_literal(&mut self.out, low);
        if let Some(high) = high {
            self.out.push('-');
            push_literal(&mut self.out, high);
        }
        Ok(())
    }

    fn class_char(&mut self) -> Result<char, &'static str> {
        let c = self.rest.chars().next().ok_or("a class that does not end")?;
        if c == '\\' {
            return self.escaped_char();
        }
        self.skip(c);
        Ok(c)
    }
}

/// Letters and digits as they are, all else by its number: nothing of that means anything to the crate.
fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        out.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
    }
}

/// Whether a class of Perl is negated, and what is in it.
fn perl_class(kind: char) -> Option<(bool, &'static str)> {
    let ranges = match kind.to_ascii_lowercase() {
        'd' => "0-9",
        's' => r"\t\n\x0c\r\x20",
        'w' => "0-9A-Za-z_",
        _ => return None,
    };
    Some((kind.is_ascii_uppercase(), ranges))
}

/// The code and the length of `xFF` or `x{10FFFF}`.
fn hexadecimal(text: &str) -> Result<(u32, usize), &'static str> {
    let (digits, length) = match text[1..].strip_prefix('{') {
        Some(rest) => {
            let digits = rest.split_once('}').ok_or("a number that does not end")?.0;
            (digits, digits.len() + 3)
        }
        None => (text.get(1..3).ok_or("a number that is too short")?, 3),
    };
    let is_number = !digits.is_empty() && digits.len() <= 8 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let code = is_number.then(|| u32::from_str_radix(digits, 16).ok()).flatten();
    code.map(|code| (code, length)).ok_or("a number that is none")
}

/// The least and the most repetitions of `{2}`, `{2,}` or `{2,3}`, and the length of that text. What looks otherwise stands
/// for itself.
fn counts(text: &str) -> Option<([Option<u32>; 2], usize)> {
    let inner = text.strip_prefix('{')?.split_once('}')?.0;
    let number = |text: &str| -> Option<u32> {
        let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        let is_plain = text == "0" || !text.starts_with('0');
        // A number beyond all bounds is one beyond Go's.
        (is_number && is_plain).then(|| text.parse().unwrap_or(u32::MAX))
    };
    let counts = match inner.split_once(',') {
        None => [Some(number(inner)?), None],
        Some((least, "")) => [Some(number(least)?), None],
        Some((least, most)) => [Some(number(least)?), Some(number(most)?)],
    };
    Some((counts, inner.len() + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_what_go_matches() {
        for (pattern, yes, no) in [
            (r"^\w+$", &["abc_9"][..], &["日本", "é"][..]),
            (r"^\d$", &["7"], &["٣"]),
            (r"^a\sb$", &["a b", "a\tb"], &["a\u{b}b", "a\u{a0}b"]),
            (r"\bdata\b", &["my data", "édataé"], &["mydata"]),
            ("^{a}$", &["{a}"], &["a"]),
            ("^a{,2}$", &["a{,2}"], &["aa"]),
            ("^a{2,3}$", &["aa", "aaa"], &["a"]),
            ("^[[&&a~~b]$", &["[", "&", "a", "~"], &["x", "-"]),
            ("^[+--]$", &["+", ",", "-"], &["."]),
            (r"^[]\-a]$", &["]", "-", "a"], &["\\"]),
            ("^[^]a]$", &["b"], &["]", "a"]),
            (r"^[\w.-]+$", &["a.b-c"], &["é"]),
            (r"^[\W]$", &["é", "-"], &["a"]),
            (r"^\Qa.b\E+$", &["a.bb"], &["axb"]),
            (r"^\<\_\x41\x{42}\103\07$", &["<_ABC\u{7}"], &["b"]),
            ("^(data|stringData)$", &["data", "stringData"], &["metadata"]),
            ("(?i)^SECRET$", &["secret", "ſecret"], &["secrets"]),
            ("^a(?)b(?)*$", &["a", "ab", "abb"], &["b"]),
            ("^(?P<a>x)(?<b>y)(?:z)$", &["xyz"], &["xy"]),
            (r"^\p{Greek}\pL$", &["αa"], &["aa"]),
            ("^[[:alpha:]]+$", &["abc"], &["é"]),
            ("a.b", &["a\rb"], &["a\nb"]),
        ] {
            let regex = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            yes.iter().for_each(|text| assert!(regex.is_match(text), "{pattern} {text:?}"));
            no.iter().for_each(|text| assert!(!regex.is_match(text), "{pattern} {text:?}"));
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in [
            "[", "(", "*", "a**", "a{2}{3}", "a{1001}", r"\1", r"\C", r"\y", "(?=a)", "(?x)a", r"\x4", r"\", "[b-a]",
            r"\pX", "[a", r"[\", "(?P<a", r"[a-\d]",
        ] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
