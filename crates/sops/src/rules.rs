//! The creation rules of a `.sops.yaml`: which file is encrypted for whom, and how.

use serde_json::Value as Json;

use crate::rule_fields::RuleFields;
use crate::{EncryptOptions, Recipients, RuleError, Selector, SopsConfig};
use crate::{go_regex, rule_keys};

/// The creation rules of a `.sops.yaml`, in their order.
///
/// ```
/// use windlass_sops::CreationRules;
///
/// let rules = CreationRules::parse("
/// creation_rules:
///   - path_regex: ^apps/
///     encrypted_regex: ^(data|stringData)$
///     age: age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx
/// ")?;
/// let rule = rules.rule_for("apps/web/secret.yaml").unwrap();
/// assert_eq!(rule.number, 0);
/// assert_eq!(rule.recipients()?.iter().count(), 1);
/// assert!(rules.rule_for("infrastructure/secret.yaml").is_none());
/// # Ok::<(), windlass_sops::RuleError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CreationRules {
    /// The rules.
    pub rules: Vec<CreationRule>,
}

/// One creation rule.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CreationRule {
    /// Its place among the rules, from 0.
    pub number: usize,
    /// Which files it is for, in Go's syntax, as it stands there; it may not compile. Absent: all that no rule before it
    /// took.
    pub path_pattern: Option<String>,
    /// Which values are encrypted.
    pub selector: Selector,
    /// Whether the MAC covers the encrypted values only.
    pub mac_only_encrypted: bool,
    two_selectors: bool,
    fields: RuleFields,
}

impl CreationRules {
    /// The name of the file.
    pub const FILE_NAME: &'static str = ".sops.yaml";

    /// Reads the text of a `.sops.yaml`. Fields that nobody here knows are passed over, as by sops.
    /// [`SopsConfig::parse`](crate::SopsConfig::parse) gives the rest of it too.
    ///
    /// What is wrong with a single rule is told when it is used, as by sops: see [`CreationRule::check`].
    ///
    /// # Errors
    ///
    /// When it is no YAML, or a field is of another type than it must be.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        SopsConfig::parse(text).map(|config| config.rules)
    }

    pub(crate) fn read(rules: &[Json]) -> Result<Self, RuleError> {
        let rules = rules.iter().enumerate().map(|(number, rule)| CreationRule::read(number, rule));
        Ok(Self { rules: rules.collect::<Result<_, _>>()? })
    }

    /// The rule for a file: the first that matches its path relative to the folder of the `.sops.yaml`, with `/` between its
    /// parts ([`SopsConfig::path_of`]). A file outside of that folder is looked for by its absolute path.
    ///
    /// Whether the rule can be used is told by [`CreationRule::check`], and by its [`recipients`](CreationRule::recipients).
    pub fn rule_for(&self, path: &str) -> Option<&CreationRule> {
        self.rules.iter().find(|rule| rule.matches(path))
    }
}

impl CreationRule {
    pub(crate) fn read(number: usize, rule: &Json) -> Result<Self, RuleError> {
        let fields = RuleFields::of(number, rule)?;
        let mut selectors = Vec::new();
        for (name, make) in Selector::FIELDS {
            selectors.extend(fields.text(name)?.map(make));
        }
        let path_pattern = fields.text("path_regex")?;
        fields.number("shamir_threshold")?;
        Ok(Self {
            number,
            path_pattern,
            selector: selectors.first().cloned().unwrap_or_default(),
            two_selectors: selectors.len() > 1,
            mac_only_encrypted: fields.flag("mac_only_encrypted")?,
            fields,
        })
    }

    /// Whether the rule is for a file. The expression is looked for anywhere in the path.
    ///
    /// An expression that does not compile takes every file that comes to it: as in sops, that file cannot be encrypted.
    pub fn matches(&self, path: &str) -> bool {
        let Some(pattern) = &self.path_pattern else { return true };
        go_regex::compile(pattern).map_or(true, |regex| regex.is_match(path))
    }

    /// Whether the rule can be used, but for its recipients.
    ///
    /// # Errors
    ///
    /// When it has more than one selector, or an expression does not compile. (sops ignores a selector that does not compile:
    /// nothing is encrypted then.)
    pub fn check(&self) -> Result<(), RuleError> {
        let fault = |field, source| RuleError::Regex { rule: self.number, field, source: Box::new(source) };
        if let Some(pattern) = &self.path_pattern {
            go_regex::compile(pattern).map_err(|error| fault("path_regex", error))?;
        }
        if self.two_selectors {
            return Err(RuleError::TwoSelectors { rule: self.number });
        }
        let (field, pattern) = self.selector.as_field();
        if field.ends_with("_regex") {
            go_regex::compile(pattern).map_err(|error| fault(field, error))?;
        }
        Ok(())
    }

    /// For whom the rule encrypts.
    ///
    /// # Errors
    ///
    /// When it names nobody, or something that is no recipient; or when the rule [cannot be used](Self::check).
    pub fn recipients(&self) -> Result<Recipients, RuleError> {
        self.check()?;
        rule_keys::recipients(self.number, self.fields.as_map())
    }

    /// A field that is not sops' own, by its name: sops passes it over.
    pub fn extension(&self, name: &str) -> Option<&Json> {
        self.fields.get(name)
    }

    /// How the rule encrypts.
    pub fn options(&self) -> EncryptOptions {
        EncryptOptions::default().selector(self.selector.clone()).mac_only_encrypted(self.mac_only_encrypted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let check = |rules: CreationRules| rules.rules.iter().try_for_each(CreationRule::check);
        CreationRules::parse(text).and_then(check).unwrap_err().to_string()
    }

    #[test]
    fn the_first_matching_rule_counts_and_one_without_a_path_takes_all() {
        let rules = CreationRules::parse(
            "creation_rules:\n- path_regex: prod/\n  encrypted_suffix: _s\n- {path_regex: 'a\\.yaml$'}\n- bogus: 1\n",
        )
        .unwrap();
        let number = |path: &str| rules.rule_for(path).unwrap().number;
        assert_eq!([number("x/prod/a.yaml"), number("a.yaml"), number("b")], [0, 1, 2]);
        assert_eq!(rules.rules[0].selector, Selector::EncryptedSuffix("_s".into()));
        assert!(CreationRules::parse("stores: {}").unwrap().rule_for("a").is_none());
    }

    #[test]
    fn faults_name_the_rule() {
        assert_eq!(fault("creation_rules: 1"), ".sops.yaml: creation_rules must be a list");
        assert_eq!(fault("creation_rules: [{path_regex: []}]"), ".sops.yaml, rule 1: path_regex must be text");
        assert_eq!(
            fault("creation_rules: [{}, {encrypted_regex: '['}]"),
            ".sops.yaml, rule 2: encrypted_regex is not a valid regular expression (sops would encrypt nothing by it)"
        );
        assert_eq!(
            fault("creation_rules: [{encrypted_regex: a, encrypted_suffix: b}]"),
            ".sops.yaml, rule 1: more than one selector, and a document can have one only"
        );
    }

    #[test]
    fn a_fault_counts_where_the_rule_is_used() {
        let rules = CreationRules::parse(
            "creation_rules:\n- {path_regex: ^a, pgp: ABCDEF0123456789}\n- {path_regex: '(', pgp: ABCDEF0123456789}\n",
        )
        .unwrap();
        assert!(rules.rule_for("a").unwrap().recipients().is_ok());
        let broken = rules.rule_for("b").unwrap();
        assert_eq!(
            broken.recipients().unwrap_err().to_string(),
            ".sops.yaml, rule 2: path_regex is not a valid regular expression"
        );
    }

    #[test]
    fn scalars_are_texts_as_for_go() {
        let rules = CreationRules::parse("creation_rules: [{path_regex: 3, encrypted_suffix: 1}]").unwrap();
        assert_eq!(rules.rule_for("x3").unwrap().selector, Selector::EncryptedSuffix("1".into()));
        assert!(rules.rule_for("x").is_none());
    }
}
