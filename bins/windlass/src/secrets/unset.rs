//! `windlass secrets unset`.

use std::path::PathBuf;
use std::time::SystemTime;

use windlass_secrets::replace_file;

use crate::outcome::Outcome;
use crate::secrets::files::{InputArgs, Source};
use crate::secrets::get;
use crate::secrets::settings::Settings;
use crate::secrets::sops_flags::ChangeFlags;
use crate::trouble::Trouble;

/// Remove values from a file
#[derive(Debug, clap::Args)]
pub(crate) struct UnsetArgs {
    /// The file
    file: PathBuf,

    /// The values: `stringData.password`, `users[0]`, `data["tls.key"]`; with --data keys of a Secret
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// The paths are keys in the `data` of a Secret
    #[arg(long)]
    data: bool,

    /// It is no fault where there is no such value
    #[arg(long)]
    idempotent: bool,

    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    change: ChangeFlags,

    #[arg(long, hide = true)]
    shamir_secret_sharing_threshold: Option<usize>,

    /// Do not verify the message authentication code first
    #[arg(long)]
    ignore_mac: bool,
}

pub(crate) fn run(args: &UnsetArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let source = Source::file(&args.file, 2)?;
    let format = args.input.format(&args.file);
    args.change.check(format)?;
    // sops takes it, and a file whose recipients stay keeps its threshold.
    let _ = args.shamir_secret_sharing_threshold;
    let mut document = settings.hands(args.ignore_mac).open(&args.file, &source.text, format)?;
    let mut changed = false;
    for text in &args.paths {
        let path = get::path(text, args.data).map_err(|error| match error.downcast::<Trouble>() {
            Ok(trouble) => trouble.code(7).into(),
            Err(error) => error,
        })?;
        let found = document.unset(&path)?;
        if !found && !args.idempotent {
            return Err(Trouble::new(format!("{}: there is nothing at {text}", args.file.display())).code(1).into());
        }
        changed |= found;
    }
    if changed {
        replace_file(&args.file, Some(&source.text), &document.save(SystemTime::now())?)?;
        settings.console.note(&format!("{}: removed {}", args.file.display(), args.paths.join(", ")));
    }
    Ok(Outcome::Done)
}
