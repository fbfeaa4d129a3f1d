use std::fmt;
use std::pin::Pin;

use windlass_manifest::Manifest;

/// Where objects are saved before they are deleted.
///
/// A [`Cluster`](crate::Cluster) that has one deletes nothing that could not be saved first.
pub trait Keep: fmt::Debug + Send + Sync {
    /// Saves `objects`, as the cluster has them now. They are deleted only if this succeeds.
    ///
    /// Objects that still stand when their deletion fails are saved again with the next attempt.
    fn keep(&self, objects: Vec<Manifest>) -> Keeping<'_>;
}

/// The answer of a [`Keep`], to come.
pub type Keeping<'a> = Pin<Box<dyn Future<Output = Result<(), KeepError>> + Send + 'a>>;

/// Why objects could not be saved.
pub type KeepError = Box<dyn std::error::Error + Send + Sync>;
