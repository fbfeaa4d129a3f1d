//! Encrypting values that never were a text.

use std::time::SystemTime;

use serde_json::Value as Json;

use crate::{EncryptOptions, Error, Format, Location, Recipients, WriteError, encrypt, stores, values};

/// Encrypts an object as a document of some format, which is printed as sops prints it: the way back from
/// [`Plaintext::documents`](crate::Plaintext::documents).
///
/// ```
/// use std::time::SystemTime;
/// use windlass_sops::{EncryptOptions, Format, Recipients, encrypt_value};
///
/// let recipients = Recipients::age(["age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx"])?;
/// let values = serde_json::json!({"USER": "me", "PASSWORD": "hunter2"});
/// let text = encrypt_value(&values, Format::Dotenv, &recipients, &EncryptOptions::default(), SystemTime::now())?;
/// assert!(text.starts_with(b"USER=ENC["));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As for [`encrypt`]; [`WriteError::Emit`] where the format cannot hold the values (a list in dotenv), or they are no object.
pub fn encrypt_value(
    value: &Json,
    format: Format,
    recipients: &Recipients,
    options: &EncryptOptions,
    now: SystemTime,
) -> Result<Vec<u8>, WriteError> {
    let emit = |source| WriteError::Emit { format, source };
    let no_object = || emit(Error::Shape { at: Location::default(), reason: "the top of a document is a mapping" });
    let document = values::from_json(value.as_object().ok_or_else(no_object)?)?;
    let text = stores::print(&[document], format, 0, options.stores).map_err(emit)?;
    encrypt(&text, format, recipients, options, now)
}
