//! The backup repository: opened when it is needed, and kept open.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use windlass_backup::{OpenOptions, Repository, S3Credentials, StoreUrl, Trust, WriterId, WriterKey};
use windlass_cluster::{Cluster, Keep};
use windlass_engine::ConfigData;
use windlass_recovery::{OpenRepository, PrunedObjects, Schedules, SchedulesOptions};
use zeroize::Zeroizing;

use crate::arguments::Arguments;

/// What was said about backups on the command line.
#[derive(Clone)]
pub(crate) struct Backup {
    default: Option<Place>,
    host: String,
    store: PathBuf,
    namespace: Option<String>,
    schedules: bool,
    /// For how long what was pruned stays.
    keep_pruned: SignedDuration,
    /// Repositories that are open, by address: what they know saves requests.
    open: Arc<Mutex<HashMap<String, Repository>>>,
}

/// A repository and the keys for it.
#[derive(Clone)]
struct Place {
    url: String,
    writer_key: Key,
    trusted: Vec<WriterId>,
    credentials: Credentials,
}

#[derive(Clone)]
enum Key {
    File(PathBuf),
    Text(Zeroizing<String>),
}

#[derive(Clone)]
enum Credentials {
    Environment,
    File(PathBuf),
    Pair(Zeroizing<String>, Zeroizing<String>),
}

impl Backup {
    pub(crate) fn of(arguments: &Arguments) -> Self {
        let default = arguments.backup_repository.clone().zip(arguments.backup_writer_key.clone());
        let default = default.map(|(url, writer_key)| Place {
            url,
            writer_key: Key::File(writer_key),
            trusted: arguments.backup_trust.clone(),
            credentials: arguments.backup_credentials.clone().map_or(Credentials::Environment, Credentials::File),
        });
        Self {
            schedules: arguments.backup_schedules || default.is_some(),
            default,
            keep_pruned: arguments.backup_keep_pruned,
            host: arguments.backup_host.clone(),
            store: arguments.store.clone(),
            namespace: arguments.namespace.clone(),
            open: Arc::default(),
        }
    }

    /// Where objects are saved before they are pruned, if a repository was named.
    pub(crate) fn keep(&self, client: kube::Client) -> Option<Arc<dyn Keep>> {
        self.default.as_ref()?;
        let cluster = Cluster::new(client, windlass_cluster::Options::default());
        let keep = PrunedObjects::new(self.opener(), &self.host, cluster).for_as_long_as(self.keep_pruned);
        Some(Arc::new(keep.with_schedules_of(self.namespace.clone())))
    }

    /// The schedules, if they are to be run.
    pub(crate) fn schedules(&self, client: kube::Client) -> Option<Schedules> {
        self.schedules.then(|| {
            let options = SchedulesOptions {
                namespace: self.namespace.clone(),
                host: self.host.clone(),
                scratch: self.store.join("backup/scratch"),
                git: self.store.join("backup/git"),
                open: self.opener(),
            };
            Schedules::new(client, options)
        })
    }

    fn opener(&self) -> OpenRepository {
        let backup = self.clone();
        Arc::new(move |secret| {
            let backup = backup.clone();
            Box::pin(async move { backup.repository(secret).await.map_err(|error| format!("{error:#}")) })
        })
    }

    async fn repository(&self, secret: Option<ConfigData>) -> anyhow::Result<(Repository, WriterKey)> {
        let place = match secret {
            Some(data) => Place::of_secret(&data)?,
            None => self.default.clone().ok_or_else(|| {
                anyhow::anyhow!("no repository was named: give --backup-repository, or spec.repositorySecretRef")
            })?,
        };
        std::fs::create_dir_all(self.store.join("backup/scratch"))?;
        let writer = place.writer()?;
        let known = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&place.url).cloned();
        if let Some(repository) = known {
            return Ok((repository, writer));
        }
        let mut trusted = place.trusted.clone();
        trusted.push(writer.id());
        let options = OpenOptions::new(Trust::Writers(trusted)).with_cache(self.store.join("backup/cache"));
        let store = StoreUrl::parse(&place.url)?.open(place.credentials()?)?;
        let repository = Repository::open(store, options).await?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(place.url, repository.clone());
        Ok((repository, writer))
    }
}

impl Place {
    /// A Secret as a schedule names it.
    fn of_secret(data: &ConfigData) -> anyhow::Result<Self> {
        let text = |key: &str| -> anyhow::Result<Option<Zeroizing<String>>> {
            let Some(bytes) = data.get(key) else { return Ok(None) };
            let text = std::str::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{key} of the Secret is no text"))?;
            Ok(Some(Zeroizing::new(text.trim().to_owned())))
        };
        let needed = |key: &str| text(key)?.ok_or_else(|| anyhow::anyhow!("the Secret has no key {key}"));
        let pair = text("access-key-id")?.zip(text("secret-access-key")?);
        let trusted = text("trusted-writers")?.unwrap_or_default();
        Ok(Self {
            url: needed("repository")?.to_string(),
            writer_key: Key::Text(needed("writer-key")?),
            trusted: trusted.split_whitespace().map(str::parse).collect::<Result<_, _>>()?,
            credentials: pair.map_or(Credentials::Environment, |(id, key)| Credentials::Pair(id, key)),
        })
    }

    fn writer(&self) -> anyhow::Result<WriterKey> {
        let text = match &self.writer_key {
            Key::File(path) => read(path)?,
            Key::Text(text) => text.clone(),
        };
        Ok(WriterKey::parse(&text)?)
    }

    fn credentials(&self) -> anyhow::Result<Option<S3Credentials>> {
        Ok(match &self.credentials {
            Credentials::Environment => S3Credentials::from_variables(|name| std::env::var(name).ok()),
            Credentials::File(path) => Some(S3Credentials::from_profile(&read(path)?, "default")?),
            Credentials::Pair(id, key) => Some(S3Credentials::new(id.as_str(), key.as_str())),
        })
    }
}

fn read(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| anyhow::Error::new(error).context(format!("cannot read {}", path.display())))?;
    Ok(Zeroizing::new(text))
}
