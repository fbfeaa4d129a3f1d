//! Texts that should be public, in messages: a private key is easily put in the place of a recipient or of a file's name.

/// What stands for a text that must not be shown.
const HIDDEN: &str = "a private key (not shown)";

/// A quoted text may have this many characters.
const LONGEST: usize = 100;

/// The text in quotes, cut off where it is long.
pub(crate) fn quoted(text: &str) -> String {
    if is_private(text) {
        return HIDDEN.to_owned();
    }
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The text as it is.
pub(crate) fn plain(text: &str) -> &str {
    if is_private(text) { HIDDEN } else { text }
}

fn is_private(text: &str) -> bool {
    let upper = text.to_uppercase();
    ["SECRET-KEY", "PRIVATE KEY", "AGE-PLUGIN-"].iter().any(|start| upper.contains(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_keys_are_hidden_and_long_texts_cut() {
        assert_eq!(quoted("age1\n"), "\"age1\\n\"");
        assert_eq!(quoted(&"é".repeat(200)), format!("\"{}\"…", "é".repeat(100)));
        for text in
            ["AGE-SECRET-KEY-1X", "age-secret-key-pq-1x", "-----BEGIN OPENSSH PRIVATE KEY-----", "AGE-PLUGIN-X-1Y"]
        {
            assert_eq!((quoted(text).as_str(), plain(text)), (HIDDEN, HIDDEN));
        }
    }
}
