//! `windlass secrets merge`, which Git runs.

use std::path::PathBuf;

use windlass_secrets::{Merged, Sides, merge, replace_file};
use windlass_sops::Format;

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

pub(crate) fn run(args: &MergeArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
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
