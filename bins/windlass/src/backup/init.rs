//! `windlass backup init`: a repository in an empty place.

use std::io::Write;

use serde_json::json;
use windlass_backup::{InitOptions, Repository};

use super::place::{self, PlaceArgs};
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};
use crate::trouble::Trouble;

/// Make the repository that the configuration describes
///
/// It finds out first what the store really does: whether it keeps what it is given, and whether it can refuse to overwrite.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A configuration, windlass-backup.yaml:
  repository: s3://backups/home?endpoint=https://nas.lan:9000   # or a folder: /mnt/nas/backup
                                     # &object-lock=30: nobody can delete a snapshot for 30 days, where the bucket can that
  writerKey: writer.key              # windlass backup key new writer.key --writer
  recipients:                        # windlass backup key new paper.key
    - {label: paper,   key: age1...}
    - {label: partner, key: age1...}
  save:
    cluster: {}                      # what Git does not bring back; {scope: everything} for all
    files:
      - {name: notes, path: /srv/notes, exclude: ['*.log'], databases: snapshot}
    sqlite:
      - {name: home-assistant, path: /srv/ha/home-assistant_v2.db, claim: home/config}
    dumps:
      - {name: keycloak, command: [pg_dump, -Fc, keycloak], timeout: 10m}
    git:
      - {name: homelab, url: https://git.example.org/me/homelab, branch: main}")]
pub(super) struct InitArgs {
    #[command(flatten)]
    place: PlaceArgs,

    /// Encrypt to a single key. Whoever loses that key has lost the backup
    #[arg(long)]
    waive_second_recipient: bool,

    /// How to print what was made
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(args: &InitArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.require_config()?;
    let writer = place::writer_of(&config)?;
    let recipients = config.recipients()?;
    if recipients.is_empty() {
        return Err(config.fault(&[], "`recipients` is missing: for whom is it encrypted?"));
    }
    let store = args.place.store(Some(&config))?;
    let mut options = InitOptions::new(recipients, &writer);
    options.other_writers.clone_from(&config.config.trusted_writers);
    options.waive_second_recipient = args.waive_second_recipient;
    options.cache = place::cache(Some(&config));
    let repository = block_on(async { Ok(Repository::init(store, options).await) })?.map_err(|error| match error {
        windlass_backup::Error::TooFewRecipients { .. } => {
            let help = "a second one may be on paper or with somebody you trust; --waive-second-recipient does without";
            anyhow::Error::from(Trouble::new(error.to_string()).help(help))
        }
        error => place::explained(error),
    })?;
    if args.output != Output::Table {
        let all = json!({
            "repository": repository.id(),
            "place": repository.place(),
            "recipients": repository.recipients(),
            "writers": repository.writers(),
        });
        let text = if args.output == Output::Json { output::json(&all)? } else { output::yaml(&all)? };
        console.data(text.as_bytes())?;
        return Ok(Outcome::Done);
    }
    let mut out = console.out();
    writeln!(out, "made the repository {} at {}", repository.id(), repository.place())?;
    for recipient in repository.recipients() {
        writeln!(out, "  opens with    {} ({})", recipient.label, recipient.fingerprint())?;
    }
    for writer in repository.writers() {
        writeln!(out, "  written by    {writer}")?;
    }
    let seen = repository.capabilities();
    if seen.versioning || seen.object_lock {
        let what = if seen.object_lock { "locks objects" } else { "keeps versions of objects" };
        writeln!(
            out,
            "The bucket {what}: what `sweep` deletes takes space until the bucket's own rules delete old versions."
        )?;
        let locks = repository.store().lock_period().is_some();
        if seen.object_lock && !locks {
            writeln!(out, "Add object-lock=DAYS to the address, and every snapshot is locked with all that it needs.")?;
        }
    }
    writeln!(out, "Keep the line of the writer with your recovery keys: a restore believes nobody else.")?;
    Ok(Outcome::Done)
}
