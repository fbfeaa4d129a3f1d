use jiff::Timestamp;

/// What deleting an object did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removal {
    /// It is gone, and so are its bytes.
    Freed,
    /// It is hidden: the store keeps its versions, and its bytes, until its own rules delete them.
    Hidden,
    /// It is still there: it is locked, until this time if that is known.
    Locked(Option<Timestamp>),
}

/// A version of an object that a store keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The store's name for it.
    pub id: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written, by the store's clock.
    pub modified: Timestamp,
}
