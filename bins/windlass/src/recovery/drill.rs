//! `windlass drill`: whether a backup can be restored, tried.

use std::io::Write;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use windlass_apiserver::ApiServer;
use windlass_backup::{EvidenceKind, Findings};
use windlass_recovery::{DrillOptions, DrillReport, DrillTarget, drill};

use super::restore;
use crate::backup::place::{IdentityArgs, PlaceArgs};
use crate::kubeconfig::{ClusterArgs, block_on};
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::table::{Cell, Table};

/// Try whether a backup can be restored
///
/// Opens everything: every object is given to a Kubernetes API in this process, which is thrown away, every database is
/// opened, checked and counted, every archive unpacked. What was counted when it was saved must be there. Where the
/// writer key is at hand, the result is kept, signed, beside the backups, with the time it took.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass drill -r /mnt/nas/backup -i paper.key
  windlass drill -r /mnt/nas/backup -i paper.key --in-cluster        ask the real API server, in namespaces made for it")]
pub(crate) struct DrillArgs {
    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    /// The snapshot, by id or number; the newest good one by default
    #[arg(long, value_name = "SNAPSHOT")]
    snapshot: Option<String>,

    /// Restore into namespaces of the cluster that are made for the drill and deleted afterwards; nothing runs there
    #[arg(long)]
    in_cluster: bool,

    /// The folder in which data are opened, one item at a time
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,

    /// Keep no evidence
    #[arg(long)]
    no_evidence: bool,

    /// How to print the report
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &DrillArgs, console: &Console) -> anyhow::Result<Outcome> {
    block_on(async {
        let (repository, writer) = args.place.repository().await?;
        let identities = args.identity.require()?;
        let started = Timestamp::now();
        // The API lives as long as it is used.
        let throwaway = ApiServer::new();
        let target = if args.in_cluster {
            let connection = args.cluster.connect().await?;
            connection.check().await?;
            DrillTarget::ScratchNamespaces(connection.client)
        } else {
            DrillTarget::Throwaway(throwaway.client())
        };
        let scratch = args.scratch.clone().unwrap_or_else(std::env::temp_dir);
        let options = DrillOptions { snapshot: args.snapshot.clone(), target, scratch };
        let report = drill(&repository, &identities, &options).await?;
        match args.output {
            Output::Table => table(&report, console)?,
            output => restore::print(&report, output, console)?,
        }
        match writer.filter(|_| !args.no_evidence) {
            Some(writer) => {
                repository.keep_evidence(&writer, EvidenceKind::Drill, findings(&report, started)).await?;
            }
            None => console.note("note: no evidence was kept: the writer key is not here, or --no-evidence was given"),
        }
        Ok(if report.is_good() { Outcome::Done } else { Outcome::Unwelcome })
    })
}

fn findings(report: &DrillReport, started: Timestamp) -> Findings {
    let mut facts = serde_json::Map::new();
    facts.insert("objects".to_owned(), Value::from(report.objects));
    facts.insert("accepted".to_owned(), Value::from(report.accepted));
    facts.insert("items".to_owned(), Value::from(report.data.len()));
    facts.insert("failures".to_owned(), Value::from(report.failures.len()));
    Findings {
        good: report.is_good(),
        started: Some(started),
        snapshots: if report.is_good() { vec![report.snapshot.clone()] } else { Vec::new() },
        facts,
        ..Findings::default()
    }
}

fn table(report: &DrillReport, console: &Console) -> anyhow::Result<()> {
    let mut out = console.out();
    let mut table = Table::new(&["ITEM", "FOUND"]);
    table.row(vec![
        Cell::new("cluster/objects"),
        Cell::new(&format!("{} of {} objects taken", report.accepted, report.objects)),
    ]);
    for (item, facts) in &report.data {
        let count = |name: &str| facts.get(name).and_then(Value::as_u64).map(|count| format!("{count} {name}"));
        let rows = facts.get("rows").and_then(Value::as_object);
        let rows = rows.map(|tables| {
            let sum: u64 = tables.values().filter_map(Value::as_u64).sum();
            format!("{sum} rows in {} tables", tables.len())
        });
        let found: Vec<String> = rows.into_iter().chain(count("files")).chain(count("bytes")).collect();
        table.row(vec![Cell::new(item), Cell::new(&found.join(", "))]);
    }
    write!(out, "{table}")?;
    for failure in &report.failures {
        writeln!(out, "failed: {}: {}", failure.object, failure.message)?;
    }
    let word = if report.is_good() { "can be restored" } else { "cannot be restored whole" };
    writeln!(out, "snapshot {} {word}: tried in {:.1} s", report.snapshot, report.seconds)?;
    Ok(())
}
