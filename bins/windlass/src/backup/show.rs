//! `windlass backup show`: what is in a snapshot.

use std::io::Write;

use serde_json::json;
use windlass_backup::{Manifest, Snapshot};

use super::place::{self, IdentityArgs, PlaceArgs};
use super::{list, pick, sizes};
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};
use crate::table::{Cell, Table};

/// Show what is in a snapshot
///
/// Without a private key that is sizes and counts: names are encrypted, too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup show                                  the newest, as far as anybody can see
  windlass backup show 42 --identity paper.key          names, facts and warnings of number 42")]
pub(super) struct ShowArgs {
    /// Its number, or the beginning of its id
    #[arg(value_name = "SNAPSHOT", default_value = "latest")]
    snapshot: String,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    place: PlaceArgs,

    /// How to print it
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(args: &ShowArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.config()?;
    let identities = args.identity.read()?;
    let (snapshot, manifest, faults) = block_on(async {
        let repository = args.place.open(config.as_ref()).await?;
        let found = repository.snapshots().await?;
        let snapshot = pick::snapshot(&found, &args.snapshot)?.clone();
        let manifest = match &identities {
            Some(identities) => Some(repository.manifest(&snapshot, identities).await?),
            None => None,
        };
        Ok((snapshot, manifest, found.faults))
    })?;
    let all = json!({ "snapshot": snapshot, "manifest": manifest });
    match args.output {
        Output::Json => console.data(output::json(&all)?.as_bytes())?,
        Output::Yaml => console.data(output::yaml(&all)?.as_bytes())?,
        Output::Table => print(&snapshot, manifest.as_ref(), console)?,
    }
    place::tell_faults(&faults, console);
    Ok(Outcome::Done)
}

fn print(snapshot: &Snapshot, manifest: Option<&Manifest>, console: &Console) -> anyhow::Result<()> {
    let mut out = console.out();
    let mut head = Table::new(&["SNAPSHOT", &snapshot.id]);
    let counts = &snapshot.counts;
    let revision = snapshot.git_revision.clone().unwrap_or_default();
    let finished =
        format!("{} UTC, after {}", sizes::moment(snapshot.finished), sizes::took(snapshot.started, snapshot.finished));
    let size = format!(
        "{} in {} items; {} stored, {} of it sent by this run",
        sizes::bytes(counts.plain_bytes),
        counts.items,
        sizes::bytes(counts.stored_bytes),
        sizes::bytes(counts.sent_bytes)
    );
    let rows = [
        ("host", Cell::new(&snapshot.host)),
        ("state", list::state(snapshot)),
        ("finished", Cell::new(&finished)),
        ("git", Cell::new(&revision)),
        ("size", Cell::new(&size)),
        ("opens with", Cell::new(&snapshot.recipients.join(", "))),
        ("written by", Cell::new(&snapshot.writer.to_string())),
        ("suspicious", Cell::new(snapshot.suspicious.as_deref().unwrap_or_default())),
    ];
    for (name, cell) in rows {
        if !cell.is_empty() {
            head.row(vec![Cell::new(name), cell]);
        }
    }
    writeln!(out, "{head}")?;
    let Some(manifest) = manifest else {
        writeln!(out, "What the items are called takes a private key to read: --identity FILE")?;
        return Ok(());
    };
    let mut table = Table::new(&["ITEM", "FORM", "SIZE", "FACTS"]);
    for (name, item) in &manifest.items {
        let mut facts = facts(&item.facts);
        if let Some(stale) = &item.stale {
            facts = format!("from {}, since {}", sizes::moment(stale.since), stale.reason);
        }
        let shown = if item.stale.is_some() { Cell::new(&facts).pending() } else { Cell::new(&facts) };
        let size = sizes::bytes(item.size);
        table.row(vec![Cell::new(name), Cell::new(&item.format.to_string()), Cell::new(&size), shown]);
    }
    for (name, reason) in &manifest.missing {
        table.row(vec![Cell::new(name), Cell::new("missing").bad(), Cell::new(""), Cell::new(reason)]);
    }
    write!(out, "{table}")?;
    Ok(())
}

/// Counts in a few words; the rest is in `-o yaml`.
fn facts(facts: &windlass_capture::Facts) -> String {
    let mut words: Vec<String> = ["objects", "secrets", "files", "databases", "commits"]
        .iter()
        .filter_map(|name| Some((name, facts.get(*name)?.as_u64()?)))
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| sizes::count(count, name))
        .collect();
    if let Some(rows) = facts.get("rows").and_then(|rows| rows.as_object()) {
        let sum: u64 = rows.values().filter_map(serde_json::Value::as_u64).sum();
        words.push(format!("{} in {}", sizes::count(sum, "rows"), sizes::count(rows.len() as u64, "tables")));
    }
    if let Some(warnings) = facts.get("warnings").and_then(|warnings| warnings.as_array()) {
        words.push(sizes::count(warnings.len() as u64, "warnings"));
    }
    words.join(", ")
}
