//! `windlass backup extract`: one item back into place on this machine.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;
use windlass_backup::Fetched;
use windlass_capture::put_back::{self, BundlePutBack, FilesPutBack, SqlitePutBack};
use windlass_capture::{Facts, Format};

use super::place::{IdentityArgs, PlaceArgs};
use crate::kubeconfig::block_on;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};
use crate::trouble::Trouble;

/// Put one item back on this machine: a folder, a database, a repository, a dump
///
/// The whole item is checked before anything is put in place, and what was there is moved aside, never deleted. A database
/// that somebody has open is left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup extract files/notes --to /srv/notes --identity paper.key
  windlass backup extract sqlite/home --to /srv/ha/home.db --identity paper.key --replace
  windlass backup extract git/homelab --to homelab.git --identity paper.key && git clone homelab.git")]
pub(super) struct ExtractArgs {
    /// The item, as `windlass backup show` names it
    #[arg(value_name = "ITEM")]
    item: String,

    /// Where it goes: a folder for files and repositories, a file for databases and dumps
    #[arg(long, value_name = "PATH")]
    to: PathBuf,

    /// Of this snapshot: its number, or the beginning of its id
    #[arg(long, value_name = "SNAPSHOT", default_value = "latest")]
    snapshot: String,

    /// What is there is moved aside
    #[arg(long)]
    replace: bool,

    /// Links that lead out of a folder come back, too
    #[arg(long)]
    outside_links: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    place: PlaceArgs,

    /// How to print what was done
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
}

/// What was put in place, and where the old went.
struct Placed {
    facts: Facts,
    aside: Option<PathBuf>,
}

pub(super) fn run(args: &ExtractArgs, console: &Console) -> anyhow::Result<Outcome> {
    let config = args.place.config()?;
    let identities = args.identity.require()?;
    let mut fetched = block_on(async {
        let repository = args.place.open(config.as_ref()).await?;
        let found = repository.snapshots().await?;
        Ok(repository.fetch(found.find(&args.snapshot)?, &args.item, &identities).await?)
    })?;
    let placed = place(&mut fetched, args)?;
    let warnings = placed.facts.get("warnings").and_then(|warnings| warnings.as_array()).cloned().unwrap_or_default();
    for warning in warnings.iter().filter_map(|warning| warning.as_str()) {
        console.note(&format!("warning: {warning}"));
    }
    let all = json!({ "item": args.item, "to": args.to, "facts": placed.facts, "aside": placed.aside });
    match args.output {
        Output::Json => console.data(output::json(&all)?.as_bytes())?,
        Output::Yaml => console.data(output::yaml(&all)?.as_bytes())?,
        Output::Table => {
            let mut out = console.out();
            writeln!(out, "{} is back at {}", args.item, args.to.display())?;
            if let Some(aside) = placed.aside {
                writeln!(out, "what was there is at {}", aside.display())?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn place(fetched: &mut Fetched, args: &ExtractArgs) -> anyhow::Result<Placed> {
    let (format, expected) = (fetched.item().format, fetched.item().facts.clone());
    let mut reader = fetched.reader()?;
    Ok(match format {
        Format::Tar => {
            let options = FilesPutBack::default().expecting(expected).replacing(args.replace);
            let done = put_back::files(&mut reader, &args.to, &options.with_outside_links(args.outside_links));
            let done = done.map_err(explain)?;
            Placed { facts: done.facts, aside: done.aside }
        }
        Format::Sqlite => {
            let options = SqlitePutBack::default().expecting(expected).replacing(args.replace);
            let done = put_back::sqlite(&mut reader, &args.to, &options).map_err(explain)?;
            Placed { facts: done.facts, aside: done.aside }
        }
        Format::Bundle => {
            let done = put_back::bundle(&mut reader, &args.to, &BundlePutBack::default()).map_err(explain)?;
            let facts = [("references", json!(done.references)), ("shallow", json!(done.shallow))];
            let facts = facts.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
            Placed { facts, aside: None }
        }
        _ => file(&mut reader, &args.to, args.replace)?,
    })
}

/// A dump into a file: whole, or not at all; the old one is kept beside it.
fn file(reader: &mut dyn std::io::Read, to: &Path, replace: bool) -> anyhow::Result<Placed> {
    if to.exists() && !replace {
        return Err(explain(windlass_capture::Error::Exists { path: to.to_owned() }));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut staged = tempfile::Builder::new().prefix(".windlass-dump-").tempfile_in(folder)?;
    let bytes = std::io::copy(reader, &mut staged)?;
    staged.as_file().sync_all()?;
    let aside = if to.exists() { Some(moved_aside(to)?) } else { None };
    staged.persist_noclobber(to)?;
    Ok(Placed { facts: Facts::from_iter([("bytes".to_owned(), bytes.into())]), aside })
}

/// Gives a file the first free name of `FILE.before-1`, `FILE.before-2` and so on, as databases are given.
fn moved_aside(file: &Path) -> anyhow::Result<PathBuf> {
    for number in 1_u32.. {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".before-{number}"));
        let aside = PathBuf::from(name);
        if !aside.exists() {
            std::fs::rename(file, &aside)?;
            return Ok(aside);
        }
    }
    anyhow::bail!("there is no free name for {}", file.display())
}

fn explain(error: windlass_capture::Error) -> anyhow::Error {
    match error {
        windlass_capture::Error::Exists { .. } => {
            Trouble::new(error.to_string()).help("--replace moves what is there aside").into()
        }
        error => error.into(),
    }
}
