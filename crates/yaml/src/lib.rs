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
//!
//! [`read_documents`] reads a file, [`read_document`] one document as `yaml.Unmarshal` does, [`compose`] stops at nodes,
//! with the text of scalars, for who edits files; [`locate`] finds the place of a value when a message has to point at it, and [`Located`] those of many.
//!
//! # What holds
//!
//! * No text makes it panic, hang or use memory without bound; [`Limits`] says what a text may cost.
//! * Every error has a position.
//! * Printing what was read from printed text gives that text again.
//!
//! # Where the truth comes from
//!
//! kustomize 5.8.1 (kyaml 0.21.1), `sigs.k8s.io/yaml` 1.5 and the go-yaml versions they link (v2 2.4.2, v3 3.0.3).
//! `tests/differential` compares with those libraries themselves, both ways, thousands of generated documents a run.
//!
//! The scanner is our own, for go-yaml is a YAML 1.1 parser of the libyaml family. Of generated texts, many of them at the
//! edges of the language, saphyr-parser 0.3.3 (YAML 1.2) read one in ten otherwise than go-yaml, libyaml-safer 0.1.1 read CRLF
//! in block scalars wrongly and panicked on some; this one differs only as listed below.
//!
//! # Where it differs from Go on purpose
//!
//! * Keys that are not strings, such as `1:` or `~:` in a resource, are their text. kustomize fails on them.
//! * `{}: x` and `[]: x` are refused, as is anything malformed after such a root. go-yaml v2 reads `{}` and loses the rest
//!   without a word.
//! * A tab between a `?` and a comment is refused. kustomize takes it.
//! * A key given twice in a mapping that stands below a `<<` is refused, and a key `"<<"` in quotes is kept. kustomize takes
//!   the last, and throws the other away.
//! * An alias within its own anchor is an error. kustomize crashes.
//! * A literal scalar that starts with a tab is read. kustomize prints it on its way and cannot read that.
//! * A scalar with `|+` or `>+` before a comment keeps its line breaks. kustomize adds one.
//! * Control characters are refused in the whole text at once, and a second byte order mark is a character.
//! * Keys for which Go has no order ("9", "10", "1a") have one here. Of two keys with the same text, such as `on` and `"true"`
//!   in the config dialect, the last is taken; Go takes one by chance.
//! * DEL and U+0080 to U+009F are printed escaped. Go's own way there, through JSON, cannot print them or makes a blank of
//!   U+0085.
//! * Of more than one fault only the first is reported.

mod analysis;
mod compose;
mod convert;
mod documents;
mod error;
mod go_float;
mod go_scalar;
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
mod scalar;
mod scan;
mod timestamp;

pub use compose::compose;
pub use error::Error;
pub use go_scalar::{is_base_60, is_break, push_escaped};
pub use limits::Limits;
pub use locate::{Located, locate, read_located};
pub use node::{Content, Node, Style};
pub use position::{Position, Span};
pub use print::{print, print_documents};
pub use read::{Document, DuplicateKeys, ReadOptions, read_document, read_documents};
pub use scalar::{Dialect, Scalar, resolve};
