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
//!
//! # What is there
//! * [`Repository`]: made, opened, backed up into ([`Run`]), listed, read ([`Fetched`]), verified, thinned out
//!   ([`Retention`]), swept, proven; changed in its keys ([`KeyChange`]); asked what verifications and drills found out
//!   ([`Tried`]).
//! * [`DirectoryStore`] and [`S3Store`], behind one [`Store`]; [`StoreUrl`] for command lines.
//! * [`WriterKey`] signs and names, [`Recipient`]s are encrypted to, [`Identities`] open; a [`PaperKey`] is printed, and
//!   `windlass-paperkey` reads it back and hands a key to several.
//! * [`Document`] reads a single file of a repository.
//!
//! # What holds
//! * Without its commit a snapshot is not there; with it, all of it is. That is so after every prefix of the writes, after
//!   `kill -9` at any request, with a server that loses answers, and with several machines at once. Nothing is locked.
//! * Each recipient opens each snapshot alone. When recipients change, the next run encrypts everything anew; an item that
//!   it cannot save then and carries over is marked, since only the former recipients open it.
//! * Every byte is compared with the signed commit before the first is decrypted. No more is unpacked than was promised.
//! * Plain data is not written to disk. What must wait there, waits encrypted.
//! * The memory that an item takes does not depend on its size: parts of 6 MiB, a handful at a time.
//! * A run with nothing changed is two requests; a first one of small items is one for each, and three.
//! * Deletion takes two steps a day apart, concludes nothing from one listing, and never takes the newest snapshot of a
//!   host, the newest that is complete, or the last that was verified, which is looked at again before each deletion. It
//!   stands still while clocks differ, after a failed run, when a commit cannot be read, and when the newest snapshot is
//!   suspiciously small. Where a bucket keeps versions or locks objects, it says what that did not free.
//! * With [`ObjectLock`] a snapshot is locked with all that it needs, what it uses of former ones included, and a server
//!   that only says it locks is found out. What was deleted or overwritten is read as it was written while the bucket has
//!   that version; [`S3Options::as_of`] shows the whole bucket as it was.
//! * Nothing is written to a folder in which the repository's marker is not: a disk that is not mounted.
//! * Whoever can write to the bucket can delete and damage. He cannot forge, swap, or roll back unnoticed by a reader who
//!   names his writers; nor name recipients that a writer then encrypts to. He can hide the newest snapshots from a reader
//!   who has no cache and never saw them.
//!
//! What others lost backups by, fault by fault with the test that holds it, is in `tests/repository/fault_list.rs`.
//!
//! # What is not
//! * Parts of items are not shared: a large file that changes a little is sent wholly. Items are best kept below 2 GiB.
//! * An object that changes its recipients is not encrypted anew in old snapshots; they stay with their keys.
//! * A server that takes no uploads in parts (`rclone serve s3`) holds items of up to 64 MiB packed.
//! * Post-quantum keys and plugins of age are not run. Encrypted SSH keys have to be unlocked first.
//! * S3 credentials are given, or come of variables or a profile's text; no service is asked for them. Redirects are not
//!   followed.
//! * Where versions or locks are on in a bucket, deleting hides, and the bucket's rules free the space: old versions are
//!   not deleted here.
//!
//! # The format
//! Version 1, in [`FORMAT`]; the rules are in `format.rs`, and `RESTORE.txt` in each repository says the same for people:
//! `snapshots/…/commit.json` (clear, signed, written last) names by key, size and SHA-256 a manifest
//! (`age -d | zstd -d` gives JSON: names and facts) and items (`age -d | zstd -d` gives a tar archive, a SQLite database, a
//! Git bundle, or a dump). The last line but one of a commit is the Ed25519 signature over the bytes before that line.

mod age_file;
mod cache;
mod claim;
mod clock;
mod digest;
mod error;
mod evidence;
mod format;
mod frames;
mod history;
mod identifier;
mod inspect;
mod keys;
mod marker_change;
mod prove;
mod reading;
mod recovery_point;
mod repository;
mod restore_text;
mod retention;
mod run;
mod sealing;
mod snapshot;
mod store;
mod sweep;
mod tried;
mod verify;

pub use clock::Clock;
pub use digest::{Digest, DigestError};
pub use error::Error;
pub use evidence::Findings;
pub use format::{
    Baseline, Carried, Commit, Counts, Evidence, EvidenceKind, FORMAT, ItemRef, Manifest, ManifestItem, Previous,
    SnapshotStatus, Stale, StoredManifest,
};
pub use inspect::Document;
pub use keys::{Identities, PaperKey, Recipient, Trust, WriterId, WriterKey};
pub use marker_change::{KeyChange, KeyHolders};
pub use prove::{Proof, Proven};
pub use reading::Fetched;
pub use recovery_point::RecoveryPoint;
pub use repository::{InitOptions, OpenOptions, Repository};
pub use retention::{Retention, RetentionPlan};
pub use run::{Added, Phase, Progress, Report, Run, RunOptions};
pub use snapshot::{Fault, Snapshot, Snapshots};
pub use store::{
    Abandoned, Capabilities, DirectoryStore, Download, Entry, LockMode, LockPeriod, ObjectLock, PART_SIZE, PartSender,
    Parts, PutMode, Removal, S3Credentials, S3Options, S3Store, S3Timeouts, Store, StoreError, StoreFault, StoreUrl,
    Version,
};
pub use sweep::Swept;
pub use tried::{PastDrill, Tried};
pub use verify::{Verification, VerifyOptions};
