//! What a working directory wants of a cluster: the arguments for it, and the way to a preview and its plan.

use std::path::PathBuf;

use windlass_cluster::{Cluster, Planned};
use windlass_engine::{Lookup, NamespacedName, Preview, PreviewOptions};
use windlass_manifest::{DirTree, Origin, TreePath};
use windlass_source::{DirectorySource, IgnoreRules};

use crate::diagnostics::{Diagnostics, Sources};
use crate::kubeconfig::{ClusterArgs, Connection};
use crate::names::namespaced;
use crate::output::Console;
use crate::secrets::keyring;
use crate::trouble::Trouble;

#[derive(Debug, clap::Args)]
pub(crate) struct PreviewArgs {
    /// The working directory of the repository
    #[arg(default_value = ".", hide_default_value = true)]
    repository: PathBuf,

    /// The directory in it that the cluster follows, such as clusters/home
    #[arg(long, value_name = "DIR", default_value = ".", hide_default_value = true)]
    path: String,

    /// The Kustomization that stands for this directory; by default the one that names the same path
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = namespaced)]
    kustomization: Option<NamespacedName>,

    /// Delete what left the repository, where its Kustomization says `prune: true`
    #[arg(long)]
    pub(crate) prune: bool,

    /// age keys for encrypted files, besides those that sops would find here and the Secrets that spec.decryption names
    #[arg(long, value_name = "FILE", env = "SOPS_AGE_KEY_FILE", hide_env_values = true)]
    age_key_file: Option<PathBuf>,

    /// Take a variable without a value for an empty one
    #[arg(long)]
    lenient_substitution: bool,

    /// What to call the state of the files; by default the commit that is checked out
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

/// A preview, the plan for it, and the cluster it is for.
pub(crate) struct Prepared {
    pub(crate) connection: Connection,
    pub(crate) cluster: Cluster,
    pub(crate) tree: DirTree,
    pub(crate) preview: Preview,
    pub(crate) planned: Planned,
    /// What the state of the files is called.
    pub(crate) revision: String,
    /// Whether something could not be built or compared; what and why was printed.
    pub(crate) is_incomplete: bool,
}

impl PreviewArgs {
    /// Builds what the repository wants, compares it with the cluster, and prints everything that is wrong with either.
    pub(crate) async fn prepare(&self, console: &Console) -> anyhow::Result<Prepared> {
        let tree = self.tree()?;
        // What Flux leaves out of an artifact is left out here.
        let source = DirectorySource::new(tree.root(), IgnoreRules::default());
        let options = self.options(&tree, &source)?;
        let connection = self.cluster.connect().await?;
        connection.check().await?;
        let cluster = Cluster::new(connection.client.clone(), windlass_cluster::Options::default());
        let mut lookup = Lookup::cluster(cluster.clone());
        let preview = windlass_engine::preview(source.files()?, &options, &mut lookup)
            .await
            .map_err(|error| connection.engine_trouble(error))?;

        let sources = Sources::new(&tree, tree.root());
        let mut diagnostics = Diagnostics::new(console, &sources);
        for unit in &preview.units {
            if let Ok(desired) = &unit.desired {
                diagnostics.warnings(&desired.warnings);
            }
        }
        for (name, source) in &preview.elsewhere {
            console.note(&format!("note: Kustomization/{name} is built from {source}, and left out here"));
        }
        let mut is_incomplete = false;
        for (name, error) in preview.errors() {
            is_incomplete = true;
            diagnostics.kustomization(name, error);
        }
        let planned = windlass_engine::plan(&cluster, &preview, self.prune && !is_incomplete)
            .await
            .map_err(|error| connection.engine_trouble(error))?;
        if let Some(trouble) = planned.failures.iter().find_map(|error| connection.unreachable(error)) {
            return Err(trouble.into());
        }
        for error in &planned.failures {
            is_incomplete = true;
            let origin = error.subject().map_or_else(Origin::unknown, |subject| subject.origin.clone());
            diagnostics.error(error, &origin, None);
        }
        let revision = options.revision;
        Ok(Prepared { connection, cluster, tree, preview, planned, revision, is_incomplete })
    }

    fn tree(&self) -> Result<DirTree, Trouble> {
        let shown = self.repository.display();
        DirTree::open(&self.repository)
            .map_err(|_| Trouble::new(format!("{shown} is no directory: name the working directory of a repository")))
    }

    fn options(&self, tree: &DirTree, source: &DirectorySource) -> anyhow::Result<PreviewOptions> {
        use windlass_manifest::FileTree as _;
        let path = TreePath::new(&self.path)
            .map_err(|error| Trouble::new("--path is a directory in the repository").because(error))?;
        if !tree.is_directory(&path) {
            let message = format!("there is no directory {} in {}", self.path, self.repository.display());
            return Err(Trouble::new(message).help("--path is written from the root of the repository").into());
        }
        Ok(PreviewOptions {
            path,
            name: self.kustomization.clone(),
            identities: keyring::find_with(self.age_key_file.as_deref())?,
            strict: !self.lenient_substitution,
            revision: self.revision(source),
        })
    }

    fn revision(&self, source: &DirectorySource) -> String {
        let checked_out = || source.checked_out().map(|revision| revision.to_string());
        self.revision.clone().or_else(checked_out).unwrap_or_else(|| "local".to_owned())
    }
}

impl Connection {
    /// An error of the engine: who could not be reached, or what went wrong.
    pub(crate) fn engine_trouble(&self, error: windlass_engine::Error) -> anyhow::Error {
        match self.unreachable(&error) {
            Some(trouble) => trouble.into(),
            None => error.into(),
        }
    }
}
