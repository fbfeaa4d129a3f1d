//! The creation rules of a `.sops.yaml`: which file is encrypted for whom, and how.

use regex::Regex;
use serde_json::{Map, Value as Json};
use windlass_yaml::ReadOptions;

use crate::rule_keys;
use crate::{EncryptOptions, Recipients, RuleError, Selector};

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
    /// Which files it is for. Absent: all that no rule before it took.
    pub path_regex: Option<Regex>,
    /// Which values are encrypted.
    pub selector: Selector,
    /// Whether the MAC covers the encrypted values only.
    pub mac_only_encrypted: bool,
    fields: Map<String, Json>,
}

impl CreationRules {
    /// The name of the file.
    pub const FILE_NAME: &'static str = ".sops.yaml";

    /// Reads the text of a `.sops.yaml`. Fields that nobody here knows are passed over, as by sops.
    ///
    /// # Errors
    ///
    /// When it is no YAML, a regular expression does not compile (which sops finds out, or not, when the rule is used), or a
    /// rule has more than one selector.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let config = windlass_yaml::read_document(text, &ReadOptions::resource()).map_err(RuleError::Syntax)?;
        let rules = match config.get("creation_rules") {
            None | Some(Json::Null) => return Ok(Self::default()),
            Some(Json::Array(rules)) => rules,
            Some(_) => return Err(RuleError::Shape { rule: None, field: "creation_rules".into(), what: "a list" }),
        };
        let rules = rules.iter().enumerate().map(|(number, rule)| CreationRule::read(number, rule));
        Ok(Self { rules: rules.collect::<Result<_, _>>()? })
    }

    /// The rule for a file: the first that matches its path relative to the folder of the `.sops.yaml`, with `/` between its
    /// parts. A file outside of that folder is looked for by its absolute path.
    pub fn rule_for(&self, path: &str) -> Option<&CreationRule> {
        self.rules.iter().find(|rule| rule.matches(path))
    }
}

impl CreationRule {
    fn read(number: usize, rule: &Json) -> Result<Self, RuleError> {
        let shape = |field: &str, what| RuleError::Shape { rule: Some(number), field: field.to_owned(), what };
        let fields = rule.as_object().ok_or_else(|| shape("", "a mapping"))?;
        let text = |name: &str| match fields.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(_) => Err(shape(name, "text")),
        };
        let compile = |field: &'static str, pattern: &str| {
            let fault = |source| RuleError::Regex { rule: number, field, source: Box::new(source) };
            Regex::new(pattern).map_err(fault)
        };
        let mut selectors = Vec::new();
        for (name, make) in Selector::FIELDS {
            if let Some(pattern) = text(name)? {
                if name.ends_with("_regex") {
                    compile(name, &pattern)?;
                }
                selectors.push(make(pattern));
            }
        }
        if selectors.len() > 1 {
            return Err(RuleError::TwoSelectors { rule: number });
        }
        let mac_only_encrypted = match fields.get("mac_only_encrypted") {
            None | Some(Json::Null) => false,
            Some(Json::Bool(flag)) => *flag,
            Some(_) => return Err(shape("mac_only_encrypted", "true or false")),
        };
        Ok(Self {
            number,
            path_regex: text("path_regex")?.map(|pattern| compile("path_regex", &pattern)).transpose()?,
            selector: selectors.pop().unwrap_or_default(),
            mac_only_encrypted,
            fields: fields.clone(),
        })
    }

    /// Whether the rule is for a file. The expression is looked for anywhere in the path.
    pub fn matches(&self, path: &str) -> bool {
        self.path_regex.as_ref().is_none_or(|regex| regex.is_match(path))
    }

    /// For whom the rule encrypts.
    ///
    /// # Errors
    ///
    /// When it names nobody, or something that is no recipient.
    pub fn recipients(&self) -> Result<Recipients, RuleError> {
        rule_keys::recipients(self.number, &self.fields)
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
        CreationRules::parse(text).unwrap_err().to_string()
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
        assert_eq!(fault("creation_rules: [{path_regex: 3}]"), ".sops.yaml, rule 1: path_regex must be text");
        assert_eq!(
            fault("creation_rules: [{}, {encrypted_regex: '['}]"),
            ".sops.yaml, rule 2: encrypted_regex is not a valid regular expression (sops would encrypt nothing by it)"
        );
        assert_eq!(
            fault("creation_rules: [{encrypted_regex: a, encrypted_suffix: b}]"),
            ".sops.yaml, rule 1: more than one selector, and a document can have one only"
        );
    }
}
