//! What the operators make of a value. Go works on bytes here, so results need not be text.

use super::evaluate::Output;
use super::glob::{GlobFault, Steps, decode, matches};
use super::parse::Operator;

/// Why an operator gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransformFault {
    /// The output has reached its limit.
    Output,
    /// Matching has reached its limit.
    Steps,
}

/// Writes what `operator` makes of `value`.
pub(super) fn transform(
    operator: Operator,
    value: &str,
    arguments: &[Output],
    out: &mut Output,
    steps: &mut Steps,
) -> Result<(), TransformFault> {
    let argument = |index: usize| arguments.get(index).map(Output::bytes);
    match operator {
        Operator::Value => out.push(value.as_bytes()),
        Operator::Length => out.push(value.len().to_string().as_bytes()),
        Operator::Default if value.is_empty() => arguments.iter().try_for_each(|part| out.push(part.bytes())),
        Operator::Default => out.push(value.as_bytes()),
        Operator::UpperFirst => change_first(value, upper, out),
        Operator::LowerFirst => change_first(value, lower, out),
        Operator::Upper => value.chars().try_for_each(|found| push_char(out, upper(found))),
        Operator::Lower => value.chars().try_for_each(|found| push_char(out, lower(found))),
        Operator::Substring => out.push(substring(value.as_bytes(), argument(0), argument(1))),
        Operator::TrimPrefix { longest } => {
            out.push(trim_prefix(value.as_bytes(), argument(0).unwrap_or_default(), longest, steps)?)
        }
        Operator::TrimSuffix { longest } => trim_suffix(value, argument(0).unwrap_or_default(), longest, out, steps),
        Operator::ReplaceFirst => replace(value, [argument(0), argument(1)], 1, out, steps),
        Operator::ReplaceAll => replace(value, [argument(0), argument(1)], usize::MAX, out, steps),
        Operator::ReplacePrefix => match (argument(0), argument(1)) {
            (Some(old), Some(new)) if value.as_bytes().starts_with(old) => {
                out.push(new)?;
                out.push(&value.as_bytes()[old.len()..])
            }
            _ => out.push(value.as_bytes()),
        },
        Operator::ReplaceSuffix => match (argument(0), argument(1)) {
            (Some(old), Some(new)) if value.as_bytes().ends_with(old) => {
                out.push(&value.as_bytes()[..value.len() - old.len()])?;
                out.push(new)
            }
            _ => out.push(value.as_bytes()),
        },
    }
}

fn push_char(out: &mut Output, found: char) -> Result<(), TransformFault> {
    out.push(found.encode_utf8(&mut [0; 4]).as_bytes())
}

fn change_first(value: &str, change: fn(char) -> char, out: &mut Output) -> Result<(), TransformFault> {
    let mut rest = value.chars();
    rest.next().map_or(Ok(()), |first| push_char(out, change(first)))?;
    out.push(rest.as_str().as_bytes())
}

/// The capital of one character that is one character: Go maps each by itself, so that `ß` stays `ß`.
fn upper(found: char) -> char {
    let mut capital = found.to_uppercase();
    match (capital.next(), capital.next()) {
        (Some(only), None) => only,
        // Greek letters with an iota below have a capital of their own, which the standard library writes as two.
        _ => match u32::from(found) {
            code @ (0x1F80..=0x1F87 | 0x1F90..=0x1F97 | 0x1FA0..=0x1FA7) => char::from_u32(code + 8).unwrap_or(found),
            code @ (0x1FB3 | 0x1FC3 | 0x1FF3) => char::from_u32(code + 9).unwrap_or(found),
            _ => found,
        },
    }
}

/// The small letter of one character; only `İ` would be two.
fn lower(found: char) -> char {
    found.to_lowercase().next().unwrap_or(found)
}

/// `${v:position:length}` in bytes; what is no number leaves the value as it is, as in a shell.
fn substring<'v>(value: &'v [u8], position: Option<&[u8]>, length: Option<&[u8]>) -> &'v [u8] {
    let size = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let Some(position) = position.and_then(number) else { return value };
    let start = if position < 0 { (size + position).max(0) } else { position };
    let end = match length.map(number) {
        None => size,
        Some(None) => return value,
        Some(Some(length)) if length < 0 => size + length,
        Some(Some(length)) => start.saturating_add(length).min(size),
    };
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    range.and_then(|(start, end)| value.get(start..end)).unwrap_or_default()
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The value without the shortest or longest prefix that the pattern matches, the empty one aside.
fn trim_prefix<'v>(
    value: &'v [u8],
    pattern: &[u8],
    longest: bool,
    steps: &mut Steps,
) -> Result<&'v [u8], TransformFault> {
    let mut trimmed = value;
    // From the longest on, to the end even for the shortest: a pattern that turns out malformed changes nothing.
    for end in (1..=value.len()).rev() {
        match matches(pattern, &value[..end], steps) {
            Ok(true) if longest => return Ok(&value[end..]),
            Ok(true) => trimmed = &value[end..],
            Ok(false) => {}
            Err(GlobFault::Malformed) => return Ok(value),
            Err(GlobFault::TooExpensive) => return Err(TransformFault::Steps),
        }
    }
    Ok(trimmed)
}

/// Suffixes are prefixes of the reversed value, matched with the reversed pattern.
fn trim_suffix(
    value: &str,
    pattern: &[u8],
    longest: bool,
    out: &mut Output,
    steps: &mut Steps,
) -> Result<(), TransformFault> {
    let (mut reversed, mut reversed_pattern) = (out.limited_alike(), out.limited_alike());
    push_reversed(value.as_bytes(), &mut reversed)?;
    push_reversed(pattern, &mut reversed_pattern)?;
    let trimmed = trim_prefix(reversed.bytes(), reversed_pattern.bytes(), longest, steps)?;
    push_reversed(trimmed, out)
}

fn push_reversed(bytes: &[u8], out: &mut Output) -> Result<(), TransformFault> {
    let mut widths = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let width = decode(&bytes[at..]).1;
        widths.push(width);
        at += width;
    }
    for width in widths.into_iter().rev() {
        at -= width;
        push_char(out, decode(&bytes[at..at + width]).0)?;
    }
    Ok(())
}

/// Replaces the first `limit` places of `old`; an empty one is before each character and at the end.
fn replace(
    value: &str,
    [old, new]: [Option<&[u8]>; 2],
    limit: usize,
    out: &mut Output,
    steps: &mut Steps,
) -> Result<(), TransformFault> {
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let bytes = value.as_bytes();
    let mut copied = 0;
    let mut put = |place: usize| {
        out.push(&bytes[copied..place])?;
        out.push(new)?;
        copied = place + old.len();
        Ok(())
    };
    if let Ok(old) = std::str::from_utf8(old) {
        value.match_indices(old).take(limit).try_for_each(|(place, _)| put(place))?;
    } else if let Some(place) = find_bytes(bytes, old, steps)? {
        // Bytes that are no text stand at most inside one character, and are no pattern anybody writes.
        put(place)?;
    }
    out.push(&bytes[copied..])
}

fn find_bytes(bytes: &[u8], old: &[u8], steps: &mut Steps) -> Result<Option<usize>, TransformFault> {
    steps.0 = steps.0.checked_sub(bytes.len().saturating_mul(old.len())).ok_or(TransformFault::Steps)?;
    Ok(bytes.windows(old.len()).position(|window| window == old))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substrings_count_as_go_does() {
        let part = |position: &str, length: Option<&str>| {
            let found = substring(b"abcdef", Some(position.as_bytes()), length.map(str::as_bytes));
            String::from_utf8_lossy(found).into_owned()
        };
        assert_eq!(part("1", Some("-1")), "bcde");
        assert_eq!(part("-2", None), "ef");
        assert_eq!(part("-9", Some("2")), "ab");
        assert_eq!(part("9", None), "");
        assert_eq!(part("4", Some("-4")), "");
        assert_eq!(part("x", None), "abcdef");
        assert_eq!(part("1", Some("x")), "abcdef");
        assert_eq!(part("1", Some("9223372036854775807")), "bcdef");
    }

    #[test]
    fn letters_change_one_by_one() {
        assert_eq!("ßŉᾳᾀİıǆΐﬁſ".chars().map(upper).collect::<String>(), "ßŉᾼᾈİIǄΐﬁS");
        assert_eq!("ΑΣİẞǅ".chars().map(lower).collect::<String>(), "ασißǆ");
    }
}
