//! What an audit finds.

use std::fmt;

use crate::Location;

/// Something wrong, and the file it is about; none for a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The path of the file.
    pub path: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

/// Something wrong with a file or a rule. It shows no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The file holds private keys of age, SSH, PGP or TLS in clear.
    PrivateKey {
        /// What was found.
        kind: &'static str,
        /// The line, from 1.
        line: usize,
    },
    /// The file is a Kubernetes Secret with values in clear.
    PlainSecret {
        /// Where they stand.
        at: Vec<Location>,
    },
    /// A rule is for the file, but it is not encrypted.
    NotEncrypted {
        /// The rule, from 0.
        rule: usize,
    },
    /// The metadata cannot be read.
    Broken {
        /// Why.
        reason: String,
    },
    /// The selector in the metadata does not compile: sops leaves everything in clear.
    BrokenSelector {
        /// `encrypted_regex` and so on.
        field: &'static str,
    },
    /// Values that the selector picks stand in clear.
    ClearValues {
        /// Where they stand.
        at: Vec<Location>,
    },
    /// The file has metadata, but no encrypted value.
    NothingEncrypted,
    /// One key alone opens the file: if it is lost, so is the file.
    SingleRecipient {
        /// The recipient.
        recipient: String,
    },
    /// The file is encrypted for others than its rule says.
    OtherRecipients {
        /// Those of the rule that it is not encrypted for.
        missing: Vec<String>,
        /// Those it is encrypted for without the rule.
        extra: Vec<String>,
    },
    /// The file is encrypted by another selector than its rule says.
    OtherSelector,
    /// No file matches a rule.
    UnusedRule {
        /// The rule, from 0.
        rule: usize,
    },
    /// A rule cannot be used: an expression does not compile (sops would encrypt nothing by a selector that does not), or it
    /// has two selectors.
    BrokenRule {
        /// The rule, from 0.
        rule: usize,
        /// Why.
        reason: String,
    },
    /// The selector of a rule picks no value in any file that it matches.
    RuleSelectsNothing {
        /// The rule, from 0.
        rule: usize,
    },
}

impl Problem {
    /// Whether a secret is readable by everybody who has the repository.
    pub fn is_leak(&self) -> bool {
        matches!(
            self,
            Self::PrivateKey { .. }
                | Self::PlainSecret { .. }
                | Self::NotEncrypted { .. }
                | Self::BrokenSelector { .. }
                | Self::ClearValues { .. }
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrivateKey { kind, line } => write!(f, "line {line} holds {kind} in clear"),
            Self::PlainSecret { at } => write!(f, "a Secret with values in clear: {}", places(at)),
            Self::NotEncrypted { rule } => write!(f, "rule {} is for this file, but it is not encrypted", rule + 1),
            Self::Broken { reason } => write!(f, "the metadata cannot be read: {reason}"),
            Self::BrokenSelector { field } => {
                write!(f, "sops.{field} is not a valid regular expression: sops leaves every value in clear")
            }
            Self::ClearValues { at } => write!(f, "values stand in clear that should be encrypted: {}", places(at)),
            Self::NothingEncrypted => f.write_str("the file has sops metadata, but no value is encrypted"),
            Self::SingleRecipient { recipient } => {
                write!(f, "{recipient} alone opens this file: if that key is lost, so is the file")
            }
            Self::OtherRecipients { missing, extra } => {
                f.write_str("encrypted for others than its rule says")?;
                if !missing.is_empty() {
                    write!(f, "; missing: {}", missing.join(", "))?;
                }
                if !extra.is_empty() {
                    write!(f, "; too many: {}", extra.join(", "))?;
                }
                Ok(())
            }
            Self::OtherSelector => f.write_str("encrypted by another selector than its rule says"),
            Self::UnusedRule { rule } => write!(f, "rule {} matches no file", rule + 1),
            Self::BrokenRule { reason, .. } => f.write_str(reason),
            Self::RuleSelectsNothing { rule } => {
                write!(f, "the selector of rule {} picks no value in any file that it matches", rule + 1)
            }
        }
    }
}

fn places(at: &[Location]) -> String {
    let shown: Vec<_> = at.iter().take(5).map(ToString::to_string).collect();
    let more = at.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
