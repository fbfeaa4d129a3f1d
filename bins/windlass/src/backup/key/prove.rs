//! `windlass backup key prove`: whether a key from the drawer still opens the backup.

use std::io::Write;

use crate::backup::place::{self, IdentityArgs, PlaceArgs};
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};

/// Open the newest snapshot with each key alone, and record the date
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup key prove --identity /media/stick/paper.key     `status` shows when this was last done")]
pub(in crate::backup) struct ProveArgs {
    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    place: PlaceArgs,

    /// How to print what was found
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(args: &ProveArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.config()?;
    let identities = args.identity.require()?;
    let writer = place::writer_if_here(config.as_ref())?;
    let proof =
        block_on(async { Ok(args.place.open(config.as_ref()).await?.prove(&identities, writer.as_ref()).await?) })?;
    match args.output {
        Output::Json => console.data(output::json(&proof)?.as_bytes())?,
        Output::Yaml => console.data(output::yaml(&proof)?.as_bytes())?,
        Output::Table => {
            let mut out = console.out();
            for key in &proof.proven {
                writeln!(out, "{} ({}) opens snapshot {}", key.label, key.fingerprint(), proof.snapshot)?;
            }
            let recorded = if writer.is_some() {
                "recorded in the repository"
            } else {
                "not recorded: the writer key is not here"
            };
            writeln!(out, "{recorded}")?;
        }
    }
    Ok(Outcome::Done)
}
