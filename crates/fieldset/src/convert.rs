//! Objects in other versions of their API.

use std::error::Error;

use crate::typed_value::TypedValue;

/// Turns an object of one version of an API into the same object of another.
///
/// Managers name their fields in the version in which they wrote them, so that an [`Updater`](crate::Updater) has to see
/// the object in each of these.
pub trait Convert {
    /// The object in that version. An object that is of that version already should come back as it is, as a clone, for
    /// clones are known to be equal without a look into them.
    ///
    /// # Errors
    /// [`ConvertError::NoSuchVersion`] where the version is not served any more: its owners are then forgotten. Any other
    /// error ends the operation.
    fn convert(&self, object: &TypedValue, api_version: &str) -> Result<TypedValue, ConvertError>;
}

/// Why an object cannot be had in a version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// There is no such version.
    #[error("no such version: {api_version}")]
    NoSuchVersion {
        /// The version.
        api_version: String,
    },
    /// The conversion failed.
    #[error(transparent)]
    Failed(#[from] Box<dyn Error + Send + Sync>),
}

/// The conversion of what is the same in all versions.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoConversion;

impl Convert for NoConversion {
    fn convert(&self, object: &TypedValue, _: &str) -> Result<TypedValue, ConvertError> {
        Ok(object.clone())
    }
}
