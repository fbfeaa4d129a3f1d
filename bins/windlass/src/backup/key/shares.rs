//! `windlass backup key split` and `key join`: a key for several people, none of whom has it alone.

use std::path::PathBuf;

use windlass_paperkey::RecoveryKey;
use zeroize::Zeroizing;

use super::new::write_secret;
use super::paper::keep;
use crate::backup::place::read_secret;
use crate::outcome::Outcome;
use crate::output::Console;
use crate::trouble::Trouble;

/// Split a key into shares, some of which give it back, and fewer tell nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup key split paper.key --shares 5 --threshold 3     paper.key.share-1 to paper.key.share-5")]
pub(in crate::backup) struct SplitArgs {
    /// The file with the key
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// How many shares to make
    #[arg(long, value_name = "COUNT")]
    shares: u8,

    /// How many of them it takes
    #[arg(long, value_name = "COUNT")]
    threshold: u8,
}

/// Put a key together from shares
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass backup key join share-1 share-4 share-5 --to paper.key")]
pub(in crate::backup) struct JoinArgs {
    /// The files with the shares, in one piece or as they stand on paper
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The file to make
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

pub(super) fn split(args: &SplitArgs, console: &Console) -> anyhow::Result<Outcome> {
    let secret = read_secret(&args.file)?;
    let shares = RecoveryKey::from_paper(&[secret])
        .and_then(|key| key.split(args.shares, args.threshold))
        .map_err(|error| Trouble::new(format!("cannot split {}", args.file.display())).because(error))?;
    let mut names = String::new();
    for (index, share) in shares.iter().enumerate() {
        let path = PathBuf::from(format!("{}.share-{}", args.file.display(), index + 1));
        let text = Zeroizing::new(format!("{}\n", share.trim_end()));
        write_secret(&path, text.as_bytes())?;
        names.push_str(&format!("{}\n", path.display()));
    }
    console.data(names.as_bytes())?;
    Ok(Outcome::Done)
}

pub(super) fn join(args: &JoinArgs, console: &Console) -> anyhow::Result<Outcome> {
    let shares = args.files.iter().map(|path| read_secret(path)).collect::<anyhow::Result<Vec<_>>>()?;
    keep(&args.to, &RecoveryKey::from_paper(&shares)?.expose(), &[], console)
}
