//! `windlass apply`: what `windlass diff` shows, carried out once.

use std::io::{self, BufRead, IsTerminal, Write};

use windlass_engine::{OneShotOptions, Progress, apply_once};
use windlass_flux::GoDuration;

use crate::diagnostics::{Diagnostics, Sources};
use crate::kubeconfig::block_on;
use crate::names::duration;
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::preview::{Prepared, PreviewArgs};
use crate::report;
use crate::trouble::Trouble;

/// Apply a working directory to a cluster, once
///
/// Shows the plan that `windlass diff` shows, asks, and carries it out: Kustomization by Kustomization in the order of
/// their dependencies, server-side, with Flux's field manager and inventory, so that windlassd or Flux can take over
/// at any time. Nothing is applied while anything cannot be built or compared.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass apply --path clusters/home                       shows the plan and asks
  windlass apply ./repo --path clusters/home --prune --yes  in a script
  windlass apply --path clusters/home --yes --wait --timeout 5m")]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    preview: PreviewArgs,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Show the plan and stop
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

    /// Wait until the objects are healthy, where a Kustomization asks for it (`wait`, `healthChecks`)
    #[arg(long)]
    wait: bool,

    /// How long to wait for one Kustomization; by default as long as its spec says
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "wait")]
    timeout: Option<GoDuration>,
}

pub(crate) fn run(args: &ApplyArgs, console: &Console) -> anyhow::Result<Outcome> {
    block_on(async {
        let prepared = args.preview.prepare(console).await?;
        report::print(&prepared.planned.plan, Output::Table, console)?;
        if prepared.is_incomplete {
            console.note("nothing was applied: put the errors above right first");
            return Ok(Outcome::Failed);
        }
        if args.dry_run || !prepared.planned.plan.has_changes() {
            return Ok(Outcome::Done);
        }
        if !args.yes && !asked("apply this")? {
            console.note("nothing was applied");
            return Ok(Outcome::Unwelcome);
        }
        carry_out(prepared, args, console).await
    })
}

/// Asks on the terminal whether to do something, such as `apply this`.
pub(crate) fn asked(what: &str) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        return Err(Trouble::new(format!("nobody is here to ask whether to {what}"))
            .help("give --yes in scripts")
            .into());
    }
    let mut stderr = io::stderr();
    let (first, rest) = what.split_at(1);
    write!(stderr, "{}{rest}? [y/N] ", first.to_uppercase())?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

async fn carry_out(mut prepared: Prepared, args: &ApplyArgs, console: &Console) -> anyhow::Result<Outcome> {
    for unit in &mut prepared.preview.units {
        // A root that the repository does not hold cannot say whether it is waited for; the user did.
        unit.kustomization.spec.wait |= unit.is_made_up;
        unit.kustomization.spec.timeout = args.timeout.or(unit.kustomization.spec.timeout);
    }
    let options = OneShotOptions { prune: args.preview.prune, wait: args.wait, revision: prepared.revision.clone() };
    let sources = Sources::new(&prepared.tree, prepared.tree.root());
    let mut diagnostics = Diagnostics::new(console, &sources);
    let mut gone: io::Result<()> = Ok(());
    let failed = apply_once(&prepared.cluster, prepared.preview, &options, |progress| {
        let line = match progress {
            Progress::Unit(name) => format!("Kustomization/{name}"),
            Progress::Written(written) => format!("  {written}"),
            Progress::Warning(warning) => {
                console.note(&format!("warning: {warning}"));
                return;
            }
            Progress::Waiting(count) => format!("  waiting for {count} objects"),
            Progress::Failed(name, error) => {
                return match prepared.connection.unreachable(error) {
                    Some(trouble) => diagnostics.error(&trouble, &windlass_manifest::Origin::unknown(), None),
                    None => diagnostics.kustomization(name, error),
                };
            }
            Progress::LeftOut(name, missing) => format!("Kustomization/{name} left out: {missing} failed"),
            _ => return,
        };
        if gone.is_ok() {
            gone = writeln!(console.out(), "{line}");
        }
    })
    .await;
    gone?;
    Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Failed })
}
