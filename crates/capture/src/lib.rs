//! Data as streams that can be kept, and back into place: what a backup saves besides Kubernetes objects.
//!
//! A [`Source`] is one thing to keep: it says in which [`Format`] it comes, gives its bytes, and tells [`Facts`] about
//! what was read, such as the number of rows of a database. Where the bytes go is the caller's business.
//!
//! ```
//! use std::io::Read;
//! use windlass_capture::{Bytes, Format, Source};
//!
//! let mut source = Bytes::new(Format::Dump, b"create table notes (text);".to_vec());
//! let mut text = String::new();
//! source.open()?.read_to_string(&mut text)?;
//! assert_eq!(text, "create table notes (text);");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bytes;
mod error;
mod format;
mod source;

pub use bytes::Bytes;
pub use error::Error;
pub use format::Format;
pub use source::{Facts, Source};
