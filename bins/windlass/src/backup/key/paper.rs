//! `windlass backup key paper` and `key read`: a key on paper, and back.

use std::io::{Read, stdin};
use std::path::PathBuf;

use jiff::Zoned;
use windlass_backup::{Identities, PaperKey, WriterId};
use windlass_paperkey::RecoveryKey;
use zeroize::Zeroizing;

use super::new::write_secret;
use crate::backup::place::{PlaceArgs, WRITER, read_secret};
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::Console;
use crate::trouble::Trouble;

/// Print a key as a page to keep away from the machines that it is for
///
/// Each row of the key ends with letters that check it, so that whoever types it in is told which row is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup key paper paper.key | lp              then delete the file")]
pub(in crate::backup) struct PaperArgs {
    /// The file with the key
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    place: PlaceArgs,
}

/// Make the file of a key from what was typed in from its page, or from the pages of its shares
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup key read paper.key < typed.txt        the numbered rows; case and blanks do not matter")]
pub(in crate::backup) struct ReadArgs {
    /// The file to make
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn print(args: &PaperArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.config()?;
    let secret = read_secret(&args.file)?;
    let trouble = |error| Trouble::new(format!("cannot use {}", args.file.display())).because(error);
    let identities = Identities::parse(&secret).map_err(trouble)?;
    let repository = block_on(async {
        let repository = args.place.open(config.as_ref()).await?;
        // Recipients may have changed since it was made.
        repository.snapshots().await?;
        Ok(repository)
    })?;
    let (recipients, writers) = (repository.recipients(), repository.writers());
    let own = identities.of(&recipients);
    let Some(recipient) = own.first() else {
        let trouble = Trouble::new(format!("{} is the key of no recipient of this repository", args.file.display()));
        let known = recipients.iter().map(|key| key.label.as_str()).collect::<Vec<_>>().join(", ");
        return Err(trouble.help(format!("its recipients: {known}")).into());
    };
    let place = repository.place();
    let card = PaperKey { recipient, printed: Zoned::now().date(), place: &place, writers: &writers };
    let text = card.print(&secret).map_err(trouble)?;
    console.data(text.as_bytes())?;
    Ok(Outcome::Done)
}

pub(super) fn read(args: &ReadArgs, console: &Console) -> anyhow::Result<Outcome> {
    let mut typed = Zeroizing::new(String::new());
    stdin().read_to_string(&mut typed)?;
    let writers = writers(&typed);
    keep(&args.file, &RecoveryKey::from_paper(&[typed])?.expose(), &writers, console)
}

/// The writers that the page names: whoever restores with the key believes them, and nobody else.
fn writers(typed: &str) -> Vec<WriterId> {
    let words = typed.split_whitespace().filter_map(|word| word.parse().ok());
    let mut writers: Vec<WriterId> = Vec::new();
    for writer in words {
        if !writers.contains(&writer) {
            writers.push(writer);
        }
    }
    writers
}

/// Writes an identity to a file, and its public half to stdout.
pub(super) fn keep(
    file: &std::path::Path,
    identity: &Zeroizing<String>,
    writers: &[WriterId],
    console: &Console,
) -> anyhow::Result<Outcome> {
    let public = Identities::parse(identity)?.public_halves().join("\n");
    let writers: String = writers.iter().map(|writer| format!("{WRITER}{writer}\n")).collect();
    let text = Zeroizing::new(format!("# public key: {public}\n{writers}{}\n", identity.trim_end()));
    write_secret(file, text.as_bytes())?;
    console.data(format!("{public}\n").as_bytes())?;
    Ok(Outcome::Done)
}
