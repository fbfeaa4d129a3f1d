//! Who writes, for whom it is encrypted, and who can read.

mod identities;
mod paper;
mod recipient;
mod text;
mod trust;
mod writer;

pub use identities::Identities;
pub use paper::PaperKey;
pub use recipient::Recipient;
pub use trust::Trust;
pub use writer::{WriterId, WriterKey};

pub(crate) use recipient::parse_all;
