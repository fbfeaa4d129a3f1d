//! `windlass secrets groups`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use windlass_sops::Recipients;

use crate::outcome::Outcome;
use crate::secrets::files::{InputArgs, OutputArgs, Source};
use crate::secrets::recipients::RecipientArgs;
use crate::secrets::settings::Settings;
use crate::trouble::Trouble;

/// Add key groups to a file, or remove them
///
/// With several groups the data key is split: it takes as many of them as the threshold says.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets groups add -i --file secret.yaml --age age1…
  windlass secrets groups delete -i --file secret.yaml 1")]
pub(crate) struct GroupsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Add a group of the recipients that are named
    Add(AddArgs),
    /// Remove a group, by its position from 0
    Delete(DeleteArgs),
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// The file
    #[arg(short, long)]
    file: PathBuf,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    recipients: RecipientArgs,
}

#[derive(Debug, clap::Args)]
struct DeleteArgs {
    /// The file
    #[arg(short, long)]
    file: PathBuf,

    /// The position of the group, from 0
    group: usize,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    input: InputArgs,

    /// How many key groups must be opened
    #[arg(long, value_name = "N")]
    shamir_secret_sharing_threshold: Option<usize>,
}

pub(crate) fn run(args: &GroupsArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    match &args.verb {
        Verb::Add(args) => {
            let named = args.recipients.named()?;
            if named.is_empty() {
                return Err(Trouble::new("no recipient is named for the new group").code(1).into());
            }
            change(&args.file, &args.input, &args.output, args.recipients.threshold(), settings, |recipients| {
                recipients.add_group(named);
                Ok(())
            })
        }
        Verb::Delete(args) => {
            let threshold = args.shamir_secret_sharing_threshold;
            change(&args.file, &args.input, &args.output, threshold, settings, |recipients| {
                if recipients.remove_group(args.group) {
                    return Ok(());
                }
                let count = recipients.group_count();
                Err(Trouble::new(format!("there is no key group {}: there are {count}, counted from 0", args.group))
                    .code(1)
                    .into())
            })
        }
    }
}

fn change(
    file: &Path,
    input: &InputArgs,
    output: &OutputArgs,
    threshold: Option<usize>,
    settings: &Settings<'_>,
    edit: impl FnOnce(&mut Recipients) -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    output.check()?;
    let source = Source::file(file, 2)?;
    let mut document = settings.hands(false).open(file, &source.text, input.format(file))?;
    let mut recipients = Recipients::of(document.metadata());
    edit(&mut recipients)?;
    let threshold = threshold.filter(|threshold| *threshold > 0).or(recipients.threshold());
    let count = recipients.group_count();
    if let Some(needed) = threshold.filter(|needed| *needed > count) {
        let trouble = Trouble::new(format!("{needed} key groups have to be opened, and there would be {count}"));
        return Err(trouble.help("lower it with --shamir-secret-sharing-threshold").code(1).into());
    }
    document.set_recipients(recipients.with_threshold(threshold));
    output.write(settings, &source, &document.save(SystemTime::now())?)?;
    Ok(Outcome::Done)
}
