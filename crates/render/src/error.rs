//! What can be wrong with a build, and where.

use std::fmt;

use windlass_manifest::{Origin, TreeError, TreePath};

use crate::{ChartError, Closure, DecryptError, FetchError};

/// Everything that is wrong with a build: at least one fault, in the order in which they were met.
///
/// Faults that follow from others are left out: a patch is not tried on objects that could not be read.
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
    /// The directories of the kustomizations that led there, the built one first.
    pub via: Vec<TreePath>,
    /// What is wrong, and what to do.
    pub fault: Fault,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.fault)?;
        if self.via.len() > 1 {
            let via: Vec<_> = self.via.iter().map(TreePath::to_string).collect();
            write!(f, " (reached by {})", via.join(" > "))?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.fault)
    }
}

/// What is wrong. The text says what to do about it; the place stands in [`BuildError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The text is not YAML, or not YAML that Kubernetes tools take.
    #[error("{}", without_place(&.0.to_string(), &.0.position()))]
    Yaml(windlass_yaml::Error),
    /// The text is YAML and no Kubernetes object.
    #[error("{}", without_place(&.0.to_string(), &.0.origin()))]
    NotAnObject(windlass_manifest::Error),
    /// The file is not UTF-8.
    #[error("the file is not UTF-8 text")]
    NotUtf8,
    /// A field that kustomize does not have.
    #[error("unknown field {field:?}{}", did_you_mean(suggestion.as_deref()))]
    UnknownField {
        /// The field, with its path.
        field: String,
        /// A field with nearly the same name.
        suggestion: Option<String>,
    },
    /// A value of another type than the field takes.
    #[error("{field} must be {expected}, found {found}{hint}")]
    WrongType {
        /// The field, with its path.
        field: String,
        /// What it takes.
        expected: &'static str,
        /// What stands there.
        found: String,
        /// What to do; empty where that is clear.
        hint: &'static str,
    },
    /// A value that the field does not take, or a combination of fields that makes no sense.
    #[error("{field}: {problem}")]
    InvalidValue {
        /// The field, with its path.
        field: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A part of kustomize that this version does not have.
    #[error("{field} is not supported by this version: nothing may be skipped in silence, so the build stops")]
    Unsupported {
        /// The field.
        field: String,
    },
    /// A file or directory that is not there.
    #[error("{path:?} does not exist{}", did_you_mean(suggestion.as_deref()))]
    Missing {
        /// The path as written.
        path: String,
        /// A name near to it.
        suggestion: Option<String>,
    },
    /// A path that leads out of the tree, by `..` or by a symbolic link.
    #[error("{path:?} leads out of the repository: copy the file into it")]
    Escapes {
        /// The path as written.
        path: String,
    },
    /// An absolute path.
    #[error("{path:?} is an absolute path: name it relative to this file's directory")]
    Absolute {
        /// The path as written.
        path: String,
    },
    /// A file outside the directory of the kustomization that names it.
    #[error("{path:?} is not in or below {directory}: move the file, or lift the load restriction")]
    Restricted {
        /// The path as written.
        path: String,
        /// The directory of the kustomization.
        directory: TreePath,
    },
    /// A directory where a file is needed.
    #[error("{path:?} is a directory, and a file is needed here")]
    NotAFile {
        /// The path as written.
        path: String,
    },
    /// A file where a directory is needed.
    #[error("{path:?} is a file, and a directory is needed here")]
    NotADirectory {
        /// The path as written.
        path: String,
    },
    /// A URL. This crate does not reach the network.
    #[error(
        "{url:?} is remote: download it into the repository, or make it a source of its own; a build fetches nothing \
         unless its options say with what"
    )]
    Remote {
        /// The URL as written.
        url: String,
    },
    /// A warning, where the options make faults of them.
    #[error("{message}")]
    Warned {
        /// What it is, and what to do.
        message: String,
    },
    /// Something that runs a program. This crate runs none.
    #[error(
        "{kind} {name:?} is {what}, which runs a program, and no build here does: \
             run it beforehand and commit what it makes"
    )]
    Program {
        /// What it is.
        what: &'static str,
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Something remote that could not be fetched.
    #[error("cannot fetch {url:?}")]
    Fetch {
        /// The URL as written.
        url: String,
        /// Why.
        source: FetchError,
    },
    /// A Helm chart, where nothing renders it.
    #[error(
        "{field} needs something that renders charts, and this build was not given it: make the chart a HelmRelease, \
         or commit what `helm template` prints"
    )]
    Charts {
        /// The field.
        field: String,
    },
    /// A Helm chart that could not be rendered.
    #[error("cannot render the chart {name:?}")]
    Chart {
        /// Its name.
        name: String,
        /// Why.
        source: ChartError,
    },
    /// A kustomization that includes itself, directly or over others.
    #[error("{path:?} is this directory or holds it, so the build would go in a circle")]
    Cycle {
        /// The path as written.
        path: String,
    },
    /// A directory without a kustomization file.
    #[error("no kustomization.yaml in {directory}: write one, or name the files one by one")]
    NoKustomization {
        /// The directory.
        directory: TreePath,
    },
    /// A directory with several kustomization files.
    #[error("several kustomization files in {directory}: {}: keep one", .names.join(", "))]
    ManyKustomizations {
        /// The directory.
        directory: TreePath,
        /// The files.
        names: Vec<String>,
    },
    /// A kustomization file that says nothing.
    #[error("the kustomization is empty: give it `resources: []` if that is meant")]
    EmptyKustomization,
    /// A component under `resources`.
    #[error("{path:?} is a Component: list it under components")]
    IsAComponent {
        /// The path as written.
        path: String,
    },
    /// A kustomization under `components`.
    #[error("{path:?} is no Component: list it under resources, or give it `kind: Component`")]
    NotAComponent {
        /// The path as written.
        path: String,
    },
    /// Two objects with one id.
    #[error("{id} is defined twice: here and in {other}: remove one, or rename it")]
    Conflict {
        /// The id.
        id: String,
        /// Where the other one is.
        other: Origin,
    },
    /// The tree could not be read.
    #[error("{0}")]
    Tree(#[source] TreeError),
    /// A limit of the build.
    #[error("the build is over its limit of {limit} {what}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// An encrypted file that cannot be decrypted.
    #[error("the file cannot be decrypted")]
    Decrypt {
        /// The file.
        path: TreePath,
        /// Why.
        source: DecryptError,
    },
    /// A patch that is neither a strategic merge patch nor JSON 6902.
    #[error("not a patch: {problem}")]
    NotAPatch {
        /// Why.
        problem: String,
    },
    /// A strategic merge patch whose object is not in the build.
    #[error("the patch is for {id}, and there is none{}", or_nearest(nearest))]
    NoTarget {
        /// The object that the patch names.
        id: String,
        /// The objects that come nearest.
        nearest: Vec<String>,
    },
    /// A strategic merge patch that fits several objects.
    #[error("the patch is for {id}, and that fits {}: give it a target", .found.join(" and "))]
    ManyTargets {
        /// The object that the patch names.
        id: String,
        /// The objects it fits.
        found: Vec<String>,
    },
    /// A patch that could not be applied.
    #[error("cannot patch {target}: {problem}")]
    PatchFailed {
        /// The object.
        target: String,
        /// Why, and where in the object.
        problem: String,
    },
    /// A transformation met something it cannot work with.
    #[error("{transformer}: {target}: {problem}")]
    Transform {
        /// The field of the kustomization.
        transformer: &'static str,
        /// The object.
        target: String,
        /// What is wrong.
        problem: String,
    },
    /// A generator that cannot make its object.
    #[error("{generator} {name:?}: {problem}")]
    Generator {
        /// `configMapGenerator` or `secretGenerator`.
        generator: &'static str,
        /// The name of the object.
        name: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A name that could mean several objects.
    #[error("{field} of {referrer} is {name:?}, which could be {}", .candidates.join(" or "))]
    AmbiguousReference {
        /// The object that holds the name.
        referrer: String,
        /// The field.
        field: String,
        /// The name.
        name: String,
        /// What it could mean.
        candidates: Vec<String>,
    },
}

/// An error's text without the place it starts with: the place is told once, in front.
fn without_place(text: &str, place: &dyn fmt::Display) -> String {
    text.strip_prefix(&format!("{place}: ")).unwrap_or(text).to_owned()
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|suggestion| format!(": did you mean {suggestion:?}?")).unwrap_or_default()
}

fn or_nearest(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!(": the nearest is {}", nearest.join(", ")) }
}
