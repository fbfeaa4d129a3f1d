//! The finalizer that keeps an object until its loop has cleaned up behind it.

use std::fmt::Debug;

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;
use windlass_flux::well_known::FINALIZER;

use crate::Error;

/// Puts the finalizer on `object` where it is missing.
pub(crate) async fn ensure<K>(api: &Api<K>, object: &K) -> Result<(), Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    if object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(());
    }
    let mut finalizers = object.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    write(api, object, &finalizers).await
}

/// Takes the finalizer off, so that the object can go.
pub(crate) async fn remove<K>(api: &Api<K>, object: &K) -> Result<(), Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let others: Vec<_> = object.finalizers().iter().filter(|finalizer| *finalizer != FINALIZER).cloned().collect();
    if others.len() == object.finalizers().len() {
        return Ok(());
    }
    write(api, object, &others).await
}

async fn write<K>(api: &Api<K>, object: &K, finalizers: &[String]) -> Result<(), Error>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    // The resource version makes sure that nobody else's finalizer is lost between our reading and our writing.
    let patch = json!({"metadata": {"resourceVersion": object.resource_version(), "finalizers": finalizers}});
    match api.patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(Error::api(format!("write the finalizers of {}", object.name_any()))(error)),
    }
}
