//! What can be seen of a document without a key: which values are encrypted, or would be.

use std::convert::Infallible;

use zeroize::Zeroizing;

use crate::scalar::Scalar;
use crate::selector::Rule;
use crate::tree::{Branch, Value};
use crate::walk::{self, Visit};
use crate::{Error, Format, Location, Selector, metadata_fields, stores};

/// An encrypted value as it stands in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncryptedValue {
    /// Where it stands.
    pub at: Location,
    /// Its envelope, `ENC[AES256_GCM,…]`. It stays the same, letter by letter, as long as the value and the data key do.
    pub envelope: String,
}

/// Lists the encrypted values of a document. No identity is needed.
///
/// ```
/// use std::time::SystemTime;
/// use windlass_sops::{EncryptOptions, Format, Recipients, encrypt, encrypted_values};
///
/// let recipients = Recipients::age(["age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx"])?;
/// let options = EncryptOptions::default();
/// let text = encrypt(b"a: {b: secret}\n", Format::Yaml, &recipients, &options, SystemTime::now())?;
/// let values = encrypted_values(&text, Format::Yaml)?;
/// assert_eq!(values[0].at.to_string(), "a.b (line 1)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When the text is not of the format, has no metadata or broken ones, or its selector does not compile.
pub fn encrypted_values(text: &[u8], format: Format) -> Result<Vec<EncryptedValue>, Error> {
    let mut documents = stores::read(text, format)?;
    let metadata = metadata_fields::take(&mut documents, format)?;
    let seen = look(&mut documents, &metadata.selector.compile()?);
    let is_envelope =
        |(at, text): (Location, String)| text.starts_with("ENC[").then_some(EncryptedValue { at, envelope: text });
    Ok(seen.into_iter().filter_map(is_envelope).collect())
}

/// Lists where the values of a plaintext stand that a selector picks: what would be encrypted.
///
/// # Errors
///
/// When the text is not of the format, or the selector does not compile.
pub fn selected_values(plaintext: &[u8], format: Format, selector: &Selector) -> Result<Vec<Location>, Error> {
    let mut documents = stores::read_plain(plaintext, format)?;
    Ok(look(&mut documents, &selector.compile()?).into_iter().map(|(at, _)| at).collect())
}

/// The values that are picked; with its text where one is an envelope.
fn look(documents: &mut [Branch], rule: &Rule) -> Vec<(Location, String)> {
    let mut looking = Looking(Vec::new());
    match walk::walk(documents, rule, &mut looking) {
        Ok(()) => looking.0,
        Err(never) => match never {},
    }
}

struct Looking(Vec<(Location, String)>);

impl Visit for Looking {
    type Error = Infallible;

    fn selected(&mut self, scalar: &Scalar, _aad: &str, at: &dyn Fn() -> Location) -> Result<Value, Infallible> {
        let text = match scalar {
            Scalar::Str(bytes) if bytes.starts_with(b"ENC[") => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        };
        self.0.push((at(), text));
        Ok(Value::Scalar(scalar.clone()))
    }

    fn clear(&mut self, _scalar: &Scalar) {}

    fn comment<'a>(
        &mut self,
        _text: &str,
        _aads: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Zeroizing<String>>, Infallible> {
        Ok(None)
    }
}
