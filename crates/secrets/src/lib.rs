//! The SOPS secrets of a whole repository: changed all or none, checked, dated, recovered, merged.
//!
//! `windlass-sops` knows one document; this crate knows the folder around it: which files are encrypted, which rules are for
//! them, who can open them, since when each value is what it is, and what Kubernetes asks of a Secret.
//!
//! ```
//! use std::time::SystemTime;
//! use windlass_secrets::{Change, CheckOptions, Hands, Kind, Repository, Rotation, RuleFiles, Work, change_all, check, rotate};
//! use windlass_sops::{DecryptOptions, Format, Identities};
//! use zeroize::Zeroizing;
//!
//! # let folder = tempfile::tempdir()?;
//! # std::fs::write(folder.path().join("secret.yaml"), "kind: Secret\napiVersion: v1\nstringData: {password: hunter2}\n")?;
//! let repository = Repository::around(folder.path())?;
//! let findings = check(&repository, &mut RuleFiles::default(), &CheckOptions::default())?;
//! assert_eq!(findings[0].code, "plain-secret");
//!
//! // A new data key for every encrypted file, or for none.
//! let files = repository.texts(Kind::Encrypted)?;
//! let identities = Identities::from_env(|name| std::env::var(name).ok());
//! let hands = Hands { identities: &identities, options: DecryptOptions::default(), now: SystemTime::now() };
//! let work = Work { threads: 2, progress: &|_| () };
//! let changed = change_all(&files, &work, |file| {
//!     let format = Format::of_path(&file.path);
//!     let change = rotate(&file.path, &file.text, format, &hands, &Rotation::default())?;
//!     Ok(Change { text: change.text.map(Zeroizing::new), note: () })
//! });
//! assert!(changed.is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where to find things:
//!
//! * [`Repository`] lists and reads files, [`RuleFiles`] finds the `.sops.yaml` for each.
//! * [`rotate`], [`rekey`], [`encrypt_text`] change one file; [`change_all`] changes many, and [`Staged`] replaces them.
//! * [`check`] says what is wrong, [`status`] how old each value is and whether that is too old ([`AgeLimits`], [`metrics`] for Prometheus), [`access`] who opens what.
//! * `windlass-paperkey` has the key for paper, whole or split; a drill is [`access`] with that key alone.
//! * [`merge`] merges three sides of a file, as a merge driver of Git.
//! * [`unseal`] opens SealedSecrets.
//!
//! # What holds
//!
//! * A file is replaced by a rename, with what was written to disk before: at every moment a path holds the old text or the new
//!   one. Of several files all are replaced or none; only a program that is killed while they are renamed leaves some old and
//!   some new, each of them whole.
//! * A file that somebody else changed meanwhile is not overwritten.
//! * No error and no `Debug` shows a plaintext or a key.
//! * The crate prints nothing and reads no environment; it runs `git`, to list files and to read the history, and nothing else.
//!
//! # Limits of this version
//!
//! Renames are not followed into the past when values are dated. Lists are merged as one value. Of SealedSecrets, the old form
//! (`spec.data`) and templates of data are refused by name.

mod access;
mod age_limits;
mod broad_rule;
mod change;
mod check;
mod error;
mod generate;
mod git;
mod history;
mod json_path;
mod line_merge;
mod merge;
mod parallel;
mod placeholder;
mod repository;
mod rule_files;
mod sealed;
mod secret_manifest;
mod staged;
mod status;
mod tree_change;
mod value_merge;

pub use access::{Access, FileAccess, IdentityUse, Stranger, access};
pub use age_limits::{AgeLimit, AgeLimitError, AgeLimits, FileLimits};
pub use broad_rule::is_no_secret;
pub use change::{Hands, KeyChange, Rotation, encrypt_anew, encrypt_new, encrypt_text, rekey, rotate};
pub use check::{CheckFinding, CheckOptions, Severity, check};
pub use error::Error;
pub use generate::Generator;
pub use history::{DatedFile, DatedValue, date_values};
pub use json_path::{get_path, set_path, wipe};
pub use merge::{Merged, Sides, merge};
pub use repository::{Kind, Repository, RepositoryText};
pub use rule_files::{RuleFile, RuleFiles};
pub use sealed::{SealedError, SealingKeys, Unsealed, unseal};
pub use secret_manifest::{check_secret, data_path, from_data, new_secret, to_data};
pub use staged::{Staged, replace_file};
pub use status::{SecretFile, metrics, status};
pub use tree_change::{Change, Progress, Work, change_all, choose};
