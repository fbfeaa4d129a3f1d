//! Which repository, who is trusted there, and with which keys: the arguments that most commands share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_backup::{
    Fault, Identities, OpenOptions, Repository, S3Credentials, Store, StoreUrl, Trust, WriterId, WriterKey,
};
use zeroize::Zeroizing;

use super::config::{self, ConfigFile};
use crate::output::Console;
use crate::trouble::Trouble;

/// Which repository
#[derive(Debug, clap::Args)]
pub(crate) struct PlaceArgs {
    /// The file that describes repository and backup; windlass-backup.yaml here, if it is there
    #[arg(long, short, value_name = "FILE", help_heading = "Repository")]
    config: Option<PathBuf>,

    /// The repository: s3://bucket/prefix?endpoint=https://…&region=…, or a folder; instead of that file's
    #[arg(
        long,
        short,
        value_name = "URL",
        help_heading = "Repository",
        env = "WINDLASS_BACKUP",
        hide_env_values = true
    )]
    repository: Option<String>,

    /// A file with access keys as ~/.aws/credentials; without it AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(long, value_name = "FILE", help_heading = "Repository")]
    credentials: Option<PathBuf>,

    /// Believe the snapshots of this writer (windlass-writer1…) and no other; may be given more than once
    #[arg(long, value_name = "ID", help_heading = "Repository")]
    trust: Vec<WriterId>,

    /// Believe everybody's snapshots, forged ones included: for looking, not for restoring
    #[arg(long, help_heading = "Repository", conflicts_with = "trust")]
    trust_anybody: bool,
}

/// The private keys that open a backup
#[derive(Debug, clap::Args)]
pub(crate) struct IdentityArgs {
    /// A file with a private key: of age, or an unlocked one of SSH; may be given more than once
    #[arg(long, short, value_name = "FILE", env = "WINDLASS_BACKUP_IDENTITY", hide_env_values = true)]
    identity: Vec<PathBuf>,
}

impl IdentityArgs {
    /// The keys, if any file was named.
    pub(super) fn read(&self) -> anyhow::Result<Option<Identities>> {
        let mut all: Option<Identities> = None;
        for path in &self.identity {
            let text = read_secret(path)?;
            let keys = Identities::parse(&text)
                .map_err(|error| Trouble::new(format!("cannot use {}", path.display())).because(error))?;
            all = Some(all.map_or(keys.clone(), |all| all.and(keys)));
        }
        Ok(all)
    }

    /// The keys, which must be there.
    pub(crate) fn require(&self) -> anyhow::Result<Identities> {
        let trouble = || Trouble::new("a private key is needed to open what is in a snapshot");
        Ok(self.read()?.ok_or_else(|| trouble().help("name its file with --identity FILE"))?)
    }
}

impl PlaceArgs {
    /// The repository, to read from, and the key to sign with, where it is on this machine.
    pub(crate) async fn repository(&self) -> anyhow::Result<(Repository, Option<WriterKey>)> {
        let config = self.config()?;
        Ok((self.open(config.as_ref()).await?, writer_if_here(config.as_ref())?))
    }

    /// The configuration, if there is one.
    pub(super) fn config(&self) -> anyhow::Result<Option<ConfigFile>> {
        match &self.config {
            Some(path) => ConfigFile::read(path).map(Some),
            None if self.repository.is_none() && Path::new(config::DEFAULT).exists() => {
                ConfigFile::read(Path::new(config::DEFAULT)).map(Some)
            }
            None => Ok(None),
        }
    }

    /// The configuration, which must be there.
    pub(super) fn require_config(&self) -> anyhow::Result<ConfigFile> {
        let missing = || {
            Trouble::new(format!("there is no {} here", config::DEFAULT))
                .help("name a file with --config FILE; `windlass backup init --help` shows what it says")
        };
        match &self.config {
            Some(path) => ConfigFile::read(path),
            None if Path::new(config::DEFAULT).exists() => ConfigFile::read(Path::new(config::DEFAULT)),
            None => Err(missing().into()),
        }
    }

    /// The store, from the arguments or the configuration.
    pub(super) fn store(&self, config: Option<&ConfigFile>) -> anyhow::Result<Arc<dyn Store>> {
        let in_config = config.map(|file| file.config.repository.as_str());
        let Some(text) = self.repository.as_deref().or(in_config) else {
            let trouble = Trouble::new("which repository?");
            return Err(trouble.help("name it with --repository URL, or a file that does with --config FILE").into());
        };
        let url = StoreUrl::parse(text)?;
        // A folder is meant from the configuration's own.
        let url = match (url, config.filter(|_| self.repository.is_none())) {
            (StoreUrl::Directory(path), Some(config)) => StoreUrl::Directory(config.path(&path)),
            (url, _) => url,
        };
        let credentials = if url.is_s3() { self.credentials(config)? } else { None };
        Ok(url.open(credentials)?)
    }

    fn credentials(&self, config: Option<&ConfigFile>) -> anyhow::Result<Option<S3Credentials>> {
        let in_config = config.and_then(|file| {
            let credentials = file.config.credentials.as_ref()?;
            Some((file.path(&credentials.file), credentials.profile.clone()))
        });
        let named = self.credentials.clone().map(|path| (path, "default".to_owned()));
        let Some((path, profile)) = named.or(in_config) else {
            return Ok(S3Credentials::from_variables(|name| std::env::var(name).ok()));
        };
        let credentials = S3Credentials::from_profile(&read_secret(&path)?, &profile);
        Ok(Some(credentials.map_err(|error| Trouble::new(format!("cannot use {}", path.display())).because(error))?))
    }

    /// The repository, to read from.
    pub(super) async fn open(&self, config: Option<&ConfigFile>) -> anyhow::Result<Repository> {
        let mut trusted = self.trust.clone();
        if trusted.is_empty()
            && let Some(file) = config
        {
            trusted.extend(&file.config.trusted_writers);
            // Where the key lies, its own snapshots are believed; elsewhere the configuration may be there without it.
            trusted.extend(writer_if_here(config)?.map(|key| key.id()));
        }
        let trust = match (self.trust_anybody, trusted.is_empty()) {
            (true, _) => Trust::Any,
            (false, true) => Trust::OnFirstUse,
            (false, false) => Trust::Writers(trusted),
        };
        self.open_trusting(config, trust).await
    }

    /// The repository, to write to as `writer`.
    pub(super) async fn open_as(&self, config: &ConfigFile, writer: &WriterKey) -> anyhow::Result<Repository> {
        let mut trusted = vec![writer.id()];
        trusted.extend(self.trust.iter().chain(&config.config.trusted_writers));
        self.open_trusting(Some(config), Trust::Writers(trusted)).await
    }

    async fn open_trusting(&self, config: Option<&ConfigFile>, trust: Trust) -> anyhow::Result<Repository> {
        let mut options = OpenOptions::new(trust);
        options.cache = cache(config);
        Ok(Repository::open(self.store(config)?, options).await?)
    }
}

/// Where commits seen before are kept.
pub(super) fn cache(config: Option<&ConfigFile>) -> Option<PathBuf> {
    if let Some(folder) = config.and_then(|file| Some(file.path(file.config.cache.as_ref()?))) {
        return Some(folder);
    }
    let home = || std::env::home_dir().map(|home| home.join(".cache"));
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(home);
    base.map(|base| base.join("windlass/backup"))
}

/// The key that the configuration names.
pub(super) fn writer_of(config: &ConfigFile) -> anyhow::Result<WriterKey> {
    let Some(path) = &config.config.writer_key else {
        return Err(config.fault(&[], "`writerKey` is missing: make one with `windlass backup key new FILE --writer`"));
    };
    read_writer(&config.path(path))
}

/// The key that the configuration names, where it is on this machine.
pub(super) fn writer_if_here(config: Option<&ConfigFile>) -> anyhow::Result<Option<WriterKey>> {
    let path = config.and_then(|file| Some(file.path(file.config.writer_key.as_ref()?)));
    path.filter(|path| path.exists()).map(|path| read_writer(&path)).transpose()
}

fn read_writer(path: &Path) -> anyhow::Result<WriterKey> {
    let key = WriterKey::parse(&read_secret(path)?);
    Ok(key.map_err(|error| Trouble::new(format!("cannot use {}", path.display())).because(error))?)
}

/// The text of a file that holds a secret.
pub(super) fn read_secret(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| Trouble::new(format!("cannot read {}", path.display())).because(error))?;
    Ok(Zeroizing::new(text))
}

/// Tells what is wrong in a repository without being in the way.
pub(super) fn tell_faults(faults: &[Fault], console: &Console) {
    for fault in faults {
        console.note(&format!("warning: {}: {}", fault.key, fault.what));
    }
}
