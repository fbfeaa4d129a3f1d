//! `windlass backup prune`: letting go of old snapshots.

use std::io::Write;

use jiff::tz::TimeZone;
use windlass_backup::{Retention, RetentionPlan};

use super::place::{self, PlaceArgs};
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};

/// Let go of snapshots that no rule of retention wants
///
/// Nothing is deleted yet: what goes is said in the repository, and `sweep` deletes it a day later or after that. Until then
/// --take-back undoes it. The newest and the last that is known to be good always stay.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup prune --dry-run                      what would go, and why the others stay
  windlass backup prune --daily 14 --weekly 8          instead of the rules of the configuration
  windlass backup prune --take-back                    everything that is not deleted yet stays

Exit code 1: nothing goes for now, since something has to be looked at first.")]
pub(super) struct PruneArgs {
    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    rules: Rules,

    /// Tell what would go, and say nothing in the repository
    #[arg(long)]
    dry_run: bool,

    /// Undo what was said and not yet done
    #[arg(long, conflicts_with = "dry_run")]
    take_back: bool,

    /// How to print it
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

/// How many snapshots stay; one stays when any rule wants it
#[derive(Debug, clap::Args)]
struct Rules {
    /// The newest
    #[arg(long, value_name = "COUNT", help_heading = "Rules")]
    last: Option<u32>,

    /// The newest of each of so many hours
    #[arg(long, value_name = "COUNT", help_heading = "Rules")]
    hourly: Option<u32>,

    /// Of each of so many days
    #[arg(long, value_name = "COUNT", help_heading = "Rules")]
    daily: Option<u32>,

    /// Of so many weeks
    #[arg(long, value_name = "COUNT", help_heading = "Rules")]
    weekly: Option<u32>,

    /// Of so many months
    #[arg(long, value_name = "COUNT", help_heading = "Rules")]
    monthly: Option<u32>,

    /// Of so many years
    #[arg(long, value_name = "COUNT", help_heading = "Rules")]
    yearly: Option<u32>,

    /// All that are not older than this
    #[arg(long, value_name = "DURATION", help_heading = "Rules")]
    within: Option<jiff::SignedDuration>,
}

impl Rules {
    /// Those of the arguments, if there are any; else those of the configuration, else the usual ones.
    fn over(&self, config: Option<Retention>) -> Retention {
        let given = [self.last, self.hourly, self.daily, self.weekly, self.monthly, self.yearly];
        if given.iter().all(Option::is_none) && self.within.is_none() {
            return config.unwrap_or_default();
        }
        let [last, hourly, daily, weekly, monthly, yearly] = given.map(Option::unwrap_or_default);
        Retention { last, hourly, daily, weekly, monthly, yearly, within: self.within, ..Retention::default() }
    }
}

pub(super) fn run(args: &PruneArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.require_config()?;
    let writer = place::writer_of(&config)?;
    let policy = args.rules.over(config.config.retention.clone());
    if args.take_back {
        let count = block_on(async { Ok(args.place.open_as(&config, &writer).await?.take_back().await?) })?;
        writeln!(console.out(), "{count} snapshots stay after all")?;
        return Ok(Outcome::Done);
    }
    let plan = block_on(async {
        let repository = args.place.open_as(&config, &writer).await?;
        let plan = repository.plan_retention(&policy, &TimeZone::system()).await?;
        if !args.dry_run && !plan.remove.is_empty() && plan.suspended.is_none() {
            repository.carry_out_retention(&plan, &writer).await?;
        }
        Ok(plan)
    })?;
    match args.output {
        Output::Json => console.data(output::json(&plan)?.as_bytes())?,
        Output::Yaml => console.data(output::yaml(&plan)?.as_bytes())?,
        Output::Table => print(&plan, args.dry_run, console)?,
    }
    Ok(if plan.suspended.is_some() { Outcome::Unwelcome } else { Outcome::Done })
}

fn print(plan: &RetentionPlan, dry_run: bool, console: &Console) -> anyhow::Result<()> {
    let mut out = console.out();
    for (snapshot, reasons) in &plan.keep {
        writeln!(out, "  stays {snapshot}: {}", reasons.join(", "))?;
    }
    for snapshot in &plan.remove {
        writeln!(out, "- goes  {snapshot}")?;
    }
    if let Some(reason) = &plan.suspended {
        writeln!(out, "nothing goes for now: {reason}")?;
        return Ok(());
    }
    let said = if dry_run { "would go" } else { "go" };
    writeln!(out, "{} stay, {} {said}", plan.keep.len(), plan.remove.len())?;
    if !dry_run && !plan.remove.is_empty() {
        writeln!(out, "`windlass backup sweep` deletes them in a day; until then `prune --take-back` undoes this")?;
    }
    Ok(())
}

/// Delete what was said to go at least a day ago, and what runs that were cut off left behind
#[derive(Debug, clap::Args)]
pub(super) struct SweepArgs {
    #[command(flatten)]
    place: PlaceArgs,

    /// How to print what was done
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

pub(super) fn sweep(args: &SweepArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.require_config()?;
    let writer = place::writer_of(&config)?;
    let swept = block_on(async { Ok(args.place.open_as(&config, &writer).await?.sweep(&writer).await?) })?;
    match args.output {
        Output::Json => console.data(output::json(&swept)?.as_bytes())?,
        Output::Yaml => console.data(output::yaml(&swept)?.as_bytes())?,
        Output::Table => {
            let mut out = console.out();
            let bytes = super::sizes::bytes(swept.bytes);
            writeln!(out, "{} snapshots and {} objects ({bytes}) are deleted", swept.snapshots.len(), swept.objects)?;
            if swept.hidden > 0 {
                let bytes = super::sizes::bytes(swept.hidden_bytes);
                writeln!(
                    out,
                    "{} objects ({bytes}) are hidden: the bucket keeps their versions, and takes space for them, until its \
                     own rules delete those",
                    swept.hidden
                )?;
            }
            if swept.locked > 0 {
                let until = swept.locked_until.map(|until| format!(", the last until {until}")).unwrap_or_default();
                writeln!(out, "{} objects are locked{until}: a later sweep deletes them", swept.locked)?;
            }
            for snapshot in &swept.kept_back {
                writeln!(out, "{snapshot} stays for now: it is the last of its host that is known to be good")?;
            }
            writeln!(out, "{} objects that no snapshot needs go in a day", swept.noted)?;
            writeln!(out, "{} unfinished uploads are cleared away", swept.unfinished)?;
        }
    }
    Ok(Outcome::Done)
}
