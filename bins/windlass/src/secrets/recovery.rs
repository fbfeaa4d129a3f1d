//! `windlass secrets recovery`.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use qrcode::render::unicode::Dense1x2;
use windlass_paperkey::{Error as PaperError, RecoveryKey, paper_rows, read_paper, read_paper_row};
use windlass_secrets::{Access, Kind, Repository, access};
use windlass_sops::Identities;
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::output::Console;
use crate::secrets::asking;
use crate::secrets::rotate::files;
use crate::secrets::settings::Settings;
use crate::trouble::Trouble;

/// Keep a second key on paper, and find out whether it opens everything
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets recovery new                       a key for paper; print it, do not save it
  windlass secrets recovery new --split 2/3           for three people, of whom two are needed
  windlass secrets recovery drill                     would it open everything?")]
pub(crate) struct RecoveryArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    New(NewArgs),
    Join(JoinArgs),
    Drill(DrillArgs),
}

/// Make a recovery key, and print it for paper
///
/// The key is shown once and kept nowhere: as rows with check letters that can be typed again, and as a QR code. Its public
/// side goes into the rules.
#[derive(Debug, clap::Args)]
struct NewArgs {
    /// Split the key: K/N for N shares of which K are needed
    #[arg(long, value_name = "K/N", value_parser = split)]
    split: Option<(u8, u8)>,

    /// Without QR codes
    #[arg(long)]
    no_qr: bool,
}

/// Put a key together from its shares, and print it
///
/// Asks for the shares, row by row; or reads them from files, a share each.
#[derive(Debug, clap::Args)]
struct JoinArgs {
    #[command(flatten)]
    key: KeyArgs,
}

/// Open everything in memory with the recovery key alone, and say what would be lost
///
/// Nothing is written. Exits with 1 where a file would be lost.
#[derive(Debug, clap::Args)]
struct DrillArgs {
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Debug, clap::Args)]
struct KeyArgs {
    /// Files with the key or its shares, as they stand on paper or in one piece; - is the standard input
    #[arg(long = "key-file", value_name = "FILE")]
    files: Vec<PathBuf>,
}

fn split(text: &str) -> Result<(u8, u8), String> {
    let parse = |text: &str| text.trim().parse::<u8>().ok();
    let parts = text.split_once('/').and_then(|(needed, shares)| Some((parse(needed)?, parse(shares)?)));
    parts.filter(|(needed, shares)| *needed >= 2 && needed <= shares).ok_or_else(|| "K/N, as in 2/3".to_owned())
}

pub(crate) fn run(args: &RecoveryArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    match &args.verb {
        Verb::New(args) => new(args, settings.console),
        Verb::Join(args) => {
            let key = args.key.read()?;
            settings.console.data(format!("{}\n", key.expose().as_str()).as_bytes())?;
            settings.console.note(&format!("the recipient of this key: {}", key.recipient()));
            Ok(Outcome::Done)
        }
        Verb::Drill(args) => drill(args, settings),
    }
}

fn new(args: &NewArgs, console: &Console) -> anyhow::Result<Outcome> {
    let key = RecoveryKey::generate();
    let recipient = key.recipient();
    match args.split {
        None => sheet(console, &format!("Recovery key of {recipient}"), &key.expose(), !args.no_qr)?,
        Some((needed, shares)) => {
            for (at, share) in key.split(shares, needed)?.iter().enumerate() {
                let title =
                    format!("Share {} of {shares} of the recovery key of {recipient}; {needed} are needed", at + 1);
                sheet(console, &title, share, !args.no_qr)?;
            }
        }
    }
    console.note(&format!(
        "This is kept nowhere: print it or write it down now, then\n  1. add {recipient} to the rules in .sops.yaml\n  \
         2. windlass secrets rekey --all\n  3. windlass secrets recovery drill, from the paper"
    ));
    if std::io::stdout().is_terminal() {
        console.note("and clear the screen and its scrollback.");
    }
    Ok(Outcome::Done)
}

/// One sheet of paper.
fn sheet(console: &Console, title: &str, key: &str, qr: bool) -> anyhow::Result<()> {
    let mut text = Zeroizing::new(format!("{title}\n\n"));
    for row in paper_rows(key) {
        text.push_str(&row);
        text.push('\n');
    }
    text.push_str("\nThe last three letters of a row check it; the rest, in one piece, is the key.\n\n");
    if qr {
        let code = qrcode::QrCode::new(key.as_bytes()).map_err(|_| {
            Trouble::new("the key does not fit into a QR code").help("leave it out with --no-qr").code(1)
        })?;
        // Ink is dark on paper, and light on most terminals.
        let (ink, paper) = match std::io::stdout().is_terminal() {
            true => (Dense1x2::Light, Dense1x2::Dark),
            false => (Dense1x2::Dark, Dense1x2::Light),
        };
        let drawn = Zeroizing::new(code.render::<Dense1x2>().dark_color(ink).light_color(paper).build());
        text.push_str(&drawn);
        text.push_str("\n\n");
    }
    Ok(console.data(text.as_bytes())?)
}

impl KeyArgs {
    fn read(&self) -> anyhow::Result<RecoveryKey> {
        let texts = if self.files.is_empty() { ask()? } else { self.texts_of_files()? };
        let key = RecoveryKey::join(&texts.iter().map(|text| text.as_str()).collect::<Vec<_>>());
        Ok(key.map_err(|error| Trouble::new(error.to_string()).code(1))?)
    }

    fn texts_of_files(&self) -> anyhow::Result<Vec<Zeroizing<String>>> {
        let mut texts = Vec::new();
        for file in &self.files {
            let bytes = if file.as_os_str() == "-" {
                crate::secrets::files::read_stdin()?
            } else {
                let trouble = |error| Trouble::new(format!("cannot read {}", file.display())).because(error).code(2);
                Zeroizing::new(std::fs::read(file).map_err(trouble)?)
            };
            let text = std::str::from_utf8(&bytes).map_err(|_| Trouble::new("the key is no text").code(1))?;
            let as_printed =
                "write each as it is printed, rows with their numbers and check letters, or in one piece on a line";
            let read = read_paper(text)
                .map_err(|error| Trouble::new(format!("{}: {error}", file.display())).help(as_printed).code(1))?;
            texts.extend(read);
        }
        Ok(texts)
    }
}

/// Asks for a key, or for as many shares as are needed.
fn ask() -> anyhow::Result<Vec<Zeroizing<String>>> {
    let mut texts = vec![ask_one("key or share")?];
    let needed = RecoveryKey::shares_needed(&texts[0]).unwrap_or(1);
    while texts.len() < needed {
        texts.push(ask_one(&format!("share {} of {needed}", texts.len() + 1))?);
    }
    Ok(texts)
}

/// Asks row by row, and again for a row that does not fit.
fn ask_one(what: &str) -> anyhow::Result<Zeroizing<String>> {
    let mut key = Zeroizing::new(String::new());
    for number in 1.. {
        let row = loop {
            let question = format!("{what}, row {number} (nothing when all are typed): ");
            let instead = "give the key, or enough of its shares, with --key-file FILE, or - for the standard input";
            let typed = asking::hidden(&question, instead)?;
            if typed.trim().is_empty() && number > 1 {
                return Ok(key);
            }
            if let Ok([whole]) = read_paper(&typed).as_deref() {
                return Ok(whole.clone());
            }
            let numbered = Zeroizing::new(format!("{number} {}", typed.as_str()));
            match read_paper_row(&typed, number).or_else(|_| read_paper_row(&numbered, number)) {
                Ok(row) => break row,
                Err(_) => asking::tell(&PaperError::Row(number).to_string())?,
            }
        };
        key.push_str(&row);
    }
    Ok(key)
}

fn drill(args: &DrillArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let repository = Repository::around(&settings.folder)?;
    let texts = repository.texts(Kind::Encrypted)?;
    let key = args.key.read()?;
    let identities = Identities::parse(&key.expose(), "the recovery key")?;
    let found: Access = settings.with_work("opening", |work| access(&texts, &identities, work));
    let (lost, kept): (Vec<_>, Vec<_>) = found.files.iter().partition(|file| file.fault.is_some());
    let mut out = settings.console.out();
    for file in &lost {
        writeln!(out, "lost: {} ({} values)", repository.shown(&file.path).display(), file.values)?;
    }
    writeln!(out, "{} of {} would be recovered with {}", kept.len(), files(found.files.len()), key.recipient())?;
    if lost.is_empty() {
        return Ok(Outcome::Done);
    }
    settings
        .console
        .note("add the recipient to the rules of these files in .sops.yaml, then: windlass secrets rekey --all");
    Ok(Outcome::Unwelcome)
}
