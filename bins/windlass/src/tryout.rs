//! `windlass try`: a repository on an API in this process, with the real reconciler.

mod keep;
mod show;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use windlass_engine::NamespacedName;
use windlass_flux::GoDuration;
use windlass_manifest::{DirTree, MemoryTree, TreePath};
use windlass_sops::Identities;
use windlass_tryout::{AgeKeys, Error, Repository, Tryout, TryoutOptions};
use zeroize::Zeroizing;

use self::show::Show;
use crate::diagnostics::{Diagnostics, Sources};
use crate::kubeconfig::block_on;
use crate::names::{duration, namespaced};
use crate::outcome::Outcome;
use crate::output::Console;
use crate::secrets::keyring;
use crate::trouble::Trouble;

/// Try a repository on this machine, without a cluster
///
/// Starts a Kubernetes API inside of this program, lets the reconciler of windlassd haul the repository onto it, and
/// shows what came of it and whether it is healthy. Then a live object is changed as a stranger would, and found and put
/// right. Workloads become ready without running; nothing is written but a temporary directory.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass try                               the example homelab that is built in; needs no network
  windlass try ~/homelab                     a directory as it is, committed or not
  windlass try ~/homelab --path clusters/home --age-key-file age.agekey
  windlass try https://github.com/me/homelab the head of a public repository
  windlass try --keep                        leaves the API running for kubectl, until Ctrl-C")]
pub(crate) struct TryArgs {
    /// A directory or the URL of a Git repository; by default the example homelab
    #[arg(value_name = "REPO")]
    repository: Option<String>,

    /// The directory in it that a cluster follows; by default the only one there is
    #[arg(long, value_name = "DIR")]
    path: Option<String>,

    /// The Kustomization that stands for this directory; by default the one that names the same path
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = namespaced)]
    kustomization: Option<NamespacedName>,

    /// age keys for encrypted files, besides SOPS_AGE_KEY; they are put where spec.decryption looks for them
    ///
    /// What else sops would find here opens the files of a directory too: its default key file, SSH keys, PGP, Vault. A
    /// repository given by URL gets only the keys that are named: it could send a token of Vault to wherever it likes.
    #[arg(long, value_name = "FILE", env = "SOPS_AGE_KEY_FILE", hide_env_values = true)]
    age_key_file: Option<PathBuf>,

    /// Take a variable without a value for an empty one
    #[arg(long)]
    lenient_substitution: bool,

    /// How long to wait until all is ready
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    timeout: GoDuration,

    /// Leave the API and the reconciler running, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(args: &TryArgs, console: &Console) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let repository = args.repository(console)?;
    block_on(async {
        let options = args.options(&repository)?;
        let mut show = Show::new(console, started);
        let tryout = Tryout::start(repository, options).await.map_err(trouble)?;
        show.start(&tryout)?;
        let is_incomplete = faults(&tryout, args, console);
        let mut gone = Ok(());
        let patience = Duration::from(args.timeout);
        let owners = tryout.settle(patience, |owner| {
            if gone.is_ok() {
                gone = show.progress(owner);
            }
        });
        let owners = owners.await?;
        gone?;
        let overview = tryout.overview();
        show.overview(&overview)?;
        let mut is_well = !is_incomplete && show::is_well(&owners, &overview);
        if let Some(drift) = tryout.disturb().await? {
            show.drift(&drift)?;
            let repair = tryout.repair(&drift).await?;
            is_well &= repair.is_repaired;
            show.repair(&drift, &repair)?;
        }
        show.summary(&tryout, &overview)?;
        if args.keep {
            keep::until_told(&tryout, console).await?;
        }
        tryout.stop().await;
        Ok(if is_well { Outcome::Done } else { Outcome::Unwelcome })
    })
}

impl TryArgs {
    fn repository(&self, console: &Console) -> anyhow::Result<Repository> {
        let repository = match self.repository.as_deref() {
            None => Repository::example(),
            Some(url) if url.contains("://") => {
                console.note(&format!("fetching {url}"));
                Repository::fetched(url)
            }
            Some(directory) if !Path::new(directory).is_dir() => {
                let message =
                    format!("{directory} is no directory: name the working directory of a repository, or a URL");
                return Err(Trouble::new(message).into());
            }
            Some(directory) => Repository::directory(directory),
        };
        repository.map_err(trouble)
    }

    fn options(&self, repository: &Repository) -> anyhow::Result<TryoutOptions> {
        let path = self.path.as_deref().map(TreePath::new).transpose();
        Ok(TryoutOptions {
            path: path.map_err(|error| Trouble::new("--path is a directory in the repository").because(error))?,
            name: self.kustomization.clone(),
            keys: self.keys()?,
            identities: self.identities(repository)?,
            strict_substitution: !self.lenient_substitution,
            ..TryoutOptions::default()
        })
    }

    fn keys(&self) -> anyhow::Result<AgeKeys> {
        let mut keys = AgeKeys::new();
        if let Some(file) = &self.age_key_file {
            let trouble = || Trouble::new(format!("cannot read the age keys in {}", file.display()));
            let bytes = std::fs::read(file).map(Zeroizing::new).map_err(|error| trouble().because(error))?;
            // One with a passphrase is opened with all others, and goes into no Secret.
            if !is_age_file(&bytes) {
                let text = std::str::from_utf8(&bytes).map_err(|error| trouble().because(error))?;
                let added = keys.add(Zeroizing::new(text.to_owned()), &file.display().to_string());
                added.map_err(|error| trouble().because(error))?;
            }
        }
        if let Some(text) = std::env::var("SOPS_AGE_KEY").ok().filter(|text| !text.is_empty()) {
            keys.add(Zeroizing::new(text), "SOPS_AGE_KEY")?;
        }
        Ok(keys)
    }

    /// Whatever sops would find, for the files of a directory that somebody has here.
    fn identities(&self, repository: &Repository) -> anyhow::Result<Identities> {
        match repository.root() {
            Some(_) => keyring::find_with(self.age_key_file.as_deref()),
            None => Ok(Identities::new()),
        }
    }
}

/// Whether a key file is itself encrypted, armored or not.
fn is_age_file(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    bytes.starts_with(b"age-encryption.org/") || bytes.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

/// Prints what is wrong with the repository, as `windlass diff` does; says whether anything is.
fn faults(tryout: &Tryout, args: &TryArgs, console: &Console) -> bool {
    let none = MemoryTree::new();
    let disk = tryout.repository().root().and_then(|root| DirTree::open(root).ok());
    let sources = match &disk {
        Some(tree) => Sources::new(tree, tree.root()),
        None => Sources::new(&none, Path::new("/")),
    };
    let mut diagnostics = Diagnostics::new(console, &sources);
    let (mut found, mut is_encrypted) = (false, false);
    for (name, error) in tryout.preview().errors() {
        found = true;
        is_encrypted |= is_about_keys(error);
        diagnostics.kustomization(name, error);
    }
    if is_encrypted && args.age_key_file.is_none() {
        console.note("help: give the age key with --age-key-file FILE or SOPS_AGE_KEY_FILE=FILE");
    }
    found
}

/// Whether another key could help.
fn is_about_keys(error: &windlass_engine::Error) -> bool {
    match error {
        windlass_engine::Error::Build(errors) => {
            errors.iter().any(|error| matches!(error.fault, windlass_render::Fault::Decrypt { .. }))
        }
        windlass_engine::Error::StillEncrypted { .. } => true,
        _ => false,
    }
}

/// The error with what to do about it.
fn trouble(error: Error) -> anyhow::Error {
    let help = match &error {
        Error::NoRoot | Error::NoSuchPath { .. } => "name it with --path, written from the root of the repository",
        Error::ManyRoots { .. } => "choose one with --path",
        Error::Repository(_) => "a repository that needs credentials: clone it, and give the directory",
        _ => return error.into(),
    };
    let (message, cause) = (error.to_string(), std::error::Error::source(&error).map(ToString::to_string));
    let trouble = Trouble::new(message).help(help);
    match cause {
        Some(cause) => trouble.because(cause).into(),
        None => trouble.into(),
    }
}
