//! `windlass backup cat`: the bytes of one item.

use std::io::{IsTerminal, Write, stdout};

use windlass_capture::Format;

use super::pick;
use super::place::{IdentityArgs, PlaceArgs};
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::Console;
use crate::trouble::Trouble;

/// Write one item to stdout: a tar archive, a database, a dump, a bundle
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup cat files/notes --identity paper.key | tar -tv
  windlass backup cat dump/keycloak --identity paper.key --snapshot 42 | pg_restore -d keycloak")]
pub(super) struct CatArgs {
    /// The item, as `windlass backup show` names it
    #[arg(value_name = "ITEM")]
    item: String,

    /// Of this snapshot: its number, or the beginning of its id
    #[arg(long, value_name = "SNAPSHOT", default_value = "latest")]
    snapshot: String,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) fn run(args: &CatArgs, _console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.config()?;
    let identities = args.identity.require()?;
    let mut fetched = block_on(async {
        let repository = args.place.open(config.as_ref()).await?;
        let found = repository.snapshots().await?;
        let (snapshot, manifest) = pick::holding(&repository, &found, &args.snapshot, &args.item, &identities).await?;
        Ok(repository.fetch_of(&snapshot, &manifest, &args.item, &identities).await?)
    })?;
    if stdout().is_terminal() && fetched.item().format != Format::Dump {
        let trouble = Trouble::new(format!("{} is not for a terminal", args.item));
        return Err(trouble.help("write it to a file: windlass backup cat … > FILE").into());
    }
    // Once for the check that it is what was saved, so that a reader further down a pipe gets nothing else.
    std::io::copy(&mut fetched.reader()?, &mut std::io::sink())?;
    let mut out = stdout().lock();
    std::io::copy(&mut fetched.reader()?, &mut out)?;
    out.flush()?;
    Ok(Outcome::Done)
}
