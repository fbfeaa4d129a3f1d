use windlass_manifest::{FileTree, Manifest, Origin, TreePath};

use crate::{BuildError, BuildErrors, BuildOptions, Closure, Fault, Warning};

/// The result of a build.
#[derive(Debug, Clone)]
pub struct Build {
    /// The objects, in the order asked for.
    pub manifests: Vec<Manifest>,
    /// What kustomize passes over in silence.
    pub warnings: Vec<Warning>,
    /// What was read.
    pub closure: Closure,
}

impl Build {
    /// The objects as YAML, byte for byte as `kustomize build` prints them.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        String::new()
    }
}

/// Builds `directory` of `tree`.
///
/// # Errors
/// Every fault that can be told independently of the others; no object comes out then.
pub fn build(
    tree: &dyn FileTree,
    directory: &TreePath,
    options: &BuildOptions<'_>,
) -> Result<Build, BuildErrors> {
    let _ = (tree, options);
    let fault = Fault::Unsupported { field: "everything".to_owned() };
    let error = BuildError { origin: Origin::new(directory.as_str(), 0), via: Vec::new(), fault };
    Err(BuildErrors::new(vec![error], Closure::default()))
}
