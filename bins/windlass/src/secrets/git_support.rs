//! What Git runs: a merge driver and a textconv; and the setting up of both.

use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_secrets::{Merged, Repository, Sides, merge, replace_file};
use windlass_sops::{Format, is_encrypted};

use crate::outcome::Outcome;
use crate::secrets::files::Source;
use crate::secrets::settings::Settings;
use crate::trouble::Trouble;

/// Merge three sides of an encrypted file, as a merge driver of Git
///
/// The sides are decrypted in memory, merged by key, and encrypted once: changes of different values go together, whatever
/// became of the MAC. Where both sides changed the same value the file is left with Git's marks, between which there are
/// envelopes and no plaintext, and the exit code is 1. One side taken everywhere is a valid file; a mixture is made valid by
/// `windlass secrets edit --ignore-mac`.
#[derive(Debug, clap::Args)]
pub(crate) struct MergeArgs {
    /// The common ancestor (%O)
    base: PathBuf,
    /// What is checked out, which the result replaces (%A)
    ours: PathBuf,
    /// What is merged in (%B)
    theirs: PathBuf,
    /// The path of the file in the repository (%P), by which its format is known
    path: PathBuf,
}

pub(crate) fn run_merge(args: &MergeArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let [base, ours, theirs] = [&args.base, &args.ours, &args.theirs].map(|path| Source::file(path, 2));
    let (base, ours, theirs) = (base?, ours?, theirs?);
    let sides = Sides { base: &base.text, ours: &ours.text, theirs: &theirs.text };
    let format = Format::of_path(&args.path);
    match merge(&args.path, &sides, format, &settings.hands(false))? {
        Merged::Clean(text) => {
            replace_file(&args.ours, Some(&ours.text), &text)?;
            Ok(Outcome::Done)
        }
        Merged::Conflict { text, at, reason, .. } => {
            replace_file(&args.ours, Some(&ours.text), &text)?;
            let path = args.path.display();
            match reason {
                Some(reason) => settings.console.note(&format!("{path}: conflict: {reason}")),
                None => at.iter().for_each(|at| settings.console.note(&format!("{path}: both sides changed {at}"))),
            }
            settings.console.note(
                "take one side everywhere, the MAC included; or mix them and seal the file with `windlass secrets edit \
                 --ignore-mac`",
            );
            Ok(Outcome::Unwelcome)
        }
        _ => Err(Trouble::new("a merge with an answer that this version does not know").code(2).into()),
    }
}

/// Print the plaintext of a file for `git diff`
///
/// A file that is not encrypted, or that nothing at hand opens, is printed as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct TextconvArgs {
    /// The file; Git gives a temporary one
    file: PathBuf,
}

pub(crate) fn run_textconv(args: &TextconvArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
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

/// Let Git merge and compare the encrypted files of this repository
///
/// Prints what is to be set; with --apply sets it: in .git/config the drivers, in .gitattributes the files that they are for.
/// Plaintext that `git diff` prints goes to your terminal and pager; Git is told not to cache it.
#[derive(Debug, clap::Args)]
pub(crate) struct GitSetupArgs {
    /// Set it
    #[arg(long)]
    apply: bool,

    /// The files, as in .gitattributes
    #[arg(long, value_name = "PATTERN", default_value = "*.sops.*")]
    pattern: Vec<String>,
}

/// The name of the drivers in Git's settings.
const DRIVER: &str = "windlass-secrets";

pub(crate) fn run_git_setup(args: &GitSetupArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let config = [
        (format!("merge.{DRIVER}.name"), "encrypted files, merged by key".to_owned()),
        (format!("merge.{DRIVER}.driver"), "windlass secrets merge %O %A %B %P".to_owned()),
        (format!("diff.{DRIVER}.textconv"), "windlass secrets textconv".to_owned()),
        (format!("diff.{DRIVER}.cachetextconv"), "false".to_owned()),
    ];
    let lines: Vec<String> =
        args.pattern.iter().map(|pattern| format!("{pattern} diff={DRIVER} merge={DRIVER}")).collect();
    if !args.apply {
        let mut text = String::new();
        config.iter().for_each(|(name, value)| text += &format!("git config {name} '{value}'\n"));
        lines.iter().for_each(|line| text += &format!("echo '{line}' >> .gitattributes\n"));
        settings.console.data(text.as_bytes())?;
        settings.console.note("nothing was set; --apply does it");
        return Ok(Outcome::Done);
    }
    let repository = Repository::around(&settings.folder)?;
    for (name, value) in &config {
        let status = Command::new("git").arg("-C").arg(repository.root()).args(["config", name, value]).status();
        if !status.is_ok_and(|status| status.success()) {
            return Err(Trouble::new("git config failed").help("is this a Git repository?").code(1).into());
        }
    }
    add_lines(&repository.root().join(".gitattributes"), &lines)?;
    settings.console.note("set in .git/config, and in .gitattributes, which belongs into a commit");
    Ok(Outcome::Done)
}

/// Adds lines that are not there.
fn add_lines(path: &Path, lines: &[String]) -> anyhow::Result<()> {
    let old = std::fs::read_to_string(path).ok();
    let mut text = old.clone().unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in lines.iter().filter(|line| !old.iter().flat_map(|old| old.lines()).any(|known| known == line.as_str()))
    {
        text += &format!("{line}\n");
    }
    if old.as_ref() != Some(&text) {
        replace_file(path, old.as_ref().map(String::as_bytes), text.as_bytes())?;
    }
    Ok(())
}
