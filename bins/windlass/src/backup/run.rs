//! `windlass backup run`: one snapshot of what the configuration lists.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use windlass_backup::{Added, Error, Repository, Run, RunOptions, Snapshot, SnapshotStatus, WriterKey};
use windlass_capture::Source;
use windlass_recovery::{CLUSTER_OBJECTS, ClusterObjects, Selection};

use super::config::ConfigFile;
use super::place::{self, PlaceArgs};
use super::progress::Line;
use super::{sizes, sources};
use crate::kubeconfig::ClusterArgs;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};
use crate::signals::ended;
use crate::table::{Cell, Table};
use crate::trouble::{self, Trouble};

/// Save what the configuration lists
///
/// What did not change is not sent. An item that cannot be saved does not stop the others: its last good version stands in,
/// marked stale, and the exit code is 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup run                             everything in windlass-backup.yaml
  windlass backup run --only files/notes          one item; the others keep their last version
  windlass backup run --dry-run                   tell what would be sent")]
pub(super) struct RunArgs {
    #[command(flatten)]
    place: PlaceArgs,

    /// Save this item alone; may be given more than once
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// Write nothing, and tell what would be written
    #[arg(long)]
    dry_run: bool,

    /// The backup may be much smaller than the one before
    #[arg(long)]
    accept_shrink: bool,

    #[command(flatten)]
    cluster: ClusterArgs,

    /// How to print the result
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

/// What became of one item.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<Added>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// The whole answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    dry_run: bool,
    items: &'a [Saved],
    snapshot: &'a Snapshot,
}

/// How long work on other threads may go on after a signal, before the process ends anyway.
const GRACE: Duration = Duration::from_secs(5);

pub(super) fn run(args: &RunArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.require_config()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let line = Line::new();
    let writer = place::writer_of(&config)?;
    let names = names(args, &config)?;
    let repository = runtime.block_on(args.place.open_as(&config, &writer))?;
    let result = runtime.block_on(async {
        tokio::select! {
            result = save(args, &config, &names, (&repository, &writer), &line, console) => result,
            signal = ended() => {
                let signal = signal?;
                let what = format!("{signal} came before the snapshot was complete: there is none, and nothing is lost");
                Err(Trouble::new(what).help("run it again; what this run sent, a later sweep clears away").into())
            }
        }
    });
    line.clear();
    if result.is_err() {
        // An upload that was cut off is aborted, so that nobody pays for its parts.
        let _ = runtime.block_on(async { tokio::time::timeout(GRACE, repository.store().settle()).await });
    }
    runtime.shutdown_timeout(GRACE);
    result
}

async fn save(
    args: &RunArgs,
    config: &ConfigFile,
    names: &[String],
    (repository, writer): (&Repository, &WriterKey),
    line: &Line,
    console: &Console,
) -> anyhow::Result<Outcome> {
    let mut options = RunOptions::new(host(config)?);
    let scratch = config.config.scratch.as_ref().map_or_else(std::env::temp_dir, |path| config.path(path));
    options.scratch = Some(scratch.clone());
    options.dry_run = args.dry_run;
    options.accept_shrink = args.accept_shrink;
    options.progress = line.progress();
    let cluster = match &config.config.save.cluster {
        Some(selection) if names.iter().any(|name| name == CLUSTER_OBJECTS) => Some(objects(args, selection).await),
        _ => None,
    };
    options.git_revision = cluster.as_ref().and_then(|read| read.as_ref().ok()?.git_revision());
    let mut run = repository.begin(writer, options).await?;
    place::tell_faults(run.warnings(), console);
    let mut saved = Vec::new();
    if let Some(read) = cluster {
        let faults = read.as_ref().map(faults_of).unwrap_or_default();
        let source = read.map(|objects| Box::new(objects) as Box<dyn Source>);
        let mut one = add(&mut run, CLUSTER_OBJECTS, source, Map::new()).await?;
        one.warnings.extend(faults);
        tell(&one, args.dry_run, line, console);
        saved.push(one);
    }
    for name in names.iter().filter(|name| *name != CLUSTER_OBJECTS) {
        // Fetching Git blocks, and brings a runtime of its own.
        let item = tokio::task::block_in_place(|| sources::item(config, name, &scratch))?;
        let one = add(&mut run, &item.name, item.source, item.meta).await?;
        tell(&one, args.dry_run, line, console);
        saved.push(one);
    }
    for name in all_names(config).into_iter().filter(|name| !names.contains(name)) {
        run.skip(&name, "not asked for in this run")?;
    }
    let snapshot = run.commit().await?;
    line.clear();
    print(args, &saved, &snapshot, console)?;
    let complete = snapshot.status == SnapshotStatus::Complete || !args.only.is_empty();
    let well = complete && saved.iter().all(|one| one.problem.is_none()) && snapshot.suspicious.is_none();
    Ok(if well { Outcome::Done } else { Outcome::Unwelcome })
}

/// The items to save: all, or those that were asked for.
fn names(args: &RunArgs, config: &ConfigFile) -> anyhow::Result<Vec<String>> {
    let all = all_names(config);
    if all.is_empty() {
        return Err(config.fault(&["save"], "nothing is to be saved"));
    }
    if let Some(unknown) = args.only.iter().find(|name| !all.contains(name)) {
        let trouble = Trouble::new(format!("the configuration has no item {unknown}"));
        return Err(trouble.help(format!("its items: {}", all.join(", "))).into());
    }
    Ok(if args.only.is_empty() { all } else { args.only.clone() })
}

fn all_names(config: &ConfigFile) -> Vec<String> {
    let cluster = config.config.save.cluster.as_ref().map(|_| CLUSTER_OBJECTS.to_owned());
    cluster.into_iter().chain(sources::names(config)).collect()
}

fn host(config: &ConfigFile) -> anyhow::Result<String> {
    if let Some(host) = &config.config.host {
        return Ok(host.clone());
    }
    let path = PathBuf::from("/proc/sys/kernel/hostname");
    let name = std::fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
    if name.is_empty() { Err(config.fault(&[], "`host` is missing, and this machine has no name")) } else { Ok(name) }
}

async fn objects(args: &RunArgs, selection: &Selection) -> anyhow::Result<ClusterObjects> {
    let connection = args.cluster.connect().await?;
    connection.check().await?;
    Ok(ClusterObjects::read(&connection.client, selection).await?)
}

/// What of the cluster could not be read.
fn faults_of(objects: &ClusterObjects) -> Vec<String> {
    objects.cluster().faults.iter().map(|fault| format!("{}: {}", fault.what, fault.message)).collect()
}

/// Saves one item. What is wrong with it does not stop the others; a store that fails does.
async fn add(
    run: &mut Run,
    name: &str,
    source: anyhow::Result<Box<dyn Source>>,
    meta: Map<String, Value>,
) -> anyhow::Result<Saved> {
    let mut saved = Saved { name: name.to_owned(), added: None, problem: None, warnings: Vec::new() };
    let error = match source {
        Err(error) => error,
        Ok(source) => match run.add(name, source, meta).await {
            Ok(added) => {
                saved.added = Some(added);
                return Ok(saved);
            }
            Err(error @ Error::Store(_)) => return Err(error.into()),
            Err(error) => error.into(),
        },
    };
    // That it could not be saved is said already; why is below that.
    let causes = trouble::causes(error.as_ref());
    let text = if causes.is_empty() { error.to_string() } else { causes.join(": ") };
    run.skip(name, &text)?;
    saved.problem = Some(text);
    Ok(saved)
}

/// Where no line shows what goes on, each item is told when it is done; what is wrong is told at once in any case.
fn tell(saved: &Saved, dry_run: bool, line: &Line, console: &Console) {
    line.clear();
    match (&saved.problem, &saved.added) {
        (Some(problem), _) => console.note(&format!("warning: {} is not saved: {problem}", saved.name)),
        (None, Some(added)) if line.is_plain() => {
            let what = match (added.reused, dry_run) {
                (true, _) => "unchanged",
                (false, false) => "saved",
                (false, true) => "to be saved",
            };
            console.note(&format!("{} {what}, {}", saved.name, sizes::bytes(added.plain_bytes)));
        }
        _ => {}
    }
    for warning in &saved.warnings {
        console.note(&format!("warning: {}: {warning}", saved.name));
    }
}

fn print(args: &RunArgs, saved: &[Saved], snapshot: &Snapshot, console: &Console) -> anyhow::Result<()> {
    let answer = Answer { dry_run: args.dry_run, items: saved, snapshot };
    match args.output {
        Output::Json => return Ok(console.data(output::json(&answer)?.as_bytes())?),
        Output::Yaml => return Ok(console.data(output::yaml(&answer)?.as_bytes())?),
        Output::Table => {}
    }
    let mut table = Table::new(&["ITEM", "STATE", "SIZE", "STORED"]);
    for one in saved {
        let Some(added) = &one.added else {
            table.row(vec![Cell::new(&one.name), Cell::new("not saved").bad()]);
            continue;
        };
        let state = match (added.reused, args.dry_run) {
            (true, _) => Cell::new("unchanged"),
            (false, false) => Cell::new("saved").good(),
            (false, true) => Cell::new("to be saved").pending(),
        };
        let stored = if added.stored_bytes > 0 { sizes::bytes(added.stored_bytes) } else { String::new() };
        table.row(vec![Cell::new(&one.name), state, Cell::new(&sizes::bytes(added.plain_bytes)), Cell::new(&stored)]);
    }
    let mut out = console.out();
    write!(out, "{table}")?;
    let counts = &snapshot.counts;
    if args.dry_run {
        writeln!(out, "a dry run: nothing was written")?;
    } else {
        let took = sizes::took(snapshot.started, snapshot.finished);
        writeln!(out, "snapshot {} in {took}: {} sent", snapshot.id, sizes::bytes(counts.sent_bytes))?;
    }
    if counts.stale > 0 || counts.missing > 0 {
        writeln!(out, "partial: {} kept in their last version, {} missing", counts.stale, counts.missing)?;
    }
    if let Some(reason) = &snapshot.suspicious {
        writeln!(out, "suspicious: {reason}; nothing older is removed until it is looked at (--accept-shrink)")?;
    }
    Ok(())
}
