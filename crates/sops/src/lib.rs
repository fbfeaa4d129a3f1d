//! SOPS documents: read, verify and decrypt.

mod decrypt;
mod error;
mod format;
mod identities;
mod identity_error;
mod location;
mod metadata;
mod plaintext;

pub use decrypt::{DecryptOptions, Mac, decrypt, decrypt_value};
pub use error::{Error, NoIdentity, Tried, ValueFault};
pub use format::{Format, is_encrypted};
pub use identities::Identities;
pub use identity_error::IdentityError;
pub use location::{Location, PathStep};
pub use metadata::Metadata;
pub use plaintext::Plaintext;
