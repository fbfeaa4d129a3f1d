use super::WriterId;

/// Whose snapshots are believed. age hides content and does not say who wrote it: whoever can write to the bucket could
/// otherwise put a snapshot there that restores his objects as cluster administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// These writers only. The way for restores: the list stands in Git and on the recovery card.
    Writers(Vec<WriterId>),
    /// The writers whom the marker names. With a cache folder they are remembered, and a marker that names others later
    /// is refused unless one of the former signed it. On first sight, whoever wrote the bucket is believed.
    OnFirstUse,
    /// Anybody, unsigned and forged snapshots included; each is marked so. For looking, not for restoring.
    Any,
}
