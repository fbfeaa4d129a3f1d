use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name with wildcards: `*` stands for any text, `?` for one character.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern that `text` writes.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether `name` is one of those that the pattern stands for.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name): (Vec<char>, Vec<char>) = (self.0.chars().collect(), name.chars().collect());
        let (mut at, mut position) = (0, 0);
        // Where to go on when the text behind the last star turns out not to fit.
        let mut star: Option<(usize, usize)> = None;
        while position < name.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, position));
                    at += 1;
                }
                Some(one) if *one == '?' || *one == name[position] => {
                    at += 1;
                    position += 1;
                }
                _ => {
                    let Some((star_at, from)) = star else { return false };
                    star = Some((star_at, from + 1));
                    at = star_at + 1;
                    position = from + 1;
                }
            }
        }
        pattern[at..].iter().all(|one| *one == '*')
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Pattern {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

/// Which names are meant: those that a pattern of `include` stands for (all, where there is none) and none of `exclude`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Choice {
    /// The names to take; all of them where the list is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<Pattern>,
    /// The names to leave out, whatever `include` says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Pattern>,
}

impl Choice {
    /// The choice of these names.
    pub fn only<P: Into<String>>(names: impl IntoIterator<Item = P>) -> Self {
        Self { include: names.into_iter().map(Pattern::new).collect(), exclude: Vec::new() }
    }

    /// Whether `name` is meant.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        self.takes_any(&[name])
    }

    /// Whether a thing that goes by several names is meant.
    #[must_use]
    pub fn takes_any(&self, names: &[&str]) -> bool {
        let hit = |patterns: &[Pattern]| patterns.iter().any(|pattern| names.iter().any(|name| pattern.matches(name)));
        (self.include.is_empty() || hit(&self.include)) && !hit(&self.exclude)
    }

    /// Whether names are picked one by one, rather than all but some.
    #[must_use]
    pub fn is_picky(&self) -> bool {
        !self.include.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks() {
        let matches = |pattern: &str, name: &str| Pattern::new(pattern).matches(name);
        assert!(matches("kube-*", "kube-system") && !matches("kube-*", "my-kube-system"));
        assert!(matches("*.cert-manager.io", "issuers.cert-manager.io"));
        assert!(matches("a?c*e", "abcde") && matches("a*b*c", "axxbyybc") && !matches("a*b*c", "axxbyyb"));
        assert!(matches("*", "") && matches("", "") && !matches("", "a") && !matches("?", ""));
    }

    #[test]
    fn what_is_left_out_wins() {
        let choice = Choice { include: vec![Pattern::new("a*")], exclude: vec![Pattern::new("ab")] };
        assert!(choice.takes("aa") && !choice.takes("ab") && !choice.takes("b"));
        assert!(Choice::default().takes("anything"));
        assert!(Choice::only(["Secret"]).takes_any(&["secrets", "Secret"]));
    }

    proptest! {
        #[test]
        fn a_name_matches_itself_and_with_stars_put_in(name in "[a-z.-]{0,12}", at in 0usize..12) {
            prop_assert!(Pattern::new(name.clone()).matches(&name));
            let at = at.min(name.len());
            let with_star = format!("{}*{}", &name[..at], &name[at..]);
            prop_assert!(Pattern::new(with_star).matches(&name));
        }
    }
}
