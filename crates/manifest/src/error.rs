use crate::Origin;

/// Why a text did not yield manifests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not YAML as Kubernetes tools read it. The source knows the line.
    #[error("cannot read {file}")]
    Yaml {
        /// The file that was read.
        file: String,
        /// What is wrong, and on which line.
        source: windlass_yaml::Error,
    },
    /// A document is something other than a mapping.
    #[error("{origin}: expected a Kubernetes object (a mapping with apiVersion, kind and metadata), found {found}")]
    NotAnObject {
        /// Where the document starts.
        origin: Origin,
        /// What stands there: `a list`, `a string`, …
        found: &'static str,
    },
    /// A field that every object needs is missing, empty or not a string.
    #[error("{origin}: {field} is missing or not a string: every Kubernetes object needs one")]
    MissingField {
        /// Where the object starts.
        origin: Origin,
        /// `kind` or `metadata.name`.
        field: &'static str,
    },
    /// `items` of a list kind is not a list.
    #[error("{origin}: items of a {kind} must be a list, found {found}")]
    ItemsNotAList {
        /// Where the object starts.
        origin: Origin,
        /// The list kind.
        kind: String,
        /// What stands there.
        found: &'static str,
    },
}

impl Error {
    /// The file and line the error is about; the line is 0 where only the file is known.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Yaml { file, source } => Origin::new(file.as_str(), source.position().line),
            Self::NotAnObject { origin, .. }
            | Self::MissingField { origin, .. }
            | Self::ItemsNotAList { origin, .. } => origin.clone(),
        }
    }
}
