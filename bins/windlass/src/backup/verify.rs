//! `windlass backup verify`: whether what is stored is what was written.

use std::io::Write;

use windlass_backup::{Verification, VerifyOptions};

use super::place::{self, IdentityArgs, PlaceArgs};
use super::sizes;
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};

/// Compare what is stored with the signed hashes; no private key is needed
///
/// What was found whole is recorded in the repository, signed with the writer key if it is here: retention never removes the
/// last snapshot that is known to be good.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup verify                               all objects of all snapshots
  windlass backup verify --share 3/30                  the third of thirty shares: one a day reads all in a month
  windlass backup verify --identity paper.key          also open each object and compare what is in it

Exit code 0: all is whole, 1: something is damaged.")]
pub(super) struct VerifyArgs {
    /// Only one of so many shares of the objects, counted from 1
    #[arg(long, value_name = "N/T", value_parser = share)]
    share: Option<(u32, u32)>,

    /// Only what this snapshot needs: its number, or the beginning of its id
    #[arg(long, value_name = "SNAPSHOT")]
    snapshot: Option<String>,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    place: PlaceArgs,

    /// How to print what was found
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

fn share(text: &str) -> Result<(u32, u32), String> {
    let (number, of) = text.split_once('/').ok_or("a share is N/T, such as 3/30")?;
    match (number.parse(), of.parse()) {
        (Ok(number), Ok(of)) if (1..=of).contains(&number) => Ok((number, of)),
        _ => Err("a share is N/T with N between 1 and T".to_owned()),
    }
}

pub(super) fn run(args: &VerifyArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.config()?;
    let options = VerifyOptions {
        share: args.share,
        snapshot: args.snapshot.clone(),
        identities: args.identity.read()?,
        writer: place::writer_if_here(config.as_ref())?,
    };
    let is_recorded = options.writer.is_some();
    let found = block_on(async { Ok(args.place.open(config.as_ref()).await?.verify(options).await?) })?;
    match args.output {
        Output::Json => console.data(output::json(&found)?.as_bytes())?,
        Output::Yaml => console.data(output::yaml(&found)?.as_bytes())?,
        Output::Table => print(&found, is_recorded, console)?,
    }
    Ok(if found.damaged.is_empty() { Outcome::Done } else { Outcome::Unwelcome })
}

fn print(found: &Verification, is_recorded: bool, console: &Console) -> anyhow::Result<()> {
    let mut out = console.out();
    for fault in &found.damaged {
        writeln!(out, "damaged: {}: {}", fault.key, fault.what)?;
    }
    for snapshot in &found.broken {
        writeln!(out, "broken: snapshot {snapshot} needs something that is damaged")?;
    }
    let opened = if found.opened > 0 { format!(", {} of them opened", found.opened) } else { String::new() };
    let be = |count: u64| if count == 1 { "is" } else { "are" };
    let (objects, whole) = (found.objects, found.whole.len() as u64);
    let written = if objects == 1 { "as it was written" } else { "as they were written" };
    let (of, bytes) = (sizes::count(objects, "objects"), sizes::bytes(found.bytes));
    writeln!(out, "{of} ({bytes}) {} {written}{opened}", be(objects))?;
    writeln!(out, "{} {} whole", sizes::count(whole, "snapshots"), be(whole))?;
    if !is_recorded {
        writeln!(out, "not recorded: the writer key is not here")?;
    }
    Ok(())
}
