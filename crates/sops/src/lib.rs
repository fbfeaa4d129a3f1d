//! SOPS documents: read, verify and decrypt.

mod any_iv;
mod cipher;
mod data_key;
mod decrypt;
mod document;
mod envelope;
mod error;
mod float_text;
mod format;
mod identities;
mod identity_error;
mod json;
mod json_print;
mod location;
mod mac;
mod metadata;
mod metadata_fields;
mod plaintext;
mod scalar;
mod selector;
mod shamir;
mod tree;
mod values;
mod walk;
mod yaml;

pub use decrypt::{DecryptOptions, Mac, decrypt, decrypt_value};
pub use error::{Error, NoIdentity, Tried, ValueFault};
pub use format::{Format, is_encrypted};
pub use identities::Identities;
pub use identity_error::IdentityError;
pub use location::{Location, PathStep};
pub use metadata::{KeyGroup, Metadata, Recipient, RecipientKind};
pub use plaintext::Plaintext;
pub use selector::Selector;
