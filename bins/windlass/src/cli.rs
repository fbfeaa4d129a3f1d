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

/// The arguments of a verb are described to the parser when it is called, not those of all verbs at each start. The overview
/// needs a line for each before that, so the first line of each stands here too.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Try a repository on this machine, without a cluster
    Try(TryArgs),
    /// Print what a kustomization directory says, as `kustomize build` does
    Build(BuildArgs),
    /// Show what a working directory would change in a cluster
    Diff(DiffArgs),
    /// Apply a working directory to a cluster, once
    Apply(ApplyArgs),
    /// Show the sources or the Kustomizations of a cluster
    Get(GetArgs),
    /// Ask windlassd to reconcile now, and wait until it has
    Reconcile(ReconcileArgs),
    /// Let a source or Kustomization stand still until it is resumed
    Suspend(SuspendArgs),
    /// Let a suspended source or Kustomization go on
    Resume(ResumeArgs),
    /// Back up what Git does not bring back: objects, files, databases, Git itself
    Backup(Box<BackupArgs>),
    /// Restore objects and data from a backup
    Restore(Box<RestoreArgs>),
    /// Rebuild an empty cluster from a backup
    Rebuild(Box<RebuildArgs>),
    /// Try whether a backup can be restored
    Drill(Box<DrillArgs>),
    /// List what was pruned, or bring it back
    Undelete(Box<UndeleteArgs>),
    /// Show what would be lost now, and how long bringing it back takes (RPO and RTO)
    Coverage(CoverageArgs),
    /// Print the definitions (CRDs) of the Flux kinds that windlassd reconciles
    Crds(CrdsArgs),
    /// Print the manifests that run windlassd in a cluster
    Manifests(ManifestsArgs),
    /// Read, change and look after the SOPS files of a repository
    Secrets(Box<SecretsArgs>),
    /// Print a script that teaches a shell to complete windlass
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

#[cfg(test)]
pub(crate) mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Each verb's line in the overview is the first of what it says itself.
    pub(crate) fn the_overview_is_true(overview: &clap::Command) {
        let mut whole = overview.clone();
        whole.build();
        for verb in overview.get_subcommands() {
            let said = |command: &clap::Command| command.get_about().map(ToString::to_string);
            let itself = whole.find_subcommand(verb.get_name()).and_then(said);
            assert_eq!(said(verb), itself, "{}", verb.get_name());
        }
    }

    #[test]
    fn the_overview_says_what_the_verbs_say() {
        the_overview_is_true(&Cli::command());
    }

    #[test]
    fn the_arguments_contradict_nothing() {
        Cli::command().debug_assert();
    }
}
