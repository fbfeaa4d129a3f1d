//! `windlass backup key`: the keys that open a backup, and those that sign it.

mod change;
mod new;
mod paper;
mod prove;
mod shares;

use crate::outcome::Outcome;
use crate::output::Console;

/// Make, print, split, prove and change the keys of a backup
#[derive(Debug, clap::Args)]
pub(super) struct KeyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    New(new::NewArgs),
    Prove(prove::ProveArgs),
    Paper(paper::PaperArgs),
    Read(paper::ReadArgs),
    Split(shares::SplitArgs),
    Join(shares::JoinArgs),
    Change(change::ChangeArgs),
}

pub(super) fn run(args: &KeyArgs, console: &Console) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::New(args) => new::run(args, console),
        Command::Prove(args) => prove::run(args, console),
        Command::Paper(args) => paper::print(args, console),
        Command::Read(args) => paper::read(args, console),
        Command::Split(args) => shares::split(args, console),
        Command::Join(args) => shares::join(args, console),
        Command::Change(args) => change::run(args, console),
    }
}
