//! `windlass backup key change`: other recipients or writers.

use std::io::Write;

use windlass_backup::KeyChange;

use crate::backup::place::{self, PlaceArgs};
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::Console;

/// Make the recipients and trusted writers of the configuration those of the repository
///
/// The next run encrypts everything anew to them. Older snapshots stay as they are: a key that is taken out still opens those.
#[derive(Debug, clap::Args)]
pub(in crate::backup) struct ChangeArgs {
    #[command(flatten)]
    place: PlaceArgs,

    /// Encrypt to a single key. Whoever loses that key has lost the backup
    #[arg(long)]
    waive_second_recipient: bool,
}

pub(super) fn run(args: &ChangeArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.require_config()?;
    let writer = place::writer_of(&config)?;
    let recipients = config.recipients()?;
    let change = KeyChange {
        recipients: if recipients.is_empty() { None } else { Some(recipients) },
        writers: Some(config.config.trusted_writers.clone()),
        waive_second_recipient: args.waive_second_recipient,
    };
    let repository = block_on(async {
        let repository = args.place.open_as(&config, &writer).await?;
        repository.change_keys(&writer, change).await?;
        Ok(repository)
    })?;
    let mut out = console.out();
    for recipient in repository.recipients() {
        writeln!(out, "opens with    {} ({})", recipient.label, recipient.fingerprint())?;
    }
    for writer in repository.writers() {
        writeln!(out, "written by    {writer}")?;
    }
    Ok(Outcome::Done)
}
