use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use kube::Client;
use kube::api::{DeleteParams, DynamicObject, GetParams, Patch, PatchParams, Preconditions};
use kube::core::{Request, Resource};
use serde_json::Value;
use windlass_manifest::{Gvk, Manifest, ObjectId, Origin};

use crate::discovery::{Discovery, Kind};
use crate::error::{Doing, Error, Subject};
use crate::keep::{Keep, KeepError};
use crate::rejection;

/// A Kubernetes cluster. Cheap to clone; clones share what they have learned about its kinds.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    discovery: Arc<Discovery>,
    options: Arc<Options>,
    keep: Option<Arc<dyn Keep>>,
}

/// How a [`Cluster`] is written to. The defaults are Flux's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The field manager that applies; `kustomize-controller` by default.
    pub field_manager: String,
    /// What the keys of markers on objects start with; `kustomize.toolkit.fluxcd.io` by default.
    pub control_prefix: String,
    /// Field managers whose fields are taken over, beyond those of `kubectl`; none by default. Names match by their
    /// beginning.
    pub override_managers: Vec<String>,
    /// How many objects are asked about at a time; 4 by default.
    pub concurrency: usize,
    /// How long one request may take, retries of the client included; 30 seconds by default. A client with kube's default
    /// settings tries again for minutes where an aggregated API is down.
    pub request_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            field_manager: "kustomize-controller".to_owned(),
            control_prefix: "kustomize.toolkit.fluxcd.io".to_owned(),
            override_managers: Vec::new(),
            concurrency: 4,
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// An object at the server: everything that a request about it needs.
pub(crate) struct Handle<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) id: &'a ObjectId,
    pub(crate) origin: &'a Origin,
    pub(crate) sensitive: bool,
}

impl Cluster {
    /// The cluster that `client` speaks to.
    #[must_use]
    pub fn new(client: Client, options: Options) -> Self {
        let discovery = Arc::new(Discovery::new(client.clone(), options.request_timeout));
        Self { client, discovery, options: Arc::new(options), keep: None }
    }

    /// The same cluster, with a place where objects are saved before they are deleted.
    #[must_use]
    pub fn keeping(mut self, keep: Arc<dyn Keep>) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Whether objects are saved before they are deleted.
    pub(crate) fn keeps(&self) -> bool {
        self.keep.is_some()
    }

    /// Saves objects that are about to be deleted, where there is a place for it.
    pub(crate) async fn save(&self, objects: Vec<Manifest>) -> Result<(), Arc<KeepError>> {
        match &self.keep {
            Some(keep) if !objects.is_empty() => keep.keep(objects).await.map_err(Arc::new),
            _ => Ok(()),
        }
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How the cluster is written to.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The kind of `gvk`; `None` where the cluster does not serve it.
    ///
    /// # Errors
    /// What the client says where the server cannot be asked.
    pub async fn kind(&self, gvk: &Gvk) -> Result<Option<Kind>, Arc<kube::Error>> {
        self.discovery.kind(gvk).await
    }

    /// The kind of `gvk` in that version or, where it is not served, in the version that the cluster prefers; `None` where
    /// the cluster serves none.
    ///
    /// # Errors
    /// What the client says where the server cannot be asked.
    pub async fn kind_in_any_version(&self, gvk: &Gvk) -> Result<Option<Kind>, Arc<kube::Error>> {
        self.discovery.kind_in_any_version(gvk).await
    }

    /// Forgets what was learned about the kinds of a group, because its CRDs have changed.
    pub fn forget_kinds(&self, group: &str) {
        self.discovery.forget(group);
    }

    /// The object `name` of the kind `gvk`; `None` where there is no such object, or no such kind.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Unavailable`] and the like.
    pub async fn get(&self, gvk: &Gvk, namespace: Option<&str>, name: &str) -> Result<Option<Value>, Error> {
        let id = ObjectId {
            group: gvk.group.clone(),
            kind: gvk.kind.clone(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        self.read(gvk, &id).await.map(|found| found.map(|(_, object)| object))
    }

    /// The object and its kind, in whatever version the cluster has it if not in that of `gvk`.
    pub(crate) async fn read(&self, gvk: &Gvk, id: &ObjectId) -> Result<Option<(Kind, Value)>, Error> {
        let origin = Origin::unknown();
        let kind = self.discovery.kind_in_any_version(gvk).await;
        let Some(kind) = kind.map_err(|error| rejection::discovery(error, id, &origin))? else {
            return Ok(None);
        };
        let handle = Handle { kind: &kind, id, origin: &origin, sensitive: is_secret(id) };
        let object = self.live(&handle).await?;
        Ok(object.map(|object| (kind, object)))
    }

    pub(crate) fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// Runs what is asked of many objects, a few at a time, and gives the answers in the order of the questions.
    pub(crate) async fn ask_all<F: Future>(&self, questions: Vec<F>) -> Vec<F::Output> {
        stream::iter(questions).buffered(self.options.concurrency.max(1)).collect().await
    }

    /// The same, with the answers and the failures apart. When the server is gone, the other questions would each wait
    /// for it in vain: they are not asked any more.
    pub(crate) async fn try_all<T, F>(&self, questions: Vec<F>) -> (Vec<T>, Vec<Error>)
    where
        F: Future<Output = Result<T, Error>>,
    {
        let (mut answers, mut failures) = (Vec::new(), Vec::new());
        let mut results = stream::iter(questions).buffered(self.options.concurrency.max(1));
        while let Some(result) = results.next().await {
            match result {
                Ok(answer) => answers.push(answer),
                Err(error) => {
                    let is_gone = matches!(&error, Error::Unavailable { doing, .. } if *doing != Doing::Discover);
                    failures.push(error);
                    if is_gone {
                        break;
                    }
                }
            }
        }
        (answers, failures)
    }

    /// The object as the server has it.
    pub(crate) async fn live(&self, handle: &Handle<'_>) -> Result<Option<Value>, Error> {
        let request = handle.path().get(&handle.id.name, &GetParams::default());
        match self.send(request).await {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(rejection::error(error, handle, Doing::Get)),
        }
    }

    /// Applies `object`, or only asks what that would give; ownership of fields is forced.
    pub(crate) async fn server_side_apply(
        &self,
        handle: &Handle<'_>,
        object: &Value,
        dry_run: bool,
    ) -> Result<Value, kube::Error> {
        let mut params = PatchParams::apply(&self.options.field_manager).force();
        params.dry_run = dry_run;
        self.send(handle.path().patch(&handle.id.name, &params, &Patch::Apply(object))).await
    }

    /// Sends JSON patch `operations`, or only asks what they would give.
    pub(crate) async fn json_patch(
        &self,
        handle: &Handle<'_>,
        operations: &Value,
        dry_run: bool,
    ) -> Result<Value, kube::Error> {
        let field_manager = Some(self.options.field_manager.clone());
        let params = PatchParams { field_manager, dry_run, ..PatchParams::default() };
        let body = serde_json::to_vec(operations).map_err(kube::Error::SerdeError)?;
        // kube's own JSON patch type wants its operations parsed; they are made here and need no check.
        let request = handle.path().patch(&handle.id.name, &params, &Patch::Merge(Value::Null)).map(|request| {
            let (mut parts, _) = request.into_parts();
            let json_patch = http::HeaderValue::from_static("application/json-patch+json");
            parts.headers.insert(http::header::CONTENT_TYPE, json_patch);
            http::Request::from_parts(parts, body)
        });
        self.send(request).await
    }

    /// Deletes the object with this uid and lets the server clean up behind it. Gone already counts as deleted.
    pub(crate) async fn delete(&self, handle: &Handle<'_>, uid: Option<&str>) -> Result<(), Error> {
        let preconditions = Preconditions { uid: uid.map(str::to_owned), resource_version: None };
        let params = DeleteParams::background().preconditions(preconditions);
        match self.send(handle.path().delete(&handle.id.name, &params)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(rejection::error(error, handle, Doing::Delete)),
        }
    }

    pub(crate) async fn send(
        &self,
        request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Value, kube::Error> {
        let request = request.map_err(kube::Error::BuildRequest)?;
        in_time(self.options.request_timeout, self.client.request(request)).await
    }
}

impl Handle<'_> {
    pub(crate) fn path(&self) -> Request {
        let namespace = self.id.namespace.as_deref().filter(|_| self.kind.namespaced);
        Request::new(DynamicObject::url_path(&self.kind.resource, namespace))
    }

    pub(crate) fn subject(&self) -> Box<Subject> {
        Box::new(Subject { id: self.id.clone(), origin: self.origin.clone() })
    }
}

/// The answer to a request, if it comes within `limit`.
pub(crate) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, kube::Error> {
    let elapsed = |elapsed| kube::Error::Service(Box::new(elapsed));
    tokio::time::timeout(limit, answer).await.map_err(elapsed)?
}

pub(crate) fn is_secret(id: &ObjectId) -> bool {
    id.group.is_empty() && id.kind == "Secret"
}
