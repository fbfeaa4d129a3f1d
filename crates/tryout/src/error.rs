use windlass_engine::NamespacedName;
use windlass_manifest::{ObjectId, TreePath};

/// Why a repository could not be tried.
///
/// What is wrong inside of the repository is no error here: it is shown by [`Tryout::preview`](crate::Tryout::preview) and by
/// the conditions of the objects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The repository cannot be read or fetched.
    #[error("cannot read the repository")]
    Repository(#[from] windlass_source::Error),
    /// The files of the repository cannot be read.
    #[error("cannot read the files of the repository")]
    Files(#[from] windlass_manifest::TreeError),
    /// The directory that was asked for is not in the repository.
    #[error("there is no directory {path} in the repository")]
    NoSuchPath {
        /// The path, from the repository's root.
        path: TreePath,
    },
    /// No directory was asked for, and none stands out.
    #[error(
        "the repository has no directory for which there is a Kustomization of Flux: name the one that a cluster follows"
    )]
    NoRoot,
    /// No directory was asked for, and there are several.
    #[error("the repository is for several clusters: name one of {}", list(paths))]
    ManyRoots {
        /// The directories.
        paths: Vec<TreePath>,
    },
    /// The keys are no age identities.
    #[error("cannot use the age keys")]
    Keys(#[from] windlass_sops::IdentityError),
    /// The repository cannot be looked through: the root is missing, or dependencies lead in a circle.
    #[error(transparent)]
    Preview(Box<windlass_engine::Error>),
    /// An object that is there before the repository could not be put into the API.
    #[error("cannot set up {what}")]
    Setup {
        /// The object.
        what: String,
        /// What the API said.
        source: Box<kube::Error>,
    },
    /// A definition was refused.
    #[error("the definition {name} is refused")]
    Definition {
        /// Its name.
        name: String,
        /// What the API said.
        source: windlass_apiserver::LoadError,
    },
    /// The temporary directory cannot be made.
    #[error("cannot make a temporary directory")]
    Scratch(#[source] std::io::Error),
    /// A live object could not be changed or compared.
    #[error("cannot {doing} {id}")]
    Disturbance {
        /// What was being done.
        doing: &'static str,
        /// The object.
        id: Box<ObjectId>,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The reconciler did not answer.
    #[error("Kustomization/{name} did not answer")]
    NoAnswer {
        /// Its name.
        name: NamespacedName,
        /// Why.
        source: Box<windlass_engine::Error>,
    },
    /// The reconciler came to an end on its own, which is a fault of Windlass.
    #[error("the reconciler stopped: this is a fault in Windlass")]
    Stopped,
}

fn list(paths: &[TreePath]) -> String {
    paths.iter().map(TreePath::as_str).collect::<Vec<_>>().join(", ")
}
