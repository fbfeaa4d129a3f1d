//! `windlass backup key new`: a key in a file.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use windlass_backup::WriterKey;
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::output::Console;
use crate::trouble::Trouble;

/// Make a new key in a file that only you can read; its public half is printed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup key new paper.key            opens backups; age itself reads the file
  windlass backup key new writer.key --writer  signs backups; opens nothing")]
pub(in crate::backup) struct NewArgs {
    /// The file, which must not be there yet
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// A key that signs, for the machine that writes backups
    #[arg(long)]
    writer: bool,
}

pub(super) fn run(args: &NewArgs, console: &Console) -> anyhow::Result<Outcome> {
    let (public, text) = if args.writer {
        let key = WriterKey::generate()?;
        let text = format!("# writer: {}\n{}\n", key.id(), key.to_text().as_str());
        (key.id().to_string(), Zeroizing::new(text))
    } else {
        let key = age::x25519::Identity::generate();
        let text = format!("# public key: {}\n{}\n", key.to_public(), key.to_string().expose_secret());
        (key.to_public().to_string(), Zeroizing::new(text))
    };
    write_secret(&args.file, text.as_bytes())?;
    writeln!(console.out(), "{public}")?;
    Ok(Outcome::Done)
}

/// Writes a file that was not there, for its owner only.
pub(super) fn write_secret(path: &Path, text: &[u8]) -> anyhow::Result<()> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()));
    Ok(written.map_err(|error| Trouble::new(format!("cannot write {}", path.display())).because(error))?)
}
