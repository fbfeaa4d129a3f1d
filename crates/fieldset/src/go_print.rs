//! Values as Go's `fmt` prints them.
//!
//! The reference puts whole values into its messages with `%v`, `%#v` and `%T`, and the API server hands these messages
//! to its clients, so their text is part of what a double of it has to get right.

use std::fmt::{self, Display, Write};

use serde_json::{Number, Value};

/// `%T` of a value decoded from JSON.
pub(crate) fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// `%v`: `map[a:1 b:[x y]]`.
pub(crate) struct Plain<'a>(pub(crate) &'a Value);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("<nil>"),
            Value::Bool(flag) => write!(f, "{flag}"),
            Value::Number(number) => write_number(f, number),
            Value::String(text) => f.write_str(text),
            Value::Array(items) => {
                f.write_char('[')?;
                separated(f, " ", items, |f, item| Plain(item).fmt(f))?;
                f.write_char(']')
            }
            Value::Object(fields) => {
                f.write_str("map[")?;
                separated(f, " ", sorted(fields), |f, (name, value)| write!(f, "{name}:{}", Plain(value)))?;
                f.write_char(']')
            }
        }
    }
}

/// `%#v`: `map[string]interface {}{"a":1}`.
pub(crate) struct Literal<'a>(pub(crate) &'a Value);

impl Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("interface {}(nil)"),
            Value::Bool(_) | Value::Number(_) => Plain(self.0).fmt(f),
            Value::String(text) => Quoted(text).fmt(f),
            Value::Array(items) => {
                f.write_str("[]interface {}{")?;
                separated(f, ", ", items, |f, item| Literal(item).fmt(f))?;
                f.write_char('}')
            }
            Value::Object(fields) => {
                f.write_str("map[string]interface {}{")?;
                separated(f, ", ", sorted(fields), |f, (name, value)| {
                    write!(f, "{}:{}", Quoted(name), Literal(value))
                })?;
                f.write_char('}')
            }
        }
    }
}

/// `%q`: text in double quotes with Go's escapes.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\u{7}' => f.write_str("\\a")?,
                '\u{8}' => f.write_str("\\b")?,
                '\u{c}' => f.write_str("\\f")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\u{b}' => f.write_str("\\v")?,
                ' '..='~' => f.write_char(letter)?,
                '\0'..='\u{7f}' => write!(f, "\\x{:02x}", u32::from(letter))?,
                // Debug escapes what is not printable; a combining mark is the one thing on which Go thinks otherwise.
                _ if !escaped_in_debug(letter) => f.write_char(letter)?,
                '\u{80}'..='\u{ffff}' => write!(f, "\\u{:04x}", u32::from(letter))?,
                _ => write!(f, "\\U{:08x}", u32::from(letter))?,
            }
        }
        f.write_char('"')
    }
}

fn escaped_in_debug(letter: char) -> bool {
    let mut text = [0; 5];
    text[0] = b'a';
    let length = letter.encode_utf8(&mut text[1..]).len();
    // After a letter, `str`'s Debug leaves combining marks alone, which `char`'s does not.
    std::str::from_utf8(&text[..=length]).is_ok_and(|text| text.escape_debug().nth(1) == Some('\\'))
}

/// `%v` of a number: an integer in full, a float with an exponent below 1e-4 and from 1e6 on.
pub(crate) fn write_number(f: &mut impl Write, number: &Number) -> fmt::Result {
    if !number.is_f64() {
        return write!(f, "{number}");
    }
    let float = number.as_f64().unwrap_or_default();
    let size = float.abs();
    if size != 0.0 && !(1e-4..1e6).contains(&size) { write_exponent(f, float) } else { write!(f, "{float}") }
}

/// A float as Go's `'e'` format: `1e+21`, `1.5e-07`.
pub(crate) fn write_exponent(f: &mut impl Write, float: f64) -> fmt::Result {
    let text = format!("{float:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
            write!(f, "{mantissa}e{sign}{digits:0>2}")
        }
        None => f.write_str(&text),
    }
}

fn sorted(fields: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    fields
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    separator: &str,
    items: impl IntoIterator<Item = T>,
    print: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        print(f, item)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Every text here was printed by Go 1.24's `fmt`.
    #[test]
    fn prints_as_go_does() {
        let value = json!({"b": 1, "a": [1.5, null, "x", true, {}]});
        assert_eq!(Plain(&value).to_string(), "map[a:[1.5 <nil> x true map[]] b:1]");
        assert_eq!(
            Literal(&value).to_string(),
            "map[string]interface {}{\"a\":[]interface {}{1.5, interface {}(nil), \"x\", true, \
             map[string]interface {}{}}, \"b\":1}"
        );
        assert_eq!(
            Quoted("a\x01\x7f\u{a0}\u{301}é\u{200b}😀\u{2028}<").to_string(),
            "\"a\\x01\\x7f\\u00a0\u{301}é\\u200b😀\\u2028<\""
        );
        let floats = json!([100000.0, 1e6, 12345678.0, 1e-4, 0.000001234, 2.5e9]);
        assert_eq!(Plain(&floats).to_string(), "[100000 1e+06 1.2345678e+07 0.0001 1.234e-06 2.5e+09]");
    }
}
