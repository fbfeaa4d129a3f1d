//! Expressions that need not be compiled: text, `.*` between it, `^` and `$` around it, or `^(one|other)$`.
//!
//! Most rules are such: `^(data|stringData)$`, `\.sops\.yaml$`, `^apps/.*/secret.*\.yaml$`. A program that looks after one file would
//! compile them anew each time (the bench `secrets-beside-sops` has such runs).

/// An expression of that kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlainPattern {
    at_start: bool,
    at_end: bool,
    /// One is enough. Each is text with anything between its parts.
    alternatives: Vec<Vec<String>>,
}

impl PlainPattern {
    /// The expression, if it is one of that kind.
    pub(crate) fn of(pattern: &str) -> Option<Self> {
        let (at_start, rest) = pattern.strip_prefix('^').map_or((false, pattern), |rest| (true, rest));
        if let Some(words) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(")$")) {
            let alternatives: Option<Vec<_>> = words.split('|').map(parts).collect();
            return alternatives.filter(|_| at_start).map(|alternatives| Self { at_start, at_end: true, alternatives });
        }
        // One behind a backslash is text.
        let (at_end, rest) = match rest.strip_suffix('$') {
            Some(text) if !text.ends_with('\\') => (true, text),
            _ => (false, rest),
        };
        Some(Self { at_start, at_end, alternatives: vec![parts(rest)?] })
    }

    /// Whether it matches; `None` where only the expression can tell: `.` is no line break.
    pub(crate) fn matches(&self, text: &str) -> Option<bool> {
        let is_open = self.alternatives.iter().any(|parts| parts.len() > 1);
        (!is_open || !text.contains('\n')).then(|| self.alternatives.iter().any(|parts| self.has(parts, text)))
    }

    fn has(&self, parts: &[String], text: &str) -> bool {
        let (mut rest, mut parts) = (text, parts);
        if self.at_start {
            let Some((first, others)) = parts.split_first() else { return true };
            let Some(behind) = rest.strip_prefix(first.as_str()) else { return false };
            if others.is_empty() {
                return !self.at_end || behind.is_empty();
            }
            (rest, parts) = (behind, others);
        }
        let last = if self.at_end { parts.split_last() } else { None };
        let between = last.map_or(parts, |(_, before)| before);
        for part in between {
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        last.is_none_or(|(last, _)| rest.ends_with(last.as_str()))
    }
}

/// Text, and the `.*` in it taken out; `None` where something else means more than itself.
fn parts(pattern: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix(".*") {
            parts.push(String::new());
            rest = behind;
            continue;
        }
        rest = &rest[first.len_utf8()..];
        let text = match first {
            '\\' => {
                let quoted = rest.chars().next().filter(char::is_ascii_punctuation)?;
                rest = &rest[1..];
                quoted
            }
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            text => text,
        };
        parts.last_mut()?.push(text);
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::go_regex::{compile, compile_always};

    #[test]
    fn what_is_plain_and_what_is_not() {
        for pattern in [
            "",
            "data",
            "^data$",
            "^(data|stringData)$",
            r"\.sops\.yaml$",
            r"^apps/.*/secret.*\.ya",
            ".*",
            "^.*$",
            r"a\$",
            "ü.*",
        ] {
            assert!(PlainPattern::of(pattern).is_some(), "{pattern}");
        }
        for pattern in [
            "a.b", "a+", "a*", ".*?", ".**", "(a|b)$", "^(a|b)", "^(a)(b)$", "^a|b$", "^(?i:a)$", r"\d", r"\", "[a]",
            "a{2}", "^(a|b+)$", "a$b", "a^", r"\\$",
        ] {
            assert_eq!(PlainPattern::of(pattern), None, "{pattern}");
        }
    }

    proptest! {
        /// It says what the compiled expression says.
        #[test]
        fn both_ways_agree(
            parts in prop::collection::vec(prop_oneof!["[ab]{0,3}", Just(".*".to_owned()), Just("\\.".to_owned())], 0..5),
            words in prop::collection::vec("[ab]{0,2}", 1..4),
            start in any::<bool>(),
            end in any::<bool>(),
            is_group in any::<bool>(),
            text in "[ab.\n]{0,8}",
        ) {
            let pattern = if is_group {
                format!("^({})$", words.join("|"))
            } else {
                format!("{}{}{}", if start { "^" } else { "" }, parts.concat(), if end { "$" } else { "" })
            };
            prop_assert!(PlainPattern::of(&pattern).is_some(), "{}", pattern);
            let matched = compile(&pattern).unwrap().is_match(&text);
            prop_assert_eq!(matched, compile_always(&pattern).unwrap().is_match(&text), "{} {:?}", pattern, text);
        }
    }
}
