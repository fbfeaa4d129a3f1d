//! A repository in a folder, with two keys and a writer.

use std::path::PathBuf;
use std::sync::Arc;

use age::secrecy::ExposeSecret as _;
use windlass_backup::{
    DirectoryStore, Error, Identities, InitOptions, OpenOptions, Recipient, Repository, RunOptions, Snapshot, Store,
    Trust, WriterKey,
};
use windlass_capture::{Bytes, Format, Source};

pub(crate) struct Household {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) writer: WriterKey,
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) identities: Vec<Identities>,
}

pub(crate) fn identity() -> (Identities, String) {
    let identity = age::x25519::Identity::generate();
    let text = identity.to_string();
    (Identities::parse(text.expose_secret()).unwrap(), identity.to_public().to_string())
}

pub(crate) fn bytes(format: Format, bytes: &[u8]) -> Box<dyn Source> {
    Box::new(Bytes::new(format, bytes.to_vec()))
}

impl Household {
    pub(crate) fn new() -> Self {
        let (mut recipients, mut identities) = (Vec::new(), Vec::new());
        for label in ["cluster", "paper"] {
            let (identity, public) = identity();
            recipients.push(Recipient::new(label, public).unwrap());
            identities.push(identity);
        }
        let folder = tempfile::tempdir().unwrap();
        Self { folder, writer: WriterKey::generate().unwrap(), recipients, identities }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::new(DirectoryStore::open(self.folder.path()).unwrap())
    }

    pub(crate) async fn init(&self) -> Repository {
        self.init_in(self.store()).await
    }

    pub(crate) async fn init_in(&self, store: Arc<dyn Store>) -> Repository {
        Repository::init(store, self.init_options()).await.unwrap()
    }

    pub(crate) fn init_options(&self) -> InitOptions {
        InitOptions::new(self.recipients.clone(), &self.writer)
    }

    pub(crate) async fn open(&self) -> Repository {
        self.open_in(self.store()).await
    }

    pub(crate) async fn open_in(&self, store: Arc<dyn Store>) -> Repository {
        Repository::open(store, OpenOptions::new(Trust::Writers(vec![self.writer.id()]))).await.unwrap()
    }

    pub(crate) async fn save(&self, repository: &Repository, items: &[(&str, &[u8])]) -> Snapshot {
        self.try_save(repository, items).await.unwrap()
    }

    pub(crate) async fn try_save(&self, repository: &Repository, items: &[(&str, &[u8])]) -> Result<Snapshot, Error> {
        let mut run = repository.begin(&self.writer, RunOptions::new("attic")).await?;
        for (name, content) in items {
            run.add(name, bytes(Format::Tar, content), serde_json::Map::new()).await?;
        }
        run.commit().await
    }

    pub(crate) async fn read(
        &self,
        repository: &Repository,
        snapshot: &Snapshot,
        name: &str,
        identities: &Identities,
    ) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        repository.fetch(snapshot, name, identities).await?.copy_to(&mut out)?;
        Ok(out)
    }

    /// All files in the folder.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &std::path::Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        walk(self.folder.path(), &mut found);
        found.sort();
        found
    }
}
