use std::fmt;
use std::io::Read;

use crate::{Error, Facts, Format, Source};

/// Bytes that are in memory already.
pub struct Bytes {
    format: Format,
    bytes: Vec<u8>,
    facts: Facts,
}

impl Bytes {
    /// A source of `bytes`.
    #[must_use]
    pub fn new(format: Format, bytes: Vec<u8>) -> Self {
        Self { format, bytes, facts: Facts::new() }
    }

    /// The same, with what is known about them.
    #[must_use]
    pub fn with_facts(mut self, facts: Facts) -> Self {
        self.facts = facts;
        self
    }
}

// They may be anything, secrets among them.
impl fmt::Debug for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Bytes({}, {} bytes)", self.format, self.bytes.len())
    }
}

impl Source for Bytes {
    fn format(&self) -> Format {
        self.format
    }

    fn open(&mut self) -> Result<Box<dyn Read + Send + '_>, Error> {
        Ok(Box::new(self.bytes.as_slice()))
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }
}
