//! What can be wrong with a `.sops.yaml`.

use crate::recipient_error::RecipientError;

/// Why the rules of a `.sops.yaml` cannot be used. A rule is named by its place, from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// It is no YAML.
    #[error(".sops.yaml cannot be read: {0}")]
    Syntax(#[source] windlass_yaml::Error),
    /// A field is of another type.
    #[error(".sops.yaml{}: {}must be {what}", at_rule(*.rule), Self::named(.field))]
    Shape {
        /// The rule, from 0.
        rule: Option<usize>,
        /// The field.
        field: String,
        /// What it must be.
        what: &'static str,
    },
    /// A regular expression does not compile.
    #[error(".sops.yaml, rule {}: {field} is not a valid regular expression{}", rule + 1, Self::warning(.field))]
    Regex {
        /// The rule, from 0.
        rule: usize,
        /// The field.
        field: &'static str,
        /// The reason.
        #[source]
        source: Box<regex::Error>,
    },
    /// A rule says in more than one way which values are encrypted.
    #[error(".sops.yaml, rule {}: more than one selector, and a document can have one only", rule + 1)]
    TwoSelectors {
        /// The rule, from 0.
        rule: usize,
    },
    /// A destination rule names more than one place.
    #[error(".sops.yaml, destination rule {}: more than one destination, and a rule can have one only", rule + 1)]
    TwoDestinations {
        /// The rule, from 0.
        rule: usize,
    },
    /// A rule names no recipient.
    #[error(".sops.yaml, rule {}: no recipient is named, so nobody could open what it encrypts", rule + 1)]
    NoRecipients {
        /// The rule, from 0.
        rule: usize,
    },
    /// A recipient is none.
    #[error(".sops.yaml, rule {}: {source}", rule + 1)]
    Recipient {
        /// The rule, from 0.
        rule: usize,
        /// What is wrong with it.
        #[source]
        source: RecipientError,
    },
}

impl RuleError {
    fn named(field: &str) -> String {
        if field.is_empty() { "it ".to_owned() } else { format!("{field} ") }
    }

    fn warning(field: &str) -> &'static str {
        if field == "path_regex" { "" } else { " (sops would encrypt nothing by it)" }
    }
}

fn at_rule(rule: Option<usize>) -> String {
    rule.map(|rule| format!(", rule {}", rule + 1)).unwrap_or_default()
}
