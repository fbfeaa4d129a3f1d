//! The command line of Windlass: see what a repository says, what it would change in a cluster, and carry it out.

mod apply;
mod backup;
mod build;
mod cli;
mod completions;
mod crds;
mod diagnostics;
mod diff;
mod get;
mod kubeconfig;
mod manifests;
mod names;
mod outcome;
mod output;
mod preview;
mod reconcile;
mod recovery;
mod report;
mod secrets;
mod signals;
mod suspend;
mod table;
mod trouble;
mod tryout;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::output::Console;

fn main() -> ExitCode {
    let cli = Cli::parse_from(secrets::old_forms::modern(std::env::args_os()));
    let console = Console::new(cli.color);
    outcome::exit_code(cli.command.run(&console), &console)
}
