//! Paths to values, as sops writes them on its command line.

use crate::PathStep;

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no path to a value: {reason} (write [\"key\"][0])")]
pub struct PathError {
    text: String,
    reason: &'static str,
}

impl PathError {
    pub(crate) fn new(text: &str, reason: &'static str) -> Self {
        Self { text: text.to_owned(), reason }
    }

    /// The same fault, told of the whole text that the part at fault stands in.
    pub(crate) fn within(self, text: &str) -> Self {
        Self { text: text.to_owned(), ..self }
    }
}

/// Reads a path as sops takes it: `["data"]["tls.key"]`, `['list'][0]`.
///
/// ```
/// use windlass_sops::{PathStep, parse_path};
///
/// assert_eq!(parse_path(r#"["a"][2]"#)?, [PathStep::Key("a".into()), PathStep::Index(2)]);
/// assert!(parse_path("a").is_err());
/// # Ok::<(), windlass_sops::PathError>(())
/// ```
///
/// # Errors
///
/// When the text has another form, or names nothing.
pub fn parse_path(text: &str) -> Result<Vec<PathStep>, PathError> {
    let fault = |reason| PathError { text: text.to_owned(), reason };
    let mut steps = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or_else(|| fault("a step starts with ["))?;
        let (step, behind) = match inner.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let (key, behind) =
                    inner[1..].split_once(&format!("{quote}]")[..]).ok_or_else(|| fault("a key is not closed"))?;
                (PathStep::Key(key.to_owned()), behind)
            }
            _ => {
                let (position, behind) = inner.split_once(']').ok_or_else(|| fault("a step ends with ]"))?;
                let position = position.parse().map_err(|_| fault("a step is a quoted key or a position"))?;
                (PathStep::Index(position), behind)
            }
        };
        steps.push(step);
        rest = behind;
    }
    if steps.is_empty() { Err(fault("it is empty")) } else { Ok(steps) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named() {
        for (text, reason) in [
            ("", "it is empty"),
            ("b", "a step starts with ["),
            ("[\"b\"", "a key is not closed"),
            ("[b]", "a step is a quoted key or a position"),
            ("[-1]", "a step is a quoted key or a position"),
            ("[1", "a step ends with ]"),
        ] {
            assert_eq!(parse_path(text).unwrap_err().reason, reason, "{text}");
        }
        let steps = [PathStep::Key("a]b".into()), PathStep::Key("c\"".into())];
        assert_eq!(parse_path("[\"a]b\"]['c\"']").unwrap(), steps);
    }
}
