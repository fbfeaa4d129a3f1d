//! What one text may cost.

/// Bounds on one text, so that a hostile or broken file cannot take the machine down.
///
/// The defaults leave room for the largest files seen in homelab repositories (bundles of CRDs of some megabytes) and fit
/// a Raspberry Pi. Crossing one is [`Error::Limit`](crate::Error::Limit), which names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text; as many again for what anchors and aliases copy. Default: 32 MiB.
    pub input_bytes: usize,
    /// Documents in it. Default: 10,000.
    pub documents: usize,
    /// Nodes of all documents together, an alias counted as all it stands for, and the content of an anchor counted once
    /// more for being remembered. Default: 1,000,000.
    pub nodes: usize,
    /// Bytes of one scalar. Default: 8 MiB.
    pub scalar_bytes: usize,
    /// Collections within each other. Default: 256, which is also the most that is possible: reading and dropping a value
    /// take stack for every level.
    pub depth: usize,
}

impl Limits {
    /// The deepest nesting that any setting of [`Limits::depth`] allows.
    pub const DEEPEST: usize = 256;
}

impl Default for Limits {
    fn default() -> Self {
        Self { input_bytes: 32 << 20, documents: 10_000, nodes: 1_000_000, scalar_bytes: 8 << 20, depth: Self::DEEPEST }
    }
}
