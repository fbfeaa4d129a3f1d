//! `windlass backup diff`: what changed between two snapshots.

use std::collections::BTreeSet;
use std::io::Write;

use serde::Serialize;
use windlass_backup::Manifest;

use super::place::{IdentityArgs, PlaceArgs};
use super::{pick, sizes};
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};
use crate::table::{Cell, Table};

/// Show which items differ between two snapshots
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup diff --identity paper.key             the last two
  windlass backup diff 41 42 --identity paper.key
  windlass backup diff 12 --identity paper.key          number 12 and the newest

Exit code 0: they hold the same, 1: they differ.")]
pub(super) struct DiffArgs {
    /// The older one: its number, or the beginning of its id; without it the one before NEW
    #[arg(value_name = "OLD")]
    old: Option<String>,

    /// The newer one
    #[arg(value_name = "NEW", default_value = "latest")]
    new: String,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    place: PlaceArgs,

    /// How to print it
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Change<'a> {
    name: &'a str,
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<u64>,
}

pub(super) fn run(args: &DiffArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.config()?;
    let identities = args.identity.require()?;
    let (old, new) = block_on(async {
        let repository = args.place.open(config.as_ref()).await?;
        let found = repository.snapshots().await?;
        let new = pick::snapshot(&found, &args.new)?;
        let old = match &args.old {
            Some(old) => pick::snapshot(&found, old)?,
            None => pick::before(&found, new)?,
        };
        let old = repository.manifest(old, &identities).await?;
        let new = repository.manifest(new, &identities).await?;
        Ok((old, new))
    })?;
    let changes = changes(&old, &new);
    match args.output {
        Output::Json => console.data(output::json(&changes)?.as_bytes())?,
        Output::Yaml => console.data(output::yaml(&changes)?.as_bytes())?,
        Output::Table => print(&changes, new.items.len(), console)?,
    }
    Ok(if changes.is_empty() { Outcome::Done } else { Outcome::Unwelcome })
}

fn changes<'a>(old: &'a Manifest, new: &'a Manifest) -> Vec<Change<'a>> {
    let names: BTreeSet<&str> = old.items.keys().chain(new.items.keys()).map(String::as_str).collect();
    let change = |name| {
        let (was, is) = (old.items.get(name), new.items.get(name));
        let change = match (was, is) {
            (Some(was), Some(is)) if was.id == is.id => return None,
            (Some(_), Some(_)) => "changed",
            (Some(_), None) => "removed",
            _ => "added",
        };
        Some(Change { name, change, old: was.map(|item| item.size), new: is.map(|item| item.size) })
    };
    names.into_iter().filter_map(change).collect()
}

fn print(changes: &[Change<'_>], items: usize, console: &Console) -> anyhow::Result<()> {
    let mut out = console.out();
    if changes.is_empty() {
        writeln!(out, "{items} items, all the same")?;
        return Ok(());
    }
    let size = |bytes: Option<u64>| Cell::new(&bytes.map(sizes::bytes).unwrap_or_default());
    let mut table = Table::new(&["ITEM", "CHANGE", "OLD", "NEW"]);
    for one in changes {
        let change = Cell::new(one.change);
        let change = match one.change {
            "added" => change.good(),
            "removed" => change.bad(),
            _ => change.pending(),
        };
        table.row(vec![Cell::new(one.name), change, size(one.old), size(one.new)]);
    }
    write!(out, "{table}")?;
    Ok(())
}
