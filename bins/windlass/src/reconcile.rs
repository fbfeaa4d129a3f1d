//! `windlass reconcile`: asks the reconciler in the cluster to look now.

use std::io::Write;

use kube::Api;
use windlass_engine::NamespacedName;
use windlass_engine::requests::{Answer, Reconciled, reconcile};
use windlass_flux::{GitRepository, GoDuration, Kustomization, SourceKind};

use crate::kubeconfig::{ClusterArgs, Connection, block_on};
use crate::names::{duration, short_revision};
use crate::outcome::Outcome;
use crate::output::Console;
use crate::suspend::{KustomizationName, SourceName};
use crate::trouble::Trouble;

/// Ask windlassd to reconcile now, and wait until it has
///
/// Exits with 0 where the object is ready afterwards, with 1 where it is not, and with 2 where nobody answered.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass reconcile kustomization apps --with-source    fetch the repository first
  windlass reconcile source flux-system
  windlass reconcile source git flux-system              the same, as flux has it")]
pub(crate) struct ReconcileArgs {
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

        /// Reconcile the source that it is built from first
        #[arg(long)]
        with_source: bool,

        #[command(flatten)]
        wait: WaitArgs,
    },
    /// A source: a Git repository
    #[command(visible_alias = "gitrepo", aliases = ["sources", "gitrepository"])]
    Source {
        #[command(flatten)]
        name: SourceName,

        #[command(flatten)]
        wait: WaitArgs,
    },
}

#[derive(Debug, clap::Args)]
struct WaitArgs {
    /// How long to wait for the answer
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    timeout: GoDuration,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &ReconcileArgs, console: &Console) -> anyhow::Result<Outcome> {
    block_on(async {
        match &args.what {
            What::Kustomization { name, with_source, wait } => {
                let connection = wait.cluster.connect().await?;
                let name = name.get();
                if *with_source {
                    let source = source_of(&name, &connection).await?;
                    let outcome = ask::<GitRepository>(&source, wait, &connection, console).await?;
                    if outcome != Outcome::Done {
                        return Ok(outcome);
                    }
                }
                ask::<Kustomization>(&name, wait, &connection, console).await
            }
            What::Source { name, wait } => {
                let connection = wait.cluster.connect().await?;
                ask::<GitRepository>(&name.get()?, wait, &connection, console).await
            }
        }
    })
}

/// The Git repository that a Kustomization is built from.
async fn source_of(name: &NamespacedName, connection: &Connection) -> anyhow::Result<NamespacedName> {
    let api: Api<Kustomization> = Api::namespaced(connection.client.clone(), &name.namespace);
    let object = api.get(&name.name).await;
    let object = object.map_err(|error| connection.trouble(&format!("read Kustomization/{name}"), error))?;
    let source = object.spec.source_ref;
    if source.kind != SourceKind::GitRepository {
        let message = format!("the source of Kustomization/{name} is of kind {}: only git is supported", source.kind);
        return Err(Trouble::new(message).into());
    }
    Ok(NamespacedName::new(source.namespace.as_ref().unwrap_or(&name.namespace), source.name))
}

async fn ask<K: Reconciled>(
    name: &NamespacedName,
    wait: &WaitArgs,
    connection: &Connection,
    console: &Console,
) -> anyhow::Result<Outcome> {
    let kind = K::kind(&());
    console.note(&format!("waiting for {kind}/{name}"));
    let answer = reconcile::<K>(&connection.client, name, wait.timeout.get()).await;
    let Answer { ready, message, revision } = answer.map_err(|error| connection.engine_trouble(error))?;
    let state = if ready { "ready" } else { "not ready" };
    let revision = revision.map(|revision| format!(" at {}", short_revision(&revision))).unwrap_or_default();
    writeln!(console.out(), "{kind}/{name} is {state}{revision}: {message}")?;
    Ok(if ready { Outcome::Done } else { Outcome::Unwelcome })
}
