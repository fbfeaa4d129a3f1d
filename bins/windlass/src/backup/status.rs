//! `windlass backup status`: whether there is a backup to rely on.

use std::io::Write;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use windlass_backup::{Fault, Proven, RecoveryPoint, Repository};

use super::place::{self, PlaceArgs};
use super::sizes;
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};
use crate::table::{Cell, Table};

/// Show whether there is a backup to rely on: what each host would lose, what is verified, which keys are proven
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 0: every host has a complete snapshot that is young enough, 1: one has not.")]
pub(super) struct StatusArgs {
    #[command(flatten)]
    place: PlaceArgs,

    /// How old the last complete snapshot of a host may be
    #[arg(long, value_name = "DURATION", default_value = "26h")]
    max_age: SignedDuration,

    /// How to print it
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

/// What there is to tell.
struct Status {
    repository: Repository,
    points: Vec<RecoveryPoint>,
    proven: Vec<Proven>,
    faults: Vec<Fault>,
}

pub(super) fn run(args: &StatusArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.config()?;
    let status = block_on(async {
        let repository = args.place.open(config.as_ref()).await?;
        let faults = repository.snapshots().await?.faults;
        let (points, proven) = (repository.recovery_points().await?, repository.proven().await?);
        Ok(Status { repository, points, proven, faults })
    })?;
    let is_good = |point: &RecoveryPoint| point.complete_age.is_some_and(|age| age <= args.max_age);
    let well = !status.points.is_empty() && status.points.iter().all(is_good) && status.faults.is_empty();
    let all = json!({
        "repository": status.repository.id(),
        "place": status.repository.place(),
        "recipients": status.proven,
        "writers": status.repository.writers(),
        "hosts": status.points,
        "faults": status.faults,
        "good": well,
    });
    match args.output {
        Output::Json => console.data(output::json(&all)?.as_bytes())?,
        Output::Yaml => console.data(output::yaml(&all)?.as_bytes())?,
        Output::Table => print(&status, args.max_age, console)?,
    }
    place::tell_faults(&status.faults, console);
    Ok(if well { Outcome::Done } else { Outcome::Unwelcome })
}

fn print(status: &Status, max_age: SignedDuration, console: &Console) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let mut out = console.out();
    writeln!(out, "repository {} at {}\n", status.repository.id(), status.repository.place())?;
    let mut keys = Table::new(&["KEY", "FINGERPRINT", "LAST PROVEN"]);
    for one in &status.proven {
        let proven = match one.at {
            Some(at) => Cell::new(&format!("{} ago", sizes::age(at, now))),
            None => Cell::new("never: windlass backup key prove").pending(),
        };
        keys.row(vec![Cell::new(&one.recipient.label), Cell::new(&one.recipient.fingerprint()), proven]);
    }
    writeln!(out, "{keys}")?;
    if status.points.is_empty() {
        writeln!(out, "no snapshots yet")?;
        return Ok(());
    }
    let mut table = Table::new(&["HOST", "COMPLETE", "NEWEST", "LONGEST GAP", "VERIFIED", "STALE"]);
    for point in &status.points {
        let complete = match point.complete_age {
            Some(age) if age <= max_age => Cell::new(&format!("{} ago", sizes::age(now - age, now))).good(),
            Some(age) => Cell::new(&format!("{} ago", sizes::age(now - age, now))).bad(),
            None => Cell::new("never").bad(),
        };
        let verified = match &point.verified {
            Some((_, at)) => Cell::new(&format!("{} ago", sizes::age(*at, now))),
            None => Cell::new("never").pending(),
        };
        let gap = point.longest_gap.map(|gap| sizes::age(now - gap, now)).unwrap_or_default();
        table.row(vec![
            Cell::new(&point.host),
            complete,
            Cell::new(&format!("{} ago", sizes::age(now - point.age, now))),
            Cell::new(&gap),
            verified,
            Cell::new(&point.stale.to_string()),
        ]);
    }
    write!(out, "{table}")?;
    Ok(())
}
