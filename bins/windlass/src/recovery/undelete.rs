//! `windlass undelete`: what the reconciler pruned, back.

use std::io::Write;

use serde_json::json;
use windlass_recovery::{Deleted, Pattern, RestoreOptions, deleted, plan_restore, restore, restoring, undelete};

use super::tell;
use crate::apply::asked;
use crate::backup::place::{IdentityArgs, PlaceArgs};
use crate::kubeconfig::{ClusterArgs, block_on};
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::report;
use crate::table::{Cell, Table};
use crate::trouble::Trouble;

/// List what was pruned, or bring it back
///
/// windlassd saves what it prunes before it deletes it, if it was told a repository. Without names this lists it; with
/// names (patterns such as `ConfigMap/shop/*`) the newest version of each comes back. It no longer belongs to the
/// Kustomization that pruned it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass undelete -r /mnt/nas/backup -i paper.key
  windlass undelete -r /mnt/nas/backup -i paper.key PersistentVolumeClaim/media/photos")]
pub(crate) struct UndeleteArgs {
    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    /// What to bring back: Kind/namespace/name, or Kind/name
    #[arg(value_name = "OBJECT")]
    objects: Vec<Pattern>,

    /// Show what would be done and stop
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// How to print the list, or the result
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &UndeleteArgs, console: &Console) -> anyhow::Result<Outcome> {
    block_on(async {
        let (repository, _) = args.place.repository(&args.identity, console).await?;
        let (found, faults) = deleted(&repository, &args.identity.require()?).await?;
        for (snapshot, error) in &faults {
            console.note(&format!("warning: {snapshot}: {}", tell::causes(error)));
        }
        if args.objects.is_empty() {
            list(&found, args.output, console)?;
            return Ok(Outcome::Done);
        }
        let wanted: Vec<Deleted> = found
            .into_iter()
            .filter(|one| args.objects.iter().any(|pattern| pattern.matches(&one.id.to_string())))
            .collect();
        if wanted.is_empty() {
            console.note("nothing of that name was pruned");
            return Ok(Outcome::Failed);
        }
        bring_back(args, wanted, console).await
    })
}

async fn bring_back(args: &UndeleteArgs, wanted: Vec<Deleted>, console: &Console) -> anyhow::Result<Outcome> {
    let is_table = args.output == Output::Table;
    if !is_table && !args.yes && !args.dry_run {
        let trouble = Trouble::new("a plan for other programs is not asked about");
        return Err(trouble.help("give --yes, or --dry-run for the plan alone").into());
    }
    let connection = args.cluster.connect().await?;
    connection.check().await?;
    let cluster = restoring(connection.client.clone());
    let plan = plan_restore(&cluster, &undelete(wanted), &RestoreOptions::default()).await?;
    tell::notes(&plan.notes, &plan.failures, console);
    if is_table || args.dry_run {
        report::print(&plan.plan, args.output, console)?;
    }
    let failed = !plan.failures.is_empty();
    if args.dry_run || (is_table && !plan.plan.has_changes()) {
        return Ok(if failed { Outcome::Failed } else { Outcome::Done });
    }
    if !args.yes && !asked("bring this back")? {
        console.note("nothing was brought back");
        return Ok(Outcome::Unwelcome);
    }
    let (told, told_failures) = (plan.notes.len(), plan.failures.len());
    let mut gone = Ok(());
    let done = restore(&cluster, plan, |id, action| {
        if gone.is_ok() && is_table {
            gone = writeln!(console.out(), "{id} {action}");
        }
    })
    .await;
    gone?;
    tell::notes(&done.notes[told..], &done.failures[told_failures..], console);
    tell::print(&done.summary(), args.output, console)?;
    Ok(if done.is_complete() { Outcome::Done } else { Outcome::Failed })
}

fn list(found: &[Deleted], output: Output, console: &Console) -> anyhow::Result<()> {
    if output != Output::Table {
        let all: Vec<_> = found
            .iter()
            .map(|one| json!({"object": one.id.to_string(), "pruned": one.when, "snapshot": one.snapshot}))
            .collect();
        return tell::print(&all, output, console);
    }
    if found.is_empty() {
        writeln!(console.out(), "nothing was pruned")?;
        return Ok(());
    }
    let mut table = Table::new(&["OBJECT", "PRUNED", "SNAPSHOT"]);
    for one in found {
        let when = one.when.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        table.row(vec![Cell::new(&one.id.to_string()), Cell::new(&when), Cell::new(&one.snapshot)]);
    }
    write!(console.out(), "{table}")?;
    Ok(())
}
