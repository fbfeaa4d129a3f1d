//! The server's clock: noticed in every answer, and used for signing, so that a machine whose time is wrong still backs up.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use jiff::{SignedDuration, Timestamp};

/// A `Date` has whole seconds and is some time on its way: smaller differences are none.
const NOTICED: i64 = 30;
const UNKNOWN: i64 = i64::MIN;

/// How far the server's clock is ahead of ours.
#[derive(Debug, Clone)]
pub(super) struct ServerClock {
    seconds: Arc<AtomicI64>,
    server: Arc<Mutex<Option<String>>>,
    has_answered: Arc<AtomicBool>,
}

impl Default for ServerClock {
    fn default() -> Self {
        Self { seconds: Arc::new(AtomicI64::new(UNKNOWN)), server: Arc::default(), has_answered: Arc::default() }
    }
}

impl ServerClock {
    pub(super) fn ahead(&self) -> Option<SignedDuration> {
        match self.seconds.load(Ordering::Relaxed) {
            UNKNOWN => None,
            seconds if seconds.abs() < NOTICED => Some(SignedDuration::ZERO),
            seconds => Some(SignedDuration::from_secs(seconds)),
        }
    }

    /// Whether there ever was an answer, be it that it is busy: then there is a server.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// What the server calls itself.
    pub(super) fn server(&self) -> Option<String> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, date: &str) {
        let Ok(theirs) = DateTime::from_str(date, Format::HttpDate) else { return };
        self.seconds.store(theirs.secs() - Timestamp::now().as_second(), Ordering::Relaxed);
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for ServerClock {
    fn name(&self) -> &'static str {
        "server clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_sdk_s3::error::BoxError> {
        self.has_answered.store(true, Ordering::Relaxed);
        let headers = context.response().headers();
        if let Some(date) = headers.get("date") {
            self.note(date);
        }
        if let Some(server) = headers.get("server") {
            let mut known = self.server.lock().unwrap_or_else(PoisonError::into_inner);
            if known.as_deref() != Some(server) {
                *known = Some(server.chars().filter(|letter| !letter.is_control()).take(80).collect());
            }
        }
        Ok(())
    }
}

impl aws_smithy_async::time::TimeSource for ServerClock {
    fn now(&self) -> SystemTime {
        let now = SystemTime::now();
        match self.seconds.load(Ordering::Relaxed) {
            UNKNOWN => now,
            ahead if ahead.abs() < NOTICED => now,
            ahead => {
                let by = Duration::from_secs(ahead.unsigned_abs());
                let moved = if ahead > 0 { now.checked_add(by) } else { now.checked_sub(by) };
                moved.unwrap_or(now)
            }
        }
    }
}

pub(super) fn timestamp(time: &DateTime) -> Timestamp {
    Timestamp::new(time.secs(), 0).unwrap_or(Timestamp::UNIX_EPOCH)
}
