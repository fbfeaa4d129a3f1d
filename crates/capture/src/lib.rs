//! Data as streams that can be kept, and back into place: what a backup saves besides Kubernetes objects.
//!
//! A [`Source`] is one thing to keep: it says in which [`Format`] it comes, gives its bytes, and tells [`Facts`] about
//! what was read, such as the number of rows of a database. Where the bytes go is the caller's business.
//!
//! | source | what it is | the way back |
//! |---|---|---|
//! | [`FileTree`] | a folder, as a tar archive with equal bytes for equal trees | [`put_back::files`] |
//! | [`SqliteDatabase`] | a live SQLite database: an online backup, checked before a byte is given | [`put_back::sqlite`] |
//! | [`Dump`] | what a program prints, if it ends well | |
//! | [`GitBundle`] | a Git repository, as a file that `git clone` opens | [`put_back::bundle`] |
//! | [`Bytes`] | what is in memory already | |
//!
//! ```
//! use std::io::Read;
//! use windlass_capture::put_back::{self, FilesPutBack};
//! use windlass_capture::{FileOptions, FileTree, Source};
//! # let home = tempfile::tempdir()?;
//! # let config = home.path().join("config");
//! # std::fs::create_dir(&config)?;
//! # std::fs::write(config.join("settings.yaml"), "theme: dark\n")?;
//! # std::fs::write(config.join("today.log"), "")?;
//! let mut tree = FileTree::new(&config, FileOptions::default().exclude(["*.log"]))?;
//! let mut archive = Vec::new();
//! tree.open()?.read_to_end(&mut archive)?;
//! assert_eq!(tree.facts()["files"], 1);
//!
//! let restored = home.path().join("restored");
//! let options = FilesPutBack::default().expecting(tree.facts());
//! put_back::files(&mut archive.as_slice(), &restored, &options)?;
//! assert_eq!(std::fs::read_to_string(restored.join("settings.yaml"))?, "theme: dark\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//! * What is known to be damaged is not captured, and a reader that came to its end has given everything.
//! * A SQLite database is never copied as a file, not even one found among files.
//! * Unchanged data gives the same bytes.
//! * Nothing is put in place before the whole of it was read and judged; nothing that was there is deleted.
//! * An archive cannot make anything outside of the folder that it is unpacked into.
//!
//! # What is not there
//! * Log shipping: a database is as recent as its last capture.
//! * Extended attributes, ACLs and holes of sparse files; names of owners.
//! * A consistent moment over several files: each file is whole, the tree is not a snapshot. A snapshot of the volume is.
//! * Repositories that keep references as a reftable; refs other than branches and tags; LFS files and submodules.
//! * Archives and bundles that others made are unpacked only as far as they hold what ours can hold.
//!
//! # Where the truth comes from
//! GNU tar unpacks the archives, `git` clones and checks the bundles, in tests. Databases are judged beside three writers, one
//! of them another process, over 500 captures: by `integrity_check`, by a sum that no torn copy keeps, and by the last
//! commit before each capture began. Archives and bundles that are changed, cut or made up are refused in tests and fuzzed
//! (`fuzz/`).
//!
//! It stores nothing, encrypts nothing, and knows no cluster. It prints nothing and reads no environment. Linux only:
//! it asks `statfs` and `/proc`.

mod bytes;
mod dump;
mod error;
mod format;
mod git;
mod scratch;
mod source;
mod sqlite;
mod tree;

pub use bytes::Bytes;
pub use dump::Dump;
pub use error::{Cause, Error};
pub use format::Format;
pub use git::GitBundle;
pub use source::{Facts, Source};
pub use sqlite::{SqliteDatabase, SqliteOptions};
pub use tree::{ArchiveEntry, ArchiveLimits, Databases, EntryKind, FileOptions, FileTree, TreeArchive};

/// Putting back what was captured.
pub mod put_back {
    pub use crate::git::put_back::{BundleInPlace, BundlePutBack, bundle};
    pub use crate::sqlite::put_back::{SqliteInPlace, SqlitePutBack, sqlite};
    pub use crate::tree::put_back::{FilesInPlace, FilesPutBack, files, give_metadata, is_beside};
}
