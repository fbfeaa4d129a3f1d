//! Where in a document something stands.

use std::fmt;

/// A place in a document: the key path, and the document and line where they are known.
///
/// Displayed as `data.password (line 7)`; list positions count from 0, as in JSON paths. Keys are shown in
/// clear, as they stand in every SOPS file; values never are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The keys and list positions from the top of the document.
    pub path: Vec<PathStep>,
    /// The number of the document in a YAML stream, from 0.
    pub document: usize,
    /// The line in the text, from 1; absent for a value that was not read from text.
    pub line: Option<usize>,
}

/// One step of a path: into a mapping or into a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// The value of this key.
    Key(String),
    /// The item at this position, from 0.
    Index(usize),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str("the top of the document")?;
        }
        for (depth, step) in self.path.iter().enumerate() {
            match step {
                PathStep::Index(position) => write!(f, "[{position}]")?,
                PathStep::Key(key) if is_plain(key) => {
                    write!(f, "{}{key}", if depth == 0 { "" } else { "." })?;
                }
                PathStep::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        match (self.document, self.line) {
            (0, None) => Ok(()),
            (0, Some(line)) => write!(f, " (line {line})"),
            (document, None) => write!(f, " (document {document})"),
            (document, Some(line)) => write!(f, " (document {document}, line {line})"),
        }
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "-_/".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_path() {
        let location = Location {
            path: vec![
                PathStep::Key("data".into()),
                PathStep::Key("tls.crt".into()),
                PathStep::Index(2),
                PathStep::Key("x".into()),
            ],
            document: 0,
            line: Some(7),
        };
        assert_eq!(location.to_string(), "data[\"tls.crt\"][2].x (line 7)");
        assert_eq!(Location::default().to_string(), "the top of the document");
    }
}
