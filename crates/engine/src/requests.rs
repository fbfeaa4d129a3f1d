//! Asking a running reconciler for something, through the objects: what `flux reconcile`, `suspend` and `resume` do.

use std::fmt::Debug;
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::json;
use windlass_flux::{Conditions, GitRepository, Kustomization, READY, well_known::REQUESTED_AT};

use crate::{Error, NamespacedName};

/// A kind that can be asked.
pub trait Reconciled:
    Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
    + Clone
    + DeserializeOwned
    + Debug
    + Send
    + 'static
{
    /// The request that was answered last.
    fn last_handled(&self) -> Option<&str>;
    /// The conditions.
    fn conditions(&self) -> Option<&Conditions>;
    /// The revision that the object stands at.
    fn revision(&self) -> Option<&str>;
    /// Whether it is suspended.
    fn is_suspended(&self) -> bool;
}

impl Reconciled for Kustomization {
    fn last_handled(&self) -> Option<&str> {
        self.status.as_ref()?.last_handled_reconcile_at.as_deref()
    }

    fn conditions(&self) -> Option<&Conditions> {
        Some(&self.status.as_ref()?.conditions)
    }

    fn revision(&self) -> Option<&str> {
        self.status.as_ref()?.last_applied_revision.as_deref()
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend
    }
}

impl Reconciled for GitRepository {
    fn last_handled(&self) -> Option<&str> {
        self.status.as_ref()?.last_handled_reconcile_at.as_deref()
    }

    fn conditions(&self) -> Option<&Conditions> {
        Some(&self.status.as_ref()?.conditions)
    }

    fn revision(&self) -> Option<&str> {
        Some(&self.status.as_ref()?.artifact.as_ref()?.revision)
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend
    }
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether the object is ready.
    pub ready: bool,
    /// What its `Ready` condition says.
    pub message: String,
    /// The revision that it stands at.
    pub revision: Option<String>,
}

/// Asks for a reconcile now, and waits until it was done, in success or failure.
///
/// # Errors
/// [`Error::Api`] where the object does not exist or cannot be changed, [`Error::Suspended`] where nobody will answer,
/// [`Error::NoAnswer`] where nobody did within `timeout`.
pub async fn reconcile<K: Reconciled>(
    client: &Client,
    name: &NamespacedName,
    timeout: Duration,
) -> Result<Answer, Error> {
    let api: Api<K> = Api::namespaced(client.clone(), &name.namespace);
    let requested = jiff::Timestamp::now().to_string();
    let patch = json!({"metadata": {"annotations": {REQUESTED_AT: &requested}}});
    let kind = K::kind(&());
    let doing = format!("ask {kind}/{name} to reconcile");
    let object = api.patch(&name.name, &params(), &Patch::Merge(patch)).await.map_err(Error::api(doing))?;
    if object.is_suspended() {
        return Err(Error::Suspended { kind: kind.into_owned(), name: name.clone() });
    }
    let answered = answer(api, name, &requested);
    tokio::time::timeout(timeout, answered).await.unwrap_or_else(|_| {
        Err(Error::NoAnswer { kind: kind.into_owned(), name: name.clone(), seconds: timeout.as_secs() })
    })
}

/// Waits until the request was handled and the work it started has come to an end.
async fn answer<K: Reconciled>(api: Api<K>, name: &NamespacedName, requested: &str) -> Result<Answer, Error> {
    let config = watcher::Config::default().fields(&format!("metadata.name={}", name.name));
    let mut events = watcher(api, config).boxed();
    while let Some(event) = events.next().await {
        let (watcher::Event::Apply(object) | watcher::Event::InitApply(object)) = (match event {
            Ok(event) => event,
            // A watch mends itself; the timeout ends one that cannot.
            Err(_) => continue,
        }) else {
            continue;
        };
        let Some(ready) = object.conditions().and_then(|conditions| conditions.get(READY)) else { continue };
        let is_over =
            object.last_handled() == Some(requested) && ready.status != windlass_flux::ConditionStatus::Unknown;
        if is_over {
            return Ok(Answer {
                ready: ready.status == windlass_flux::ConditionStatus::True,
                message: ready.message.clone(),
                revision: object.revision().map(str::to_owned),
            });
        }
    }
    Err(Error::Interrupted { doing: "waiting for an answer" })
}

/// Under a name of its own: what `kubectl` sets, an apply of the object from Git would take back.
fn params() -> PatchParams {
    PatchParams { field_manager: Some("windlass".to_owned()), ..PatchParams::default() }
}

/// Suspends or resumes an object.
///
/// # Errors
/// [`Error::Api`] where it does not exist or cannot be changed.
pub async fn suspend<K: Reconciled>(client: &Client, name: &NamespacedName, suspend: bool) -> Result<(), Error> {
    let api: Api<K> = Api::namespaced(client.clone(), &name.namespace);
    // Flux leaves the field out when it is false; null takes it away.
    let patch = json!({"spec": {"suspend": if suspend { json!(true) } else { json!(null) }}});
    let doing = format!("{} {}/{name}", if suspend { "suspend" } else { "resume" }, K::kind(&()));
    api.patch(&name.name, &params(), &Patch::Merge(patch)).await.map_err(Error::api(doing))?;
    Ok(())
}
