//! Reading what a snapshot holds.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek as _, SeekFrom, Write};
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;

use crate::format::{FORMAT, MANIFEST_KIND, Manifest, ManifestItem};
use crate::history::describe;
use crate::repository::Inner;
use crate::run::{Phase, Progress, Report, check_name};
use crate::sealing::{Measured, Measuring, Unsealed, Unsealing};
use crate::snapshot::Snapshot;
use crate::store::{Download, StoreFault};
use crate::{Error, Identities, Repository};

/// No manifest unpacks to more.
const MANIFEST_LIMIT: u64 = 256 << 20;
/// Up to this size an item waits in memory, above it in a nameless file.
const IN_MEMORY: u64 = 8 << 20;

/// An item that is here, encrypted, and is what its snapshot says: every byte was compared before the first is opened.
pub struct Fetched {
    name: String,
    item: ManifestItem,
    key: String,
    sealed: Stage,
    plain_bytes: u64,
    identities: Identities,
    recipients: Vec<String>,
}

enum Stage {
    Memory(Bytes),
    File(Arc<File>),
}

impl Repository {
    /// What is in a snapshot, by name. For items that stand in for newer ones, facts are those of the snapshot that saved
    /// them, as far as that is still there.
    ///
    /// # Errors
    /// When the manifest is not what the commit says, or no identity opens it.
    pub async fn manifest(&self, snapshot: &Snapshot, identities: &Identities) -> Result<Manifest, Error> {
        let mut manifest = self.inner.manifest(snapshot, identities).await?;
        let stale = manifest.items.iter().filter_map(|(name, item)| Some((name.clone(), item.stale.clone()?.snapshot)));
        for (name, origin) in stale.collect::<Vec<_>>() {
            let Ok(origin) = self.inner.snapshot(&origin).await else { continue };
            let Ok(former) = self.inner.manifest(&origin, identities).await else { continue };
            if let (Some(item), Some(saved)) = (manifest.items.get_mut(&name), former.items.get(&name))
                && item.id == saved.id
            {
                let stale = item.stale.take();
                *item = ManifestItem { stale, ..saved.clone() };
            }
        }
        Ok(manifest)
    }

    /// Brings an item here and compares every byte with what the commit says. It is opened by what comes back.
    ///
    /// # Errors
    /// When there is no such item, it is not what was saved, or no identity opens it.
    pub async fn fetch(&self, snapshot: &Snapshot, name: &str, identities: &Identities) -> Result<Fetched, Error> {
        let manifest = self.manifest(snapshot, identities).await?;
        self.fetch_of(snapshot, &manifest, name, identities).await
    }

    /// The same with a manifest read before.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    pub async fn fetch_of(
        &self,
        snapshot: &Snapshot,
        manifest: &Manifest,
        name: &str,
        identities: &Identities,
    ) -> Result<Fetched, Error> {
        self.fetch_telling(snapshot, manifest, name, identities, None).await
    }

    /// The same, telling how much of it is here.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    pub async fn fetch_telling(
        &self,
        snapshot: &Snapshot,
        manifest: &Manifest,
        name: &str,
        identities: &Identities,
        progress: Option<&Progress>,
    ) -> Result<Fetched, Error> {
        let missing = || Error::NoItem { snapshot: snapshot.id.clone(), name: name.to_owned() };
        let item = manifest.items.get(name).ok_or_else(missing)?.clone();
        let stored = snapshot.items.iter().find(|stored| stored.id == item.id);
        let stored = stored.ok_or_else(|| {
            Error::damaged(&snapshot.manifest.key, format!("it names {name}, and the commit does not"))
        })?;
        if crate::run::format_of(&stored.key) != Some(item.format) {
            return Err(Error::damaged(&stored.key, format!("{name} is not of the form that the manifest says")));
        }
        let tell = |bytes| {
            if let Some(progress) = progress {
                progress.tell(&Report::new(name, Phase::Fetching, bytes, Some(stored.size)));
            }
        };
        let sealed = self.inner.stage(&stored.key, stored.size, &stored.sha256, &tell).await?;
        let fetched = Fetched {
            name: name.to_owned(),
            item,
            key: stored.key.clone(),
            sealed,
            plain_bytes: stored.plain_bytes,
            identities: identities.clone(),
            recipients: snapshot.recipients.clone(),
        };
        Ok(fetched)
    }
}

impl Inner {
    async fn manifest(&self, snapshot: &Snapshot, identities: &Identities) -> Result<Manifest, Error> {
        let stored = &snapshot.manifest;
        let key = stored.key.as_str();
        if stored.plain_bytes > MANIFEST_LIMIT {
            return Err(Error::damaged(key, "it says that it unpacks to more than a manifest may have"));
        }
        let sealed = self.stage(key, stored.size, &stored.sha256, &|_| {}).await?;
        let (limit, identities, recipients) = (stored.plain_bytes, identities.clone(), snapshot.recipients.clone());
        let name = key.to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            let mut text = Vec::new();
            let mut reader = open(sealed.read()?, &name, &identities, limit, &recipients)?;
            reader.read_to_end(&mut text).map_err(|error| Error::damaged(&name, describe(&error)))?;
            Ok::<_, Error>(text)
        });
        let text = opening.await.map_err(|_| Error::Worker { doing: "open a manifest" })??;
        read_manifest(key, &text, &self.id)
    }

    /// Compares ciphertext without keeping it.
    pub(crate) async fn hash(&self, key: &str, size: u64, sha256: &str) -> Result<(), Error> {
        let mut download = self.download(key, size).await?;
        let mut measuring = Measuring::stored(io::sink());
        while let Some(bytes) = download.bytes.next().await {
            measuring.write_all(&bytes?).map_err(Error::io("hash what was read"))?;
        }
        same(key, &measuring.end().0, sha256)
    }

    /// Compares an object, opens it, and compares what is in it, without keeping anything.
    pub(crate) async fn open_whole(
        &self,
        snapshot: &Snapshot,
        key: &str,
        size: u64,
        sha256: &str,
        identities: &Identities,
    ) -> Result<(), Error> {
        let sealed = self.stage_newest(key, size, sha256, &|_| {}).await?;
        let stored = snapshot.items.iter().find(|item| item.key == key);
        let limit = stored.map_or(snapshot.manifest.plain_bytes, |item| item.plain_bytes);
        let plain = match stored {
            None => None,
            Some(item) => {
                let manifest = self.manifest(snapshot, identities).await?;
                manifest.items.into_values().find(|described| described.id == item.id).and_then(|item| item.digest)
            }
        };
        let (key, identities, recipients) = (key.to_owned(), identities.clone(), snapshot.recipients.clone());
        let opening = tokio::task::spawn_blocking(move || {
            let mut reader = open(sealed.read()?, &key, &identities, limit, &recipients)?;
            if let Some(plain) = plain {
                reader = reader.expecting(plain);
            }
            io::copy(&mut reader, &mut io::sink()).map_err(|error| Error::damaged(&key, describe(&error)))?;
            Ok(())
        });
        opening.await.map_err(|_| Error::Worker { doing: "open an item" })?
    }

    async fn download(&self, key: &str, size: u64) -> Result<Download, Error> {
        let download = self.store.get(key, None).await.map_err(|error| match error.fault {
            StoreFault::NotFound => Error::damaged(key, "it is gone"),
            _ => error.into(),
        })?;
        if download.size != size {
            return Err(Error::damaged(key, format!("it has {} bytes, and should have {size}", download.size)));
        }
        Ok(download)
    }

    /// Brings ciphertext here, and compares it. Where it was deleted or written over, and the store keeps versions, the
    /// one that was written is brought. `tell` is told how many bytes are here.
    async fn stage(&self, key: &str, size: u64, sha256: &str, tell: &(dyn Fn(u64) + Sync)) -> Result<Stage, Error> {
        let damaged = match self.stage_newest(key, size, sha256, tell).await {
            Err(error @ Error::Damaged { .. }) => error,
            other => return other,
        };
        // A store that cannot tell has none.
        let mut versions = self.store.versions(key).await.unwrap_or_default();
        versions.retain(|version| version.size == size);
        for version in versions {
            let staged = match self.store.get_version(key, &version).await {
                Ok(download) if download.size == size => self.stage_from(key, download, size, sha256, tell).await,
                _ => continue,
            };
            if let Ok(stage) = staged {
                tracing::warn!(key, version = version.id, "read as it was written: {damaged}");
                return Ok(stage);
            }
        }
        Err(damaged)
    }

    /// The same with what is there now, and nothing else.
    async fn stage_newest(
        &self,
        key: &str,
        size: u64,
        sha256: &str,
        tell: &(dyn Fn(u64) + Sync),
    ) -> Result<Stage, Error> {
        let download = self.download(key, size).await?;
        self.stage_from(key, download, size, sha256, tell).await
    }

    async fn stage_from(
        &self,
        key: &str,
        mut download: Download,
        size: u64,
        sha256: &str,
        tell: &(dyn Fn(u64) + Sync),
    ) -> Result<Stage, Error> {
        let mut here = 0;
        let mut count = |bytes: &Bytes| {
            here += bytes.len() as u64;
            tell(here);
        };
        let staging = || Error::io("write to the folder for temporary files");
        let (found, stage) = if size <= IN_MEMORY {
            let mut measuring = Measuring::stored(Vec::with_capacity(usize::try_from(size).unwrap_or_default()));
            while let Some(bytes) = download.bytes.next().await {
                let bytes = bytes?;
                measuring.write_all(&bytes).map_err(staging())?;
                count(&bytes);
            }
            let (found, bytes) = measuring.end();
            (found, Stage::Memory(Bytes::from(bytes)))
        } else {
            let mut measuring = Measuring::stored(tempfile::tempfile().map_err(staging())?);
            while let Some(bytes) = download.bytes.next().await {
                let bytes = bytes?;
                count(&bytes);
                let writing = tokio::task::spawn_blocking(move || measuring.write_all(&bytes).map(|()| measuring));
                measuring = writing.await.map_err(|_| Error::Worker { doing: "stage an item" })?.map_err(staging())?;
            }
            let (found, file) = measuring.end();
            (found, Stage::File(Arc::new(file)))
        };
        same(key, &found, sha256).map(|()| stage)
    }
}

impl Stage {
    fn read(&self) -> Result<Box<dyn Read + Send>, Error> {
        match self {
            Self::Memory(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
            Self::File(file) => {
                let doing = || Error::io("read a file for temporary data");
                let mut own = file.try_clone().map_err(doing())?;
                own.seek(SeekFrom::Start(0)).map_err(doing())?;
                Ok(Box::new(own))
            }
        }
    }
}

impl Fetched {
    /// What the manifest says of it.
    #[must_use]
    pub fn item(&self) -> &ManifestItem {
        &self.item
    }

    /// The plain bytes. The reader fails where they are more than were promised, or others than were saved; it blocks.
    /// One reader at a time.
    ///
    /// # Errors
    /// When no identity opens it.
    pub fn reader(&mut self) -> Result<Box<dyn Read + Send + '_>, Error> {
        let reader = open(self.sealed.read()?, &self.key, &self.identities, self.plain_bytes, &self.recipients)?;
        Ok(Box::new(match self.item.digest {
            Some(digest) => reader.expecting(digest),
            None => reader,
        }))
    }

    /// Writes the plain bytes to `out`, and returns how many there were. Blocks.
    ///
    /// # Errors
    /// When no identity opens it, it is not what was saved, or `out` fails. What `out` got by then is to be thrown away.
    pub fn copy_to(&mut self, out: &mut dyn Write) -> Result<u64, Error> {
        let doing = format!("restore {}", self.name);
        let mut reader = self.reader()?;
        io::copy(&mut reader, out).map_err(Error::io(doing))
    }
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Fetched({}, {} bytes in {})", self.name, self.plain_bytes, self.key)
    }
}

fn open<R: Read>(
    sealed: R,
    key: &str,
    identities: &Identities,
    limit: u64,
    recipients: &[String],
) -> Result<Unsealed<R>, Error> {
    Unsealed::open(sealed, identities.as_age(), limit).map_err(|error| match error {
        Unsealing::NoIdentity => Error::NoIdentity { given: identities.len(), recipients: recipients.to_vec() },
        Unsealing::Damaged(reason) => Error::damaged(key, reason),
    })
}

fn same(key: &str, found: &Measured, sha256: &str) -> Result<(), Error> {
    let wrong = || Error::damaged(key, "its bytes are not those that were written");
    if found.digest.hex() == sha256 { Ok(()) } else { Err(wrong()) }
}

/// Reads the text of a manifest, and refuses names that would lead elsewhere.
pub(crate) fn read_manifest(key: &str, text: &[u8], repository: &str) -> Result<Manifest, Error> {
    let manifest: Manifest = serde_json::from_slice(text).map_err(|error| Error::malformed(key, error))?;
    if manifest.kind != MANIFEST_KIND {
        return Err(Error::malformed(key, "it is no manifest"));
    }
    if manifest.format > FORMAT {
        return Err(Error::FutureFormat { key: key.to_owned(), found: manifest.format, known: FORMAT });
    }
    if manifest.repository != repository {
        return Err(Error::malformed(key, "it belongs to another repository"));
    }
    for name in manifest.items.keys().chain(manifest.missing.keys()) {
        check_name(name)?;
    }
    Ok(manifest)
}
