//! `windlass secrets decrypt`.

use std::path::{Path, PathBuf};

use windlass_secrets::{Change, Kind, change_all};
use windlass_sops::{Document, Format, parse_path};
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::secrets::files::{FormatName, InputArgs, OutputArgs, Source, TreeArgs};
use crate::secrets::settings::Settings;
use crate::secrets::{failure, rotate};
use crate::trouble::Trouble;

/// Decrypt a file to the standard output, or files in place
///
/// Prints a file as sops prints it; in place, comments, quotes and indentation stay as they are. Without a file the standard
/// input is read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets decrypt secret.sops.yaml
  windlass secrets decrypt --extract '[\"data\"][\"password\"]' secret.sops.yaml
  windlass secrets decrypt -i apps/                   all files in a folder, or none")]
pub(crate) struct DecryptArgs {
    #[command(flatten)]
    tree: TreeArgs,

    #[command(flatten)]
    output: OutputArgs,

    /// Print one value only: `["key"][0]`; a text comes as it is
    #[arg(long, value_name = "PATH")]
    extract: Option<String>,

    #[command(flatten)]
    input: InputArgs,

    /// Print in another format
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    output_type: Option<FormatName>,

    /// The name by which the format is known, instead of that of the file
    #[arg(long, value_name = "NAME")]
    filename_override: Option<PathBuf>,

    /// Do not verify the message authentication code: a file changed by somebody without a key is decrypted too
    #[arg(long)]
    ignore_mac: bool,
}

pub(crate) fn run(args: &DecryptArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    args.output.check()?;
    let source = if args.tree.files.is_empty() && !args.tree.all {
        if args.output.in_place {
            return Err(Trouble::new("the standard input cannot be decrypted in place").code(8).into());
        }
        Source::stdin(args.filename_override.as_deref())?
    } else {
        match args.tree.single(settings) {
            Some(path) => Source::file(&path, 100)?,
            None => return tree(args, settings),
        }
    };
    let name = args.filename_override.as_deref().unwrap_or(&source.path);
    let format = args.output_type.map_or_else(|| Format::of_path(name), Format::from);
    let path = args.extract.as_deref().filter(|path| !path.is_empty()).map(parse_path).transpose();
    let path = path.map_err(|error| Trouble::new(error.to_string()).code(91))?;
    let document = settings
        .hands_for(name, args.ignore_mac)
        .open(&source.path, &source.text, args.input.format(name))
        .map_err(failure::of_source)?;
    let text = match path {
        Some(path) => document.extract(&path, format)?,
        None if args.output.in_place && format == args.input.format(name) => document.plaintext()?,
        None => document.print(format)?,
    };
    args.output.write(settings, &source, &text)?;
    Ok(Outcome::Done)
}

fn tree(args: &DecryptArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    if !args.output.in_place || args.extract.is_some() || args.output_type.is_some() || args.filename_override.is_some()
    {
        let trouble = Trouble::new("several files can be decrypted in place only (-i), each in its own format");
        return Err(trouble.code(8).into());
    }
    let (repository, files) = args.tree.select(settings, Kind::Encrypted)?;
    let hands = settings.hands(args.ignore_mac);
    let changed = settings.with_work("decrypting", |work| {
        change_all(&files, work, |file| {
            let document: Document = hands.open(&file.path, &file.text, args.input.format(&file.path))?;
            let text: Zeroizing<Vec<u8>> = document.plaintext().map_err(|source| of_path(&file.path, source))?;
            Ok(Change { text: Some(text), note: () })
        })
    });
    match changed {
        Ok(notes) => {
            settings.console.note(&format!(
                "{} decrypted in {}",
                rotate::files(notes.len()),
                repository.root().display()
            ));
            Ok(Outcome::Done)
        }
        Err(faults) => Err(failure::of_many(faults, settings.console)),
    }
}

fn of_path(path: &Path, source: windlass_sops::WriteError) -> windlass_secrets::Error {
    windlass_secrets::Error::Document { path: path.to_owned(), source }
}
