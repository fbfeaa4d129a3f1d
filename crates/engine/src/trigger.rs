//! What makes a loop look at its object again.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt};
use windlass_flux::well_known::REQUESTED_AT;

/// The parts of an object's metadata whose change means work: a new spec, a request by annotation, a deletion.
///
/// Status writes, our own above all, and edits of other labels and annotations start nothing, as in Flux.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trigger {
    uid: Option<String>,
    generation: Option<i64>,
    deleted: Option<Time>,
    /// The value of the annotation that asks for a reconcile.
    pub(crate) requested: Option<String>,
}

impl Trigger {
    pub(crate) fn of<K: Resource>(object: &K) -> Self {
        let metadata = object.meta();
        Self {
            uid: metadata.uid.clone(),
            generation: metadata.generation,
            deleted: metadata.deletion_timestamp.clone(),
            requested: object.annotations().get(REQUESTED_AT).cloned(),
        }
    }
}
