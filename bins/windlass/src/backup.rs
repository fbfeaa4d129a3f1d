//! `windlass backup`: a repository that stock tools can restore, from making it to looking after it.

mod cat;
mod config;
mod diff;
mod extract;
mod init;
mod job;
mod key;
mod list;
mod pick;
pub(crate) mod place;
pub(crate) mod progress;
mod prune;
mod run;
mod show;
pub(crate) mod sizes;
mod sources;
mod status;
mod verify;

use crate::outcome::Outcome;
use crate::output::Console;

/// Back up what Git does not bring back: objects, files, databases, Git itself
///
/// Everything is encrypted to at least two keys before it leaves this machine, which holds none of them. What did not change
/// is not sent again. RESTORE.txt in the repository says how to get at it with age, zstd, tar and sqlite3 alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup key new paper.key            a key to restore with; print it, keep it elsewhere
  windlass backup key new writer.key --writer  the key that this machine signs with
  windlass backup init                         make what windlass-backup.yaml describes
  windlass backup run                          save what it lists; the second time only what changed
  windlass backup list                         the snapshots, newest last
  windlass backup extract files/notes --to /srv/notes --identity paper.key")]
pub(crate) struct BackupArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Init(init::InitArgs),
    Run(run::RunArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Diff(diff::DiffArgs),
    Cat(cat::CatArgs),
    Extract(extract::ExtractArgs),
    Verify(verify::VerifyArgs),
    Prune(prune::PruneArgs),
    Sweep(prune::SweepArgs),
    Status(status::StatusArgs),
    Key(key::KeyArgs),
    Job(job::JobArgs),
    #[command(hide = true)]
    PutProgram(job::PutProgramArgs),
}

pub(crate) fn run(args: &BackupArgs, console: &Console) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Init(args) => init::run(args, console),
        Command::Run(args) => run::run(args, console),
        Command::List(args) => list::run(args, console),
        Command::Show(args) => show::run(args, console),
        Command::Diff(args) => diff::run(args, console),
        Command::Cat(args) => cat::run(args, console),
        Command::Extract(args) => extract::run(args, console),
        Command::Verify(args) => verify::run(args, console),
        Command::Prune(args) => prune::run(args, console),
        Command::Sweep(args) => prune::sweep(args, console),
        Command::Status(args) => status::run(args, console),
        Command::Key(args) => key::run(args, console),
        Command::Job(args) => job::run(args, console),
        Command::PutProgram(args) => job::put_program(args),
    }
}
