//! `windlass drill`: whether a backup can be restored, tried.

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use windlass_apiserver::ApiServer;
use windlass_backup::EvidenceKind;
use windlass_recovery::{CLUSTER_OBJECTS, DrillOptions, DrillReport, DrillTarget, drill};

use super::tell;
use crate::backup::place::{IdentityArgs, PlaceArgs};
use crate::backup::sizes;
use crate::kubeconfig::ClusterArgs;
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::signals::until_ended;
use crate::table::{Cell, Table};

/// Try whether a backup can be restored
///
/// Opens everything: every object is given to a Kubernetes API in this process, which is thrown away, every database is
/// opened, checked and counted, every archive unpacked, every Git repository looked through. What was counted when it was
/// saved must be there. Backups without a cluster are tried the same way. Where the writer key is at hand, the result is
/// kept, signed, beside the backups, with the time it took; `restore` and `rebuild` go by it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass drill -r /mnt/nas/backup -i paper.key
  windlass drill -r /mnt/nas/backup -i paper.key --in-cluster        ask the real API server, in namespaces made for it

Exit code 0: everything can be restored, 1: something cannot.")]
pub(crate) struct DrillArgs {
    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    /// The snapshot, by id or number; the newest good one by default
    #[arg(long, value_name = "SNAPSHOT")]
    snapshot: Option<String>,

    /// The newest good one of this host
    #[arg(long, value_name = "NAME")]
    host: Option<String>,

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
    const TO_GO_ON: &str = "do it again; namespaces windlass-drill-… that are left in the cluster can be deleted";
    until_ended(TO_GO_ON, try_it(args, console))
}

async fn try_it(args: &DrillArgs, console: &Console) -> anyhow::Result<Outcome> {
    let identities = args.identity.require()?;
    let (repository, writer) = args.place.repository(&args.identity, console).await?;
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
    let options = DrillOptions { snapshot: args.snapshot.clone(), host: args.host.clone(), target, scratch };
    let report = drill(&repository, &identities, &options).await.map_err(tell::explained)?;
    let evidence = match writer.filter(|_| !args.no_evidence) {
        Some(writer) => Some(repository.keep_evidence(&writer, EvidenceKind::Drill, report.findings()).await?.id),
        None => None,
    };
    match args.output {
        Output::Table => table(&report, evidence.as_deref(), console)?,
        output => {
            let mut all = serde_json::to_value(&report)?;
            all["good"] = report.is_good().into();
            all["evidence"] = json!(evidence);
            tell::print(&all, output, console)?;
        }
    }
    Ok(if report.is_good() { Outcome::Done } else { Outcome::Unwelcome })
}

fn table(report: &DrillReport, evidence: Option<&str>, console: &Console) -> anyhow::Result<()> {
    let mut out = console.out();
    let mut table = Table::new(&["ITEM", "FOUND"]);
    if report.objects > 0 {
        let found = format!("{} of {} objects taken", report.accepted, report.objects);
        table.row(vec![Cell::new(CLUSTER_OBJECTS), Cell::new(&found)]);
    }
    for (item, facts) in &report.data {
        table.row(vec![Cell::new(item), Cell::new(&found(facts))]);
    }
    if report.objects + report.data.len() > 0 {
        write!(out, "{table}")?;
    }
    for doubt in &report.doubts {
        writeln!(out, "doubtful: {doubt}")?;
    }
    for failure in &report.failures {
        writeln!(out, "failed: {}: {}", failure.object, failure.message)?;
    }
    let word = match report.is_good() {
        true => "can be restored",
        false if report.failures.is_empty() => "is empty",
        false => "cannot be restored whole",
    };
    writeln!(out, "snapshot {} {word}: tried in {:.1} s", report.snapshot, report.seconds)?;
    match evidence {
        Some(id) => writeln!(out, "kept as evidence {id}")?,
        None => console.note("note: no evidence was kept: the writer key is not here, or --no-evidence was given"),
    }
    Ok(())
}

/// What was counted in an item: rows, files, references, bytes.
fn found(facts: &Map<String, Value>) -> String {
    let count = |name: &str| Some(sizes::count(facts.get(name)?.as_u64()?, name));
    let of_map = |name: &str| facts.get(name).and_then(Value::as_object);
    let rows = of_map("rows").map(|tables| {
        let sum: u64 = tables.values().filter_map(Value::as_u64).sum();
        format!("{} in {}", sizes::count(sum, "rows"), sizes::count(tables.len() as u64, "tables"))
    });
    let references = of_map("references").map(|references| match references.len() {
        1 => "1 branch or tag".to_owned(),
        count => format!("{count} branches and tags"),
    });
    let bytes = facts.get("bytes").and_then(Value::as_u64).map(sizes::bytes);
    [rows, references, count("files"), bytes].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
