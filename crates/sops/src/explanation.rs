//! Which rule counts for a file, and why.

use std::fmt;

use crate::go_regex;
use crate::rules::{CreationRule, CreationRules};

/// Which creation rule counts for a file, and why: what [`CreationRules::explain`] answers.
///
/// ```
/// use windlass_sops::CreationRules;
///
/// let rules = CreationRules::parse("creation_rules: [{path_regex: ^infra/}, {path_regex: \\.yaml$}, {}]")?;
/// assert_eq!(
///     rules.explain("apps/a.yaml").to_string(),
///     "rule 2 is for apps/a.yaml: its path_regex \\.yaml$ matches; rule 1 (^infra/) does not; \
///      rule 3 would match too, but comes later"
/// );
/// # Ok::<(), windlass_sops::RuleError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation<'r> {
    /// The path that was looked for.
    pub path: String,
    /// The rule that counts.
    pub rule: Option<&'r CreationRule>,
    /// The rules before it, which do not match.
    pub passed: Vec<&'r CreationRule>,
    /// The rules behind it that would match too, and never get to it.
    pub shadowed: Vec<&'r CreationRule>,
}

impl CreationRules {
    /// Which rule counts for a file, and why. The path is that of [`rule_for`](Self::rule_for).
    pub fn explain(&self, path: &str) -> Explanation<'_> {
        let at = self.rules.iter().position(|rule| rule.matches(path));
        let (passed, rest) = self.rules.split_at(at.unwrap_or(self.rules.len()));
        let mut rest = rest.iter();
        Explanation {
            path: path.to_owned(),
            passed: passed.iter().collect(),
            rule: rest.next(),
            shadowed: rest.filter(|rule| rule.matches(path)).collect(),
        }
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, rule, passed, shadowed } = self;
        match rule {
            None if passed.is_empty() => return write!(f, "there is no creation rule, so none is for {path}"),
            None => write!(f, "no rule is for {path}")?,
            Some(rule) => {
                write!(f, "rule {} is for {path}: ", rule.number + 1)?;
                match &rule.path_pattern {
                    None => f.write_str("it has no path_regex, so it takes every file that no rule before it took")?,
                    Some(pattern) if go_regex::compile(pattern).is_ok() => {
                        write!(f, "its path_regex {pattern} matches")?;
                    }
                    Some(pattern) => {
                        write!(f, "its path_regex {pattern} is not valid, so sops stops here with an error")?;
                    }
                }
            }
        }
        let shown = |rule: &&CreationRule| match &rule.path_pattern {
            Some(pattern) => format!("{} ({pattern})", rule.number + 1),
            None => (rule.number + 1).to_string(),
        };
        if !passed.is_empty() {
            let (noun, verb) = if passed.len() == 1 { ("rule", "does") } else { ("rules", "do") };
            let list: Vec<_> = passed.iter().map(shown).collect();
            write!(f, "; {noun} {} {verb} not", list.join(", "))?;
            if rule.is_none() {
                f.write_str(" match")?;
            }
        }
        if !shadowed.is_empty() {
            let (noun, verb) = if shadowed.len() == 1 { ("rule", "comes") } else { ("rules", "come") };
            let list: Vec<_> = shadowed.iter().map(shown).collect();
            write!(f, "; {noun} {} would match too, but {verb} later", list.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_why() {
        let rules = CreationRules::parse("creation_rules: [{path_regex: ^a}, {path_regex: ^b}]").unwrap();
        let explained = |path: &str| rules.explain(path).to_string();
        assert_eq!(explained("a"), "rule 1 is for a: its path_regex ^a matches");
        assert_eq!(explained("c"), "no rule is for c; rules 1 (^a), 2 (^b) do not match");
        assert_eq!(CreationRules::default().explain("c").to_string(), "there is no creation rule, so none is for c");
        let open = CreationRules::parse("creation_rules: [{}, {path_regex: '['}]").unwrap();
        assert_eq!(
            open.explain("c").to_string(),
            "rule 1 is for c: it has no path_regex, so it takes every file that no rule before it took; \
             rule 2 ([) would match too, but comes later"
        );
        let broken = CreationRules::parse("creation_rules: [{path_regex: '['}]").unwrap();
        assert!(broken.explain("c").to_string().ends_with("is not valid, so sops stops here with an error"));
    }
}
