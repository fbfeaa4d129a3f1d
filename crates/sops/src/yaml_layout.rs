//! How YAML is laid out: as sops does, or as the text around it.

/// How far sops indents.
pub(crate) const INDENT: usize = 4;

/// How a part of a text is laid out, where it has to fit the text around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// How much deeper a collection stands than its key.
    pub(crate) step: usize,
    /// Whether a text of several lines may stand below a `|`.
    pub(crate) literals: bool,
    /// Whether all is printed as sops does, even what does not read back: a literal text with a blank at its start, for which
    /// it writes a fixed width, and a negative zero.
    pub(crate) as_sops: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self { step: INDENT, literals: true, as_sops: true }
    }
}
