//! `windlass backup list`: the snapshots of a repository.

use std::collections::BTreeSet;
use std::io::Write;

use jiff::Timestamp;
use serde_json::json;
use windlass_backup::{Snapshot, SnapshotStatus};

use super::place::{self, PlaceArgs};
use super::sizes;
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};
use crate::table::{Cell, Table};

/// Show the snapshots, newest last; no private key is needed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup list
  windlass backup list -r s3://backups/home?endpoint=https://nas.lan:9000 -o json")]
pub(super) struct ListArgs {
    #[command(flatten)]
    place: PlaceArgs,

    /// Only those of this host
    #[arg(long, value_name = "NAME")]
    host: Option<String>,

    /// How to print them
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(args: &ListArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.config()?;
    let (found, leaving) = block_on(async {
        let repository = args.place.open(config.as_ref()).await?;
        let found = repository.snapshots().await?;
        let leaving = repository.leaving(&found).await?;
        Ok((found, leaving))
    })?;
    let (snapshots, faults) = (found.snapshots, found.faults);
    let wanted = |snapshot: &&Snapshot| args.host.as_ref().is_none_or(|host| snapshot.host == *host);
    let snapshots: Vec<&Snapshot> = snapshots.iter().filter(wanted).collect();
    let all = json!({ "snapshots": snapshots, "leaving": leaving, "faults": faults });
    match args.output {
        Output::Json => console.data(output::json(&all)?.as_bytes())?,
        Output::Yaml => console.data(output::yaml(&all)?.as_bytes())?,
        Output::Table if snapshots.is_empty() => writeln!(console.out(), "no snapshots yet")?,
        Output::Table => write!(console.out(), "{}", table(&snapshots, &leaving, Timestamp::now()))?,
    }
    place::tell_faults(&faults, console);
    Ok(if faults.is_empty() { Outcome::Done } else { Outcome::Unwelcome })
}

fn table(snapshots: &[&Snapshot], leaving: &BTreeSet<String>, now: Timestamp) -> Table {
    let mut table = Table::new(&["NUMBER", "FINISHED (UTC)", "AGE", "HOST", "STATE", "ITEMS", "SIZE", "SENT"]);
    for snapshot in snapshots {
        table.row(vec![
            Cell::new(&snapshot.seq.to_string()),
            Cell::new(&sizes::moment(snapshot.finished)),
            Cell::new(&sizes::age(snapshot.finished, now)),
            Cell::new(&snapshot.host),
            if leaving.contains(&snapshot.id) { Cell::new("let go").pending() } else { state(snapshot) },
            Cell::new(&snapshot.counts.items.to_string()),
            Cell::new(&sizes::bytes(snapshot.counts.plain_bytes)),
            Cell::new(&sizes::bytes(snapshot.counts.sent_bytes)),
        ]);
    }
    table
}

/// How far a snapshot can be relied on, as far as its commit says.
pub(super) fn state(snapshot: &Snapshot) -> Cell {
    match (snapshot.signed_by.is_some(), &snapshot.suspicious, snapshot.status) {
        (false, ..) => Cell::new("not signed by who it says").bad(),
        (_, Some(_), _) => Cell::new("suspicious").bad(),
        (_, _, SnapshotStatus::Complete) => Cell::new("complete").good(),
        _ => Cell::new("partial").pending(),
    }
}
