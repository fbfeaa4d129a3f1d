use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::behaviours::Behaviours;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::objects::{LoadError, Objects};
use crate::rehearsal::Rehearsal;
use crate::requests::Requests;
use crate::serve::{ServeError, Serving};
use crate::state::State;

/// An in-process Kubernetes API.
///
/// Clones are the same server. It lives as long as one of them, or a client, does; nothing runs in the background but
/// what [`serve`](Self::serve) starts.
#[derive(Debug, Clone)]
pub struct ApiServer {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    state: Mutex<State>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) faults: Faults,
    pub(crate) requests: Requests,
    pub(crate) rehearsal: Mutex<Rehearsal>,
    /// The revision that was written last.
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) cuts: watch::Sender<u64>,
}

impl Inner {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in a handler would be a fault of ours; the state behind it is whole all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rehearsal(&self) -> MutexGuard<'_, Rehearsal> {
        self.rehearsal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long it takes until the next behaviour is due; `None` where there is none, or time stands still.
    pub(crate) fn next_event_in(&self) -> Option<Duration> {
        let next = self.rehearsal().next().filter(|_| !self.clock.is_virtual())?;
        // Times are whole seconds; a little later they are surely over.
        let left = next.duration_since(Timestamp::now()) + SignedDuration::from_millis(5);
        Some(Duration::try_from(left).unwrap_or_default())
    }

    /// Does what behaviours are due, and tells the watches.
    pub(crate) fn settle(&self, state: &mut State) {
        self.rehearsal().play(state);
        let revision = state.revision();
        self.changes.send_if_modified(|seen| {
            let newer = *seen != revision;
            *seen = revision;
            newer
        });
    }
}

/// What a server is started with.
///
/// ```
/// use windlass_apiserver::{ApiServer, Behaviours};
///
/// let server = ApiServer::builder().behaviours(Behaviours::ready()).build();
/// assert_eq!(server.objects().count(), 4, "the namespaces that every cluster has");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Builder {
    behaviours: Behaviours,
    start: Option<Timestamp>,
    without_controllers: bool,
    default_objects: bool,
}

impl Builder {
    /// What objects do by themselves. Default: nothing, a Deployment never becomes ready.
    #[must_use]
    pub fn behaviours(mut self, behaviours: Behaviours) -> Self {
        self.behaviours = behaviours;
        self
    }

    /// Lets time stand still at `start`, in whole seconds, until [`ApiServer::advance`] moves it. Default: the machine's
    /// clock.
    #[must_use]
    pub fn virtual_clock(mut self, start: Timestamp) -> Self {
        self.start = Some(start);
        self
    }

    /// Leaves out the garbage collector and the namespace controller, as a bare kube-apiserver has none: dependents stay,
    /// and a deleted Namespace stays `Terminating`. Default: they are at work.
    #[must_use]
    pub fn without_controllers(mut self) -> Self {
        self.without_controllers = true;
        self
    }

    /// Puts into each namespace what the controller manager puts there, the account `default` and the ConfigMap
    /// `kube-root-ca.crt`, and the Service `kubernetes` into `default`. Default: namespaces are empty.
    #[must_use]
    pub fn with_default_objects(mut self) -> Self {
        self.default_objects = true;
        self
    }

    /// Makes the server.
    #[must_use]
    pub fn build(self) -> ApiServer {
        let clock = Arc::new(self.start.map_or_else(Clock::default, Clock::at));
        let mut state = State::new(clock.clone(), !self.without_controllers);
        state.furnished = self.default_objects;
        let inner = Inner {
            state: Mutex::new(state),
            clock,
            faults: Faults::default(),
            requests: Requests::default(),
            rehearsal: Mutex::new(Rehearsal::new(self.behaviours)),
            changes: watch::Sender::new(0),
            cuts: watch::Sender::new(0),
        };
        let server = ApiServer { inner: Arc::new(inner) };
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            let namespace = serde_json::json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name},
            });
            // It cannot fail, and there is nobody to tell.
            let _: Result<(), LoadError> = server.objects().create_as("kube-apiserver", &namespace).map(drop);
        }
        server
    }
}

impl Default for ApiServer {
    fn default() -> Self {
        Self::new()
    }
}

impl ApiServer {
    /// A server with the namespaces that every cluster has, with garbage collection, and without behaviours.
    #[must_use]
    pub fn new() -> Self {
        Builder::default().build()
    }

    /// Starts saying what the server is like.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A client of the server: no sockets, no serialisation of HTTP. Must be called within a Tokio runtime, as
    /// [`kube::Client::new`] wants it.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        kube::Client::new(self.clone(), "default")
    }

    /// Serves the API over plain HTTP, for kubectl and whatever else needs a socket, until the value is dropped.
    ///
    /// There is no authentication: bind to loopback. Port 0 means a free one.
    ///
    /// # Errors
    /// When the address cannot be bound or is not a loopback address.
    pub async fn serve(&self, address: SocketAddr) -> Result<Serving, ServeError> {
        Serving::start(self.clone(), address).await
    }

    /// What is stored, past all faults and without a trace in the request log.
    #[must_use]
    pub fn objects(&self) -> Objects {
        Objects::new(self.inner.clone())
    }

    /// What goes wrong on purpose.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// What was asked so far.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.inner.requests
    }

    /// The time as the server sees it.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Moves a virtual clock forward, in whole seconds, and does what behaviours are due by then. Does nothing to the machine's
    /// clock.
    pub fn advance(&self, by: Duration) {
        self.inner.clock.advance(by);
        let mut state = self.inner.lock();
        self.inner.settle(&mut state);
    }

    /// Moves a virtual clock to the moment when the next behaviour is due, and does it; says whether there was one. Does nothing
    /// to the machine's clock.
    pub fn advance_to_next_event(&self) -> bool {
        let mut state = self.inner.lock();
        // What was just written may be the cause of the next event.
        self.inner.settle(&mut state);
        let next = self.inner.rehearsal().next().filter(|_| self.inner.clock.is_virtual());
        let Some(next) = next else { return false };
        let left = next.duration_since(self.inner.clock.now());
        self.inner.clock.advance(Duration::try_from(left).unwrap_or_default());
        self.inner.settle(&mut state);
        true
    }

    /// Lets objects behave otherwise from now on: what failed may become ready, and the other way round. Everything is looked
    /// at again at once.
    pub fn set_behaviours(&self, behaviours: Behaviours) {
        let mut state = self.inner.lock();
        self.inner.rehearsal().replace(behaviours, &state);
        self.inner.settle(&mut state);
    }

    /// Ends every watch that is open, as a restart of the server or a proxy does.
    pub fn drop_watches(&self) {
        self.inner.cuts.send_modify(|count| *count += 1);
    }

    /// Forgets all past revisions: watches and pages that start in the past answer 410 from now on.
    pub fn compact(&self) {
        self.inner.lock().compact();
    }
}
