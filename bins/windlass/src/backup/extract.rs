//! `windlass backup extract`: one item back into place on this machine.

use std::io::Write;
use std::path::PathBuf;

use serde_json::json;
use windlass_recovery::{Error, PutData, put_data};

use super::pick;
use super::place::{IdentityArgs, PlaceArgs};
use super::progress::Line;
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};
use crate::trouble::Trouble;

/// Put one item back on this machine: a folder, a database, a repository, a dump
///
/// The whole item is checked before anything is put in place, and what was there is moved aside, never deleted. A database
/// that somebody has open is left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup extract files/notes --to /srv/notes --identity paper.key
  windlass backup extract sqlite/home --to /srv/ha/home.db --identity paper.key --replace
  windlass backup extract git/homelab --to homelab.git --identity paper.key && git clone homelab.git")]
pub(super) struct ExtractArgs {
    /// The item, as `windlass backup show` names it
    #[arg(value_name = "ITEM")]
    item: String,

    /// Where it goes: a folder for files and repositories, a file for databases and dumps
    #[arg(long, value_name = "PATH")]
    to: PathBuf,

    /// Of this snapshot: its number, or the beginning of its id
    #[arg(long, value_name = "SNAPSHOT", default_value = "latest")]
    snapshot: String,

    /// What is there is moved aside
    #[arg(long)]
    replace: bool,

    /// Links that lead out of a folder come back, too
    #[arg(long)]
    outside_links: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    place: PlaceArgs,

    /// How to print what was done
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(args: &ExtractArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.config()?;
    let identities = args.identity.require()?;
    let placed = block_on(async {
        let repository = args.place.open(config.as_ref()).await?;
        let found = repository.snapshots().await?;
        let (snapshot, manifest) = pick::holding(&repository, &found, &args.snapshot, &args.item, &identities).await?;
        let line = Line::new();
        let how = PutData { replace: args.replace, outside_links: args.outside_links, progress: line.progress() };
        let placed = put_data(&repository, &snapshot, &manifest, &identities, &args.item, &args.to, &how).await;
        line.clear();
        placed.map_err(explain)
    })?;
    let warnings = placed.facts.get("warnings").and_then(|warnings| warnings.as_array()).cloned().unwrap_or_default();
    for warning in warnings.iter().filter_map(|warning| warning.as_str()) {
        console.note(&format!("warning: {warning}"));
    }
    let all = json!({ "item": args.item, "to": args.to, "facts": placed.facts, "aside": placed.aside });
    match args.output {
        Output::Json => console.data(output::json(&all)?.as_bytes())?,
        Output::Yaml => console.data(output::yaml(&all)?.as_bytes())?,
        Output::Table => {
            let mut out = console.out();
            writeln!(out, "{} is back at {}", args.item, args.to.display())?;
            if let Some(aside) = placed.aside {
                writeln!(out, "what was there is at {}", aside.display())?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn is_missing(error: &windlass_capture::Error) -> bool {
    let windlass_capture::Error::File { source, .. } = error else { return false };
    source.kind() == std::io::ErrorKind::NotFound
}

fn explain(error: Error) -> anyhow::Error {
    match error {
        Error::Data { source, .. } if matches!(*source, windlass_capture::Error::Exists { .. }) => {
            Trouble::new(source.to_string()).help("--replace moves what is there aside").into()
        }
        Error::Data { source, .. } if is_missing(&source) => {
            let trouble = Trouble::new(source.to_string()).help("the folder that it goes into has to be there");
            trouble.because("it does not exist").into()
        }
        error => error.into(),
    }
}
