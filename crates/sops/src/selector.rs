//! Which values of a document are encrypted.

use crate::go_regex::GoRegex;
use crate::{Error, go_regex};

/// The rule that picks the encrypted values of a document. A document has one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selector {
    /// All but those with a key of this ending on their path.
    UnencryptedSuffix(String),
    /// Those with a key of this ending on their path.
    EncryptedSuffix(String),
    /// All but those with a matching key on their path.
    UnencryptedRegex(String),
    /// Those with a matching key on their path.
    EncryptedRegex(String),
    /// All but those that a matching comment stands above or beside.
    UnencryptedCommentRegex(String),
    /// Those that a matching comment stands above or beside.
    EncryptedCommentRegex(String),
}

/// The name of a metadata field, and the rule it stands for.
type Field = (&'static str, fn(String) -> Selector);

impl Default for Selector {
    /// What holds where a document names no rule.
    fn default() -> Self {
        Self::UnencryptedSuffix("_unencrypted".to_owned())
    }
}

impl Selector {
    /// The metadata fields, in the order of the variants.
    pub(crate) const FIELDS: [Field; 6] = [
        ("unencrypted_suffix", Self::UnencryptedSuffix),
        ("encrypted_suffix", Self::EncryptedSuffix),
        ("unencrypted_regex", Self::UnencryptedRegex),
        ("encrypted_regex", Self::EncryptedRegex),
        ("unencrypted_comment_regex", Self::UnencryptedCommentRegex),
        ("encrypted_comment_regex", Self::EncryptedCommentRegex),
    ];

    /// The name of its metadata field, and its text.
    pub(crate) fn as_field(&self) -> (&'static str, &str) {
        match self {
            Self::UnencryptedSuffix(text) => ("unencrypted_suffix", text),
            Self::EncryptedSuffix(text) => ("encrypted_suffix", text),
            Self::UnencryptedRegex(text) => ("unencrypted_regex", text),
            Self::EncryptedRegex(text) => ("encrypted_regex", text),
            Self::UnencryptedCommentRegex(text) => ("unencrypted_comment_regex", text),
            Self::EncryptedCommentRegex(text) => ("encrypted_comment_regex", text),
        }
    }

    /// Makes the rule ready to be asked.
    pub(crate) fn compile(&self) -> Result<Rule, Error> {
        let pattern = |field, text: &str| {
            go_regex::compile(text)
                .map(Pattern::Regex)
                .map_err(|error| Error::Selector { field, source: Box::new(error) })
        };
        let suffix = |text: &String| Ok(Pattern::Suffix(text.clone()));
        let (on, encrypts, pattern) = match self {
            Self::UnencryptedSuffix(text) => (Subject::Key, false, suffix(text)),
            Self::EncryptedSuffix(text) => (Subject::Key, true, suffix(text)),
            Self::UnencryptedRegex(text) => (Subject::Key, false, pattern("unencrypted_regex", text)),
            Self::EncryptedRegex(text) => (Subject::Key, true, pattern("encrypted_regex", text)),
            Self::UnencryptedCommentRegex(text) => {
                (Subject::Comment, false, pattern("unencrypted_comment_regex", text))
            }
            Self::EncryptedCommentRegex(text) => (Subject::Comment, true, pattern("encrypted_comment_regex", text)),
        };
        Ok(Rule { on, encrypts, pattern: pattern? })
    }
}

/// A selector that can be asked.
pub(crate) struct Rule {
    on: Subject,
    encrypts: bool,
    pattern: Pattern,
}

#[derive(Clone, Copy, PartialEq)]
enum Subject {
    Key,
    Comment,
}

enum Pattern {
    Suffix(String),
    Regex(GoRegex),
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// What the rule has seen on the way from the top of a document to a value.
///
/// For rules on keys: one flag per key on the path. For rules on comments: one list of comments per open collection, those
/// that still apply to the next entry there.
pub(crate) struct Sight<'r> {
    rule: &'r Rule,
    keys: Vec<bool>,
    comments: Vec<Vec<bool>>,
}

impl<'r> Sight<'r> {
    pub(crate) fn new(rule: &'r Rule) -> Self {
        Self { rule, keys: Vec::new(), comments: Vec::new() }
    }

    pub(crate) fn enter_key(&mut self, key: &str) {
        let above = self.keys.last().copied().unwrap_or_default();
        self.keys.push(above || (self.rule.on == Subject::Key && self.rule.pattern.matches(key)));
    }

    pub(crate) fn leave_key(&mut self) {
        self.keys.pop();
    }

    pub(crate) fn enter_collection(&mut self) {
        self.comments.push(Vec::new());
    }

    pub(crate) fn leave_collection(&mut self) {
        self.comments.pop();
    }

    /// A comment, which applies to what follows it.
    pub(crate) fn pass_comment(&mut self, text: &str) {
        if self.rule.on == Subject::Comment
            && let Some(level) = self.comments.last_mut()
        {
            level.push(self.rule.pattern.matches(text));
        }
    }

    /// Anything but a comment: the comments before it have applied to it.
    pub(crate) fn pass_item(&mut self) {
        if let Some(level) = self.comments.last_mut() {
            level.clear();
        }
    }

    /// Whether the value at this place is encrypted.
    pub(crate) fn selects_value(&self) -> bool {
        let matched = match self.rule.on {
            Subject::Key => self.keys.last().copied().unwrap_or_default(),
            Subject::Comment => self.comments.iter().flatten().any(|matched| *matched),
        };
        matched == self.rule.encrypts
    }

    /// Whether the comment just passed is encrypted. The comment that calls for encryption stays readable itself.
    pub(crate) fn selects_comment(&self) -> bool {
        if self.rule.on == Subject::Key || !self.rule.encrypts {
            return self.selects_value();
        }
        let Some((own, outer)) = self.comments.split_last() else {
            return false;
        };
        let before = own.split_last().map_or(&[][..], |(_, before)| before);
        outer.iter().flatten().chain(before).any(|matched| *matched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(selector: &Selector, path: &[&str]) -> bool {
        let rule = selector.compile().unwrap();
        let mut sight = Sight::new(&rule);
        path.iter().for_each(|key| sight.enter_key(key));
        sight.selects_value()
    }

    #[test]
    fn any_key_on_the_path_counts() {
        let data = Selector::EncryptedRegex("^(data|stringData)$".into());
        assert!(selected(&data, &["data", "a", "b"]));
        assert!(!selected(&data, &["metadata", "name"]));
        let default = Selector::default();
        assert!(selected(&default, &["a"]));
        assert!(!selected(&default, &["a_unencrypted", "b"]));
        assert!(selected(&Selector::EncryptedSuffix("_s".into()), &["a_s"]));
        assert!(!selected(&Selector::UnencryptedRegex("b".into()), &["a", "abc"]));
    }

    #[test]
    fn a_comment_covers_the_next_entry_and_what_is_below_it() {
        let rule = Selector::EncryptedCommentRegex("secret".into()).compile().unwrap();
        let mut sight = Sight::new(&rule);
        sight.enter_collection();
        sight.pass_comment("secret below");
        assert!(!sight.selects_comment(), "the comment itself stays clear");
        sight.enter_key("a");
        sight.enter_collection();
        sight.enter_key("b");
        assert!(sight.selects_value());
        sight.leave_key();
        sight.leave_collection();
        sight.leave_key();
        sight.pass_item();
        sight.enter_key("c");
        assert!(!sight.selects_value());
    }

    #[test]
    fn a_regex_that_does_not_compile_is_refused() {
        let error = Selector::EncryptedRegex("[".into()).compile().err().unwrap();
        assert_eq!(error.to_string(), "sops.encrypted_regex is not a valid regular expression");
    }
}
