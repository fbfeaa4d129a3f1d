//! A backup repository with two keys to open it, and databases to put into it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use age::secrecy::ExposeSecret as _;
use tempfile::TempDir;
use windlass_backup::{
    DirectoryStore, Identities, InitOptions, OpenOptions, Recipient, Repository, Store, Trust, WriterKey,
};
use windlass_recovery::OpenRepository;

pub(crate) struct Vault {
    pub(crate) folder: TempDir,
    pub(crate) writer: WriterKey,
    /// The key on paper.
    pub(crate) paper: Identities,
    pub(crate) repository: Repository,
    open: OpenStore,
}

/// What opens the store, for everybody who comes to it anew.
pub(crate) type OpenStore = Box<dyn Fn() -> Arc<dyn Store> + Send + Sync>;

impl Vault {
    /// A repository in a folder.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repository");
        std::fs::create_dir(&repository).unwrap();
        let open: OpenStore = Box::new(move || Arc::new(DirectoryStore::open(&repository).unwrap()));
        Self::at(folder, open).await
    }

    /// A repository in the store that `open` gives.
    pub(crate) async fn at(folder: TempDir, open: OpenStore) -> Self {
        let writer = WriterKey::generate().unwrap();
        let (cluster, paper) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
        let recipient =
            |label: &str, key: &age::x25519::Identity| Recipient::new(label, key.to_public().to_string()).unwrap();
        let recipients = vec![recipient("cluster", &cluster), recipient("paper", &paper)];
        let repository = Repository::init(open(), InitOptions::new(recipients, &writer)).await.unwrap();
        let paper = Identities::parse(paper.to_string().expose_secret()).unwrap();
        Self { folder, writer, paper, repository, open }
    }

    /// The repository as somebody sees it who has the recovery card only.
    pub(crate) async fn reopened(&self) -> Repository {
        Repository::open((self.open)(), OpenOptions::new(Trust::Writers(vec![self.writer.id()]))).await.unwrap()
    }

    /// What opens it for those who write.
    pub(crate) fn opener(&self) -> OpenRepository {
        let (repository, writer) = (self.repository.clone(), self.writer.clone());
        Arc::new(move |_| {
            let opened = (repository.clone(), writer.clone());
            Box::pin(async move { Ok(opened) })
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }
}

/// A database of notes.
pub(crate) fn make_database(path: &Path, rows: u32) {
    let database = rusqlite::Connection::open(path).unwrap();
    database.execute_batch("create table notes (id integer primary key, text text not null)").unwrap();
    for row in 0..rows {
        database.execute("insert into notes (text) values (?1)", [format!("note {row}")]).unwrap();
    }
}

pub(crate) fn notes(path: &Path) -> Vec<String> {
    let database = rusqlite::Connection::open(path).unwrap();
    let mut statement = database.prepare("select text from notes order by id").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}
