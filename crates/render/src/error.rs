use std::fmt;

use windlass_manifest::{Origin, TreePath};

use crate::Closure;

/// Everything that is wrong with a build: at least one fault, in the order in which they were met.
#[derive(Debug)]
pub struct BuildErrors {
    errors: Vec<BuildError>,
    closure: Closure,
}

impl BuildErrors {
    pub(crate) fn new(errors: Vec<BuildError>, closure: Closure) -> Self {
        Self { errors, closure }
    }

    /// The faults.
    pub fn iter(&self) -> std::slice::Iter<'_, BuildError> {
        self.errors.iter()
    }

    /// What was read until the build failed: while it is current, the build fails again.
    #[must_use]
    pub fn closure(&self) -> &Closure {
        &self.closure
    }
}

impl<'a> IntoIterator for &'a BuildErrors {
    type Item = &'a BuildError;
    type IntoIter = std::slice::Iter<'a, BuildError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for BuildErrors {
    /// One line for each fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.errors.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildErrors {}

/// One fault of a build: what is wrong, where, and how the build got there.
#[derive(Debug)]
pub struct BuildError {
    /// The file and line that has to change.
    pub origin: Origin,
    /// The kustomizations that led there, the built one first.
    pub via: Vec<TreePath>,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.fault)
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.fault.source()
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A field of kustomize that this crate does not support yet.
    #[error("{field} is not supported")]
    Unsupported {
        /// The field.
        field: String,
    },
}

use std::error::Error as _;
