//! A whole `.sops.yaml`.

use std::path::Path;

use serde_json::{Map, Value as Json};
use windlass_yaml::ReadOptions;

use crate::destination_rules::DestinationRule;
use crate::rules::CreationRules;
use crate::{RuleError, StoresConfig};

/// A whole `.sops.yaml`: whom new files are encrypted for, where files are published to, and how formats are printed.
///
/// ```
/// use windlass_sops::SopsConfig;
///
/// let config = SopsConfig::parse("
/// creation_rules:
///   - age: age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx
/// stores:
///   yaml: {indent: 2}
/// ")?;
/// assert_eq!(config.rules.rule_for("a.yaml").unwrap().number, 0);
/// assert_eq!(config.stores.yaml_indent, 2);
/// # Ok::<(), windlass_sops::RuleError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SopsConfig {
    /// The creation rules.
    pub rules: CreationRules,
    /// The destination rules: read and checked, though nothing here publishes.
    pub destinations: Vec<DestinationRule>,
    /// How the formats are printed.
    pub stores: StoresConfig,
}

impl SopsConfig {
    /// Reads the text of a `.sops.yaml`. Fields that nobody here knows are passed over, as by sops.
    ///
    /// What is wrong with a single rule is told when it is used, as by sops: see
    /// [`CreationRule::check`](crate::CreationRule::check).
    ///
    /// # Errors
    ///
    /// When it is no YAML, or a field is of another type than it must be.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let config = windlass_yaml::read_document(text, &ReadOptions::resource()).map_err(RuleError::Syntax)?;
        let destinations = list(&config, "destination_rules")?.iter().enumerate();
        Ok(Self {
            rules: CreationRules::read(list(&config, "creation_rules")?)?,
            destinations: destinations
                .map(|(number, rule)| DestinationRule::read(number, rule))
                .collect::<Result<_, _>>()?,
            stores: stores(config.get("stores"))?,
        })
    }

    /// The destination rule for a file: the first that matches its absolute path.
    pub fn destination_for(&self, path: &str) -> Option<&DestinationRule> {
        self.destinations.iter().find(|rule| rule.matches(path))
    }

    /// The path by which the rules of a `.sops.yaml` in `folder` look for a file: relative to that folder, or as it stands
    /// where the file is elsewhere. Both paths must be absolute, or both relative to the same place.
    pub fn path_of(folder: &Path, file: &Path) -> String {
        let path = file.strip_prefix(folder).unwrap_or(file);
        let text = path.to_string_lossy();
        if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
    }
}

fn list<'c>(config: &'c Json, name: &str) -> Result<&'c [Json], RuleError> {
    match config.get(name) {
        None | Some(Json::Null) => Ok(&[]),
        Some(Json::Array(rules)) => Ok(rules),
        Some(_) => Err(RuleError::Shape { rule: None, field: name.to_owned(), what: "a list" }),
    }
}

fn stores(value: Option<&Json>) -> Result<StoresConfig, RuleError> {
    let shape = |field: &str, what| RuleError::Shape { rule: None, field: format!("stores{field}"), what };
    let empty = Map::new();
    let mapping = |value: Option<&'_ Json>, field: &str| match value {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(fields)) => Ok(fields.clone()),
        Some(_) => Err(shape(field, "a mapping")),
    };
    let stores = if value.is_none() { empty } else { mapping(value, "")? };
    let indent = |format: &str, least: i64| -> Result<Option<i64>, RuleError> {
        let fields = mapping(stores.get(format), &format!(".{format}"))?;
        let Some(number) = fields.get("indent").filter(|number| !number.is_null()) else { return Ok(None) };
        let fits = |number: &i64| *number >= least && *number <= i64::from(u16::MAX);
        let number = number.as_i64().filter(fits);
        number
            .map(Some)
            .ok_or_else(|| shape(&format!(".{format}.indent"), "a number of blanks (in JSON, -1 for a tab)"))
    };
    let blanks = |number: Option<i64>| number.and_then(|number| u16::try_from(number).ok());
    Ok(StoresConfig {
        yaml_indent: blanks(indent("yaml", 0)?).unwrap_or_default(),
        json_indent: blanks(indent("json", -1)?),
        json_binary_indent: blanks(indent("json_binary", -1)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_have_the_defaults_of_sops() {
        let stores = |text: &str| SopsConfig::parse(text).map(|config| config.stores);
        for text in
            ["creation_rules: []", "stores:", "stores: {yaml: null}", "stores: {json: {indent: -1}, dotenv: {}, x: 1}"]
        {
            assert_eq!(stores(text).unwrap(), StoresConfig::default(), "{text}");
        }
        let some = stores("stores: {yaml: {indent: 2}, json: {indent: 0}, json_binary: {indent: 3}}").unwrap();
        assert_eq!((some.yaml_step(), some.json_text(), some.json_binary_text()), (2, String::new(), "   ".to_owned()));
        assert_eq!(StoresConfig::indent(12).yaml_step(), 2);
        for (text, message) in [
            ("stores: []", ".sops.yaml: stores must be a mapping"),
            (
                "stores: {yaml: {indent: -1}}",
                ".sops.yaml: stores.yaml.indent must be a number of blanks (in JSON, -1 for a tab)",
            ),
        ] {
            assert_eq!(stores(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn paths_are_those_below_the_folder() {
        let of = |folder: &str, file: &str| SopsConfig::path_of(Path::new(folder), Path::new(file));
        assert_eq!(of("/repo", "/repo/apps/a.yaml"), "apps/a.yaml");
        assert_eq!(of("/repo", "/other/a.yaml"), "/other/a.yaml");
    }
}
