//! `windlass diff`: what a working directory would change in a cluster.

use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::preview::PreviewArgs;
use crate::report;

/// Show what a working directory would change in a cluster
///
/// Builds what the cluster would be told to follow, Kustomization by Kustomization, with patches, decryption and
/// variables, and asks the API server what applying it would change. Nothing is written; the values of Secrets are
/// never shown. Exits with 0 where nothing would change, with 1 where something would, and with 2 on errors.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass diff --path clusters/home                   this repository against the current context
  windlass diff ./repo --path clusters/home --prune    with what would be deleted
  windlass diff --path clusters/home -o json           for other programs
  SOPS_AGE_KEY_FILE=age.agekey windlass diff --path clusters/home")]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    preview: PreviewArgs,

    /// `table` for people, `yaml` or `json` for other programs
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t, hide_possible_values = true)]
    output: Output,
}

pub(crate) fn run(args: &DiffArgs, console: &Console) -> anyhow::Result<Outcome> {
    let prepared = block_on(args.preview.prepare(console))?;
    let plan = &prepared.planned.plan;
    report::print(plan, args.output, console)?;
    Ok(match (prepared.is_incomplete, plan.has_changes()) {
        (true, _) => Outcome::Failed,
        (false, true) => Outcome::Unwelcome,
        (false, false) => Outcome::Done,
    })
}
