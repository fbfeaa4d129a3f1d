//! The paths of replacements and vars: names divided by dots.

/// The parts of a path.
///
/// `\.` is a dot within a name, and so is one in brackets: `[a.b/c]` is the name `a.b/c`, and `[key=a.b]` one part too.
pub(crate) fn split(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut pieces = pieces(path).into_iter();
    while let Some(piece) = pieces.next() {
        if !piece.starts_with('[') || piece.ends_with(']') {
            parts.push(piece);
            continue;
        }
        let mut bracketed = piece;
        for next in pieces.by_ref() {
            bracketed.push('.');
            bracketed.push_str(&next);
            if next.ends_with(']') {
                break;
            }
        }
        let is_match = bracketed.contains('=');
        parts.push(if is_match { bracketed } else { bracketed.trim_matches(['[', ']']).to_owned() });
    }
    parts
}

/// What stands between dots without a backslash.
fn pieces(path: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for piece in path.strip_prefix('.').unwrap_or(path).split('.') {
        match pieces.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(piece);
            }
            _ => pieces.push(piece.to_owned()),
        }
    }
    pieces
}

/// The position that a part means, if it is one.
pub(crate) fn position(part: &str) -> Option<usize> {
    let digits = part.strip_prefix('+').unwrap_or(part);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Field and value of a part `[field=value]`; the field is empty for items that are plain values themselves.
///
/// # Errors
/// Where the brackets hold no `=`.
pub(crate) fn item(part: &str) -> Option<Result<(&str, &str), String>> {
    let inner = part.strip_prefix('[')?.strip_suffix(']')?;
    Some(inner.split_once('=').ok_or_else(|| format!("{part} must be [field=value]")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_divide_unless_escaped_or_in_brackets() {
        assert_eq!(split("a.b\\.c.[d.e/f].[g=h.i].0"), ["a", "b.c", "d.e/f", "[g=h.i]", "0"]);
        assert_eq!(split(".a..b"), ["a", "", "b"]);
        assert_eq!(split("[a.b"), ["a.b"]);
    }

    #[test]
    fn positions_are_whole_numbers() {
        assert_eq!(position("12"), Some(12));
        for none in ["", "-1", "x", "1.0", "99999999999999999999999"] {
            assert_eq!(position(none), None, "{none}");
        }
    }
}
