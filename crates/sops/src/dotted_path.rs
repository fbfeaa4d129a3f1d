//! Paths to values as messages show them.

use crate::{PathError, PathStep, parse_path};

/// Reads a path as [`Location`](crate::Location) shows it (`stringData.password`, `data["tls.key"]`, `users[0].name`), or as
/// sops takes it (`["data"]["tls.key"]`).
///
/// ```
/// use windlass_sops::{PathStep, parse_dotted_path};
///
/// let steps = [PathStep::Key("data".into()), PathStep::Key("tls.key".into()), PathStep::Index(0)];
/// assert_eq!(parse_dotted_path(r#"data["tls.key"][0]"#)?, steps);
/// assert_eq!(parse_dotted_path(r#"["data"]["tls.key"][0]"#)?, steps);
/// # Ok::<(), windlass_sops::PathError>(())
/// ```
///
/// # Errors
///
/// When the text has another form, or names nothing.
pub fn parse_dotted_path(text: &str) -> Result<Vec<PathStep>, PathError> {
    let mut steps = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if rest.starts_with('[') {
            let end = end_of_bracket(rest).unwrap_or(rest.len());
            steps.extend(parse_path(&rest[..end]).map_err(|error| error.within(text))?);
            rest = &rest[end..];
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(PathError::new(text, "a key between two dots is empty"));
            }
            steps.push(PathStep::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        if let Some(behind) = rest.strip_prefix('.') {
            if behind.is_empty() {
                return Err(PathError::new(text, "a key follows a dot"));
            }
            rest = behind;
        }
    }
    if steps.is_empty() { Err(PathError::new(text, "it is empty")) } else { Ok(steps) }
}

/// Behind the bracket that closes the first one.
fn end_of_bracket(text: &str) -> Option<usize> {
    match text[1..].chars().next()? {
        quote @ ('"' | '\'') => text.get(2..)?.find(&format!("{quote}]")).map(|at| at + 4),
        _ => text.find(']').map(|at| at + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Location;

    #[test]
    fn what_a_location_shows_is_read_again() {
        for path in [r#"["a"]["b"]"#, r#"["data"]["tls.key"]"#, r#"["users"][10]["x y"]"#, r#"["é"]"#] {
            let path = parse_path(path).unwrap();
            let shown = Location { path: path.clone(), ..Location::default() }.to_string();
            assert_eq!(parse_dotted_path(&shown).unwrap(), path, "{shown}");
        }
    }

    #[test]
    fn faults_are_named() {
        for text in ["", "a..b", "a.", ".a", "a[", "a[x]", "a[\"x]"] {
            assert!(parse_dotted_path(text).is_err(), "{text}");
        }
        let error = parse_dotted_path("a[x]").unwrap_err().to_string();
        assert!(error.starts_with("\"a[x]\" is no path"), "{error}");
    }
}
