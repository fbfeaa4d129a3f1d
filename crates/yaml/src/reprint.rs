//! What kyaml changes by printing a document before it finds the types.
//!
//! kustomize keeps a resource as nodes, prints them in their own style with go-yaml v3 and reads that text again for the
//! values. Three things do not survive the way, and since every user of kustomize has the results in the cluster, they are
//! results here too: nothing (`{a: }`) and times with colons within brackets become strings, and a folded scalar
//! changes its line breaks where lines are indented or empty lines end it.

use crate::analysis::Analysis;
use crate::go_scalar::is_break;
use crate::scan::{Scanner, TokenKind};
use crate::{Dialect, Scalar};

/// Whether plain text of that type, within brackets, gets quotes when printed and so comes back as a string.
pub(crate) fn is_quoted_in_flow(text: &str, scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Null => text.is_empty(),
        Scalar::Timestamp(_) => text.contains(':'),
        _ => false,
    }
}

/// The text of a folded scalar after it was printed and read.
pub(crate) fn refold(text: String) -> String {
    // Of a single line nothing can change.
    if !text.strip_suffix('\n').unwrap_or(&text).contains('\n') || !Analysis::of(&text).folded_allowed {
        return text;
    }
    read_scalar(&print_folded(&text)).unwrap_or(text)
}

fn read_scalar(document: &str) -> Option<String> {
    match Scanner::new(document, Dialect::Resource).ok()?.next().ok()?.kind {
        TokenKind::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

/// go-yaml's folded style: a line break is doubled, unless the line before it is indented. It also asks whether the next line
/// is indented, but looks at the first line of the text instead.
fn print_folded(text: &str) -> String {
    let is_blank = |letter: Option<char>| letter.is_none_or(|letter| matches!(letter, ' ' | '\t'));
    let starts_blank = is_blank(text.trim_start_matches(is_break).chars().next());
    let mut out = String::from(">");
    if text.starts_with(|letter| letter == ' ' || is_break(letter)) {
        out.push('2');
    }
    let mut ends = text.chars().rev();
    match (ends.next().is_some_and(is_break), ends.next().is_none_or(is_break)) {
        (false, _) => out.push('-'),
        (true, true) => out.push('+'),
        (true, false) => {}
    }
    out.push('\n');
    let (mut after_break, mut indented) = (true, true);
    for letter in text.chars() {
        if is_break(letter) {
            if !after_break && !indented && letter == '\n' && !starts_blank {
                out.push('\n');
            }
            out.push(letter);
            after_break = true;
            continue;
        }
        if after_break {
            out.push_str("  ");
            indented = is_blank(Some(letter));
        }
        out.push(letter);
        after_break = false;
    }
    if !after_break {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_indentation_survive() {
        for text in ["a\n", "a\nb\n", "a\n\nb", "a\nb"] {
            assert_eq!(refold(text.to_owned()), text);
        }
    }

    #[test]
    fn an_indented_line_gets_an_empty_line_above() {
        assert_eq!(refold("x\n  y\nz\n".to_owned()), "x\n\n  y\nz\n");
    }

    #[test]
    fn kept_line_breaks_at_the_end_get_one_more() {
        assert_eq!(refold("a\n\n".to_owned()), "a\n\n\n");
    }

    #[test]
    fn below_an_indented_first_line_lines_are_joined() {
        assert_eq!(refold(" a\nb\nc\n".to_owned()), " a\nb c\n");
    }
}
