//! `windlass crds`.

use crate::outcome::Outcome;
use crate::output::Console;

/// Print the definitions (CRDs) of the Flux kinds that windlassd reconciles
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass crds | kubectl apply --server-side -f -
  windlass crds --backup | kubectl apply --server-side -f -")]
pub(crate) struct CrdsArgs {
    /// Print the definition of BackupSchedule instead
    #[arg(long)]
    backup: bool,
}

pub(crate) fn run(args: &CrdsArgs, console: &Console) -> anyhow::Result<Outcome> {
    let crds = if args.backup { windlass_recovery::schedule_crds() } else { windlass_flux::crds() };
    let text = windlass_yaml::print_documents(&crds);
    console.data(text.as_bytes())?;
    Ok(Outcome::Done)
}
