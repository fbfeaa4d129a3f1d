//! Which repository, who is trusted there, and with which keys: the arguments that most commands share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use windlass_backup::{
    Fault, Identities, OpenOptions, Repository, S3Credentials, Store, StoreFault, StoreUrl, Trust, WriterId, WriterKey,
};
use zeroize::Zeroizing;

use super::config::{self, ConfigFile};
use super::progress::Line;
use crate::output::Console;
use crate::trouble::Trouble;

/// How long a store may take until it answers with what was asked for: a folder of a server that hangs, a server that says
/// that it is busy. One that does not answer at all is given up sooner, by the store itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// After how long it is said what is waited for.
const SILENCE: Duration = Duration::from_secs(2);
/// What to look at where nobody answers.
const NOBODY: &str = "is the server running, and is this its address (endpoint, port, http or https)?";

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

    /// The bucket and the folder in it, BUCKET or BUCKET/FOLDER: the same as --repository s3://BUCKET/FOLDER
    #[arg(long, value_name = "BUCKET", help_heading = "Repository")]
    bucket: Option<String>,

    /// With --bucket: the S3 server, such as `https://nas.lan:9000`; without it AWS
    #[arg(long, value_name = "URL", help_heading = "Repository", env = "AWS_ENDPOINT_URL", hide_env_values = true)]
    endpoint: Option<String>,

    /// With --bucket: the region
    #[arg(long, value_name = "NAME", help_heading = "Repository", env = "AWS_REGION", hide_env_values = true)]
    region: Option<String>,

    /// With --bucket: a file with the certificates of the authority that the S3 server's comes from
    #[arg(long, value_name = "FILE", help_heading = "Repository", env = "AWS_CA_BUNDLE", hide_env_values = true)]
    ca: Option<PathBuf>,

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

/// How a file with a private key says whose backups are to be believed.
pub(super) const WRITER: &str = "# writer: ";

impl IdentityArgs {
    /// The writers that the files of the keys name.
    fn writers(&self) -> anyhow::Result<Vec<WriterId>> {
        let mut writers = Vec::new();
        for path in &self.identity {
            for line in read_secret(path)?.lines().filter_map(|line| line.strip_prefix(WRITER)) {
                let trouble = |error| Trouble::new(format!("cannot use {}", path.display())).because(error);
                writers.push(line.trim().parse().map_err(trouble)?);
            }
        }
        Ok(writers)
    }

    /// The keys, if any file was named.
    pub(crate) fn read(&self) -> anyhow::Result<Option<Identities>> {
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
    /// The repository to look at, if one was named, here or by a configuration.
    pub(crate) async fn if_given(&self) -> anyhow::Result<Option<Repository>> {
        let config = self.config()?;
        match self.address().is_some() || config.is_some() {
            true => Ok(Some(self.open(config.as_ref()).await?)),
            false => Ok(None),
        }
    }

    /// The repository, to restore from, and the key to sign with, where it is on this machine.
    ///
    /// Where neither arguments nor configuration name a writer, those are believed that the file of the private key names;
    /// and else whoever the repository names, which is said.
    pub(crate) async fn repository(
        &self,
        identity: &IdentityArgs,
        console: &Console,
    ) -> anyhow::Result<(Repository, Option<WriterKey>)> {
        let config = self.config()?;
        let writer = writer_if_here(config.as_ref())?;
        let trust = match self.trust(config.as_ref())? {
            Trust::OnFirstUse => match identity.writers()? {
                writers if writers.is_empty() => Trust::OnFirstUse,
                writers => Trust::Writers(writers),
            },
            trust => trust,
        };
        let is_guess = trust == Trust::OnFirstUse;
        let repository = self.open_trusting(config.as_ref(), trust).await?;
        if is_guess {
            let writers: Vec<String> = repository.writers().iter().map(ToString::to_string).collect();
            console.note(&format!(
                "warning: nobody said whose backups are to be believed, so the repository itself is: {}\n         \
                 compare that with the recovery card, and name it with --trust: whoever can write to the store could \
                 have put his own there",
                writers.join(", ")
            ));
        }
        Ok((repository, writer))
    }

    /// The configuration, if there is one.
    pub(super) fn config(&self) -> anyhow::Result<Option<ConfigFile>> {
        match &self.config {
            Some(path) => ConfigFile::read(path).map(Some),
            None if self.address().is_none() && Path::new(config::DEFAULT).exists() => {
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
        let named = self.address();
        let Some(text) = named.as_deref().or(in_config) else {
            let trouble = Trouble::new("which repository?");
            let help = "name it with --bucket BUCKET or --repository URL, or a file that does with --config FILE";
            return Err(trouble.help(help).into());
        };
        let url = StoreUrl::parse(text)?;
        // A folder is meant from the configuration's own.
        let url = match (url, config.filter(|_| named.is_none())) {
            (StoreUrl::Directory(path), Some(config)) => StoreUrl::Directory(config.path(&path)),
            (url, _) => url,
        };
        let credentials = if url.is_s3() { self.credentials(config)? } else { None };
        Ok(url.open(credentials)?)
    }

    /// The address of the repository, where arguments or the environment name it; a bucket that is named comes first.
    fn address(&self) -> Option<String> {
        let Some(bucket) = &self.bucket else { return self.repository.clone() };
        let ca = self.ca.as_ref().map(|path| path.display().to_string());
        let said = [("endpoint", &self.endpoint), ("region", &self.region), ("ca", &ca)];
        let said: Vec<_> =
            said.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?))).collect();
        let bucket = bucket.strip_prefix("s3://").unwrap_or(bucket);
        Some(format!("s3://{bucket}{}{}", if said.is_empty() { "" } else { "?" }, said.join("&")))
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
        self.open_trusting(config, self.trust(config)?).await
    }

    /// Whose snapshots are believed.
    fn trust(&self, config: Option<&ConfigFile>) -> anyhow::Result<Trust> {
        let mut trusted = self.trust.clone();
        if trusted.is_empty()
            && let Some(file) = config
        {
            trusted.extend(&file.config.trusted_writers);
            // Where the key lies, its own snapshots are believed; elsewhere the configuration may be there without it.
            trusted.extend(writer_if_here(config)?.map(|key| key.id()));
        }
        Ok(match (self.trust_anybody, trusted.is_empty()) {
            (true, _) => Trust::Any,
            (false, true) => Trust::OnFirstUse,
            (false, false) => Trust::Writers(trusted),
        })
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
        let store = self.store(config)?;
        let place = store.place();
        answered(&place, Repository::open(store, options)).await
    }
}

/// What a store answers that may not be there. Says on a terminal what is waited for, and in an error what to look at.
pub(super) async fn answered<T>(
    place: &str,
    asking: impl Future<Output = Result<T, windlass_backup::Error>>,
) -> anyhow::Result<T> {
    let line = Line::new();
    let (asking, end) = (std::pin::pin!(asking), tokio::time::Instant::now() + PATIENCE);
    let waiting = async {
        tokio::time::sleep(SILENCE).await;
        line.say(&format!("waiting for {place} to answer"));
        tokio::time::sleep_until(end).await;
    };
    let result = tokio::select! {
        result = asking => Some(result),
        () = waiting => None,
    };
    line.clear();
    match result {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(error)) => Err(explained(error)),
        None => Err(Trouble::new(format!("{place} gave no answer to rely on within {} s", PATIENCE.as_secs()))
            .help(NOBODY)
            .into()),
    }
}

/// Adds to an error of a store that did not answer what to look at.
pub(super) fn explained(error: windlass_backup::Error) -> anyhow::Error {
    match error {
        windlass_backup::Error::Store(error) if matches!(error.fault, StoreFault::Unavailable { .. }) => {
            let causes = crate::trouble::causes(&error).join(": ");
            Trouble::new(error.to_string()).because(causes).help(NOBODY).into()
        }
        error => error.into(),
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
