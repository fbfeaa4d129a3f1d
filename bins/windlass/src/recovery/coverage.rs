//! `windlass coverage`: what would be lost now, and how long bringing it back takes.

use std::io::Write;

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use windlass_recovery::{Coverage, CoverageOptions, Covered, Exposure, Subject, coverage};

use super::tell;
use crate::backup::place::{IdentityArgs, PlaceArgs};
use crate::backup::sizes;
use crate::kubeconfig::{ClusterArgs, block_on};
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::table::{Cell, Table};

/// Show what would be lost now, and how long bringing it back takes (RPO and RTO)
///
/// Of the cluster's objects, each database and each claim: how old the last good recovery point is and may be, when it is
/// saved next, and how long the last measured restore took. The schedules of windlassd are asked, and the tools beside it:
/// VolSync, Velero, and CloudNativePG with its plug-in. With a repository also its hosts, its drills, and the
/// last rebuild; and with a key that opens it, which objects and claims its snapshots hold, whoever made them.
///
/// The annotation backups.windlass.dev/max-age on a claim or a database says how old its point may be (168h), or that it
/// need not be saved (none).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass coverage
  windlass coverage --max-age 2h --bucket backups/home --endpoint https://nas.lan:9000
  windlass coverage -r /mnt/nas/backup -i paper.key
  windlass coverage -o metrics > /var/lib/node_exporter/windlass.prom

Exit code 0: everything is saved, and recently; 1: something is not.")]
pub(crate) struct CoverageArgs {
    /// How old the last good recovery point may be
    #[arg(long, value_name = "DURATION", default_value = "26h")]
    max_age: SignedDuration,

    /// How to print it
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Form,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

/// How coverage is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    #[default]
    Table,
    /// For other programs
    Json,
    /// For other programs, and for reading all of it
    Yaml,
    /// As Prometheus reads it
    Metrics,
}

pub(crate) fn run(args: &CoverageArgs, console: &Console) -> anyhow::Result<Outcome> {
    block_on(async {
        let connection = args.cluster.connect().await?;
        connection.check().await?;
        let repository = args.place.if_given().await?;
        let options =
            CoverageOptions { max_age: args.max_age, now: Timestamp::now(), identities: args.identity.read()? };
        let found = coverage(&connection.client, repository.as_ref(), &options).await?;
        for fault in &found.faults {
            console.note(&format!("warning: {}: {}", fault.what, fault.message));
        }
        match args.output {
            Form::Json => tell::print(&found, Output::Json, console)?,
            Form::Yaml => tell::print(&found, Output::Yaml, console)?,
            Form::Metrics => console.data(found.series().as_bytes())?,
            Form::Table => print(&found, console)?,
        }
        Ok(if found.is_good() { Outcome::Done } else { Outcome::Unwelcome })
    })
}

fn print(found: &Coverage, console: &Console) -> anyhow::Result<()> {
    let mut table = Table::new(&["WHAT", "STATE", "EXPOSED", "MAY BE", "NEXT", "RESTORE", "SAVED BY"]);
    for subject in &found.subjects {
        let since = |seconds: Option<i64>| seconds.map(|seconds| span(SignedDuration::from_secs(seconds)));
        let next = subject.next.map(|next| {
            let wait = next.duration_since(found.at);
            if wait.is_negative() { "due".to_owned() } else { format!("in {}", span(wait)) }
        });
        let took = subject.restore.as_ref().map(|restore| format!("{:.0} s", restore.seconds.ceil()));
        let by: Vec<String> = subject.by.iter().map(|cover| format!("{} {}", cover.tool, cover.object)).collect();
        table.row(vec![
            Cell::new(&format!("{}{}", kind(subject.kind), subject.name)),
            state(subject),
            Cell::new(&since(subject.exposed_seconds).unwrap_or_default()),
            Cell::new(&since(subject.limit_seconds).unwrap_or_default()),
            Cell::new(&next.unwrap_or_default()),
            Cell::new(&took.unwrap_or_default()),
            Cell::new(&by.join(", ")),
        ]);
    }
    let mut out = console.out();
    write!(out, "{table}")?;
    for subject in &found.subjects {
        for cover in &subject.by {
            if let Some(trouble) = &cover.trouble {
                writeln!(out, "{}{}: {}: {trouble}", kind(subject.kind), subject.name, cover.object)?;
            }
        }
    }
    for subject in &found.subjects {
        if let Some(rebuild) = &subject.rebuild {
            let when = rebuild.at.map_or_else(String::new, |at| format!(" of {} UTC", sizes::moment(at)));
            let (what, took) = (format!("{}{}", kind(subject.kind), subject.name), rebuild.seconds.ceil());
            writeln!(out, "{what}: the last {}{when} took {took:.0} s", rebuild.how)?;
        }
    }
    let is_exposed = |one: &&Covered| !matches!(one.state, Exposure::InTime | Exposure::NotNeeded);
    for subject in found.subjects.iter().filter(is_exposed) {
        writeln!(out, "{}{} would lose {}", kind(subject.kind), subject.name, subject.lost)?;
    }
    Ok(())
}

fn kind(kind: Subject) -> &'static str {
    match kind {
        Subject::Objects => "objects of the ",
        Subject::Database => "database ",
        Subject::Host => "host ",
        _ => "claim ",
    }
}

fn state(subject: &Covered) -> Cell {
    match subject.state {
        Exposure::InTime => Cell::new("saved").good(),
        Exposure::NotNeeded => Cell::new("not needed"),
        Exposure::Late => Cell::new("late").bad(),
        Exposure::Never => Cell::new("never saved").bad(),
        _ => Cell::new("nobody saves it").bad(),
    }
}

fn span(length: SignedDuration) -> String {
    match (length.as_hours() / 24, length.as_hours(), length.as_mins()) {
        (days, _, _) if days > 1 => format!("{days}d"),
        (_, hours, _) if hours > 0 => format!("{hours}h"),
        (_, _, minutes) => format!("{}m", minutes.max(0)),
    }
}
