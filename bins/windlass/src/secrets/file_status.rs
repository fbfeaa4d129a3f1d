//! `windlass secrets file-status`, which sops calls `filestatus`.

use std::path::PathBuf;

use windlass_sops::{Error, Metadata};

use crate::outcome::Outcome;
use crate::secrets::files::{InputArgs, Source};
use crate::secrets::settings::Settings;

/// Say whether a file is encrypted, as JSON
#[derive(Debug, clap::Args)]
pub(crate) struct FileStatusArgs {
    /// The file
    file: PathBuf,

    #[command(flatten)]
    input: InputArgs,
}

pub(crate) fn run(args: &FileStatusArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let source = Source::file(&args.file, 2)?;
    let is_encrypted = match Metadata::read(&source.text, args.input.format(&args.file)) {
        Ok(metadata) => metadata.version.is_some_and(|version| !version.is_empty()),
        Err(Error::NotEncrypted) => false,
        // A binary file in clear is no JSON.
        Err(Error::Syntax { .. }) if args.input.format(&args.file) == windlass_sops::Format::Binary => false,
        Err(error) => return Err(error.into()),
    };
    settings.console.data(format!("{{\"encrypted\":{is_encrypted}}}\n").as_bytes())?;
    Ok(Outcome::Done)
}
