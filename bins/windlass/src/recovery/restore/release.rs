//! Workloads without replicas: `--only-hold`, and `--release`, which lets them run again.

use std::io::Write;

use serde_json::json;
use windlass_recovery::{Hold, held, hold, restoring};

use super::RestoreArgs;
use crate::apply::asked;
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::recovery::tell;
use crate::trouble::Trouble;

/// Stops workloads, and nothing else.
pub(super) async fn hold_alone(args: &RestoreArgs, console: &Console) -> anyhow::Result<Outcome> {
    if args.dry_run {
        return Err(Trouble::new("--dry-run has nothing to show: --only-hold stops what --hold names").into());
    }
    let connection = args.cluster.connect().await?;
    connection.check().await?;
    if !args.yes && !asked("stop these workloads")? {
        console.note("nothing was stopped");
        return Ok(Outcome::Unwelcome);
    }
    let held = hold(&restoring(connection.client.clone()), &args.hold, args.timeout.get()).await?;
    match args.output {
        Output::Table => tell_held(&held, console)?,
        output => tell::print(&json!({ "held": held.names() }), output, console)?,
    }
    Ok(Outcome::Done)
}

/// Says what is held, and how it runs again.
pub(super) fn tell_held(held: &Hold, console: &Console) -> anyhow::Result<()> {
    for name in held.names() {
        writeln!(console.out(), "{name} is held")?;
    }
    if !held.is_empty() {
        console.note("let them run again with: windlass restore --release");
    }
    Ok(())
}

/// Lets everything run that is held, or tells what is.
pub(super) async fn release(args: &RestoreArgs, console: &Console) -> anyhow::Result<Outcome> {
    let connection = args.cluster.connect().await?;
    connection.check().await?;
    let cluster = restoring(connection.client.clone());
    let held = held(&cluster).await?;
    let names = held.names();
    if args.dry_run {
        match args.output {
            Output::Table if names.is_empty() => writeln!(console.out(), "nothing is held")?,
            Output::Table => tell_held(&held, console)?,
            output => tell::print(&json!({ "held": names }), output, console)?,
        }
        return Ok(Outcome::Done);
    }
    let failures = held.release(&cluster).await;
    tell::notes(&[], &failures, console);
    let is_released = |name: &&String| !failures.iter().any(|failure| failure.object == **name);
    let released: Vec<&String> = names.iter().filter(is_released).collect();
    match args.output {
        Output::Table if names.is_empty() => writeln!(console.out(), "nothing is held")?,
        Output::Table => released.iter().try_for_each(|name| writeln!(console.out(), "{name} is released"))?,
        output => tell::print(&json!({ "released": released, "failures": failures }), output, console)?,
    }
    Ok(if failures.is_empty() { Outcome::Done } else { Outcome::Failed })
}
