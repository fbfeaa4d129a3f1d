use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::call::Call;
use crate::failure::qualified;

/// The log of all requests to resources; discovery and other documents are counted under the verb `get` and their path.
#[derive(Debug, Default)]
pub struct Requests(Mutex<Vec<LoggedRequest>>);

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// Of the `User-Agent`, what stands before the first slash; empty for a client that gives none.
    pub agent: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub verb: &'static str,
    /// As in `deployments.apps` or `configmaps`; the path, for documents.
    pub resource: String,
    /// Empty where there is none.
    pub namespace: String,
    /// Empty for a collection.
    pub name: String,
    /// Empty where the object itself is meant.
    pub subresource: String,
    /// Whether nothing was to be stored.
    pub dry_run: bool,
    /// The HTTP status of the answer; 0 where the connection was cut.
    pub status: u16,
}

impl LoggedRequest {
    /// A request to a resource; its status is filled in later.
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            agent: call.agent.clone(),
            verb: call.verb.text(),
            resource: qualified(&call.resource.group, &call.resource.plural),
            namespace: call.namespace.clone(),
            name: call.name.clone(),
            subresource: call.subresource.clone().unwrap_or_default(),
            dry_run: call.query.get("dryRun").is_some(),
            status: 0,
        }
    }

    /// A request for a document, or to where nothing is.
    pub(crate) fn of_path(agent: &str, path: &str) -> Self {
        Self {
            agent: agent.split('/').next().unwrap_or_default().to_owned(),
            verb: "get",
            resource: path.to_owned(),
            namespace: String::new(),
            name: String::new(),
            subresource: String::new(),
            dry_run: false,
            status: 0,
        }
    }
}

impl Requests {
    /// Every request, in the order of the answers.
    #[must_use]
    pub fn all(&self) -> Vec<LoggedRequest> {
        self.lock().clone()
    }

    /// How many requests there were.
    #[must_use]
    pub fn total(&self) -> usize {
        self.lock().len()
    }

    /// How many requests with this verb there were for this resource, as in `deployments.apps`.
    #[must_use]
    pub fn count(&self, verb: &str, resource: &str) -> usize {
        self.lock().iter().filter(|one| one.verb == verb && one.resource == resource).count()
    }

    /// The counts by verb and resource.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(String, String), usize> {
        let mut counts = BTreeMap::new();
        for one in self.lock().iter() {
            *counts.entry((one.verb.to_owned(), one.resource.clone())).or_insert(0) += 1;
        }
        counts
    }

    /// Forgets what was asked so far.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn log(&self, request: LoggedRequest) {
        self.lock().push(request);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<LoggedRequest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
