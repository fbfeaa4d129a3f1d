//! The arguments.

use clap::{Parser, Subcommand};

use crate::apply::{self, ApplyArgs};
use crate::backup::{self, BackupArgs};
use crate::build::{self, BuildArgs};
use crate::completions::{self, CompletionsArgs};
use crate::crds::{self, CrdsArgs};
use crate::diff::{self, DiffArgs};
use crate::get::{self, GetArgs};
use crate::manifests::{self, ManifestsArgs};
use crate::outcome::Outcome;
use crate::output::Console;
use crate::reconcile::{self, ReconcileArgs};
use crate::recovery::coverage::{self, CoverageArgs};
use crate::recovery::drill::{self, DrillArgs};
use crate::recovery::rebuild::{self, RebuildArgs};
use crate::recovery::restore::{self, RestoreArgs};
use crate::recovery::undelete::{self, UndeleteArgs};
use crate::secrets::{self, SecretsArgs};
use crate::suspend::{self, ResumeArgs, SuspendArgs};
use crate::tryout::{self, TryArgs};

/// Keeps a small Kubernetes cluster equal to a Git repository.
///
/// windlass reads the repository that Flux reads: Flux objects, kustomize overlays, SOPS secrets. It shows what they
/// say (`build`) and what that would change in a cluster (`diff`), carries it out once (`apply`), and talks to the
/// reconciler that does so for good, windlassd (`get`, `reconcile`, `suspend`, `resume`). `try` needs no cluster.
/// `secrets` looks after the SOPS files of a repository.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// When to colour: `auto` does on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub(crate) color: clap::ColorChoice,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  done, and the answer is: there are changes (diff), the reconcile failed (reconcile),
     something is not ready (try)
  2  could not be done; stderr says why
`secrets` answers with the exit codes of sops where the verb is the same.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Try(TryArgs),
    Build(BuildArgs),
    Diff(DiffArgs),
    Apply(ApplyArgs),
    Get(GetArgs),
    Reconcile(ReconcileArgs),
    Suspend(SuspendArgs),
    Resume(ResumeArgs),
    Backup(Box<BackupArgs>),
    Restore(Box<RestoreArgs>),
    Rebuild(Box<RebuildArgs>),
    Drill(Box<DrillArgs>),
    Undelete(Box<UndeleteArgs>),
    Coverage(CoverageArgs),
    Crds(CrdsArgs),
    Manifests(ManifestsArgs),
    Secrets(Box<SecretsArgs>),
    Completions(CompletionsArgs),
}

impl Command {
    pub(crate) fn run(&self, console: &Console) -> anyhow::Result<Outcome> {
        match self {
            Self::Try(args) => tryout::run(args, console),
            Self::Build(args) => build::run(args, console),
            Self::Diff(args) => diff::run(args, console),
            Self::Apply(args) => apply::run(args, console),
            Self::Get(args) => get::run(args, console),
            Self::Reconcile(args) => reconcile::run(args, console),
            Self::Suspend(args) => suspend::suspend(args, console),
            Self::Resume(args) => suspend::resume(args, console),
            Self::Backup(args) => backup::run(args, console),
            Self::Restore(args) => restore::run(args, console),
            Self::Rebuild(args) => rebuild::run(args, console),
            Self::Drill(args) => drill::run(args, console),
            Self::Undelete(args) => undelete::run(args, console),
            Self::Coverage(args) => coverage::run(args, console),
            Self::Crds(args) => crds::run(args, console),
            Self::Manifests(args) => manifests::run(args, console),
            Self::Secrets(args) => secrets::run(args, console),
            Self::Completions(args) => completions::run(args, console),
        }
    }
}
