//! `windlass secrets textconv`, which Git runs.

use std::path::PathBuf;

use windlass_sops::{Format, is_encrypted};

use crate::outcome::Outcome;
use crate::secrets::files::Source;
use crate::secrets::settings::Settings;

/// Print the plaintext of a file for `git diff`
///
/// A file that is not encrypted, or that nothing at hand opens, is printed as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct TextconvArgs {
    /// The file; Git gives a temporary one
    file: PathBuf,
}

pub(crate) fn run(args: &TextconvArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let source = Source::file(&args.file, 2)?;
    // Git keeps the suffix of the name, but a format can be told by the text as well.
    let by_text = || {
        [Format::Yaml, Format::Json, Format::Dotenv, Format::Ini]
            .into_iter()
            .find(|format| is_encrypted(&source.text, *format))
    };
    let by_name = Format::of_path(&args.file);
    let format = if by_name == Format::Binary { by_text().unwrap_or(by_name) } else { by_name };
    let opened = settings.hands(true).open(&args.file, &source.text, format);
    match opened {
        Ok(document) => settings.console.data(&document.plaintext()?)?,
        Err(_) => settings.console.data(&source.text)?,
    }
    Ok(Outcome::Done)
}
