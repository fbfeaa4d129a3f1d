//! A backup repository that a stranger can restore with `age`, `zstd`, `tar` and `sqlite3`.
//!
//! Items are packed, encrypted to at least two keys, and never changed again; what did not change since the last backup is
//! not sent. A manifest names them, and a commit, written last and signed, makes the backup visible. The machine that
//! backs up holds public keys only: it cannot open what it wrote. Whoever can write to the bucket can destroy, and cannot
//! forge.
//!
//! ```
//! use std::sync::Arc;
//! use windlass_backup::{DirectoryStore, Identities, InitOptions, OpenOptions, Recipient, Repository, RunOptions, Trust, WriterKey};
//! use windlass_capture::{Bytes, Format};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (mine, paper) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
//! # let (my_key, paper_key) = (mine.to_public().to_string(), paper.to_public().to_string());
//! # use age::secrecy::ExposeSecret as _;
//! # let paper_secret = paper.to_string();
//! # let paper_text = paper_secret.expose_secret();
//! let store = Arc::new(DirectoryStore::open(folder.path())?);
//! let writer = WriterKey::generate()?;
//! let recipients = vec![Recipient::new("mine", my_key)?, Recipient::new("paper", paper_key)?];
//! let repository = Repository::init(store.clone(), InitOptions::new(recipients, &writer)).await?;
//!
//! let mut run = repository.begin(&writer, RunOptions::new("attic")).await?;
//! run.add("files/notes", Box::new(Bytes::new(Format::Dump, b"buy milk".to_vec())), Default::default()).await?;
//! run.commit().await?;
//!
//! // Elsewhere, later, with the key from the paper.
//! let repository = Repository::open(store, OpenOptions::new(Trust::Writers(vec![writer.id()]))).await?;
//! let identities = Identities::parse(paper_text)?;
//! let snapshots = repository.snapshots().await?;
//! let mut notes = repository.fetch(snapshots.find("latest")?, "files/notes", &identities).await?;
//! let mut text = Vec::new();
//! notes.copy_to(&mut text)?;
//! assert_eq!(text, b"buy milk");
//! # Ok(())
//! # }
//! ```

mod cache;
mod clock;
mod error;
mod format;
mod history;
mod identifier;
mod keys;
mod reading;
mod repository;
mod restore_text;
mod run;
mod sealing;
mod snapshot;
mod store;

pub use clock::Clock;
pub use error::Error;
pub use format::{
    Baseline, Carried, Commit, Counts, FORMAT, ItemRef, Manifest, ManifestItem, Previous, SnapshotStatus, Stale,
    StoredManifest,
};
pub use keys::{Identities, Recipient, Trust, WriterId, WriterKey};
pub use reading::Fetched;
pub use repository::{InitOptions, OpenOptions, Repository};
pub use run::{Added, Progress, Report, Run, RunOptions};
pub use snapshot::{Fault, Snapshot, Snapshots};
pub use store::{
    Abandoned, Capabilities, DirectoryStore, Download, Entry, PART_SIZE, PartSender, Parts, PutMode, Store, StoreError,
    StoreFault,
};
