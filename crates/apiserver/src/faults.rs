use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::failure::Failure;
use crate::requests::LoggedRequest;

/// The faults that are to happen, in the order in which they were added: of those that fit a request the first is used, and
/// latency comes on top.
///
/// They are the same through [`ApiServer::client`](crate::ApiServer::client) and over loopback. A request that meets one is in
/// the log with the status that it was answered.
///
/// ```
/// use std::time::Duration;
/// use k8s_openapi::api::core::v1::ConfigMap;
/// use kube::api::{Api, ListParams};
/// use windlass_apiserver::{ApiServer, Fault};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let server = ApiServer::new();
/// let maps: Api<ConfigMap> = Api::namespaced(server.client(), "default");
/// server.faults().add(Fault::too_many_requests(2).verb("list").resource("configmaps").times(1));
/// server.faults().add(Fault::latency(Duration::from_millis(5)));
///
/// let refused = maps.list(&ListParams::default()).await.unwrap_err();
/// assert!(matches!(refused, kube::Error::Api(status) if status.code == 429));
/// assert!(maps.list(&ListParams::default()).await.is_ok());
/// assert_eq!(server.requests().count("list", "configmaps"), 2);
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

/// Something that goes wrong with the requests that it fits; with every request, until it is narrowed down.
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is added to `ApiServer::faults`"]
pub struct Fault {
    effect: Effect,
    verb: Option<String>,
    resource: Option<String>,
    name: Option<String>,
    agent: Option<String>,
    left: Option<usize>,
}

/// What happens.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    Latency(Duration),
    Fail(Box<Failure>),
    /// No answer: the connection is gone.
    Disconnect,
    /// The answer's body ends in an error after so many bytes.
    CutBody(usize),
    /// The next event of a watch is 410.
    Gone,
}

impl Fault {
    /// The answer comes later, by real time.
    pub fn latency(by: Duration) -> Self {
        Self::new(Effect::Latency(by))
    }

    /// 429 with `Retry-After`, as priority and fairness answer.
    pub fn too_many_requests(retry_after_seconds: u64) -> Self {
        let message = "too many requests, please try again later";
        let details = serde_json::json!({"retryAfterSeconds": retry_after_seconds});
        let mut failure = Failure::new(429, "TooManyRequests", message, Some(details));
        failure.retry_after = Some(retry_after_seconds);
        Self::new(Effect::Fail(Box::new(failure)))
    }

    /// A refusal with this status, such as 500, 503 or 504; nothing is done.
    pub fn status(code: u16) -> Self {
        let (reason, message) = match code {
            401 => ("Unauthorized", "Unauthorized"),
            403 => ("Forbidden", "forbidden by a scripted fault"),
            404 => ("NotFound", "the server could not find the requested resource"),
            409 => ("Conflict", "conflict by a scripted fault"),
            410 => ("Expired", "The resourceVersion for the provided watch is too old."),
            500 => ("InternalError", "Internal error occurred: scripted fault"),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
            504 => ("Timeout", "Timeout: request did not complete within the allotted timeout"),
            _ => ("", "scripted fault"),
        };
        Self::new(Effect::Fail(Box::new(Failure::new(code, reason, message, None))))
    }

    /// 409, as when somebody else wrote in between; with [`times`](Self::times) a storm of them.
    pub fn conflict() -> Self {
        let why = "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest \
                   version and try again";
        Self::new(Effect::Fail(Box::new(Failure::new(409, "Conflict", why, None))))
    }

    /// No answer at all: the request is not handled and the connection ends.
    pub fn disconnect() -> Self {
        Self::new(Effect::Disconnect)
    }

    /// The request is handled, and its answer breaks off after so many bytes.
    pub fn cut_body(after_bytes: usize) -> Self {
        Self::new(Effect::CutBody(after_bytes))
    }

    /// The next watch that has something to send sends `ERROR` with 410 instead, and ends. It happens once, unless
    /// [`times`](Self::times) says otherwise.
    pub fn gone() -> Self {
        Self { left: Some(1), ..Self::new(Effect::Gone) }
    }

    /// Only requests with this verb (`get`, `list`, `watch`, `create`, `update`, `patch`, `delete`).
    pub fn verb(mut self, verb: impl Into<String>) -> Self {
        self.verb = Some(verb.into());
        self
    }

    /// Only requests for this resource, as in `deployments.apps` or `configmaps`.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Only requests for objects of this name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only requests of the client whose `User-Agent` begins with this name and a slash.
    pub fn agent(mut self, agent: impl Into<String>) -> Self {
        self.agent = Some(agent.into());
        self
    }

    /// Only so many times. Default: until [`Faults::clear`].
    pub fn times(mut self, times: usize) -> Self {
        self.left = Some(times);
        self
    }

    fn new(effect: Effect) -> Self {
        Self { effect, verb: None, resource: None, name: None, agent: None, left: None }
    }

    /// Counts one use; says whether it was the last.
    fn is_used_up(&mut self) -> bool {
        let Some(left) = &mut self.left else { return false };
        *left = left.saturating_sub(1);
        *left == 0
    }

    fn fits(&self, request: &LoggedRequest) -> bool {
        self.verb.as_deref().is_none_or(|verb| verb == request.verb)
            && self.resource.as_deref().is_none_or(|resource| resource == request.resource)
            && self.name.as_deref().is_none_or(|name| name == request.name)
            && self.agent.as_deref().is_none_or(|agent| agent == request.agent)
    }
}

impl Faults {
    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Takes back all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many faults are still to come or have no end.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.lock().len()
    }

    /// How much later a request is answered.
    pub(crate) fn take_latency(&self, request: &LoggedRequest) -> Duration {
        let mut latency = Duration::ZERO;
        let mut faults = self.lock();
        faults.retain_mut(|fault| match fault.effect {
            Effect::Latency(by) if fault.fits(request) => {
                latency += by;
                !fault.is_used_up()
            }
            _ => true,
        });
        latency
    }

    /// What else happens to a request.
    pub(crate) fn take(&self, request: &LoggedRequest) -> Option<Effect> {
        self.take_where(|fault| !matches!(fault.effect, Effect::Gone | Effect::Latency(_)) && fault.fits(request))
    }

    /// Whether a watch, started by this request, is to end.
    pub(crate) fn take_gone(&self, request: &LoggedRequest) -> bool {
        self.take_where(|fault| matches!(fault.effect, Effect::Gone) && fault.fits(request)).is_some()
    }

    fn take_where(&self, fits: impl Fn(&Fault) -> bool) -> Option<Effect> {
        let mut faults = self.lock();
        let at = faults.iter().position(fits)?;
        let fault = faults.get_mut(at)?;
        let effect = fault.effect.clone();
        if fault.is_used_up() {
            drop(faults.remove(at));
        }
        Some(effect)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
