//! `windlass coverage`: which volumes are backed up by whom, and how old the last backup is.

use std::io::Write;

use jiff::{SignedDuration, Timestamp};
use windlass_recovery::coverage;

use super::tell;
use crate::kubeconfig::{ClusterArgs, block_on};
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::table::{Cell, Table};

/// Show which volumes are backed up, by whom, and when last
///
/// Asks the schedules of windlassd, and the tools beside it: VolSync, Velero and CloudNativePG. A claim that nobody saves is
/// shown too; then the exit code is 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass coverage
  windlass coverage -o json")]
pub(crate) struct CoverageArgs {
    /// How to print it
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &CoverageArgs, console: &Console) -> anyhow::Result<Outcome> {
    block_on(async {
        let connection = args.cluster.connect().await?;
        connection.check().await?;
        let found = coverage(&connection.client).await?;
        for fault in &found.faults {
            console.note(&format!("warning: {}: {}", fault.what, fault.message));
        }
        if args.output != Output::Table {
            tell::print(&found, args.output, console)?;
        } else {
            let mut table = Table::new(&["CLAIM", "SIZE", "SAVED BY", "AGE", "TROUBLE"]);
            for claim in &found.claims {
                let size = claim.size.as_deref().unwrap_or_default();
                if claim.by.is_empty() {
                    table.row(vec![Cell::new(&claim.claim), Cell::new(size), Cell::new("nobody").bad()]);
                }
                for cover in &claim.by {
                    let age = cover.last.map_or_else(|| "never".to_owned(), age);
                    let trouble = cover.trouble.as_deref().unwrap_or_default();
                    table.row(vec![
                        Cell::new(&claim.claim),
                        Cell::new(size),
                        Cell::new(&format!("{} {}", cover.tool, cover.object)),
                        Cell::new(&age),
                        Cell::new(trouble).bad(),
                    ]);
                }
            }
            write!(console.out(), "{table}")?;
        }
        let is_covered = found.claims.iter().all(|claim| claim.last().is_some());
        Ok(if is_covered { Outcome::Done } else { Outcome::Unwelcome })
    })
}

fn age(last: Timestamp) -> String {
    let age: SignedDuration = Timestamp::now().duration_since(last);
    match (age.as_hours() / 24, age.as_hours(), age.as_mins()) {
        (days, _, _) if days > 1 => format!("{days}d"),
        (_, hours, _) if hours > 0 => format!("{hours}h"),
        (_, _, minutes) => format!("{}m", minutes.max(0)),
    }
}
