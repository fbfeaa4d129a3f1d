//! Label selectors in Kubernetes' syntax: `app=web,tier in (a, b),!legacy`.

use std::collections::BTreeMap;

/// Requirements that all have to hold.
#[derive(Debug, Default)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Debug)]
enum Requirement {
    Exists(String),
    Missing(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    /// Greater or less than a number.
    Compare(String, std::cmp::Ordering, i64),
}

impl LabelSelector {
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts = split_at_top_level(text);
        let parts = parts.iter().map(|part| part.trim());
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        parts
            .map(|part| requirement(part).map_err(|problem| format!("{text:?}: {problem}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn fits<'l>(&self, labels: impl Iterator<Item = (&'l str, String)>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let labels: BTreeMap<&str, String> = labels.collect();
        let value = |key: &String| labels.get(key.as_str());
        self.0.iter().all(|requirement| match requirement {
            Requirement::Exists(key) => value(key).is_some(),
            Requirement::Missing(key) => value(key).is_none(),
            Requirement::In(key, wanted) => value(key).is_some_and(|value| wanted.contains(value)),
            Requirement::NotIn(key, unwanted) => !value(key).is_some_and(|value| unwanted.contains(value)),
            Requirement::Compare(key, ordering, number) => {
                let value = value(key).and_then(|value| value.parse::<i64>().ok());
                value.is_some_and(|value| value.cmp(number) == *ordering)
            }
        })
    }
}

/// Splits at commas that stand in no parentheses.
fn split_at_top_level(text: &str) -> Vec<&str> {
    let mut inside = false;
    text.split(|c| {
        inside = (inside || c == '(') && c != ')';
        c == ',' && !inside
    })
    .collect()
}

fn requirement(part: &str) -> Result<Requirement, String> {
    if let Some(key) = part.strip_prefix('!').filter(|rest| !rest.contains('=')) {
        return Ok(Requirement::Missing(label_key(key)?));
    }
    for (operator, negated) in [("!=", true), ("==", false), ("=", false)] {
        if let Some((key, value)) = part.split_once(operator) {
            let (key, values) = (label_key(key)?, vec![label_value(value)?]);
            return Ok(if negated { Requirement::NotIn(key, values) } else { Requirement::In(key, values) });
        }
    }
    for (operator, ordering) in [('>', std::cmp::Ordering::Greater), ('<', std::cmp::Ordering::Less)] {
        if let Some((key, value)) = part.split_once(operator) {
            let number = value.trim().parse().map_err(|_| format!("{:?} is not a whole number", value.trim()))?;
            return Ok(Requirement::Compare(label_key(key)?, ordering, number));
        }
    }
    if let Some((before, values)) = part.split_once('(') {
        let values = values.strip_suffix(')').ok_or("a closing parenthesis is missing")?;
        let values = values.split(',').map(label_value).collect::<Result<_, _>>()?;
        let mut words = before.split_whitespace();
        return match (words.next(), words.next(), words.next()) {
            (Some(key), Some("in"), None) => Ok(Requirement::In(label_key(key)?, values)),
            (Some(key), Some("notin"), None) => Ok(Requirement::NotIn(label_key(key)?, values)),
            _ => Err(format!("expected `key in (values)` or `key notin (values)`, found {part:?}")),
        };
    }
    Ok(Requirement::Exists(label_key(part)?))
}

fn label_key(key: &str) -> Result<String, String> {
    let key = key.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if key.is_empty() || !key.chars().all(plain) {
        return Err(format!("{key:?} is no label key"));
    }
    Ok(key.to_owned())
}

fn label_value(value: &str) -> Result<String, String> {
    let value = value.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !value.chars().all(plain) {
        return Err(format!("{value:?} is no label value"));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(selector: &str) -> bool {
        let labels = [("app", "web".to_owned()), ("tier", "3".to_owned())];
        LabelSelector::parse(selector).unwrap().fits(labels.into_iter())
    }

    #[test]
    fn requirements_all_have_to_hold() {
        for selector in ["", "app=web", "app == web,tier", "app in (api, web),!legacy", "x!=1", "tier>2", "x notin (a)"]
        {
            assert!(fits(selector), "{selector}");
        }
        for selector in ["app=api", "app,x", "app notin (web)", "!app", "tier<3", "app in (a,b)"] {
            assert!(!fits(selector), "{selector}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for selector in ["app in web", "=x", "app in (a", "a b", "tier>x", ","] {
            assert!(LabelSelector::parse(selector).is_err(), "{selector}");
        }
    }
}
