//! `windlass backup key change`: other recipients or writers.

use std::io::Write;

use windlass_backup::{KeyChange, Recipient, WriterId};

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

    /// Tell what would be changed, and change nothing
    #[arg(long)]
    dry_run: bool,
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
    let (former, holders) = block_on(async {
        let repository = args.place.open_as(&config, &writer).await?;
        let holders = repository.plan_keys(&writer, change.clone()).await?;
        let former = (repository.recipients(), repository.writers());
        if !args.dry_run {
            repository.change_keys(&writer, change).await?;
        }
        Ok((former, holders))
    })?;
    let (former_recipients, former_writers) = former;
    let recipient = |recipient: &Recipient| format!("{} ({})", recipient.label, recipient.fingerprint());
    let names = |all: &[Recipient]| all.iter().map(recipient).collect::<Vec<_>>();
    let ids = |all: &[WriterId]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut out = console.out();
    tell(&mut out, "opens with", &names(&holders.recipients), &names(&former_recipients))?;
    tell(&mut out, "written by", &ids(&holders.writers), &ids(&former_writers))?;
    if args.dry_run {
        console.note("nothing was changed");
    }
    Ok(Outcome::Done)
}

/// The holders of keys as they are to be, and those that are left out.
fn tell(out: &mut impl Write, what: &str, now: &[String], former: &[String]) -> std::io::Result<()> {
    for one in now {
        let news = if former.contains(one) { "" } else { ", new" };
        writeln!(out, "{what}    {one}{news}")?;
    }
    former.iter().filter(|one| !now.contains(one)).try_for_each(|one| writeln!(out, "no longer     {one}"))
}
