use std::sync::Arc;

use http::Method;
use serde_json::Value;

use crate::handle;
use crate::server::Inner;

/// What a server stores: for a look behind its back, and for putting fixtures there.
#[derive(Debug, Clone)]
pub struct Objects {
    inner: Arc<Inner>,
}

/// Why a fixture could not be put into the server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The server has no such kind.
    #[error("no kind {kind} in {api_version:?} is served")]
    UnknownKind {
        /// The kind.
        kind: String,
        /// The version.
        api_version: String,
    },
    /// The server refused it, as it would have refused a client.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        code: u16,
        /// What the server said.
        message: String,
    },
}

impl Objects {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// An object as it is stored; the namespace is empty for cluster-wide kinds.
    #[must_use]
    pub fn get(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let (group, version) = split(api_version);
        let state = self.inner.lock();
        let resource = state.registry.find_kind(group, version, kind)?;
        state.get(&resource.key(), namespace, name).map(|found| crate::list::served(&resource, &found))
    }

    /// All objects of a kind, by namespace and name.
    #[must_use]
    pub fn list(&self, api_version: &str, kind: &str) -> Vec<Value> {
        let (group, version) = split(api_version);
        let state = self.inner.lock();
        let Some(resource) = state.registry.find_kind(group, version, kind) else { return Vec::new() };
        let found = state.collection(&resource.key());
        let objects = found.into_iter().flat_map(|all| all.objects.values());
        objects.map(|one| crate::list::served(&resource, one)).collect()
    }

    /// How many objects there are, of all kinds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner.lock().collections().map(|(_, all)| all.objects.len()).sum()
    }

    /// The revision that was written last.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.inner.lock().revision()
    }

    /// Creates an object as the field manager `fixture`: defaulted and validated as always, past faults and the request
    /// log. Gives back what is stored. A namespaced object without a namespace goes into `default`.
    ///
    /// # Errors
    /// When its kind is not served, or the server refuses it.
    pub fn create(&self, object: &Value) -> Result<Value, LoadError> {
        self.create_as("fixture", object)
    }

    pub(crate) fn create_as(&self, manager: &str, object: &Value) -> Result<Value, LoadError> {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let (group, version) = split(api_version);
        let resource = self
            .inner
            .lock()
            .registry
            .find_kind(group, version, kind)
            .ok_or_else(|| LoadError::UnknownKind { kind: kind.to_owned(), api_version: api_version.to_owned() })?;
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default");
        let path = if resource.namespaced {
            format!("{root}/namespaces/{namespace}/{}", resource.plural)
        } else {
            format!("{root}/{}", resource.plural)
        };
        let body = object.to_string();
        let asked = handle::Asked {
            method: &Method::POST,
            path: &path,
            query: &format!("fieldManager={manager}"),
            agent: manager,
            accept: "application/json",
            content_type: "application/json",
            body: body.as_bytes(),
        };
        match handle::answer(&self.inner, &asked) {
            Ok(handle::Reply::Json { value, .. }) => Ok((*value).clone()),
            Ok(_) => Ok(Value::Null),
            Err(failure) => {
                let status = failure.status();
                let message = status.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
                Err(LoadError::Refused { code: failure.code, message })
            }
        }
    }
}

fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}
