//! Who writes, for whom it is encrypted, and who can read.

mod gf256;
mod identities;
mod paper;
mod recipient;
mod shares;
mod text;
mod trust;
mod words;
mod writer;

pub use identities::Identities;
pub use paper::{PaperKey, read_paper_key};
pub use recipient::Recipient;
pub use shares::{join_identity, split_identity};
pub use trust::Trust;
pub use writer::{WriterId, WriterKey};

pub(crate) use recipient::parse_all;
