//! `windlass completions`.

use clap::CommandFactory;
use clap_complete::aot::{Shell, generate};

use crate::cli::Cli;
use crate::outcome::Outcome;
use crate::output::Console;

/// Print a script that teaches a shell to complete windlass
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  source <(windlass completions bash)
  windlass completions fish > ~/.config/fish/completions/windlass.fish
  windlass completions zsh > \"${fpath[1]}/_windlass\"")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, console: &Console) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "windlass", &mut script);
    console.data(&script)?;
    Ok(Outcome::Done)
}
