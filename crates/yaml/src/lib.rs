//! YAML as Go's Kubernetes tools read it and, byte for byte, as they print it.
//!
//! kustomize, Helm and Flux all pass objects through Go's YAML libraries, each in its own way, and people's repositories
//! depend on the results: `defaultMode: 0644` is 420, `yes` is a string in a Deployment and a boolean in a values file, a
//! long line is folded at column 80. This crate reads text in both dialects into [`serde_json::Value`] and prints values as
//! go-yaml v2 does. It knows nothing about Kubernetes, files or types to deserialize into, and it keeps no comments.
//!
//! ```
//! use windlass_yaml::{ReadOptions, print, read_documents};
//!
//! let text = "mode: 0644\nenabled: yes\n---\nwhen: 12:30\n";
//! let documents = read_documents(text, &ReadOptions::resource())?;
//! assert_eq!(documents[0].value["mode"], 420);
//! assert_eq!(documents[1].line, 4);
//! assert_eq!(print(&documents[0].value), "enabled: \"yes\"\nmode: 420\n");
//! # Ok::<(), windlass_yaml::Error>(())
//! ```

mod analysis;
mod compose;
mod convert;
mod documents;
mod error;
mod go_float;
mod grammar;
mod key_order;
mod limits;
mod locate;
mod node;
mod number;
mod position;
mod print;
mod print_scalar;
mod read;
mod reprint;
mod scan;
mod scalar;
mod timestamp;

pub use compose::compose;
pub use error::Error;
pub use limits::Limits;
pub use locate::locate;
pub use node::{Content, Node, Style};
pub use position::{Position, Span};
pub use print::{print, print_documents};
pub use read::{Document, DuplicateKeys, ReadOptions, read_document, read_documents};
pub use scalar::{Dialect, Scalar, resolve};
