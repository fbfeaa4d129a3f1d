//! `windlass secrets get`.

use std::path::PathBuf;

use windlass_secrets::{check_secret, data_path, from_data};
use windlass_sops::parse_dotted_path;

use crate::outcome::Outcome;
use crate::secrets::files::{InputArgs, Source};
use crate::secrets::settings::Settings;
use crate::trouble::Trouble;

/// Print one value of a file
///
/// A text is printed as it is, without a line break behind it; all else as the format of the file has it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets get secret.sops.yaml stringData.password
  windlass secrets get secret.sops.yaml '[\"data\"][\"tls.key\"]'
  windlass secrets get secret.sops.yaml --data tls.key      out of base64")]
pub(crate) struct GetArgs {
    /// The file
    file: PathBuf,

    /// The value: `stringData.password`, `users[0].name`, `data["tls.key"]`; with --data a key of a Secret
    path: String,

    /// Decode the value from the `data` of a Secret
    #[arg(long)]
    data: bool,

    #[command(flatten)]
    input: InputArgs,

    /// Do not verify the message authentication code
    #[arg(long)]
    ignore_mac: bool,
}

pub(crate) fn run(args: &GetArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let source = Source::file(&args.file, 2)?;
    let format = args.input.format(&args.file);
    let path = path(&args.path, args.data)?;
    let document = settings.hands_for(&args.file, args.ignore_mac).open(&args.file, &source.text, format)?;
    let missing = |error| Trouble::new(format!("{}: {error}", args.file.display())).code(1);
    if args.data {
        check_secret(&document)?;
    }
    let text = document.extract(&path, format).map_err(missing)?;
    let text = if args.data { from_data(&text)? } else { text };
    settings.console.data(&text)?;
    Ok(Outcome::Done)
}

/// A path as it was written; with `data` a lone key, dots and all, is one of a Secret's `data`.
pub(crate) fn path(text: &str, data: bool) -> anyhow::Result<Vec<windlass_sops::PathStep>> {
    let wrong = |error: windlass_sops::PathError| Trouble::new(error.to_string()).code(91);
    if !data {
        return Ok(parse_dotted_path(text).map_err(wrong)?);
    }
    let is_path = text.starts_with('[') || text.starts_with("data.") || text.starts_with("data[");
    let steps = if is_path {
        parse_dotted_path(text).map_err(wrong)?
    } else {
        vec![windlass_sops::PathStep::Key(text.to_owned())]
    };
    Ok(data_path(steps)?)
}
