//! Where the build is: the kustomization that is being built, and the way that led to it.

use windlass_manifest::{FieldPath, Origin, Step, TreePath};
use windlass_yaml::{Dialect, Located, locate};

use crate::decode::Problem;
use crate::{BuildError, Fault, Warning};

/// A kustomization while it is built.
pub(crate) struct Place {
    /// The directory, without symbolic links.
    pub(crate) directory: TreePath,
    /// Its kustomization file; `None` for a generated one.
    pub(crate) file: Option<TreePath>,
    /// The text of that file.
    pub(crate) text: String,
    /// Where what was read stands in the text.
    pub(crate) located: Option<Located>,
    /// Where everything stands, for configuration whose text is gone.
    pub(crate) fixed: Option<Origin>,
    /// The directories from the built one to this.
    pub(crate) via: Vec<TreePath>,
}

impl Place {
    /// The place of a directory, whose kustomization is generated or not known yet.
    pub(crate) fn without_file(directory: TreePath, via: Vec<TreePath>) -> Self {
        Self { directory, file: None, text: String::new(), located: None, fixed: None, via }
    }

    /// The kustomization file, also where it is generated.
    pub(crate) fn kustomization_file(&self) -> Option<TreePath> {
        self.file.clone().or_else(|| self.directory.join("kustomization.yaml").ok())
    }

    /// The place of another file that this kustomization names.
    pub(crate) fn in_file(&self, file: TreePath, text: &str) -> Self {
        let (directory, via) = (self.directory.clone(), self.via.clone());
        Self { directory, file: Some(file), text: text.to_owned(), located: None, fixed: None, via }
    }

    /// The place of an object that configures something in this kustomization.
    pub(crate) fn in_object(&self, origin: Origin) -> Self {
        let (directory, via) = (self.directory.clone(), self.via.clone());
        Self { directory, file: self.file.clone(), text: String::new(), located: None, fixed: Some(origin), via }
    }

    /// A fault at a field of the kustomization.
    pub(crate) fn error(&self, at: &FieldPath, fault: Fault) -> BuildError {
        let (origin, written) = self.find(at);
        let fault = match (fault, written) {
            // The value as it was written says more than the value that was read.
            (Fault::WrongType { field, expected, hint, found }, Some(written)) if !found.starts_with('a') => {
                Fault::WrongType { field, expected, hint, found: written }
            }
            (fault, _) => fault,
        };
        self.error_in(origin, fault)
    }

    /// A fault somewhere else that this kustomization led to.
    pub(crate) fn error_in(&self, origin: Origin, fault: Fault) -> BuildError {
        let origin = match &fault {
            // What has to change is the file, or the key; whoever lists the file has nothing to do with it.
            Fault::Decrypt { path, .. } => Origin::new(path.as_str(), 0),
            _ => origin,
        };
        BuildError { origin, via: self.via.clone(), fault }
    }

    pub(crate) fn problem(&self, problem: Problem) -> BuildError {
        self.error(&problem.at, problem.fault)
    }

    pub(crate) fn warning(&self, at: &FieldPath, message: String) -> Warning {
        Warning { origin: self.find(at).0, message }
    }

    /// File and line of a field, and the text of its value where that is one short word.
    pub(crate) fn find(&self, at: &FieldPath) -> (Origin, Option<String>) {
        if is_amendment(at) {
            return (Origin::new(format!("{at} of the Flux Kustomization"), 0), None);
        }
        if let Some(origin) = &self.fixed {
            return (origin.clone(), None);
        }
        let Some(file) = &self.file else { return (Origin::new(self.directory.to_string(), 0), None) };
        let steps: Vec<String> = at.steps().iter().map(step).collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let span = match &self.located {
            Some(located) => located.find(&steps),
            None => locate(&self.text, Dialect::Config, 0, &steps),
        };
        let Some(span) = span else {
            return (Origin::new(file.as_str(), 0), None);
        };
        let line = self.text.lines().nth(span.start.line.saturating_sub(1)).unwrap_or_default();
        let length = span.end.column.saturating_sub(span.start.column);
        let written: String = line.chars().skip(span.start.column.saturating_sub(1)).take(length).collect();
        let is_word = span.start.line == span.end.line && !written.trim().is_empty();
        (Origin::new(file.as_str(), span.start.line), is_word.then(|| written.trim().to_owned()))
    }
}

fn step(step: &Step) -> String {
    match step {
        Step::Field(name) => name.clone(),
        Step::Index(index) => index.to_string(),
        Step::Item(_) => String::new(),
    }
}

/// The path of an amendment. No kustomization has a field `spec`, so the two cannot be mistaken.
pub(crate) fn amendment(field: &str, index: usize) -> FieldPath {
    FieldPath::root().field("spec").field(field).index(index)
}

fn is_amendment(at: &FieldPath) -> bool {
    matches!(at.steps().first(), Some(Step::Field(name)) if name == "spec")
}
