//! Splits a command into its words as a shell does, with quotes and backslashes and nothing else.

/// Splits a command line into words as a shell does, with quotes and backslashes and nothing else: as sops reads
/// `SOPS_AGE_KEY_CMD` and `EDITOR`. None where a quote is not closed or nothing follows a backslash.
///
/// ```
/// assert_eq!(windlass_sops::split_words("code --wait 'a b'").unwrap(), ["code", "--wait", "a b"]);
/// ```
pub fn split_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => quoted(&mut letters, word.get_or_insert_default())?,
            '"' => double_quoted(&mut letters, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(letters.next()?),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some(words)
}

fn quoted(letters: &mut impl Iterator<Item = char>, word: &mut String) -> Option<()> {
    loop {
        match letters.next()? {
            '\'' => return Some(()),
            letter => word.push(letter),
        }
    }
}

/// A backslash stands for itself here, but before a quote, a backslash or a `$`.
fn double_quoted(letters: &mut impl Iterator<Item = char>, word: &mut String) -> Option<()> {
    loop {
        match letters.next()? {
            '"' => return Some(()),
            '\\' => match letters.next()? {
                letter @ ('"' | '\\' | '$' | '`') => word.push(letter),
                letter => word.extend(['\\', letter]),
            },
            letter => word.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_words_together() {
        for (line, words) in [
            ("  a  b ", &["a", "b"][..]),
            ("a 'b c'd \"e f\\\"\\n\"", &["a", "b cd", "e f\"\\n"]),
            ("a\\ b ''", &["a b", ""]),
            ("", &[]),
        ] {
            assert_eq!(split_words(line).unwrap(), words, "{line}");
        }
        for line in ["'a", "\"a", "a\\"] {
            assert_eq!(split_words(line), None, "{line}");
        }
    }
}
