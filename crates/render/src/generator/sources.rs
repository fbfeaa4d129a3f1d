//! Where the data of a generator comes from: env files, literals, files.

use zeroize::Zeroizing;

/// A key of the data and its value; a value need not be text.
pub(crate) type Pair = (String, Zeroizing<Vec<u8>>);

/// Key and value of a literal, `key=value`; one pair of quotes around the value is taken away.
pub(crate) fn literal(source: &str) -> Result<Pair, String> {
    match source.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), owned(unquoted(value)))),
        // Its text may be a secret.
        _ => Err("a literal must be written as key=value".to_owned()),
    }
}

/// Key and path of a file source, `path` or `key=path`.
pub(crate) fn file(source: &str) -> Result<(&str, &str), String> {
    match source.split_once('=') {
        None => Ok((source.rsplit('/').next().unwrap_or(source), source)),
        Some((_, path)) if path.contains('=') => Err(format!("{source:?}: neither key nor path may hold a `=`")),
        Some(("", path)) => Err(format!("{source:?}: there is no key in front of the path {path:?}")),
        Some((key, "")) => Err(format!("{source:?}: there is no path behind the key {key:?}")),
        Some((key, path)) => Ok((key, path)),
    }
}

/// Keys and values of an env file: a line each, `KEY=value` or `KEY`. Quotes, `export` and blanks at the end are part
/// of the text.
pub(crate) fn env_file(bytes: &[u8]) -> Result<Vec<Pair>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "an env file must be UTF-8 text".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pairs = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if key.is_empty() {
            return Err(format!("line {}: there is no key in front of the `=`", index + 1));
        }
        pairs.push((key.to_owned(), owned(value)));
    }
    Ok(pairs)
}

fn owned(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

fn unquoted(value: &str) -> &str {
    let within = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pair: &Pair) -> (&str, &str) {
        (&pair.0, std::str::from_utf8(&pair.1).unwrap())
    }

    #[test]
    fn literals_lose_one_pair_of_quotes() {
        for (source, value) in [("a=b=c", "b=c"), ("a='b'", "b"), ("a=\"b'", "\"b'"), ("a='", "'"), ("a=", "")] {
            assert_eq!(text(&literal(source).unwrap()), ("a", value));
        }
        assert!(literal("=b").is_err());
        assert!(literal("ab").is_err());
    }

    #[test]
    fn env_files_are_taken_by_the_line() {
        let pairs = env_file("\u{feff}A=1\r\n# no\n\n  B = x \nC\n".as_bytes()).unwrap();
        let pairs: Vec<_> = pairs.iter().map(text).collect();
        assert_eq!(pairs, [("A", "1"), ("B ", " x "), ("C", "")]);
    }
}
