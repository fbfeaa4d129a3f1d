//! The fields of one rule, read as Go reads them into a structure.

use serde_json::{Map, Value as Json};

use crate::RuleError;

/// The fields of one rule.
#[derive(Debug, Clone)]
pub(crate) struct RuleFields {
    rule: usize,
    fields: Map<String, Json>,
}

impl RuleFields {
    pub(crate) fn of(rule: usize, value: &Json) -> Result<Self, RuleError> {
        match value {
            Json::Object(fields) => Ok(Self { rule, fields: fields.clone() }),
            // An empty item is a rule without fields.
            Json::Null => Ok(Self { rule, fields: Map::new() }),
            _ => Err(RuleError::Shape { rule: Some(rule), field: String::new(), what: "a mapping" }),
        }
    }

    pub(crate) fn shape(&self, field: &str, what: &'static str) -> RuleError {
        RuleError::Shape { rule: Some(self.rule), field: field.to_owned(), what }
    }

    /// A field that is there and not null.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A text that is not empty. Go takes any scalar for one.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, RuleError> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(Json::String(text)) => text.clone(),
            Some(scalar @ (Json::Number(_) | Json::Bool(_))) => scalar.to_string(),
            Some(_) => return Err(self.shape(name, "text")),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, RuleError> {
        match self.get(name) {
            None => Ok(false),
            Some(Json::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.shape(name, "true or false")),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, RuleError> {
        match self.get(name) {
            None => Ok(None),
            Some(number) => number.as_u64().map(Some).ok_or_else(|| self.shape(name, "a number")),
        }
    }

    pub(crate) fn as_map(&self) -> &Map<String, Json> {
        &self.fields
    }
}
