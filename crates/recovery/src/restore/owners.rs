//! Owner references: saved by name, restored with the uid that the owner has now.

use serde_json::Value;
use windlass_cluster::{Cluster, Error};
use windlass_manifest::{Gvk, Manifest};

/// Gives each owner reference of `manifest` the uid of the owner that is in the cluster now. A reference to an owner that
/// is not there goes, for the garbage collector would delete the object: the names of those owners are returned.
pub(crate) async fn resolve(cluster: &Cluster, manifest: &mut Manifest) -> Result<Vec<String>, Error> {
    let Some(owners) = manifest.get(&["metadata", "ownerReferences"]).and_then(Value::as_array).cloned() else {
        return Ok(Vec::new());
    };
    let (mut known, mut missing) = (Vec::new(), Vec::new());
    for mut owner in owners {
        let text = |field: &str| owner[field].as_str().unwrap_or_default().to_owned();
        let gvk = Gvk::from_api_version(&text("apiVersion"), &text("kind"));
        let live = cluster.get(&gvk, manifest.namespace(), &text("name")).await?;
        match live.and_then(|live| live["metadata"]["uid"].as_str().map(str::to_owned)) {
            Some(uid) => {
                owner["uid"] = uid.into();
                known.push(owner);
            }
            None => missing.push(format!("{}/{}", gvk.kind, text("name"))),
        }
    }
    if let Some(metadata) = manifest.value_mut()["metadata"].as_object_mut() {
        if known.is_empty() {
            metadata.shift_remove("ownerReferences");
        } else {
            metadata.insert("ownerReferences".to_owned(), known.into());
        }
    }
    Ok(missing)
}
