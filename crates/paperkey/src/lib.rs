//! An age key for the day when the others are lost: on paper, whole or split among several people.
//!
//! `windlass secrets recovery` and `windlass backup key` print the same paper, and each reads what the other printed.
//!
//! ```
//! use windlass_paperkey::{RecoveryKey, paper_rows};
//!
//! let key = RecoveryKey::generate();
//! let pages: Vec<String> = key
//!     .split(3, 2)?
//!     .iter()
//!     .map(|share| paper_rows(share).iter().map(|row| format!("{}\n", row.as_str())).collect())
//!     .collect();
//! // The pages of two of the three people, typed in again.
//! let again = RecoveryKey::from_paper(&[&pages[2], &pages[0]])?;
//! assert_eq!(again.recipient(), key.recipient());
//! # Ok::<(), windlass_paperkey::Error>(())
//! ```
//!
//! # Format
//!
//! A key is an age identity, `AGE-SECRET-KEY-1…`. A share is `WINDLASS-SHARE-1…`, Bech32 as age's own texts are, of: how many
//! shares are needed (1 byte), the first 4 bytes of the SHA-256 of the key's recipient, and the share as [`split_secret`] makes it
//! of the 32 bytes of the key.
//!
//! On paper either is in [rows](paper_rows) of 25 letters with a number before and three check letters behind. Without those the
//! letters are the key as any age or sops takes it: nobody needs this program to get at what it opens.
//!
//! The pages and shares that `windlass backup` printed before there was this crate are read too.
//!
//! # What holds
//!
//! * No error and no `Debug` shows a part of a key or a share; all of them are wiped from memory on drop.
//! * No input makes it panic, and none is copied more than a few times.

mod error;
mod paper;
mod recovery_key;
mod shamir;
mod share;

pub use error::Error;
pub use paper::{paper_rows, read_paper, read_paper_row};
pub use recovery_key::RecoveryKey;
pub use shamir::{join_shares, split_secret};
