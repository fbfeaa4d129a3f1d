//! `windlass suspend` and `windlass resume`.

use std::io::Write;

use windlass_engine::NamespacedName;
use windlass_engine::requests::{self, Reconciled};
use windlass_flux::{GitRepository, Kustomization};

use crate::kubeconfig::{ClusterArgs, block_on};
use crate::names::without_source_kind;
use crate::outcome::Outcome;
use crate::output::Console;
use crate::trouble::Trouble;

/// Let a source or Kustomization stand still until it is resumed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass suspend kustomization apps    nothing of it is applied or corrected any more
  windlass suspend source flux-system    nothing new is fetched any more")]
pub(crate) struct SuspendArgs {
    #[command(subcommand)]
    what: What,
}

/// Let a suspended source or Kustomization go on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass resume kustomization apps
  windlass resume source flux-system")]
pub(crate) struct ResumeArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// A Kustomization
    #[command(visible_alias = "ks", alias = "kustomizations")]
    Kustomization {
        #[command(flatten)]
        name: KustomizationName,

        #[command(flatten)]
        cluster: ClusterArgs,
    },
    /// A source: a Git repository
    #[command(visible_alias = "gitrepo", aliases = ["sources", "gitrepository"])]
    Source {
        #[command(flatten)]
        name: SourceName,

        #[command(flatten)]
        cluster: ClusterArgs,
    },
}

/// The name of a Kustomization
#[derive(Debug, clap::Args)]
pub(crate) struct KustomizationName {
    /// Its name
    name: String,

    /// Its namespace
    #[arg(short, long, value_name = "NAME", default_value = "flux-system")]
    namespace: String,
}

impl KustomizationName {
    pub(crate) fn get(&self) -> NamespacedName {
        NamespacedName::new(&self.namespace, &self.name)
    }
}

/// The name of a source
#[derive(Debug, clap::Args)]
pub(crate) struct SourceName {
    /// Its name; the kind before it, as Flux has it, may be left out
    #[arg(value_name = "[git] NAME", num_args = 1..=2, required = true)]
    words: Vec<String>,

    /// Its namespace
    #[arg(short, long, value_name = "NAME", default_value = "flux-system")]
    namespace: String,
}

impl SourceName {
    pub(crate) fn get(&self) -> anyhow::Result<NamespacedName> {
        match without_source_kind(&self.words)? {
            Some(name) => Ok(NamespacedName::new(&self.namespace, name)),
            None => Err(Trouble::new("the name of the source is missing").into()),
        }
    }
}

pub(crate) fn suspend(args: &SuspendArgs, console: &Console) -> anyhow::Result<Outcome> {
    set(&args.what, true, console)
}

pub(crate) fn resume(args: &ResumeArgs, console: &Console) -> anyhow::Result<Outcome> {
    set(&args.what, false, console)
}

fn set(what: &What, suspend: bool, console: &Console) -> anyhow::Result<Outcome> {
    match what {
        What::Kustomization { name, cluster } => write::<Kustomization>(&name.get(), cluster, suspend, console),
        What::Source { name, cluster } => write::<GitRepository>(&name.get()?, cluster, suspend, console),
    }
}

fn write<K: Reconciled>(
    name: &NamespacedName,
    cluster: &ClusterArgs,
    suspend: bool,
    console: &Console,
) -> anyhow::Result<Outcome> {
    block_on(async {
        let connection = cluster.connect().await?;
        let done = requests::suspend::<K>(&connection.client, name, suspend).await;
        done.map_err(|error| connection.engine_trouble(error))
    })?;
    writeln!(console.out(), "{}/{name} {}", K::kind(&()), if suspend { "suspended" } else { "resumed" })?;
    Ok(Outcome::Done)
}
