//! Git repositories and directories as snapshots: a revision, and the files read on demand.
//!
//! A [`GitSource`] asks a repository for the commit that a [`Reference`] means, fetches it when it is new, and gives a
//! [`Snapshot`]: a [`Revision`] and a [`FileTree`](windlass_manifest::FileTree). There is no checkout and, unless it is
//! [asked for](GitOptions::full_history), no history: the commit's objects lie in a bare, shallow repository of the
//! source's own, and files are read out of it when somebody asks. A [`DirectorySource`] gives a snapshot of a working directory. [`download`] fetches a single file. [`IgnoreRules`] leave files out, as
//! Flux does.
//!
//! This crate renders nothing, knows no cluster, keeps no schedule (the caller polls), and reads neither environment
//! nor home directory. Only a [`GitSource`] of a repository on this machine is read with the help of the `git` program;
//! [`Snapshot::of_repository`] does without.
//!
//! ```
//! use windlass_manifest::{FileTree, TreePath};
//! use windlass_source::{Auth, Cancel, GitOptions, GitRemote, GitSource, Poll, Reference};
//! # let home = tempfile::tempdir()?;
//! # let repository = home.path().join("repository");
//! # let git = |arguments: &[&str]| {
//! #     let mut command = std::process::Command::new("git");
//! #     command.arg("-C").arg(&repository).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
//! #     assert!(command.output().unwrap().status.success());
//! # };
//! # std::fs::create_dir(&repository)?;
//! # git(&["init", "-b", "main"]);
//! # std::fs::write(repository.join("app.yaml"), "kind: ConfigMap\n")?;
//! # git(&["add", "."]);
//! # git(&["commit", "-m", "one"]);
//! # let (url, store) = (repository.display().to_string(), home.path().join("store"));
//!
//! let remote = GitRemote { url: url.parse()?, reference: Reference::branch("main")?, auth: Auth::none() };
//! let source = GitSource::open(&store, remote, GitOptions::default())?;
//!
//! let Poll::Changed(snapshot) = source.poll(None, &Cancel::new())? else { panic!("the first poll fetches") };
//! assert!(snapshot.revision.to_string().starts_with("main@sha1:"));
//! assert_eq!(snapshot.files.read_text(&TreePath::new("app.yaml")?)?, "kind: ConfigMap\n");
//!
//! assert!(matches!(source.poll(Some(&snapshot.revision), &Cancel::new())?, Poll::Unchanged));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//! Submodules and LFS files (a submodule is absent, an LFS file is its pointer), sparse checkouts, signatures, proxies,
//! SSH certificates and agents, dumb HTTP, and the `git://` protocol.
//!
//! # Invariants
//! * A poll that finds nothing new writes nothing to the disk, and asks the server for the one reference only.
//! * The store is whole at every moment: after a kill it shows either the commit before or the one after.
//! * A snapshot's files are those of its commit for as long as it lives, whatever is fetched meanwhile.
//! * No file is read from outside of a snapshot's tree, whatever its links say.
//! * Credentials are never written to disk, never printed, and never sent to another host than the URL's own.

mod cancel;
mod directory;
mod download;
mod error;
mod git;
mod ignore;
mod reason;
mod revision;
mod snapshot;

pub use cancel::Cancel;
pub use directory::DirectorySource;
pub use download::{DownloadOptions, download};
pub use error::{Cause, Error};
pub use git::auth::Auth;
pub use git::options::GitOptions;
pub use git::reference::Reference;
pub use git::source::{GitRemote, GitSource, Poll};
pub use git::url::GitUrl;
pub use ignore::IgnoreRules;
pub use reason::Reason;
pub use revision::{Revision, RevisionError};
pub use snapshot::Snapshot;
