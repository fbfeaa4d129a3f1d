//! `windlass secrets exec-env`.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

use windlass_sops::Variable;

use crate::outcome::Outcome;
use crate::secrets::files::{InputArgs, Source};
use crate::secrets::settings::Settings;
use crate::secrets::subprocess::{self, Guard, OnInterrupt};
use crate::trouble::Trouble;

/// Run a command with the values of a file in its environment
///
/// The command is run by /bin/sh, and its exit code is ours.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets exec-env secrets.env 'terraform plan'
  windlass secrets exec-env --pristine --same-process secrets.env ./server")]
pub(crate) struct ExecEnvArgs {
    /// The file; its values must not be nested
    file: PathBuf,

    /// The command
    command: String,

    /// Give it the values only, and nothing of our environment
    #[arg(long)]
    pristine: bool,

    /// Run it in our place, as `exec` does
    #[arg(long)]
    same_process: bool,

    /// Run it as another user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    #[arg(long, hide = true)]
    background: bool,

    #[command(flatten)]
    input: InputArgs,

    /// Do not verify the message authentication code
    #[arg(long)]
    ignore_mac: bool,
}

pub(crate) fn run(args: &ExecEnvArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    if args.background {
        return Err(subprocess::no_background());
    }
    let source = Source::file(&args.file, 2)?;
    let format = args.input.format(&args.file);
    let document = settings.hands(args.ignore_mac).open(&args.file, &source.text, format)?;
    let mut command = subprocess::shell(&args.command, args.user.as_deref(), args.pristine)?;
    let variables = document.environment().map_err(|error| {
        Trouble::new(format!("{}: {error}", args.file.display()))
            .help("the values must stand at the top of the file, as in .env; `windlass secrets get FILE PATH` gives any one")
            .code(error.exit_code())
    })?;
    for Variable { name, value, .. } in variables {
        if value.contains(&0) || name.contains('\0') || name.is_empty() {
            return Err(Trouble::new(format!("{name:?}: no name and no value of a variable can hold this"))
                .code(1)
                .into());
        }
        command.env(name, std::ffi::OsStr::from_bytes(&value));
    }
    drop((document, source));
    if args.same_process {
        let error = command.exec();
        return Err(Trouble::new("cannot run /bin/sh").because(error).code(1).into());
    }
    let status = Guard::start(None, OnInterrupt::LeaveToProgram)?.run(&mut command)?;
    Ok(Outcome::Exit(subprocess::exit_code(status)))
}
