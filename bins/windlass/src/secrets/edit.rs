//! `windlass secrets edit`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_secrets::{KeyChange, encrypt_text, replace_file};
use windlass_sops::{Error, Format, Selector, WriteError};
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::secrets::files::{InputArgs, Source};
use crate::secrets::private_folder::PrivateFolder;
use crate::secrets::recipients::{RecipientArgs, SelectorArgs};
use crate::secrets::settings::Settings;
use crate::secrets::sops_flags::ChangeFlags;
use crate::secrets::subprocess::{Guard, OnInterrupt};
use crate::secrets::{asking, rotate, set};
use crate::trouble::{self, Trouble};

/// Edit the plaintext of a file with SOPS_EDITOR or EDITOR
///
/// The plaintext lies in a folder in memory that is yours alone, and is wiped when the editor ends, however it ends. A text
/// that cannot be encrypted opens the editor again. Values that were not changed keep their envelopes, and comments, quotes
/// and indentation stay as you leave them. A file that is not there is made, from a small example.
#[derive(Debug, clap::Args)]
pub(crate) struct EditArgs {
    /// The file
    file: PathBuf,

    #[command(flatten)]
    input: InputArgs,

    /// Do not verify the message authentication code first: what somebody changed without a key is accepted
    #[arg(long)]
    ignore_mac: bool,

    #[command(flatten)]
    change: ChangeFlags,

    /// Show the `sops` entry too, and take edits of it: recipients (a new one needs no `enc`), key groups, the selector.
    /// Where somebody is taken out the data key is made anew. (sops 3.11 shows it, and loses what was edited)
    #[arg(short, long)]
    show_master_keys: bool,

    #[command(flatten)]
    recipients: RecipientArgs,

    #[command(flatten)]
    selector: SelectorArgs,
}

pub(crate) fn run(args: &EditArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let format = args.input.format(&args.file);
    args.change.check(format)?;
    let is_new = !args.file.exists();
    let (old, new) = if is_new { create(args, format, settings)? } else { change(args, format, settings)? };
    let Some(new) = new else {
        settings.console.note("File has not changed, exiting.");
        return Ok(Outcome::Exit(200));
    };
    replace_file(&args.file, old.as_deref().map(Vec::as_slice), &new)?;
    settings.console.note(&format!("{}: written", args.file.display()));
    Ok(Outcome::Done)
}

/// What was there, and what is to be there; nothing where nothing was changed.
type Edited = (Option<Zeroizing<Vec<u8>>>, Option<Vec<u8>>);

fn change(args: &EditArgs, format: Format, settings: &Settings<'_>) -> anyhow::Result<Edited> {
    let source = Source::file(&args.file, 2)?;
    let hands = settings.hands(args.ignore_mac);
    let mut document = hands.open(&args.file, &source.text, format)?;
    let plaintext = if args.show_master_keys { document.plaintext_with_metadata()? } else { document.plaintext()? };
    let mut new = None;
    edit(&plaintext, &args.file, settings, |edited| {
        if args.show_master_keys {
            document.replace_with_metadata(edited)?;
        } else {
            document.replace(edited)?;
        }
        new = Some(document.save(hands.now)?);
        Ok(())
    })?;
    let Some(new) = new else { return Ok((Some(source.text), None)) };
    let change = KeyChange::by_edit(&args.file, &source.text, new, format)?;
    rotate::tell(settings, &args.file.display().to_string(), &change);
    if change.is_rotated {
        settings
            .console
            .note("the data key is a new one; the values that were seen have to be changed where they come from");
    }
    Ok((Some(source.text), change.text))
}

fn create(args: &EditArgs, format: Format, settings: &Settings<'_>) -> anyhow::Result<Edited> {
    let rule = settings.rule_for(&args.file)?;
    let recipients = args.recipients.recipients(rule.as_ref(), &args.file, settings)?;
    let options = settings.with_keys(args.selector.options(rule.as_ref())?, &recipients);
    let example = example(&args.file, format, &options.selector);
    let mut new = None;
    edit(example.as_bytes(), &args.file, settings, |edited| {
        let text = encrypt_text(&args.file, edited, format, &recipients, &options, std::time::SystemTime::now());
        new = Some(text.map_err(|error| match error {
            windlass_secrets::Error::Document { source, .. } => source,
            _ => WriteError::Unreadable(None),
        })?);
        Ok(())
    })?;
    Ok((None, new))
}

/// What a new file starts from: a Secret, where the rule encrypts what is in Secrets.
fn example(file: &Path, format: Format, selector: &Selector) -> String {
    let is_for_secrets = matches!(selector, Selector::EncryptedRegex(regex) if regex.contains("stringData"));
    match format {
        Format::Yaml if is_for_secrets => {
            let name = set::stem(file);
            format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name:?}\nstringData:\n  key: value\n")
        }
        Format::Yaml => "# a comment\nkey: value\n".to_owned(),
        Format::Json => "{\n\t\"key\": \"value\"\n}\n".to_owned(),
        Format::Dotenv => "# a comment\nKEY=value\n".to_owned(),
        Format::Ini => "[section]\nkey = value\n".to_owned(),
        Format::Binary => "value\n".to_owned(),
    }
}

/// Lets somebody edit a text until `take` takes it. Without a change `take` is never called.
fn edit(
    plaintext: &[u8],
    file: &Path,
    settings: &Settings<'_>,
    mut take: impl FnMut(&[u8]) -> Result<(), WriteError>,
) -> anyhow::Result<()> {
    let folder = PrivateFolder::new()?;
    let guard = Guard::start(Some(folder.path().to_owned()), OnInterrupt::End)?;
    if !folder.is_in_memory {
        settings.console.note(&format!(
            "warning: there is no folder in memory here (/dev/shm, $XDG_RUNTIME_DIR): the plaintext goes to {} and is \
             overwritten afterwards",
            folder.path().display()
        ));
    }
    let name = file.file_name().map_or_else(|| "secret".into(), |name| name.to_string_lossy());
    let unwritable = |error| Trouble::new("cannot write the plaintext for the editor").because(error).code(3);
    let path = folder.write(&name, plaintext).map_err(unwritable)?;
    let editor = editor()?;
    loop {
        let mut command = Command::new(&editor[0]);
        command.args(&editor[1..]).arg(&path);
        let status = guard
            .run(&mut command)
            .map_err(|error| Trouble::new(format!("cannot run the editor {}: {error}", editor[0])).code(201))?;
        if !status.success() {
            return Err(Trouble::new(format!("the editor {} failed ({status}); the file is as it was", editor[0]))
                .code(201)
                .into());
        }
        let unreadable = |error| Trouble::new("cannot read what was edited").because(error).code(2);
        let edited = fs::read(&path).map(Zeroizing::new).map_err(unreadable)?;
        if *edited == *plaintext {
            return Ok(());
        }
        let Err(error) = take(&edited) else { return Ok(()) };
        trouble::print(&Trouble::new(told(&error)).into(), settings.console);
        settings.console.note("Press enter to return to the editor, or Ctrl+C to exit.");
        let goes_on = asking::enter();
        if !goes_on {
            return Err(Trouble::new("the edited text cannot be encrypted; the file is as it was").code(201).into());
        }
    }
}

/// The fault of an edited text, by its line.
fn told(error: &WriteError) -> String {
    match error {
        WriteError::Plaintext(Error::Syntax { .. } | Error::Shape { .. }) => error.to_string(),
        error => format!("it cannot be saved: {error}"),
    }
}

/// The program and its arguments.
fn editor() -> anyhow::Result<Vec<String>> {
    for variable in ["SOPS_EDITOR", "EDITOR"] {
        let Some(line) = std::env::var(variable).ok().filter(|line| !line.is_empty()) else { continue };
        return match windlass_sops::split_words(&line) {
            Some(words) if !words.is_empty() => Ok(words),
            _ => Err(Trouble::new(format!("{variable} is no command: {line}")).code(201).into()),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    match ["vim", "nano", "vi"].into_iter().find(|name| is_there(name)) {
        Some(name) => Ok(vec![name.to_owned()]),
        None => Err(Trouble::new("there is no editor: vim, nano and vi are not there")
            .help("name one with EDITOR")
            .code(201)
            .into()),
    }
}
