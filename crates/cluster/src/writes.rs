//! Writing one object without the rules of reconciliation: what a restore does.

use kube::api::{Patch, PatchParams, PostParams};
use serde_json::Value;
use windlass_manifest::{Gvk, Manifest, ObjectId, Origin};

use crate::cluster::{Cluster, Handle, is_secret};
use crate::error::{Doing, Error};
use crate::rejection;

impl Cluster {
    /// Makes an object, or only asks what that would give. `None` where there is one of that name already: it is not
    /// touched.
    ///
    /// # Errors
    /// What the server says; see [`Error`].
    pub async fn create(&self, manifest: &Manifest, dry_run: bool) -> Result<Option<Value>, Error> {
        let kind = self.kind_of(manifest).await?;
        let id = manifest.id();
        let handle = Handle { kind: &kind, id: &id, origin: manifest.origin(), sensitive: manifest.is_sensitive() };
        let params = PostParams { dry_run, field_manager: Some(self.options().field_manager.clone()) };
        let request = handle.path().create(&params, body(manifest.value()));
        match self.send(request).await {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "AlreadyExists" => Ok(None),
            Err(error) => Err(rejection::error(error, &handle, Doing::Create)),
        }
    }

    /// Puts an object in the place of `live`, as it was read, or only asks what that would give: fields that it does not
    /// have go. Refused by the server where somebody wrote in between.
    ///
    /// # Errors
    /// What the server says; see [`Error`].
    pub async fn replace(&self, manifest: &Manifest, live: &Value, dry_run: bool) -> Result<Value, Error> {
        let kind = self.kind_of(manifest).await?;
        let id = manifest.id();
        let handle = Handle { kind: &kind, id: &id, origin: manifest.origin(), sensitive: manifest.is_sensitive() };
        let mut object = manifest.clone();
        for field in ["uid", "resourceVersion"] {
            object.value_mut()["metadata"][field] = live["metadata"][field].clone();
        }
        // A kind without a status subresource would lose it.
        if let (Some(status), Value::Object(fields)) = (live.get("status"), object.value_mut()) {
            fields.insert("status".to_owned(), status.clone());
        }
        let params = PostParams { dry_run, field_manager: Some(self.options().field_manager.clone()) };
        let request = handle.path().replace(&handle.id.name, &params, body(object.value()));
        self.send(request).await.map_err(|error| rejection::error(error, &handle, Doing::Replace))
    }

    /// Puts the fields that an object has into the one that is there, or only asks what that would give: a server-side
    /// apply that wins all conflicts, and leaves other fields to their owners.
    ///
    /// # Errors
    /// What the server says; see [`Error`].
    pub async fn put_fields(&self, manifest: &Manifest, dry_run: bool) -> Result<Value, Error> {
        let kind = self.kind_of(manifest).await?;
        let id = manifest.id();
        let handle = Handle { kind: &kind, id: &id, origin: manifest.origin(), sensitive: manifest.is_sensitive() };
        let doing = if dry_run { Doing::DryRun } else { Doing::Apply };
        let applied = self.server_side_apply(&handle, manifest.value(), dry_run).await;
        applied.map_err(|error| rejection::error(error, &handle, doing))
    }

    /// Changes some fields of an object by a merge patch. `None` where there is no such object.
    ///
    /// # Errors
    /// What the server says; see [`Error`].
    pub async fn change(&self, gvk: &Gvk, id: &ObjectId, patch: &Value) -> Result<Option<Value>, Error> {
        let origin = Origin::unknown();
        let found = self.discovery().kind_in_any_version(gvk).await;
        let Some(kind) = found.map_err(|error| rejection::discovery(error, id, &origin))? else { return Ok(None) };
        let handle = Handle { kind: &kind, id, origin: &origin, sensitive: is_secret(id) };
        let params =
            PatchParams { field_manager: Some(self.options().field_manager.clone()), ..PatchParams::default() };
        match self.send(handle.path().patch(&id.name, &params, &Patch::Merge(patch))).await {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(rejection::error(error, &handle, Doing::Change)),
        }
    }
}

fn body(object: &Value) -> Vec<u8> {
    object.to_string().into_bytes()
}
