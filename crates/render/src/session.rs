//! What one build keeps while it runs.

use std::sync::Arc;

use windlass_manifest::{FileTree, TreePath};

use crate::decode::Problem;
use crate::loader::Loader;
use crate::place::Place;
use crate::remote::Remote;
use crate::reuse::Bases;
use crate::schema::Schema;
use crate::transform::build_metadata::BuildMetadata;
use crate::{BuildError, BuildOptions, Fault, Warning};

/// A build under way: the way to its files, and what was found wrong so far.
pub(crate) struct Session<'a> {
    pub(crate) loader: Loader<'a>,
    pub(crate) options: &'a BuildOptions<'a>,
    pub(crate) errors: Vec<BuildError>,
    pub(crate) warnings: Vec<Warning>,
    /// The directory that is built.
    pub(crate) root: TreePath,
    pub(crate) metadata: BuildMetadata,
    /// The repositories from the built one to where the build is.
    pub(crate) remotes: Vec<Remote>,
    /// How many bytes replacements have copied: each may copy what others made larger.
    pub(crate) copied: u64,
    /// The types that merging goes by; `None` for kustomize's own.
    pub(crate) schema: Option<Arc<Schema>>,
    /// A kustomization has said which types there are.
    pub(crate) schema_is_set: bool,
    pub(crate) bases: Bases,
    /// This is one of several sessions that build parts of one kustomization.
    pub(crate) is_part: bool,
}

/// Something failed; what it was is noted in the session.
#[derive(Debug)]
pub(crate) struct Failed;

impl<'a> Session<'a> {
    pub(crate) fn new(tree: &'a dyn FileTree, root: &TreePath, options: &'a BuildOptions<'a>) -> Self {
        Self {
            loader: Loader::new(tree, options),
            options,
            errors: Vec::new(),
            warnings: Vec::new(),
            root: root.clone(),
            metadata: BuildMetadata::default(),
            remotes: Vec::new(),
            copied: 0,
            schema: None,
            schema_is_set: false,
            bases: Bases::default(),
            is_part: false,
        }
    }

    /// A session like this one, with nothing found wrong yet, for a part of the build.
    pub(crate) fn fork(&self) -> Self {
        Self {
            loader: self.loader.fork(),
            options: self.options,
            errors: Vec::new(),
            warnings: Vec::new(),
            root: self.root.clone(),
            metadata: self.metadata,
            remotes: self.remotes.clone(),
            copied: self.copied,
            schema: self.schema.clone(),
            schema_is_set: self.schema_is_set,
            bases: Bases::default(),
            is_part: true,
        }
    }

    /// Notes what was found wrong with a file that kustomize does not read strictly: unknown fields are warnings.
    pub(crate) fn note(&mut self, place: &Place, problems: Vec<Problem>, ignored: &str) -> Result<(), Failed> {
        let mut result = Ok(());
        for problem in problems {
            if let Fault::UnknownField { .. } = problem.fault {
                let message = format!("{}: {ignored}", problem.fault);
                self.warnings.push(place.warning(&problem.at, message));
            } else {
                result = Err(self.fail(place.problem(problem)));
            }
        }
        result
    }

    /// Notes a fault.
    pub(crate) fn fail(&mut self, error: BuildError) -> Failed {
        self.errors.push(error);
        Failed
    }
}
