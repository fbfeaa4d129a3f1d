use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::{Cancel, Error};

/// One poll's clock, cancel flag and first failure, shared by everything that waits for the network in it.
///
/// The network code under it is asynchronous so that any wait can be ended, while gix reads and writes blockingly:
/// each read is one [`wait`](Self::wait) on a runtime of this thread, which nobody else sees.
#[derive(Clone)]
pub(crate) struct Session(Rc<Shared>);

struct Shared {
    /// `None` only while it is dropped.
    runtime: Option<tokio::runtime::Runtime>,
    cancel: Cancel,
    deadline: Instant,
    limit: Duration,
    url: String,
    doing: Cell<&'static str>,
    fault: RefCell<Option<Error>>,
}

/// How often a wait looks at the cancel flag.
const TICK: Duration = Duration::from_millis(100);

impl Session {
    pub(crate) fn start(url: String, limit: Duration, cancel: &Cancel) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| Error::ConnectionLost { url: url.clone(), doing: "starting", source })?;
        let now = Instant::now();
        let deadline = now.checked_add(limit).unwrap_or(now + Duration::from_secs(u64::from(u32::MAX)));
        Ok(Self(Rc::new(Shared {
            runtime: Some(runtime),
            cancel: cancel.clone(),
            deadline,
            limit,
            url,
            doing: Cell::new("connecting"),
            fault: RefCell::new(None),
        })))
    }

    /// The URL for error texts.
    pub(crate) fn url(&self) -> String {
        self.0.url.clone()
    }

    pub(crate) fn cancel(&self) -> &Cancel {
        &self.0.cancel
    }

    pub(crate) fn doing(&self) -> &'static str {
        self.0.doing.get()
    }

    /// Says what is being done from now on, for error texts.
    pub(crate) fn set_doing(&self, doing: &'static str) {
        self.0.doing.set(doing);
    }

    /// Runs `future` until it ends, the time is up, or the caller cancels.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let runtime = self.0.runtime.as_ref().ok_or_else(|| io::Error::other("the session has ended"))?;
        runtime.block_on(async {
            let mut future = std::pin::pin!(future);
            loop {
                self.check()?;
                let tick = TICK.min(self.0.deadline.saturating_duration_since(Instant::now()));
                if let Ok(result) = tokio::time::timeout(tick, &mut future).await {
                    return result;
                }
            }
        })
    }

    /// Fails when the caller cancelled or the time is up.
    pub(crate) fn check(&self) -> io::Result<()> {
        let (url, doing) = (self.url(), self.doing());
        if self.0.cancel.is_cancelled() {
            return Err(self.fail(Error::Cancelled { url, doing }));
        }
        if Instant::now() >= self.0.deadline {
            return Err(self.fail(Error::TimedOut { url, doing, limit: self.0.limit }));
        }
        Ok(())
    }

    /// Keeps `error` as the reason for this session's failure, and gives what is returned through gix in its place.
    /// The first failure counts: later ones follow from it.
    pub(crate) fn fail(&self, error: Error) -> io::Error {
        self.0.fault.borrow_mut().get_or_insert(error);
        io::Error::other("the session failed")
    }

    /// The reason kept by [`fail`](Self::fail).
    pub(crate) fn take_fault(&self) -> Option<Error> {
        self.0.fault.borrow_mut().take()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // A name lookup that hangs must not hold up the caller, who was told of the timeout already.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
