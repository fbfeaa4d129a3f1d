use std::io::Read;

use serde_json::{Map, Value};

use crate::{Error, Format};

/// What is known about captured data without looking inside again: counts, checks passed, versions.
///
/// Kept beside the data, encrypted as it is, and compared after a restore: a `Map` so that each kind of source says what fits
/// it. Never holds content.
pub type Facts = Map<String, Value>;

/// One thing to keep.
///
/// Calls block: a caller in an async program gives them a thread of their own.
pub trait Source: Send {
    /// The form of the bytes.
    fn format(&self) -> Format;

    /// The bytes, from the beginning. Of a [repeatable](Self::is_repeatable) source they can be asked for again, and are
    /// the same unless what is captured was changed in between; any other source is asked once.
    ///
    /// The reader fails rather than end early: a stream that came to its end is whole.
    ///
    /// # Errors
    /// Where nothing can be read, or what would be read is known to be damaged. What is damaged is not captured.
    fn open(&mut self) -> Result<Box<dyn Read + Send + '_>, Error>;

    /// Whether [`open`](Self::open) may be called again, so that a caller can look first whether anything changed.
    fn is_repeatable(&self) -> bool;

    /// What is known of the data, complete once the reader has come to its end.
    fn facts(&self) -> Facts {
        Facts::new()
    }
}
