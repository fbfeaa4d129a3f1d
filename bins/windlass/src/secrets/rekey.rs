//! `windlass secrets rekey`, which sops calls `updatekeys`.

use windlass_secrets::{Change, Error, KeyChange, Kind, RepositoryText, change_all, encrypt_anew, rekey};
use windlass_sops::{CreationRule, Recipients};
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::secrets::files::{InputArgs, Source, TreeArgs};
use crate::secrets::recipients::of_rule;
use crate::secrets::settings::{FoundRule, Settings};
use crate::secrets::{asking, failure, rotate};

/// Encrypt files for those whom the rules name today
///
/// After a change of .sops.yaml: adds and removes recipients of all files named, or of none. Where somebody is removed the
/// file gets a new data key as well, and what that person has seen is listed. Files that are in order are not touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets rekey --all                        shows what would change, and asks
  windlass secrets rekey --all --check                exits with 1 where something would change; for CI
  windlass secrets updatekeys -y secret.sops.yaml     as sops has it")]
pub(crate) struct RekeyArgs {
    #[command(flatten)]
    tree: TreeArgs,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Change nothing; exit with 1 where something would be changed
    #[arg(long, conflicts_with = "yes")]
    check: bool,

    /// Keep the data key even where somebody is removed, as sops does: who was removed can go on reading
    #[arg(long)]
    keep_data_key: bool,

    /// Encrypt the values anew by the selector of the rule where a file has another one
    #[arg(long)]
    apply_selector: bool,

    #[command(flatten)]
    input: InputArgs,
}

/// A file, and what its rule wants.
struct Wanted {
    file: RepositoryText,
    recipients: Recipients,
    rule: CreationRule,
}

pub(crate) fn run(args: &RekeyArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let (files, is_all) = match args.tree.single(settings) {
        Some(path) => {
            let source = Source::file(&path, 1)?;
            (vec![RepositoryText { path: settings.folder.join(path), text: source.text }], false)
        }
        None => (args.tree.select(settings, Kind::Encrypted)?.1, true),
    };
    let repository = windlass_secrets::Repository::around(&settings.folder)?;
    let wanted = wanted(files, is_all, settings)?;
    let hands = settings.hands(false);
    let change = |wanted: &Wanted| -> Result<KeyChange, Error> {
        let Wanted { file, recipients, rule } = wanted;
        let format = args.input.format(&file.path);
        if args.apply_selector && has_other_selector(file, format, rule) {
            return encrypt_anew(&file.path, &file.text, format, &hands, recipients, rule);
        }
        rekey(&file.path, &file.text, format, &hands, recipients, args.keep_data_key)
    };
    let files: Vec<_> = wanted.iter().map(|wanted| wanted.file.clone()).collect();
    let find = |file: &RepositoryText| wanted.iter().find(|wanted| wanted.file.path == file.path);
    // What would be done is known before anybody is asked, and then done as it was shown.
    let planned = settings.with_work("looking at", |work| {
        change_all(&files, work, |file| {
            let note = find(file).map_or(Ok(KeyChange::default()), change)?;
            Ok(Change { text: None, note })
        })
    });
    let changes = planned.map_err(|faults| failure::of_many(faults, settings.console))?;
    rotate::tell_all(settings, &repository, &files, &changes);
    let count = changes.iter().filter(|change| change.text.is_some()).count();
    if count == 0 {
        settings.console.note(&format!("{} up to date", rotate::files(files.len())));
        return Ok(Outcome::Done);
    }
    if args.check {
        settings.console.note(&format!("{} of {} would be changed", count, rotate::files(files.len())));
        return Ok(Outcome::Unwelcome);
    }
    if !args.yes && !asking::is_okay(&format!("change {}?", rotate::files(count)))? {
        settings.console.note("no file was changed");
        return Ok(Outcome::Done);
    }
    let mut texts = changes.into_iter().map(|change| change.text.map(Zeroizing::new));
    let mut staged = windlass_secrets::Staged::new();
    for file in &files {
        if let Some(Some(text)) = texts.next() {
            staged.add(&file.path, Some(&file.text), &text)?;
        }
    }
    staged.commit()?;
    settings.console.note(&format!("{} changed", rotate::files(count)));
    Ok(Outcome::Done)
}

fn has_other_selector(file: &RepositoryText, format: windlass_sops::Format, rule: &CreationRule) -> bool {
    let metadata = windlass_sops::Metadata::read(&file.text, format);
    metadata.is_ok_and(|metadata| {
        metadata.selector != rule.selector || metadata.mac_only_encrypted != rule.mac_only_encrypted
    })
}

/// What the rules want of the files. One that no rule is for is an error, but passed over where a whole folder was named.
fn wanted(files: Vec<RepositoryText>, is_all: bool, settings: &Settings<'_>) -> anyhow::Result<Vec<Wanted>> {
    let mut rules = settings.rule_files()?;
    let mut all = Vec::new();
    for file in files {
        let name = settings.absolute(&file.path);
        let found = rules.for_file(&name)?;
        let rule = found.as_ref().and_then(|found| found.rule_for(&name).cloned());
        match (found, rule) {
            (Some(found), Some(rule)) => {
                let found = FoundRule { file: found, rule };
                let recipients = of_rule(&found)?;
                all.push(Wanted { file, recipients, rule: found.rule });
            }
            (found, _) if !is_all => {
                return Err(Error::NoRule { path: file.path, rules: found.map(|found| found.path.clone()) }.into());
            }
            _ => settings.console.note(&format!("{}: no rule is for it, left alone", file.path.display())),
        }
    }
    Ok(all)
}
