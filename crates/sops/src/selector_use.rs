//! What a selector picks in a document, without a key.

use zeroize::Zeroizing;

use crate::envelope::Envelope;
use crate::scalar::Scalar;
use crate::tree::{Branch, Value};
use crate::walk::{self, Visit};
use crate::{Format, Location, Metadata, Selector, metadata_fields, stores};

/// What was picked.
#[derive(Default)]
pub(crate) struct Selected {
    /// How many values.
    pub(crate) count: usize,
    /// Those of them that stand in clear.
    pub(crate) clear: Vec<Location>,
}

/// The values of an encrypted file. None where it cannot be read.
pub(crate) fn in_encrypted(text: &[u8], format: Format, metadata: &Metadata) -> Option<Selected> {
    let mut documents = stores::read(text, format).ok()?;
    metadata_fields::take(&mut documents, format).ok()?;
    select(&mut documents, &metadata.selector)
}

/// How many values of some documents are picked. None for a selector that does not compile.
pub(crate) fn count(documents: &mut [Branch], selector: &Selector) -> Option<usize> {
    select(documents, selector).map(|selected| selected.count)
}

/// Where the values that are picked stand.
pub(crate) fn select(documents: &mut [Branch], selector: &Selector) -> Option<Selected> {
    let rule = selector.compile().ok()?;
    let mut looking = Looking(Selected::default());
    walk::walk(documents, &rule, &mut looking).ok()?;
    Some(looking.0)
}

struct Looking(Selected);

impl Visit for Looking {
    type Error = std::convert::Infallible;

    fn selected(&mut self, scalar: &Scalar, _aad: &str, at: &dyn Fn() -> Location) -> Result<Value, Self::Error> {
        self.0.count += 1;
        let is_clear = match scalar {
            // An empty string is never encrypted.
            Scalar::Str(bytes) => !bytes.is_empty() && !std::str::from_utf8(bytes).is_ok_and(is_envelope),
            _ => true,
        };
        if is_clear {
            self.0.clear.push(at());
        }
        Ok(Value::Scalar(scalar.clone()))
    }

    fn clear(&mut self, _scalar: &Scalar) {}

    fn comment<'a>(
        &mut self,
        _text: &str,
        _aads: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Zeroizing<String>>, Self::Error> {
        Ok(None)
    }
}

fn is_envelope(text: &str) -> bool {
    Envelope::parse(text).is_ok()
}
