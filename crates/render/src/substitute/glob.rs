//! Patterns of `#`, `##`, `%` and `%%`: Go's `path.Match` without its special treatment of slashes, on bytes.

/// Why a pattern was not matched to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GlobFault {
    /// The pattern is malformed, as far as matching had to look at it.
    Malformed,
    /// The budget is used up.
    TooExpensive,
}

/// How many steps all matching of a text may still take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps(pub(super) usize);

impl Steps {
    fn take(&mut self) -> Result<(), GlobFault> {
        self.0 = self.0.checked_sub(1).ok_or(GlobFault::TooExpensive)?;
        Ok(())
    }
}

/// Whether the pattern matches all of `name`.
///
/// A star takes as little as lets the rest up to the next star match, and is not tried again; the pattern is read only as
/// far as there is something to match. Both decide which malformed patterns are noticed, so both are kept.
pub(super) fn matches(pattern: &[u8], name: &[u8], steps: &mut Steps) -> Result<bool, GlobFault> {
    let (mut pattern, mut name) = (pattern, name);
    while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(true);
        }
        let fits = |left: &[u8]| left.is_empty() || !rest.is_empty();
        // Without a star there is one place to look at, with one every place from here on.
        let places = if star { name.len() } else { 0 };
        let mut found = None;
        for skipped in 0..=places {
            steps.take()?;
            if let Some(left) = match_chunk(chunk, &name[skipped..], steps)?
                && fits(left)
            {
                found = Some(left);
                break;
            }
        }
        match found {
            Some(left) => name = left,
            None => return Ok(false),
        }
    }
    Ok(name.is_empty())
}

/// Splits the pattern before its second star: whether it starts with one, what follows, and the rest.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
    let pattern = &pattern[stars..];
    let (mut in_class, mut at) = (false, 0);
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    let (chunk, rest) = pattern.split_at(at.min(pattern.len()));
    (stars > 0, chunk, rest)
}

/// Matches a chunk, which has no star, at the start of `name`; returns what is left of that.
fn match_chunk<'n>(mut chunk: &[u8], mut name: &'n [u8], steps: &mut Steps) -> Result<Option<&'n [u8]>, GlobFault> {
    while let [first, rest @ ..] = chunk {
        steps.take()?;
        let [next, after @ ..] = name else { return Ok(None) };
        match first {
            b'[' => {
                let (character, width) = decode(name);
                name = &name[width..];
                let (inside, rest) = match_class(rest, character, steps)?;
                chunk = rest;
                if !inside {
                    return Ok(None);
                }
            }
            b'?' => {
                name = &name[decode(name).1..];
                chunk = rest;
            }
            _ => {
                let literal = if *first == b'\\' { rest } else { chunk };
                let [expected, rest @ ..] = literal else { return Err(GlobFault::Malformed) };
                if expected != next {
                    return Ok(None);
                }
                (chunk, name) = (rest, after);
            }
        }
    }
    Ok(Some(name))
}

/// Matches one character against the class that starts after its bracket; returns the chunk behind the class.
fn match_class<'p>(class: &'p [u8], character: char, steps: &mut Steps) -> Result<(bool, &'p [u8]), GlobFault> {
    let (negated, mut class) = match class {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, class),
    };
    let (mut inside, mut ranges) = (false, 0);
    loop {
        steps.take()?;
        if let [b']', rest @ ..] = class
            && ranges > 0
        {
            return Ok((inside != negated, rest));
        }
        let (low, rest) = class_character(class)?;
        let (high, rest) = match rest {
            [b'-', rest @ ..] => class_character(rest)?,
            _ => (low, rest),
        };
        inside |= low <= character && character <= high;
        class = rest;
        ranges += 1;
    }
}

/// One character of a class; something must follow it, since the class is still open.
fn class_character(class: &[u8]) -> Result<(char, &[u8]), GlobFault> {
    let class = match class {
        [] | [b'-' | b']', ..] => return Err(GlobFault::Malformed),
        [b'\\', rest @ ..] => rest,
        _ => class,
    };
    let (character, width) = decode(class);
    let rest = class.get(width..).unwrap_or_default();
    let broken = character == char::REPLACEMENT_CHARACTER && width <= 1;
    if broken || rest.is_empty() { Err(GlobFault::Malformed) } else { Ok((character, rest)) }
}

/// The first character and its width; a byte that starts none is a replacement character of width 1.
pub(super) fn decode(bytes: &[u8]) -> (char, usize) {
    let start = bytes.get(..bytes.len().min(4)).unwrap_or_default();
    let valid = start.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
    valid.map_or((char::REPLACEMENT_CHARACTER, start.len().min(1)), |found| (found, found.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &str, name: &str) -> Result<bool, GlobFault> {
        matches(pattern.as_bytes(), name.as_bytes(), &mut Steps(10_000))
    }

    #[test]
    fn patterns_are_those_of_a_shell() {
        for (pattern, name, expected) in [
            ("*.", "bash.", true),
            ("a*c*", "abcd", true),
            ("a*c", "abcd", false),
            ("?b", "éb", true),
            ("[a-cx]b", "xb", true),
            ("[^a]", "a", false),
            (r"\*", "*", true),
            ("", "", true),
            ("*", "a/b", true),
        ] {
            assert_eq!(glob(pattern, name), Ok(expected), "{pattern} {name}");
        }
    }

    #[test]
    fn malformed_patterns_are_noticed_only_where_something_is_left_to_match() {
        assert_eq!(glob("[", "a"), Err(GlobFault::Malformed));
        assert_eq!(glob("b[", "a"), Ok(false));
        assert_eq!(glob("a[", "a"), Ok(false));
        assert_eq!(glob("[-]", "-"), Err(GlobFault::Malformed));
        assert_eq!(glob("a\\", "ab"), Err(GlobFault::Malformed));
    }

    #[test]
    fn matching_ends() {
        let name = "a".repeat(5_000);
        assert_eq!(glob("*a*a*a*a*a*a*a*b", &name), Err(GlobFault::TooExpensive));
    }
}
