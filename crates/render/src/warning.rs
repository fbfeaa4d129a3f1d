use std::fmt;

use windlass_manifest::Origin;

/// Something that kustomize passes over in silence and that is mostly a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The file and line it is about.
    pub origin: Origin,
    /// What it is, and what to do.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.message)
    }
}
