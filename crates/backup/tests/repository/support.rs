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
    /// The same as texts.
    pub(crate) secrets: Vec<String>,
}

pub(crate) fn identity() -> (Identities, String) {
    let identity = age::x25519::Identity::generate();
    let text = identity.to_string();
    (Identities::parse(text.expose_secret()).unwrap(), identity.to_public().to_string())
}

fn secret() -> (String, String) {
    let identity = age::x25519::Identity::generate();
    (identity.to_string().expose_secret().to_owned(), identity.to_public().to_string())
}

pub(crate) fn bytes(format: Format, bytes: &[u8]) -> Box<dyn Source> {
    Box::new(Bytes::new(format, bytes.to_vec()))
}

impl Household {
    pub(crate) fn new() -> Self {
        let (mut recipients, mut identities, mut secrets) = (Vec::new(), Vec::new(), Vec::new());
        for label in ["cluster", "paper"] {
            let (secret, public) = secret();
            recipients.push(Recipient::new(label, public).unwrap());
            identities.push(Identities::parse(&secret).unwrap());
            secrets.push(secret);
        }
        let folder = tempfile::tempdir().unwrap();
        Self { folder, writer: WriterKey::generate().unwrap(), recipients, identities, secrets }
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

/// Bytes that do not pack.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
