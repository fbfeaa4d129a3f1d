//! Where one document ends and the next begins, by kustomize's rule.
//!
//! kustomize cuts a file into documents before any of it is parsed: at every line that starts with `---`, inside a quoted
//! or block scalar too. Of each piece it reads the first YAML document only, so text after a `...` line is lost without a
//! word; so do we, since an object that kustomize ignores must not appear in the cluster.

use std::borrow::Cow;

use crate::{Error, Position};

/// One document's text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) text: &'a str,
    /// Lines above it in the file.
    pub(crate) lines_above: usize,
}

/// Line breaks as kustomize makes them before it cuts.
pub(crate) fn unify_line_breaks(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) }
}

/// Cuts a file, whose line breaks are unified.
///
/// A separator takes the line breaks before and after it, so the first line of the file is none, nor is the last one
/// without a line break, nor the second of two adjacent ones; the parser takes those.
pub(crate) fn split(text: &str) -> Result<Vec<Piece<'_>>, Error> {
    let mut pieces = Vec::new();
    let (mut start, mut lines_above) = (0, 0);
    while let Some(found) = text[start..].find("\n---") {
        let separator = start + found + 1;
        let Some(length) = text[separator..].find('\n') else { break };
        let line = &text[separator..separator + length];
        let lines = count_lines(&text[start..separator]);
        let rest = line[3..].trim();
        if !rest.is_empty() && !rest.starts_with('#') {
            let position = Position { line: lines_above + lines + 1, column: 1 };
            return Err(Error::Separator { position, line: line.trim_end().to_owned() });
        }
        pieces.push(Piece { text: &text[start..separator], lines_above });
        start = separator + length + 1;
        lines_above += lines + 1;
    }
    pieces.push(Piece { text: &text[start..], lines_above });
    Ok(pieces)
}

fn count_lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        split(text).unwrap().into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn a_separator_line_splits_with_blanks_or_a_comment_after_it() {
        assert_eq!(texts("a: 1\n--- # x\nb: 2\n---  \nc: 3\n"), ["a: 1\n", "b: 2\n", "c: 3\n"]);
    }

    #[test]
    fn lines_count_from_the_top_of_the_file() {
        let above: Vec<_> =
            split("a: 1\n\n---\nb: 2\n---\nc: 3\n").unwrap().iter().map(|piece| piece.lines_above).collect();
        assert_eq!(above, [0, 3, 5]);
    }

    #[test]
    fn the_first_and_the_unfinished_last_line_do_not_split() {
        assert_eq!(texts("---\na: 1\n---"), ["---\na: 1\n---"]);
        assert_eq!(texts("a\n---\n---\nb\n"), ["a\n", "---\nb\n"]);
    }

    #[test]
    fn a_separator_splits_a_quoted_scalar() {
        assert_eq!(texts("a: \"x\n---\ny\"\n"), ["a: \"x\n", "y\"\n"]);
    }

    #[test]
    fn anything_else_on_a_separator_line_is_an_error() {
        let error = split("a: 1\n--- b: 2\nc: 3\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 1: invalid document separator: `--- b: 2`");
        assert!(split("a: 1\n----\nc: 3\n").is_err());
    }
}
