/// A pattern for one name, as Go's `filepath.Match` reads it: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before a character
/// that is meant as it stands. A malformed pattern matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamePattern(Option<Vec<Token>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// Any number of any characters.
    Star,
    /// One character.
    One(Class),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Class {
    Any,
    Is(char),
    In { ranges: Vec<(char, char)>, negated: bool },
}

impl NamePattern {
    pub(crate) fn parse(text: &str) -> Self {
        Self(tokens(text))
    }

    /// The pattern that matches nothing.
    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        let Some(tokens) = &self.0 else { return false };
        let name: Vec<char> = name.chars().collect();
        let (mut t, mut n) = (0, 0);
        // Where the last star was, and how much of the name it has taken.
        let mut star: Option<(usize, usize)> = None;
        loop {
            match (tokens.get(t), name.get(n)) {
                (None, None) => return true,
                (Some(Token::Star), _) => {
                    star = Some((t, n));
                    t += 1;
                }
                (Some(Token::One(class)), Some(character)) if class.holds(*character) => (t, n) = (t + 1, n + 1),
                _ => match star {
                    Some((at, taken)) if taken < name.len() => {
                        star = Some((at, taken + 1));
                        (t, n) = (at + 1, taken + 1);
                    }
                    _ => return false,
                },
            }
        }
    }
}

impl Class {
    fn holds(&self, character: char) -> bool {
        match self {
            Self::Any => true,
            Self::Is(own) => *own == character,
            Self::In { ranges, negated } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&character)) != *negated
            }
        }
    }
}

/// `None` for a malformed pattern.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut rest = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(character) = rest.next() {
        let class = match character {
            '*' => {
                tokens.push(Token::Star);
                continue;
            }
            '?' => Class::Any,
            '\\' => Class::Is(rest.next()?),
            '[' => class(&mut rest)?,
            character => Class::Is(character),
        };
        tokens.push(Token::One(class));
    }
    Some(tokens)
}

fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Class> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || rest.next_if_eq(&']').is_none() {
        let low = class_character(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { class_character(rest)? } else { low };
        ranges.push((low, high));
    }
    Some(Class::In { ranges, negated })
}

fn class_character(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        character => Some(character),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_match_as_in_go() {
        for (pattern, name, matched) in [
            ("abc", "abc", true),
            ("*", "", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("?", "ü", true),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[!a]", "a", true),
            ("[\\]]", "]", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("[]a]", "a", false),
            ("[a", "a", false),
            ("a\\", "a", false),
        ] {
            assert_eq!(NamePattern::parse(pattern).matches(name), matched, "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_panics_and_a_star_matches_all(pattern in "[a-b*?\\[\\]\\\\^-]{0,10}", name in "[ab\\[]{0,6}") {
            let _ = NamePattern::parse(&pattern).matches(&name);
            prop_assert!(NamePattern::parse("*").matches(&name));
        }
    }
}
