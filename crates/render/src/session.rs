//! What one build keeps while it runs.

use windlass_manifest::{FileTree, TreePath};

use crate::loader::Loader;
use crate::transform::build_metadata::BuildMetadata;
use crate::{BuildError, BuildOptions, Warning};

/// A build under way: the way to its files, and what was found wrong so far.
pub(crate) struct Session<'a> {
    pub(crate) loader: Loader<'a>,
    pub(crate) options: &'a BuildOptions<'a>,
    pub(crate) errors: Vec<BuildError>,
    pub(crate) warnings: Vec<Warning>,
    /// The directory that is built.
    pub(crate) root: TreePath,
    pub(crate) metadata: BuildMetadata,
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
        }
    }

    /// Notes a fault.
    pub(crate) fn fail(&mut self, error: BuildError) -> Failed {
        self.errors.push(error);
        Failed
    }
}
