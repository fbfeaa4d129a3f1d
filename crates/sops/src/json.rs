//! Reads JSON into the tree, with the order and the repeated keys that a SOPS file may have.
//!
//! Our own reader, since a map of `serde_json` keeps the last of two equal keys and the MAC covers both.

use zeroize::Zeroizing;

use crate::scalar::Scalar;
use crate::tree::{Branch, Item, MAX_DEPTH, Node, Value};
use crate::{Error, Format};

/// Reads one JSON object.
pub(crate) fn read(text: &[u8]) -> Result<Branch, Error> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let line = 1 + text[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
        Error::Syntax { format: Format::Json, line: Some(line), reason: "not UTF-8".into() }
    })?;
    let mut reader = Reader { text, at: 0, line: 1, depth: 0 };
    let read = reader.document();
    read.map_err(|reason| Error::Syntax { format: Format::Json, line: Some(reader.line), reason: reason.into() })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    depth: usize,
}

type Read<T> = Result<T, &'static str>;

impl Reader<'_> {
    fn document(&mut self) -> Read<Branch> {
        self.skip_space();
        if self.peek() != Some(b'{') {
            return Err("the document must be an object");
        }
        let Value::Map(branch) = self.value()?.value else {
            return Err("the document must be an object");
        };
        self.skip_space();
        if self.peek().is_some() { Err("text after the end of the document") } else { Ok(branch) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.line += usize::from(byte == b'\n');
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Read<Node> {
        let line = Some(self.line);
        let value = match self.peek() {
            Some(b'{') => Value::Map(self.nested(Self::object)?),
            Some(b'[') => Value::List(self.nested(Self::array)?),
            Some(b'"') => Value::Scalar(Scalar::Str(Zeroizing::new(self.string()?.into_bytes()))),
            Some(b'-' | b'0'..=b'9') => Value::Scalar(self.number()?),
            Some(_) => self.word()?,
            None => return Err("unexpected end of the text"),
        };
        Ok(Node { value, line })
    }

    fn nested<T>(&mut self, read: fn(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == MAX_DEPTH {
            return Err("nested too deeply");
        }
        self.depth += 1;
        self.at += 1;
        let nested = read(self);
        self.depth -= 1;
        nested
    }

    fn object(&mut self) -> Read<Branch> {
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(items);
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err("expected a key in double quotes");
            }
            let key = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err("expected `:` after a key");
            }
            self.skip_space();
            items.push(Item::Entry { key, node: self.value()? });
            self.skip_space();
            if self.take(b'}') {
                return Ok(items);
            }
            if !self.take(b',') {
                return Err("expected `,` or `}` after a value");
            }
        }
    }

    fn array(&mut self) -> Read<Vec<Node>> {
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            self.skip_space();
            items.push(self.value()?);
            self.skip_space();
            if self.take(b']') {
                return Ok(items);
            }
            if !self.take(b',') {
                return Err("expected `,` or `]` after a value");
            }
        }
    }

    fn word(&mut self) -> Read<Value> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Scalar(Scalar::Bool(true))),
            ("false", Value::Scalar(Scalar::Bool(false))),
        ];
        for (word, value) in words {
            if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err("expected a value")
    }

    /// A number by JSON's grammar: an integer where it fits 64 bits, else a float.
    fn number(&mut self) -> Read<Scalar> {
        let start = self.at;
        self.take(b'-');
        let leading_zero = self.peek() == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (leading_zero && digits > 1) {
            return Err("malformed number");
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err("malformed number");
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err("malformed number");
            }
        }
        number(&self.text[start..self.at]).ok_or("a number beyond 64 bits")
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let start = self.at;
            while self.peek().is_some_and(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            string.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => return Err("a control character in a string"),
                None => return Err("unexpected end of the text"),
            }
        }
        self.at += 1;
        Ok(string)
    }

    fn escape(&mut self) -> Read<char> {
        self.at += 1;
        let byte = self.peek().ok_or("unexpected end of the text")?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode_escape()?,
            _ => return Err("unknown escape in a string"),
        })
    }

    /// A lone surrogate becomes U+FFFD, as in Go.
    fn unicode_escape(&mut self) -> Read<char> {
        let high = self.four_digits()?;
        if (0xd800..0xdc00).contains(&high) {
            let before = self.at;
            if self.take(b'\\') && self.take(b'u') {
                let low = self.four_digits()?;
                if (0xdc00..0xe000).contains(&low) {
                    let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
            }
            self.at = before;
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Read<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or("unexpected end of the text")?;
        self.at += 4;
        digits.iter().try_fold(0, |code, digit| {
            char::from(*digit).to_digit(16).map(|value| code * 16 + value).ok_or("malformed \\u escape")
        })
    }
}

/// A JSON number as sops takes it.
pub(crate) fn number(text: &str) -> Option<Scalar> {
    // The integer 0 has no sign; only a sops that read floats leaves this behind.
    if text != "-0"
        && let Ok(number) = text.parse()
    {
        return Some(Scalar::Int(number));
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Scalar::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn keeps_order_repeats_and_lines() {
        let branch = read(b"{\"b\": 1,\n \"a\": [true, null],\n \"b\": \"\\u00e9\\ud83d\\ude00\\ud800x\"}").unwrap();
        let shown: Vec<_> = branch
            .iter()
            .map(|item| match item {
                Item::Entry { key, node } => (key.as_str(), node.line, node.as_text()),
                Item::Comment(_) => unreachable!("JSON has none"),
            })
            .collect();
        assert_eq!(
            shown,
            [("b", Some(1), Some("1".into())), ("a", Some(2), None), ("b", Some(3), Some("é😀\u{fffd}x".into()))]
        );
    }

    #[test]
    fn numbers_are_integers_where_they_fit() {
        assert_eq!(number("9223372036854775807"), Some(Scalar::Int(i64::MAX)));
        assert_eq!(number("9223372036854775808"), Some(Scalar::Float(9_223_372_036_854_775_808.0)));
        assert_eq!(number("1e3"), Some(Scalar::Float(1000.0)));
        assert_eq!(number("1e999"), None);
    }

    #[test]
    fn faults_name_the_line() {
        assert_eq!(fault("{\n\"a\": }"), "this is not valid JSON, line 2: expected a value");
        assert_eq!(fault("[]"), "this is not valid JSON, line 1: the document must be an object");
        assert_eq!(fault("{} x"), "this is not valid JSON, line 1: text after the end of the document");
        for text in ["", "{", "{\"a", "{\"a\": 01}", "{\"a\": 1.}", "{\"a\": \"\\x\"}", "{\"a\":1,}", "{\"\u{1}\":1}"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(fault(&deep).ends_with("nested too deeply"));
    }
}
